//go:build unix

package main

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// Misbehave makes the given share of all requests from now on meet a fault, each kind of fault
// about as often as the others; 0 ends that.
//
// An answer that is lost after GitLab renewed a token is left out: nobody can have that pair any
// more, and so it costs a sign-in whatever a portal does.
func (g *GitLab) Misbehave(share float64, _ *None) error { //nolint:unparam // net/rpc wants it so
	g.server.ClearFaults("")
	faults := []gitlabtest.Fault{
		gitlabtest.Status(http.StatusInternalServerError), gitlabtest.BadGateway(), gitlabtest.EmptyUnavailable(),
		gitlabtest.Throttled(time.Second), gitlabtest.ThrottledBare(), gitlabtest.TokenRevoked(),
		gitlabtest.Cut(), gitlabtest.Reset(), gitlabtest.Delay(2 * time.Second),
	}
	lost := []gitlabtest.Fault{
		gitlabtest.BadGateway().AfterCommit(), gitlabtest.Cut().AfterCommit(), gitlabtest.CutAfterHeaders(), gitlabtest.Truncated(),
	}
	each := share / float64(len(faults)+len(lost))
	for _, fault := range faults {
		g.server.Inject("", fault.When(func(*http.Request) bool { return rand.Float64() < each })) //nolint:gosec // no secret
	}
	for _, fault := range lost {
		g.server.Inject("", fault.When(func(r *http.Request) bool {
			return !strings.HasPrefix(r.URL.Path, "/oauth/") && rand.Float64() < each //nolint:gosec // no secret
		}))
	}
	return nil
}

// Count is what GitLab has seen.
type Count struct {
	Requests, Renewals, Tokens int
	// Duplicates are names under which more than one token was created.
	Duplicates []string
}

// Count returns what GitLab has seen. Every name is used by people for one form only.
func (g *GitLab) Count(_ None, out *Count) error { //nolint:unparam // net/rpc wants it so
	out.Requests, out.Renewals = g.server.Calls(""), g.server.Posts(gitlabtest.OpRefreshToken)
	for _, agent := range g.agents {
		names := map[string]int{}
		for _, token := range g.server.Tokens(agent) {
			names[token.Name]++
			out.Tokens++
			if names[token.Name] == 2 {
				out.Duplicates = append(out.Duplicates, token.Name)
			}
		}
	}
	return nil
}
