//go:build unix

package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestMain lets the test's binary play the roles, as the program's own binary does.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-role" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A small run goes through everything but the start of the built binary, which tests do not
// build. No figure is judged; that each request got the page is part of the measurement.
func TestEverythingIsMeasured(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	profiles := t.TempDir()
	args := []string{"-web", "", "-requests", "8", "-rounds", "1", "-people", "5", "-agents", "3", "-crowd", "60", "-projects", "3", "-watched", "2", "-audit-rows", "2000", "-latency", "1ms", "-crowds", "2,3", "-crowd-projects", "3", "-typing", "1ms", "-morning", "3", "-morning-latency", "1ms", "-profile", profiles, "-against", os.Args[0]}
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Page of 3 of 3 agents", "Page of 50 of 60 agents", "calls", "for 1,000 people", "bare reverse proxy", "the other portal", "Fleet of 3 projects and 6 agents", "The fleet of one person", "People with 3 projects each who type", "3 people with 3 projects each come at once", "0 lists are incomplete", "Watch of 2 projects and 20 agents", "PostgreSQL  the first reading", "a later one", "Audit of 2,000 rows", "SQLite      one busy project", "PostgreSQL  3,000 projects", "the tab of an agent", "with 5 people", "after a collection"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
	for _, name := range []string{"cpu.pprof", "allocs.pprof"} {
		if _, err := os.Stat(filepath.Join(profiles, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestKilobytesReadsALineOfProc(t *testing.T) {
	t.Parallel()
	status := "VmHWM:\t   12345 kB\nVmRSS:\t    678 kB\n"
	for field, want := range map[string]uint64{"VmRSS:": 678 << 10, "VmHWM:": 12345 << 10, "VmOther:": 0} {
		if got := kilobytes(status, field); got != want {
			t.Errorf("kilobytes(%s) = %d, want %d", field, got, want)
		}
	}
}

func TestChildrenPlayKnownRolesOnly(t *testing.T) {
	t.Parallel()
	if err := run(t.Context(), []string{"-role", "nobody"}, nil); err == nil {
		t.Error("a role that does not exist was played")
	}
}

func TestASoakEndsByItself(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := soak(t.Context(), []string{"-people", "3", "-actions", "5", "-pause", "10ms", "-duration", "1m", "-timed=false"}, &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, want := range []string{"3 people", "sessions lost      0", "duplicate tokens   0", "refused 0", "under attack     median", "attack by strangers with made-up codes: ", "goroutines"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
}

func TestASoakFailsForWhatMustNotHappen(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		outcome outcome
		want    string
	}{
		{"nothing", outcome{tally: &tally{calm: times(10, 20), attacked: times(60)}, count: Count{Renewals: 7}, before: usage(0, 5), after: usage(100, 15)}, ""},
		{"a lost session", outcome{tally: &tally{lost: []string{"person-1 by 401 for /projects"}}}, "person-1 by 401 for /projects"},
		{"a token created twice", outcome{tally: &tally{}, count: Count{Duplicates: []string{"person-2-9"}}}, "person-2-9"},
		{"a refused revocation", outcome{tally: &tally{refused: []string{"person-3 by 429"}}}, "refused revocations: person-3 by 429"},
		{"slow pages under attack", outcome{tally: &tally{calm: times(10, 10, 10), attacked: times(300, 310, 320)}}, "the median went from 10ms to 310ms"},
		{"a portal that grew large", outcome{tally: &tally{}, before: usage(0, 5), after: usage(300, 5)}, "portal 1 had 300.0 MB"},
		{"a portal that kept memory", outcome{tally: &tally{}, before: usage(0, 5), after: usage(100, 50)}, "portal 1 kept 45.0 MB"},
	}
	for _, tt := range tests {
		err := tt.outcome.report(io.Discard, soakSettings{timed: true})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want an error that names %q", tt.name, err, tt.want)
		}
	}
}

// times are durations in milliseconds.
func times(milliseconds ...int) []time.Duration {
	var all []time.Duration
	for _, n := range milliseconds {
		all = append(all, time.Duration(n)*time.Millisecond)
	}
	return all
}

// usage is what a portal used, in megabytes.
func usage(peak, live uint64) []Usage { return []Usage{{Peak: peak << 20, Live: live << 20}} }

func TestARevocationIsRefusedByThePortalAlone(t *testing.T) {
	t.Parallel()
	for status, isRefused := range map[int]bool{
		http.StatusSeeOther: false, http.StatusNotFound: false, http.StatusBadGateway: false, http.StatusServiceUnavailable: false,
		http.StatusTooManyRequests: true, http.StatusForbidden: true, http.StatusUnprocessableEntity: true, http.StatusGatewayTimeout: true,
	} {
		var tally tally
		tally.revocation("person-1", answer{status: status}, nil)
		if got := len(tally.refused) == 1; got != isRefused {
			t.Errorf("a revocation that ends with %d is refused: %v, want %v", status, got, isRefused)
		}
	}
	var tally tally
	tally.revocation("person-1", answer{}, io.EOF)
	if len(tally.refused) != 1 {
		t.Error("a revocation without an answer counts as done")
	}
}

// The report is only worth something if GitLab's own books show a duplicate.
func TestCountFindsANameThatWasUsedTwice(t *testing.T) {
	t.Parallel()
	gitlab := new(GitLab)
	var facts Facts
	if err := gitlab.Start(Organisation{Agents: 2, People: 1, TokenLifetime: time.Hour}, &facts); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"once", "twice", "twice"} {
		gitlab.server.AddToken(gitlabtest.Token{Agent: facts.Agents[1], Name: name})
	}
	var count Count
	if err := gitlab.Count(None{}, &count); err != nil || count.Tokens != 3 || !slices.Equal(count.Duplicates, []string{"twice"}) {
		t.Errorf("Count = %+v, %v, want three tokens and one name twice", count, err)
	}
}
