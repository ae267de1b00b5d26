package portal

import (
	"net/http"
	"sync"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/store/pgtest"
)

// getAll asks for the page once per address at the same time, and wants it from each.
func (b *browser) getAll(addresses []string) *sync.WaitGroup {
	var answers sync.WaitGroup
	for _, address := range addresses {
		answers.Go(func() {
			if got, err := b.send(address, nil); err != nil || got.status != http.StatusOK {
				b.t.Errorf("GET %s = %d, %v, want 200", address, got.status, err)
			}
		})
	}
	return &answers
}

func TestO7HundredRequestsRenewAnExpiredTokenOnce(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		database func(t *testing.T) string
		replicas int
	}{
		{"one portal on SQLite", func(t *testing.T) string { t.Helper(); return "sqlite:" + t.TempDir() + "/portal.db" }, 1},
		{"one portal on PostgreSQL", func(t *testing.T) string { t.Helper(); return pgtest.New(t).URL }, 1},
		{"two portals on PostgreSQL", func(t *testing.T) string { t.Helper(); return pgtest.New(t).URL }, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gitlab := newOrganisation(t)
			portals := []*running{startPortal(t, gitlab, nil, "DATABASE_URL="+tt.database(t))}
			for len(portals) < tt.replicas {
				portals = append(portals, portals[0].startReplica(t))
			}
			b := newBrowser(t) // its cookies do not care about ports
			b.signIn(portals[0].url, "lead")
			gitlab.ExpireAccessTokens(gitlab.lead)
			gate := gitlabtest.NewGate()
			gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.Hold(gate))

			var addresses []string
			for i := range 100 {
				addresses = append(addresses, portals[i%len(portals)].url+"/projects")
			}
			answers := b.getAll(addresses)
			if err := gate.Await(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			gate.Open()
			answers.Wait()
			if got := gitlab.Calls(gitlabtest.OpRefreshToken); got != 1 {
				t.Errorf("GitLab was asked for new tokens %d times, want once", got)
			}
		})
	}
}

func TestO10RequestsUnderWaySurviveARenewal(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil)
	b := newBrowser(t)
	b.signIn(portal.url, "lead")

	gate := gitlabtest.NewGate()
	gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	var addresses []string
	for range 30 {
		addresses = append(addresses, portal.url+"/projects")
	}
	answers := b.getAll(addresses)
	// A list takes two calls: the person's projects, and those of them that they manage.
	if err := gate.Await(t.Context(), 60); err != nil {
		t.Fatal(err)
	}
	gitlab.ExpireAccessTokens(gitlab.lead)
	// This one renews the tokens, and so kills the pair that the thirty are sent with.
	if got := b.get(portal.url + "/go/shop/payments"); got.status != http.StatusSeeOther {
		t.Errorf("GET /go/shop/payments = %d, want 303", got.status)
	}
	gate.Open()
	answers.Wait()
	if got := gitlab.Calls(gitlabtest.OpRefreshToken); got != 1 {
		t.Errorf("GitLab was asked for new tokens %d times, want once", got)
	}
}
