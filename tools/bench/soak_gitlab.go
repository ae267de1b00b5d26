//go:build unix

package main

import (
	"fmt"
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

// spareAgents is how many agents the one who deletes has: more than are deleted within a soak.
const spareAgents = 500

// SpareAgent is an agent that nobody else needs.
type SpareAgent struct {
	Project, ID int64
	Name        string
}

// addAttackers adds the people who attack: two members of the project, one who belongs nowhere, and
// one with a project of their own, whose agents it returns.
func (g *GitLab) addAttackers(project int64) []SpareAgent {
	for _, name := range []string{tabPerson, streamPerson} {
		g.server.AddMember(project, g.server.AddUser(gitlabtest.User{Username: name}), gitlabtest.Maintainer)
	}
	g.server.AddUser(gitlabtest.User{Username: outsiderPerson})
	deleter := g.server.AddUser(gitlabtest.User{Username: deleterPerson})
	own := g.server.AddProject(gitlabtest.Project{Path: "spare", Owner: deleter})
	var spare []SpareAgent
	for i := range spareAgents {
		name := fmt.Sprintf("spare-%d", i)
		spare = append(spare, SpareAgent{own, g.server.AddAgent(gitlabtest.Agent{Project: own, Name: name, CreatedBy: deleter}), name})
	}
	return spare
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
