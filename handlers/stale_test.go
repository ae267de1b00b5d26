package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/budget"
)

// silentAgent adds an agent that was registered a year ago and last in contact so many days ago.
func (p *portal) silentAgent(name string, days int) int64 {
	ago := func(days int) time.Time { return p.clock.Now().Add(-time.Duration(days) * 24 * time.Hour) }
	id := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: name, CreatedAt: ago(365), CreatedBy: p.people["lead"]})
	p.gitlab.AddToken(gitlabtest.Token{Agent: id, Name: name + "-token", CreatedAt: ago(360), LastUsedAt: ago(days), CreatedBy: p.people["lead"]})
	return id
}

// forgottenAgent adds one that was registered so many days ago and never connected.
func (p *portal) forgottenAgent(name string, days int) int64 {
	return p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: name, CreatedAt: p.clock.Now().Add(-time.Duration(days) * 24 * time.Hour)})
}

// deleteStale sends the form for a selection, with everything chosen that it lists and a number typed.
func (b *browser) deleteStale(selection, typed string) *answer {
	action, values := b.staleForm(selection)
	values.Set("confirm", typed)
	return b.post(action, values)
}

func (b *browser) staleForm(selection string) (action string, values url.Values) {
	b.p.t.Helper()
	form := b.get("/stale-agents" + selection).doc.Find("#form form")
	values = hiddenFields(form)
	for _, box := range form.Find("[name=agent][checked]").EachIter() {
		values.Add("agent", box.AttrOr("value", ""))
	}
	return form.AttrOr("action", ""), values
}

func TestStaleAgentsOfASelectionAreListedWithWhatDependsOnEach(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	silent, forgotten := p.silentAgent("silent", 91), p.forgottenAgent("forgotten", 31)
	quiet, young := p.silentAgent("quiet", 89), p.forgottenAgent("young", 29)
	selection := p.selection(silent, quiet, p.prod, forgotten, young, 999)
	p.gitlab.AddEnvironment(gitlabtest.Environment{Project: p.project, Name: "live", Agent: silent})
	lead := p.as("lead")
	page := lead.get("/stale-agents" + selection)
	if diff := cmp.Diff([]string{"silent", "forgotten"}, page.lines(".stale-list b")); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	for _, want := range []string{"1 agent is left out, because GitLab did not say", "3 agents are left out, because they are not stale", "more than 90 days", "the 30 days since it was registered"} {
		if !strings.Contains(page.text("#form"), want) {
			t.Errorf("the page reads %q, want %q", page.text("#form"), want)
		}
	}
	if n := p.gitlab.Calls(gitlabtest.OpListEnvironments); n != 0 {
		t.Errorf("the page waited for %d lists of environments", n)
	}
	place := page.doc.Find(".stale-list [hx-get]").First()
	if got := lead.htmx(place.AttrOr("id", "")).get(place.AttrOr("hx-get", "")); !strings.Contains(got.text(".dependents"), "1 environment loses its Kubernetes view") {
		t.Errorf("what depends on the first reads %q", got.text(".dependents"))
	}
	if got := p.as("dev").get("/stale-agents" + selection); got.doc.Find("[name=agent]").Length() != 0 || !strings.Contains(got.text("#form"), "2 agents are left out, because you may not change them") {
		t.Errorf("a Developer sees %s", got.text("#form"))
	}
	if got := lead.get("/stale-agents"); !strings.Contains(got.text("#form"), "No agents chosen") {
		t.Errorf("without a selection it reads %q", got.text("#form"))
	}
}

func TestWithoutGraphQLTheLastContactIsReadByREST(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	selection := p.selection(p.silentAgent("silent", 91), p.prod)
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	lead := p.as("lead")
	if diff := cmp.Diff([]string{"silent"}, lead.get("/stale-agents"+selection).lines(".stale-list b")); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	p.gitlab.Inject(gitlabtest.OpGetToken, gitlabtest.Status(http.StatusInternalServerError))
	if got := lead.get("/stale-agents" + selection); got.doc.Find("[name=agent]").Length() != 0 || !strings.Contains(got.text("#form"), "2 agents are left out, because GitLab did not say") {
		t.Errorf("where the use of tokens is not to be had it reads %q", got.text("#form"))
	}
}

func TestEachStaleAgentIsLookedAtRightBeforeItIsDeleted(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	woken, gone, silent, kept := p.silentAgent("woken", 91), p.silentAgent("gone", 91), p.silentAgent("silent", 91), p.silentAgent("kept", 91)
	live := p.gitlab.AddEnvironment(gitlabtest.Environment{Project: p.project, Name: "live", Agent: silent})
	lead := p.as("lead")
	action, values := lead.staleForm(p.selection(woken, gone, silent, kept))
	values["agent"] = slices.DeleteFunc(values["agent"], func(ref string) bool { return strings.HasSuffix(ref, fmt.Sprint(".", kept)) })
	values.Set("confirm", "3")
	p.gitlab.TouchToken(p.gitlab.Tokens(woken)[0].ID, p.clock.Now())
	p.gitlab.DeleteAgent(gone)
	results := lead.post(action, values)
	want := []string{
		"woken shop/payments It is not stale any more, so it stays", fmt.Sprintf("Agent %d Deleted", gone), "silent shop/payments Deleted",
	}
	if diff := cmp.Diff(want, results.lines(".stale-list .stale-agent")); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if got := results.text(".stale-list .dependents"); !strings.Contains(got, "1 environment lost its Kubernetes view") {
		t.Errorf("of the environments it says %q", got)
	}
	if got := p.links(results, ".dependents"); !slices.Equal(got, []string{fmt.Sprint("/shop/payments/-/environments/", live)}) {
		t.Errorf("links %q", got)
	}
	var left []string
	for _, a := range p.gitlab.Agents(p.project) {
		left = append(left, a.Name)
	}
	slices.Sort(left)
	if diff := cmp.Diff([]string{"idle", "kept", "prod", "woken"}, left); diff != "" {
		t.Errorf("agents that are left (-want +got):\n%s", diff)
	}
	rows := must(p.auditLog.Page(t.Context(), audit.Filter{Projects: []int64{p.project}, Action: activity.AgentDelete}, 0, 9))(t)
	var outcomes []string
	for _, row := range rows {
		outcomes = append(outcomes, fmt.Sprint(row.Target.AgentName, " ", row.Outcome))
	}
	slices.Sort(outcomes)
	if diff := cmp.Diff([]string{"silent ok", "woken refused"}, outcomes); diff != "" {
		t.Errorf("the audit (-want +got):\n%s", diff)
	}
}

func TestAnAgentThatWasSeenWithARevokedTokenIsNotStale(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.revokeHere(lead, p.prodToken, "prod-token")
	p.clock.Advance(60 * 24 * time.Hour) // registered 90 days ago, last seen 60 days ago
	lead = p.as("lead")
	if got := lead.get("/stale-agents" + p.selection(p.prod, p.idle)).lines(".stale-list b"); !slices.Equal(got, []string{"idle"}) {
		t.Errorf("listed %q, want the agent that was never seen alone", got)
	}
	_, values := lead.staleForm(p.selection(p.idle))
	values["agent"] = []string{fmt.Sprintf("%d.%d", p.project, p.prod)}
	values.Set("confirm", "1")
	if got := lead.post("/stale-agents"+p.selection(p.idle), values); !strings.Contains(got.text(".stale-list"), "It is not stale any more") {
		t.Errorf("%d: %s", got.status, got.text("#form"))
	}
}

func TestTheNumberOfAgentsIsTypedBeforeTheyAreDeleted(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	first, second := p.silentAgent("first", 91), p.silentAgent("second", 91)
	lead := p.as("lead")
	selection := p.selection(first, second)
	many := make([]string, budget.ChangesPerMinute+1)
	for i := range many {
		many[i] = fmt.Sprintf("%d.%d", p.project, i+1000)
	}
	one := []string{fmt.Sprintf("%d.%d", p.project, first)}
	for _, tt := range []struct {
		name, typed string
		agents      []string
		status      int
		says        string
	}{
		{"nothing is typed", "", one, http.StatusUnprocessableEntity, "1 agent is chosen. Type that number to delete it."},
		{"another number is typed", "2", one, http.StatusUnprocessableEntity, "1 agent is chosen"},
		{"nothing is chosen", "0", nil, http.StatusUnprocessableEntity, "No agent is chosen."},
		{"what is no agent", "1", []string{"nonsense"}, http.StatusBadRequest, ""},
		{"too many", fmt.Sprint(len(many)), many, http.StatusBadRequest, ""},
	} {
		_, values := lead.staleForm(selection)
		values["agent"] = tt.agents
		values.Set("confirm", tt.typed)
		got := lead.post("/stale-agents"+selection, values)
		if got.status != tt.status || !strings.Contains(got.text(".field-error"), tt.says) {
			t.Errorf("%s = %d: %q, want %d and %q", tt.name, got.status, got.text(".field-error"), tt.status, tt.says)
		}
		if chosen := got.doc.Find("[name=agent][checked]").Length(); got.status == http.StatusUnprocessableEntity && chosen != len(tt.agents) {
			t.Errorf("%s: %d agents are still chosen, want %d", tt.name, chosen, len(tt.agents))
		}
	}
	if n := p.changes(); n != 0 {
		t.Errorf("GitLab saw %d changes, want none", n)
	}
}

func TestDeletionsOfStaleAgentsAreTakenFromTheAllowance(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	agents := make([]int64, budget.ChangesPerMinute+2)
	for i := range agents {
		agents[i] = p.silentAgent(fmt.Sprintf("silent-%02d", i), 91)
	}
	lead := p.as("lead")
	page := lead.get("/stale-agents" + p.selection(agents...))
	if n := page.doc.Find("[name=agent]").Length(); n != budget.ChangesPerMinute || !strings.Contains(page.text("#form"), "2 more are left for the next") {
		t.Errorf("the form has %d agents and says %q", n, page.text("#form"))
	}
	if got := lead.deleteStale(p.selection(agents...), "20"); !strings.Contains(got.text(".notice"), "20 agents are deleted") {
		t.Errorf("%d: %s", got.status, got.text("#form"))
	}
	got := lead.deleteStale(p.selection(agents...), "2")
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" || p.gitlab.Calls(gitlabtest.OpDeleteAgent) != 20 {
		t.Errorf("with the allowance spent: %d after %d deletions, want 429 after 20", got.status, p.gitlab.Calls(gitlabtest.OpDeleteAgent))
	}
}

func TestAPortalThatOnlyReadsDeletesNoStaleAgents(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.readOnly = true })
	silent := p.silentAgent("silent", 91)
	got := p.as("lead").get("/stale-agents" + p.selection(silent))
	if got.doc.Find("[name=agent]").Length() != 0 || !strings.Contains(got.text("#form"), "1 agent is left out, because you may not change it") {
		t.Errorf("it reads %q", got.text("#form"))
	}
}

func TestTheFleetShowsStaleAgentsAndTokensWhoseCreatorLeft(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.silentAgent("silent", 91)
	p.gitlab.ChangeUser(p.people["dev"], func(u *gitlabtest.User) { u.State = "blocked" })
	orphaned := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: "orphaned"})
	p.gitlab.AddToken(gitlabtest.Token{Agent: orphaned, Name: "theirs", CreatedBy: p.people["dev"], LastUsedAt: p.clock.Now()})
	p.gitlab.AddToken(gitlabtest.Token{Agent: orphaned, Name: "of nobody", LastUsedAt: p.clock.Now()})
	lead := p.as("lead")
	page := lead.whole("")
	for _, tt := range []struct{ agent, kind, word, leads string }{
		{"silent", "stale", "Stale", "/delete"},
		{"orphaned", "creator_left", "Creator left", "/rotation"},
	} {
		got := badge(page, tt.agent, tt.kind)
		if got.Text() != tt.word || !strings.HasSuffix(got.AttrOr("href", ""), tt.leads) {
			t.Errorf("the badge of %s reads %q and leads to %q", tt.agent, got.Text(), got.AttrOr("href", ""))
		}
		if shown := agentsShown(lead.whole("attention=" + tt.kind)); count(page, tt.kind) != "1" || !slices.Equal(shown, []string{tt.agent}) {
			t.Errorf("the filter %s counts %q and leaves %q", tt.kind, count(page, tt.kind), shown)
		}
		if csv := lead.get("/fleet.csv?attention=" + tt.kind).body; !strings.Contains(csv, tt.kind) || strings.Count(csv, "\n") != 2 {
			t.Errorf("the export reads %q", csv)
		}
	}
	if got := lead.get("/fleet.json?attention=creator_left").body; !strings.Contains(got, `"creator_account":"blocked"`) || !strings.Contains(got, `"creator_account":"gone"`) {
		t.Errorf("the export reads %s", got)
	}
	if got := page.doc.Find("form.selection button[formaction]").Last().AttrOr("formaction", ""); got != "/stale-agents" {
		t.Errorf("the last button leads to %q", got)
	}
	tokens := lead.get(p.agentPath(orphaned))
	if got := tokens.lines("#agent-tab tbody .badge"); !slices.Equal(got, []string{"Account blocked", "Account gone"}) {
		t.Errorf("the agent's page says %q", got)
	}
	if got := tokens.doc.Find("#agent-tab tbody .badge").AttrOr("href", ""); got != p.rotationPath(orphaned) {
		t.Errorf("the badge leads to %q", got)
	}
	if help := lead.get("/help/status").text("#main"); !strings.Contains(help, "Creator left") || !strings.Contains(help, "for more than 90 days, or it never connected within 30 days") {
		t.Errorf("the help says %q", help)
	}
}

func TestWithoutGraphQLNobodyClaimsToKnowWhoLeft(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.ChangeUser(p.people["dev"], func(u *gitlabtest.User) { u.State = "blocked" })
	p.gitlab.AddToken(gitlabtest.Token{Agent: p.idle, Name: "theirs", CreatedBy: p.people["dev"], LastUsedAt: p.clock.Now()})
	lead := p.as("lead")
	const unknown = "Whether those who created these tokens still have their accounts is not known"
	if got := lead.get(p.agentPath(p.idle)).text("#agent-tab"); strings.Contains(got, unknown) || !strings.Contains(got, "Account blocked") {
		t.Errorf("with GraphQL it reads %q", got)
	}
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	if got := lead.get(p.agentPath(p.idle)).text("#agent-tab"); !strings.Contains(got, unknown) || strings.Contains(got, "Account blocked") {
		t.Errorf("without GraphQL it reads %q", got)
	}
}
