package handlers_test

import (
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/session"
)

// signInAll signs so many people in.
func (p *portal) signInAll(n int) []*browser {
	p.t.Helper()
	people := make([]*browser, n)
	for i := range people {
		name := "person-" + strconv.Itoa(i)
		p.gitlab.AddUser(gitlabtest.User{Username: name})
		people[i] = p.as(name)
	}
	return people
}

// all has everybody ask for the list of projects at once, and returns the answers when all are there.
func all(people []*browser) (answers func() []*answer) {
	got := make([]*answer, len(people))
	var asking sync.WaitGroup
	for i, b := range people {
		asking.Go(func() { got[i] = b.get("/projects") })
	}
	return func() []*answer { asking.Wait(); return got }
}

// addReplica puts a second portal beside the first one, over the same database. Requests are dealt
// out to both.
func (p *portal) addReplica(setup setUp) {
	p.t.Helper()
	first, stop := p.handler(), p.stop
	p.t.Cleanup(stop)
	p.compose(setup)
	second := p.handler()
	var n atomic.Int64
	var both http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		[]http.Handler{first, second}[n.Add(1)%2].ServeHTTP(w, r)
	})
	p.current.Store(&both)
}

// saysWhenToComeBack reports whether an answer is 503 in words.
func (a *answer) saysWhenToComeBack() bool {
	return a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" && a.text("h1") != "" && a.text("main") != ""
}

func TestO7AMorningsRenewalsHoldNoTransaction(t *testing.T) {
	t.Parallel()
	const number, atOnce = 200, 64 // of a replica
	setup := setUp{keys: session.Keys{session.NewKey()}, cookie: "portal", engine: databasetest.Postgres}
	p := newPortal(t, func(s *setUp) { *s = setup })
	p.addReplica(setup)
	people := p.signInAll(number)
	p.clock.Advance(3 * time.Hour)
	gate := gitlabtest.NewGate()
	p.gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.Hold(gate))
	answers := all(people)
	if err := gate.Await(t.Context(), 2*atOnce); err != nil {
		t.Fatal(err)
	}
	for what, limit := range map[string]int{`state LIKE 'idle in transaction%'`: 0, `backend_type = 'client backend'`: 2*22 + 1} {
		var n int
		query := `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND ` + what
		if err := p.database.Raw(t).QueryRowContext(t.Context(), query).Scan(&n); err != nil || n > limit {
			t.Errorf("while GitLab is silent, %d connections with %s, %v; want at most %d", n, what, err, limit)
		}
	}
	gate.Open()
	for _, got := range answers() {
		if got.status != http.StatusOK && !got.saysWhenToComeBack() {
			t.Errorf("a page = %d %q, want 200, or 503 and when to come back", got.status, got.text("main"))
		}
	}
	for _, got := range all(people)() {
		if got.status != http.StatusOK {
			t.Errorf("a page afterwards = %d %q, want 200", got.status, got.text("main"))
		}
	}
	if n := p.gitlab.Posts(gitlabtest.OpRefreshToken); n != number {
		t.Errorf("GitLab was asked for new tokens %d times, want once for each of %d people", n, number)
	}
}

func TestO8ATokenEndpointThatHangsRefusesInWordsAndEndsNobodysSession(t *testing.T) {
	t.Parallel()
	keys := session.Keys{session.NewKey()}
	p := newPortal(t, func(s *setUp) { s.keys = keys })
	people := p.signInAll(40)
	p.clock.Advance(time.Minute)
	late := p.as("lead") // whose token lives a minute longer
	p.restart(setUp{keys: keys, patience: 50 * time.Millisecond, timeouts: gitlabapi.Timeouts{Write: 400 * time.Millisecond}})
	p.clock.Advance(2*time.Hour - 30*time.Second)
	gate := gitlabtest.NewGate()
	p.gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.Hold(gate))
	p.gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.BadGateway()) // nothing is renewed once it is let go
	for _, got := range all(people)() {
		if !got.saysWhenToComeBack() {
			t.Errorf("a page while the endpoint hangs = %d %q, want 503 and when to come back", got.status, got.text("main"))
		}
	}
	p.awaitPaused(people[0])
	p.gitlab.ResetCounters()
	for _, got := range all(people)() {
		if !got.saysWhenToComeBack() {
			t.Errorf("a page while the breaker is open = %d %q, want 503 and when to come back", got.status, got.text("main"))
		}
	}
	if got := late.get("/projects"); got.status != http.StatusOK {
		t.Errorf("the page of a person whose token is still good = %d, want 200", got.status)
	}
	if n := p.gitlab.Posts(gitlabtest.OpRefreshToken); n != 0 {
		t.Errorf("the endpoint was asked %d times although the breaker is open, want none", n)
	}
	p.clock.Advance(10 * time.Second)
	all(people)()
	for p.gitlab.Posts(gitlabtest.OpRefreshToken) == 0 && t.Context().Err() == nil {
		runtime.Gosched() // nobody waited for it to arrive
	}
	if n := p.gitlab.Posts(gitlabtest.OpRefreshToken); n != 1 {
		t.Errorf("after a pause the endpoint was asked %d times, want by one that tries", n)
	}
	p.gitlab.ClearFaults("")
	gate.Open()
	p.restart(setUp{keys: keys})
	for _, got := range all(append(people, late))() {
		if got.status != http.StatusOK {
			t.Errorf("a page once the endpoint works = %d %q, want 200", got.status, got.text("main"))
		}
	}
}

// awaitPaused has the person ask until the portal does not ask GitLab for tokens any more.
func (p *portal) awaitPaused(b *browser) {
	p.t.Helper()
	for {
		got := b.get("/projects")
		if got.text("h1") == "GitLab cannot be reached" && got.saysWhenToComeBack() {
			return
		}
		if err := p.t.Context().Err(); err != nil {
			p.t.Fatal(err)
		}
	}
}

func TestO8TheBreakerOfTheTokenEndpointCloses(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	people := p.signInAll(12)
	p.clock.Advance(3 * time.Hour)
	p.gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.Status(http.StatusInternalServerError))
	for _, b := range people {
		b.get("/projects")
	}
	if n := p.gitlab.Posts(gitlabtest.OpRefreshToken); n != 5 {
		t.Errorf("the endpoint was asked %d times, want that it is left alone after 5", n)
	}
	p.gitlab.ClearFaults("")
	if got := people[0].get("/projects"); !got.saysWhenToComeBack() || got.header.Get("Retry-After") != "10" {
		t.Errorf("a page at once = %d, Retry-After %q, want 503 and 10", got.status, got.header.Get("Retry-After"))
	}
	p.clock.Advance(10 * time.Second)
	for i, b := range people {
		if got := b.get("/projects"); got.status != http.StatusOK {
			t.Errorf("page %d after the pause = %d, want 200", i, got.status)
		}
	}
}
