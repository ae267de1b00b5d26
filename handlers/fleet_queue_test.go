package handlers_test

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// queue is a portal whose scans make one call at a time, whose page without script does not wait, and
// in which four people's turn has come already: who comes now waits.
type queue struct {
	*portal
	gate *gitlabtest.Gate
}

func newQueue(t *testing.T) *queue {
	t.Helper()
	q := &queue{gate: gitlabtest.NewGate()}
	q.portal = newPortal(t, func(s *setUp) { s.oneSlot, s.fleetWait = true, time.Nanosecond })
	t.Cleanup(q.gate.Open)
	q.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(q.gate))
	for i := range 4 {
		name := fmt.Sprintf("early-%d", i)
		q.gitlab.AddUser(gitlabtest.User{Username: name, Name: name})
		q.as(name).opens()
	}
	if err := q.gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	return q
}

// events are those of a stream that is being read, each in one line.
type events struct {
	t     testing.TB
	lines *bufio.Scanner
}

// opens opens the stream of progress.
func (b *browser) opens() *events {
	b.p.t.Helper()
	response, err := b.client.Do(b.request(http.MethodGet, "/fleet/progress", nil))
	if err != nil {
		b.p.t.Fatal(err)
	}
	b.p.t.Cleanup(func() { _ = response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	return &events{b.p.t, lines}
}

// until reads on until something is said, and returns what was said before.
func (e *events) until(said string) (before []string) {
	e.t.Helper()
	for e.lines.Scan() {
		if line := e.lines.Text(); strings.Contains(line, said) {
			return before
		} else if line != "" {
			before = append(before, line)
		}
	}
	e.t.Fatalf("the stream ended with %v, and never said %q: %v", e.lines.Err(), said, before)
	return nil
}

func TestWhoWaitsForTheirTurnReadsHowManyPeopleAreAhead(t *testing.T) {
	t.Parallel()
	q := newQueue(t)
	dev := q.as("dev")
	dev.opens().until("Your list is next…")
	lead, chinese := q.as("lead"), q.as("lead").inChinese()
	stream := lead.opens()
	stream.until("1 person is ahead of you…")
	for name, b := range map[string]*browser{"1 person is ahead of you…": lead, "前面还有 1 人……": chinese} {
		for _, path := range []string{"/", "/?wait=1"} { // with script, and without
			page := b.get(path)
			if got := page.text("#fleet #scan-progress label"); page.status != http.StatusOK || got != name {
				t.Errorf("GET %s = %d and says %q, want %q", path, page.status, got, name)
			}
			if !strings.Contains(page.body, `<noscript><meta http-equiv="refresh" content="0;url=/?wait=1"></noscript>`) {
				t.Errorf("GET %s does not lead on without script", path)
			}
		}
	}
	q.gate.Open()
	stream.until("event: ready")
	stream.until("event: done")
	if got := agentsShown(lead.get("/")); !slices.Equal(got, []string{"idle", "prod"}) {
		t.Errorf("in the end the list is %v", got)
	}
}

func TestTheListGrowsWhileItIsRead(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	late := p.addFleet(3)[2]
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	p.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.Hold(gate).ForProject(late))
	listing := gitlabtest.NewGate()
	t.Cleanup(listing.Open)
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(listing))
	lead := p.as("lead")
	stream := lead.opens()
	stream.until("Listing your projects")
	p.clock.Advance(2 * time.Second) // most lists would be whole by now
	listing.Open()
	if before := stream.until("3 of 4 projects read"); !slices.Contains(before, "event: ready") {
		stream.until("event: ready") // all three came at once, and the list is asked for after that is said
	}
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}

	// The lists of projects are the scan's own, and may still be under way.
	others := func() int { return p.gitlab.Calls("") - p.gitlab.Calls(gitlabtest.OpListProjects) }
	calls := others()
	page := lead.get("/")
	if got := agentsShown(page); len(got) != 6 || page.doc.Find("#fleet #scan-progress progress[value='3'][max='4']").Length() != 1 {
		t.Errorf("of three projects that were read the page shows %v", got)
	}
	if got := page.text(".fleet-state p"); got != "Incomplete: your projects are still being read." {
		t.Errorf("the page says of the list %q", got)
	}
	if got := lead.inChinese().get("/").text(".fleet-state p"); got != "列表尚不完整，仍在读取您的项目。" {
		t.Errorf("in Chinese it says %q", got)
	}
	lead.header.Set("Accept-Language", "en")
	if got := agentsShown(lead.htmx("fleet").get("/?q=prod")); !slices.Equal(got, []string{"prod"}) {
		t.Errorf("a search in what was read so far finds %v", got)
	}
	if n := others() - calls; n != 0 {
		t.Errorf("showing it took %d calls to GitLab, want none", n)
	}
	gate.Open()
	stream.until("event: done")
	if got := agentsShown(p.as("lead").whole("")); len(got) != 8 {
		t.Errorf("in the end the list has %v", got)
	}
}

func TestAPageAsksOnceForAListThatIsSoonWhole(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	p.addFleet(40)
	lead := p.as("lead")
	if n := strings.Count(lead.get("/fleet/progress").body, "event: ready"); n != 1 {
		t.Errorf("the page is made to ask %d times, want once", n)
	}
	if again := lead.get("/fleet/progress").body; strings.Count(again, "event: ready") != 1 {
		t.Errorf("a stream of what is read already says %q", again)
	}
}
