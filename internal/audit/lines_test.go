package audit_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
)

func write(t *testing.T, lines *audit.Lines, events ...audit.Event) {
	t.Helper()
	for _, event := range events {
		if err := lines.Write(event); err != nil {
			t.Fatalf("Write: %v", err)
		}
	}
}

// The names are documented in README.md; whoever collects the lines relies on them.
func TestALineHasTheFieldsThatAreDocumented(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 9, 0, 0, 123456000, time.UTC)
	full := audit.Event{
		ID: 7, At: at, Action: activity.TokenRevoke, Outcome: activity.Refused, ActorID: 42, ActorName: "lead",
		Target: audit.Target{ProjectID: 20, ProjectPath: "shop/payments", AgentID: 5, AgentName: "prod", TokenID: 9, TokenName: "a\n\"b\""},
		Claim:  audit.Claim{ProjectID: 21, AgentID: 6, TokenID: 10}, ClientIP: "192.0.2.7", RequestID: "REQUEST", RefersTo: 3,
		Times: 37, LastAt: at.Add(time.Minute),
	}
	var out strings.Builder
	lines := audit.NewLines(&out)
	write(t, lines, full, audit.Event{ID: 8, At: at, Action: activity.SignIn, Outcome: activity.OK, Times: 1})
	want := `{"type":"audit","time":"2026-11-24T09:00:00.123456Z","id":7,"action":"token_revoke","outcome":"refused",` +
		`"actor_id":42,"actor":"lead","project_id":20,"project":"shop/payments","agent_id":5,"agent":"prod","token_id":9,"token":"a\n\"b\"",` +
		`"unconfirmed_project_id":21,"unconfirmed_agent_id":6,"unconfirmed_token_id":10,"ip":"192.0.2.7","request_id":"REQUEST","refers_to":3,` +
		`"count":37,"last_time":"2026-11-24T09:01:00.123456Z"}` + "\n" +
		`{"type":"audit","time":"2026-11-24T09:00:00.123456Z","id":8,"action":"sign_in","outcome":"ok","count":1}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// ids are the numbers of the rows in a file, one a line.
func ids(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(content)) {
		_, rest, _ := strings.Cut(line, `"id":`)
		id, _, _ := strings.Cut(rest, ",")
		found = append(found, id)
	}
	return strings.Join(found, " ")
}

func TestAFileThatIsMovedAwayIsFollowedByANewOne(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(name, []byte(`{"id":1,}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := audit.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	lines := audit.NewLines(file)
	write(t, lines, audit.Event{ID: 2}, audit.Event{ID: 3})
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, lines, audit.Event{ID: 4})
	if err := os.Rename(name, name+".2"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, nil, 0o600); err != nil { // as logrotate's create does
		t.Fatal(err)
	}
	write(t, lines, audit.Event{ID: 5}, audit.Event{ID: 6})
	for file, want := range map[string]string{name + ".1": "1 2 3", name + ".2": "4", name: "5 6"} {
		if got := ids(t, file); got != want {
			t.Errorf("%s has the rows %s, want %s", filepath.Base(file), got, want)
		}
	}
}

func TestAFileIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "audit.log")
	file, err := audit.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	write(t, audit.NewLines(file), audit.Event{ID: 1})
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file that was made anew is %v, %v", info, err)
	}
}

func TestAFileThatCannotBeOpenedIsAnErrorWithoutItsName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing", "audit.log")} {
		if _, err := audit.OpenFile(name); err == nil || strings.Contains(err.Error(), name) {
			t.Errorf("OpenFile = %v", err)
		}
	}
}

// fullDisk takes a part of what is written once, and then all.
type fullDisk struct {
	strings.Builder
	room int
}

func (d *fullDisk) Write(text []byte) (int, error) {
	if d.room < len(text) {
		n, _ := d.Builder.Write(text[:d.room])
		d.room = 1 << 20
		return n, errors.New("no space left on device")
	}
	return d.Builder.Write(text)
}

var _ io.Writer = (*fullDisk)(nil)

func TestALineAfterOneThatWasCutOffIsWhole(t *testing.T) {
	t.Parallel()
	disk := &fullDisk{room: 20}
	lines := audit.NewLines(disk)
	if err := lines.Write(audit.Event{ID: 1}); err == nil {
		t.Error("a line that was cut off is no error")
	}
	write(t, lines, audit.Event{ID: 2}, audit.Event{ID: 3})
	got := strings.Split(disk.String(), "\n")
	if len(got) != 4 || !strings.HasPrefix(got[1], `{"type":"audit"`) || !strings.Contains(got[1], `"id":2,`) || !strings.Contains(got[2], `"id":3,`) {
		t.Errorf("the lines are %q", got)
	}
}
