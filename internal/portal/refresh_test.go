package portal

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database/pgtest"
)

// getAll asks for the page once per address at the same time, and wants it from each. Who is told to
// come back, on a machine that is busy, does.
func (b *browser) getAll(addresses []string) *sync.WaitGroup {
	var answers sync.WaitGroup
	for _, address := range addresses {
		answers.Go(func() {
			got, err := b.send(address, nil)
			for range 3 {
				if got.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") != "" {
					got, err = b.send(address, nil)
				}
			}
			if err != nil || got.status != http.StatusOK {
				b.t.Errorf("GET %s = %d, %v, want 200", address, got.status, err)
			}
		})
	}
	return &answers
}

// spread are n addresses of the list of projects, dealt out to the portals.
func spread(n int, portals ...string) []string {
	var addresses []string
	for i := range n {
		addresses = append(addresses, portals[i%len(portals)]+"/projects")
	}
	return addresses
}

// onSQLite and onPostgres run portals in this process and in processes of their own.
func onSQLite(t *testing.T, gitlab organisation) []string {
	t.Helper()
	return []string{startPortal(t, gitlab, nil, "DATABASE_URL=sqlite:"+t.TempDir()+"/portal.db").url}
}

func onPostgres(replicas int) func(t *testing.T, gitlab organisation) []string {
	return func(t *testing.T, gitlab organisation) []string {
		t.Helper()
		var addresses []string
		for _, p := range startProcesses(t, gitlab, replicas, "DATABASE_URL="+pgtest.New(t).URL) {
			addresses = append(addresses, p.url)
		}
		return addresses
	}
}

// renewalDelays are how long GitLab takes for the renewals, each for one of them.
var renewalDelays = []time.Duration{0, time.Second, 3 * time.Second, 5 * time.Second, 8 * time.Second}

// delayRenewals makes GitLab take one of the delays for each of the next renewals, in the order
// in which they arrive.
func delayRenewals(gitlab organisation) {
	var mu sync.Mutex
	arrived := map[*http.Request]int{}
	place := func(r *http.Request) int {
		mu.Lock()
		defer mu.Unlock()
		if _, known := arrived[r]; !known {
			arrived[r] = len(arrived)
		}
		return arrived[r]
	}
	for i, delay := range renewalDelays {
		gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.Delay(delay).When(func(r *http.Request) bool { return place(r) == i }))
	}
}

func TestO7HundredRequestsRenewAnExpiredTokenOnce(t *testing.T) {
	t.Parallel()
	for name, portals := range map[string]func(*testing.T, organisation) []string{
		"one portal on SQLite": onSQLite, "one portal on PostgreSQL": onPostgres(1), "two portals on PostgreSQL": onPostgres(2),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gitlab := newOrganisation(t)
			addresses := portals(t, gitlab)
			var people []*browser
			for i := range renewalDelays {
				gitlab.AddUser(gitlabtest.User{Username: "person-" + strconv.Itoa(i)})
				people = append(people, newBrowser(t))
				people[i].signIn(addresses[0], "person-"+strconv.Itoa(i))
			}
			gitlab.ExpireAccessTokens(0)
			delayRenewals(gitlab)
			var answers sync.WaitGroup
			for _, b := range people {
				answers.Go(b.getAll(spread(100, addresses...)).Wait)
			}
			answers.Wait()
			if got := gitlab.Posts(gitlabtest.OpRefreshToken); got != len(people) {
				t.Errorf("GitLab was asked for new tokens %d times for %d sessions, want once for each", got, len(people))
			}
		})
	}
}

func TestO7ARequestThatIsGivenUpStillRenewsTheToken(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portals := onPostgres(2)(t, gitlab)
	b := newBrowser(t)
	b.signIn(portals[0], "lead")
	gitlab.ExpireAccessTokens(gitlab.lead)
	gate := gitlabtest.NewGate()
	gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.Hold(gate))

	impatient := *b
	impatient.ctx, impatient.leave = context.WithCancel(b.ctx)
	given := make(chan error, 1)
	go func() {
		_, err := impatient.send(portals[0]+"/projects", nil)
		given <- err
	}()
	await(t, gate)
	impatient.leave()
	if err := <-given; err == nil {
		t.Error("the request was answered before GitLab renewed the token")
	}
	next := b.getAll(spread(2, portals...))
	gate.Open()
	next.Wait()
	if got := gitlab.Posts(gitlabtest.OpRefreshToken); got != 1 {
		t.Errorf("GitLab was asked for new tokens %d times, want once", got)
	}
}

func TestO7AKilledPortalCostsAtMostOneSignIn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		faults func(gate *gitlabtest.Gate) []gitlabtest.Fault
		// isLost says that GitLab gave the new pair to the dead: nobody can have it any more.
		isLost bool
	}{
		{"before GitLab renewed the token", func(gate *gitlabtest.Gate) []gitlabtest.Fault {
			return []gitlabtest.Fault{gitlabtest.Hold(gate).Times(1), gitlabtest.Cut().Times(1)}
		}, false},
		{"after GitLab renewed the token", func(gate *gitlabtest.Gate) []gitlabtest.Fault {
			return []gitlabtest.Fault{gitlabtest.Hold(gate).AfterCommit().Times(1)}
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gitlab := newOrganisation(t)
			database := pgtest.New(t)
			portals := startProcesses(t, gitlab, 2, "DATABASE_URL="+database.URL)
			holder, other := portals[0], portals[1]
			b := newBrowser(t)
			b.signIn(holder.url, "lead")
			gitlab.ExpireAccessTokens(gitlab.lead)
			gate := gitlabtest.NewGate()
			for _, fault := range tt.faults(gate) {
				gitlab.Inject(gitlabtest.OpRefreshToken, fault)
			}
			held := make(chan struct{})
			go func() {
				defer close(held)
				_, _ = b.send(holder.url+"/projects", nil) // ends with its portal
			}()
			await(t, gate)
			statuses := b.statuses(spread(50, other.url))
			holder.kill(t)
			<-held
			endLeases(t, database)

			seen := map[int]int{}
			for range 50 {
				seen[<-statuses]++
			}
			if got := seen[http.StatusOK]; !tt.isLost && got != 50 {
				t.Errorf("statuses %v, want that every request goes on with the renewed token", seen)
			}
			if got := seen[http.StatusUnauthorized] + seen[http.StatusSeeOther]; tt.isLost && got != 50 {
				t.Errorf("statuses %v, want that every request leads to signing in", seen)
			}
			if tt.isLost {
				b.signIn(other.url, "lead")
			}
			b.getAll(spread(10, other.url)).Wait()
		})
	}
}

// statuses sends a request to each of the addresses at once and delivers what was answered.
func (b *browser) statuses(addresses []string) <-chan int {
	statuses := make(chan int, len(addresses))
	for _, address := range addresses {
		go func() {
			got, err := b.send(address, nil)
			if err != nil {
				b.t.Errorf("GET %s: %v", address, err)
			}
			statuses <- got.status
		}()
	}
	return statuses
}

func TestO7ADatabaseLostDuringARenewalLosesNobody(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	database := pgtest.New(t)
	portals := startProcesses(t, gitlab, 2, "DATABASE_URL="+database.URL)
	b := newBrowser(t)
	b.signIn(portals[0].url, "lead")
	gitlab.ExpireAccessTokens(gitlab.lead)
	gate := gitlabtest.NewGate()
	gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.Hold(gate))
	statuses := b.statuses(spread(10, portals[0].url))
	await(t, gate)
	database.Stop(t)
	gate.Open()
	for range 10 {
		if status := <-statuses; status < http.StatusInternalServerError {
			t.Errorf("a request whose new token cannot be saved = %d, want an error of the portal", status)
		}
	}
	database.Start(t)
	// The other portal knows the dead pair only, until the first one has saved its own.
	awaitCount(t, database, `SELECT count(*) FROM sessions WHERE version = 2`)
	b.getAll(spread(10, portals[1].url, portals[0].url)).Wait()
	if got := gitlab.Posts(gitlabtest.OpRefreshToken); got != 1 {
		t.Errorf("GitLab was asked for new tokens %d times, want once", got)
	}
}

// await waits for the first request at the gate.
func await(t *testing.T, gate *gitlabtest.Gate) {
	t.Helper()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
}

// endLeases lets the time of a lease go by, whose holder says nothing more.
func endLeases(t *testing.T, database *pgtest.Database) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), database.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(t.Context()) }()
	if _, err := db.Exec(t.Context(), `UPDATE sessions SET leased_until = leased_until - 40000000 WHERE leased_until > 0`); err != nil {
		t.Fatal(err)
	}
}

// awaitCount returns when the query counts something.
func awaitCount(t *testing.T, database *pgtest.Database, query string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	db, err := pgx.Connect(ctx, database.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close(ctx) }()
	for found := 0; found == 0; {
		if err := db.QueryRow(ctx, query).Scan(&found); err != nil {
			t.Fatalf("%s counts nothing: %v", query, err)
		}
	}
}

func TestO10RequestsUnderWaySurviveARenewal(t *testing.T) {
	t.Parallel()
	for name, portals := range map[string]func(*testing.T, organisation) []string{
		"one portal on SQLite": onSQLite, "two portals on PostgreSQL": onPostgres(2),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gitlab := newOrganisation(t)
			addresses := portals(t, gitlab)
			b := newBrowser(t)
			b.signIn(addresses[0], "lead")

			gate := gitlabtest.NewGate()
			gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
			// One less than one person's calls at once, so that there is a place for another.
			answers := b.getAll(spread(7, addresses...))
			if err := gate.Await(t.Context(), 7); err != nil {
				t.Fatal(err)
			}
			gitlab.ExpireAccessTokens(gitlab.lead)
			// This one renews the tokens, and so kills the pair that the seven are sent with.
			if got := b.get(addresses[0] + "/go/shop/payments"); got.status != http.StatusSeeOther {
				t.Errorf("GET /go/shop/payments = %d, want 303", got.status)
			}
			gate.Open()
			answers.Wait()
			if got := gitlab.Posts(gitlabtest.OpRefreshToken); got != 1 {
				t.Errorf("GitLab was asked for new tokens %d times, want once", got)
			}
		})
	}
}
