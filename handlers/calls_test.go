package handlers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/views"
)

// pageCalls is what a page costs GitLab in an organisation of one project with 1,000 agents of two
// tokens each, and 69 projects more.
type pageCalls struct {
	pattern, query string
	// graphQL and rest are the calls where GraphQL answers.
	graphQL, rest int
	// without is how many calls there are where it does not, the one that found that out included,
	// and the one for the creator's name on the first page that shows it: it is kept for the others.
	without int
}

// tableOfCalls has each route that a signed-in person may GET. A page asks for what it shows: what
// it costs does not grow with what GitLab holds, but for the cursors of later pages.
func tableOfCalls() []pageCalls {
	return []pageCalls{
		{views.PatternHome, "?wait=1", 22, 1, 233}, // the list of 70 projects, a query for all of them, and one for each hundred of 1,000 agents; as many about their versions, and one about their files
		{views.PatternHome, "", 0, 0, 0},           // what was read a moment ago
		{views.PatternProgress, "", 0, 0, 0},       // the same
		{views.PatternFleetCSV, "", 0, 0, 0},       // what was read a moment ago
		{views.PatternFleetJSON, "", 0, 0, 0},      // the same
		{views.PatternHome, "?wait=1&scope=group:shop", 22, 2, 166},
		{views.PatternHome, "?wait=1&scope=everything", 22, 2, 234},
		{views.PatternGroups, "", 0, 1, 1},
		{views.PatternShared, "", 2, 0, 4},
		{views.PatternProjects, "", 1, 1, 32},           // the list, and the rights in the 30 that are shown
		{views.PatternProjects, "?page=3", 1, 1, 12},    // the same on any page
		{views.PatternGo, "", 0, 1, 1},                  //
		{views.PatternAgents, "", 1, 1, 65},             // the list, and everything else
		{views.PatternAgents, "?page=2", 2, 1, 64},      // and the cursor that leads to it
		{views.PatternAgents, "?page=20", 11, 1, 64},    // and those of 950 agents before it, a hundred each
		{views.PatternAgentNew, "", 1, 0, 3},            //
		{views.PatternAgent, "", 2, 3, 9},               // the agent and its tokens, everything else, the pods, and the configuration file
		{views.PatternAgent, "?tab=activity", 3, 3, 10}, // and what GitLab noted
		{views.PatternAgent, "?tab=use", 2, 4, 10},      // and the agent server
		{views.PatternAgent, "?tab=history", 2, 3, 9},   // and the database
		{views.PatternAgent, "?tab=pods", 2, 3, 9},      //
		{views.PatternAgent, "?tab=connect", 2, 4, 10},  // and the agent server
		{views.PatternAgent, "?tab=access", 2, 3, 9},    // with grants, one query more
		{views.PatternConfigEdit, "", 1, 4, 9},          // and the file and the branch, of which there are none
		{views.PatternGrantees, "?q=pay", 1, 3, 8},      // and the groups, or the projects
		{views.PatternAgentDelete, "", 1, 2, 7},         //
		{views.PatternReceiver, "", 1, 3, 8},
		{views.PatternUnreceive, "", 1, 3, 8},
		{views.PatternDependents, "", 1, 4, 9},      // and the configuration file, and the environments of one project
		{views.PatternTokenNew, "", 1, 2, 7},        //
		{views.PatternTokenRevoke, "", 2, 2, 8},     // and the connections
		{views.PatternRotation, "", 2, 2, 8},        // the same
		{views.PatternRotations, "{50}", 2, 0, 204}, // the agents, and their connections
		{views.PatternUnused, "{50}", 1, 0, 203},    //
		{views.PatternStale, "{50}", 1, 0, 203},     //
		{views.PatternAlerts, "", 0, 0, 0},          // what was read a moment ago
		{views.PatternAlertAck, "", 1, 0, 3},        // the person's rights in the project
		{views.PatternActivity, "", 0, 1, 1},        // the projects that one maintains, a hundred each
		{views.PatternFind, "", 0, 0, 0},            // the fleet was read before
		{views.PatternFind, "?q=nothing", 0, 1, 1},
		{views.PatternActivity, "?project=shop/payments", 1, 1, 4},
		{views.PatternActivityCSV, "", 0, 1, 1},
		{views.PatternAlertsJSON, "", 0, 0, 0}, // of the fleet that was read a moment ago
		{views.PatternHistoryCSV, "", 0, 0, 0}, // the same
		{views.PatternHistory, "", 0, 0, 0},    // what was read a moment ago, and the database
		{views.PatternReport, "", 0, 0, 0},     // the same
		{views.PatternReportCSV, "", 0, 0, 0},  // the same
		{views.PatternSessions, "", 0, 0, 0},
		{views.PatternStatusHelp, "", 0, 0, 0},
		{views.PatternKeysHelp, "", 0, 0, 0},
	}
}

// crowd fills the organisation of the table, and returns the query that selects 50 agents.
func (p *portal) crowd() string {
	selection := make([]string, 0, 50)
	p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "second", CreatedBy: p.people["lead"], LastUsedAt: p.clock.Now()})
	for i := range 998 {
		id := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: fmt.Sprintf("cluster-%03d", i), CreatedBy: p.people["lead"]})
		for n := range 2 {
			p.gitlab.AddToken(gitlabtest.Token{Agent: id, Name: fmt.Sprint("token ", n), CreatedBy: p.people["lead"], LastUsedAt: p.clock.Now().Add(-time.Hour)})
		}
		if i < cap(selection) {
			selection = append(selection, fmt.Sprintf("agent=%d.%d", p.project, id))
		}
	}
	for i := range 69 {
		id := p.gitlab.AddProject(gitlabtest.Project{Path: fmt.Sprintf("p%02d", i), Group: p.gitlab.AddGroup(gitlabtest.Group{Path: fmt.Sprintf("g%02d", i)})})
		p.gitlab.AddMember(id, p.people["lead"], gitlabtest.Maintainer)
	}
	return "?" + strings.Join(selection, "&")
}

// TestEveryPageHasItsNumberOfCalls holds the table against the route table and against GitLab.
func TestEveryPageHasItsNumberOfCalls(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	selection := p.crowd()
	lead := p.as("lead")
	ask := func(page pageCalls) (graphQL, rest int) {
		t.Helper()
		p.gitlab.ResetCounters()
		got := lead.get(p.address(page.pattern) + strings.ReplaceAll(page.query, "{50}", selection))
		if got.status != http.StatusOK && got.status != http.StatusSeeOther {
			t.Errorf("GET %s%s = %d: %s", page.pattern, page.query, got.status, got.text("main"))
		}
		graphQL = p.gitlab.Calls(gitlabtest.OpGraphQL)
		return graphQL, len(p.gitlab.Requests()) - graphQL
	}
	listed := map[string]bool{}
	for _, page := range tableOfCalls() {
		listed[page.pattern] = true
		if graphQL, rest := ask(page); graphQL != page.graphQL || rest != page.rest {
			t.Errorf("GET %s%s costs %d queries and %d other calls, want %d and %d", page.pattern, page.query, graphQL, rest, page.graphQL, page.rest)
		}
	}
	for _, route := range handlers.Routes() {
		if route.Method == http.MethodGet && (route.SignedIn || route.Pattern == views.PatternHome) && !listed[route.Pattern] {
			t.Errorf("GET %s is not in the table of calls", route.Pattern)
		}
	}
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	p.fleet.Drop(p.people["lead"])
	for _, page := range tableOfCalls() {
		if graphQL, rest := ask(page); graphQL+rest != page.without {
			t.Errorf("without GraphQL, GET %s%s costs %d calls, want %d: %v", page.pattern, page.query, graphQL+rest, page.without, p.callsByOp())
		}
	}
}

// callsByOp are the calls since the last look, counted by operation.
func (p *portal) callsByOp() []string {
	counts := map[string]int{}
	for _, r := range p.gitlab.Requests() {
		counts[r.Op]++
	}
	var counted []string
	for op, n := range counts {
		counted = append(counted, fmt.Sprint(n, " ", op))
	}
	slices.Sort(counted)
	return counted
}
