package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
)

// selection is the query that chooses agents of the seeded project.
func (p *portal) selection(agents ...int64) string {
	query := url.Values{}
	for _, agent := range agents {
		query.Add("agent", fmt.Sprintf("%d.%d", p.project, agent))
	}
	return "?" + query.Encode()
}

// lines are the rows of a table, each as one text.
func (a *answer) lines(selector string) []string {
	var lines []string
	for _, row := range a.doc.Find(selector).EachIter() {
		lines = append(lines, strings.Join(strings.Fields(row.Text()), " "))
	}
	return lines
}

func TestTheRotationsOfASelectionAreOneLineEach(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.addToken("new", time.Minute)
	lead := p.as("lead")
	query := p.selection(p.prod, p.idle, p.prod, 999) + "&agent=888.1&agent=nonsense&agent=1.2.3"
	page := lead.get("/rotations" + query)
	want := []string{
		"idle shop/paymentsThis agent has no token Go on idle",
		"prod shop/paymentsWaiting for the new token to be used Go on prod",
		"Agent 999 Not found",
		"Agent 1 Not found",
	}
	if diff := cmp.Diff(want, page.lines("tbody tr")); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if n := p.gitlab.Calls(gitlabtest.OpListTokens); n > 1 { // of agent 999, which GraphQL does not know
		t.Errorf("GitLab was asked for %d lists of tokens, want GraphQL to do", n)
	}
	if got := p.as("dev").get("/rotations" + p.selection(p.prod)).lines("tbody tr"); !strings.Contains(got[0], "View rotation") {
		t.Errorf("a Developer sees %v", got)
	}
}

func TestASelectionIsReadByRESTWhereGraphQLIsMissing(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Inject(gitlabtest.OpGraphQL, gitlabtest.Status(http.StatusNotFound))
	lines := p.as("lead").get("/rotations" + p.selection(p.prod, p.idle)).lines("tbody tr")
	if len(lines) != 2 || !strings.Contains(lines[0], "This agent has no token") || !strings.Contains(lines[1], "Ready to rotate") {
		t.Errorf("lines %q", lines)
	}
}

func TestASelectionIsBounded(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	many := make([]int64, 60)
	for i := range many {
		many[i] = p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: fmt.Sprintf("agent-%d", i)})
	}
	page := p.as("lead").get("/rotations" + p.selection(many...))
	if n := page.doc.Find("tbody tr").Length(); n != 50 || !strings.Contains(page.text(".notice-warning"), "first 50") {
		t.Errorf("%d lines; the page says %q", n, page.text(".notice-warning"))
	}
}

// unusedTokens seeds never-used tokens: two that are old enough, one that is young, one in use.
func (p *portal) unusedTokens() (first, second, young int64) {
	add := func(agent int64, name string, age time.Duration) int64 {
		return p.gitlab.AddToken(gitlabtest.Token{Agent: agent, Name: name, CreatedAt: p.clock.Now().Add(-age), CreatedBy: p.people["lead"]})
	}
	const day = 24 * time.Hour
	return add(p.prod, "first", 31*day), add(p.idle, "second", 40*day), add(p.idle, "young", day)
}

func TestTokensThatWereNeverUsedAreListedByAge(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.unusedTokens()
	lead := p.as("lead")
	for days, want := range map[string][]string{"": {"first", "second"}, "35": {"second"}, "1": {"first", "second"}, "x": {"first", "second"}, "60": nil} {
		page := lead.get("/unused-tokens" + p.selection(p.prod, p.idle) + "&days=" + days)
		if all := page.lines(".token-list b"); !slices.Equal(all, []string{"first", "second", "young"}) {
			t.Errorf("older than %q days: %q are listed, want all that were never used", days, all)
		}
		if diff := cmp.Diff(want, page.lines(".token-list label:has([name=token][checked]) b")); diff != "" {
			t.Errorf("chosen are older than %q days (-want +got):\n%s", days, diff)
		}
		if kept := page.doc.Find(".token-list label:has([disabled]):contains('it stays')").Length(); kept != 3-len(want) {
			t.Errorf("older than %q days: of %d it says that they stay", days, kept)
		}
	}
	if line := lead.get("/unused-tokens" + p.selection(p.prod)).text(".token-list li"); !strings.Contains(line, "created 31 days ago") {
		t.Errorf("the age is missing: %q", line)
	}
	page := p.as("dev").get("/unused-tokens" + p.selection(p.prod, p.idle))
	if page.doc.Find("form[method=post] [name=token]").Length() != 0 || !strings.Contains(page.text("#form"), "2 agents are left out, because you may not change them") {
		t.Errorf("a Developer sees %s", page.text("#form"))
	}
}

// unusedForm is the form that revokes every token that the page proposes.
func (b *browser) unusedForm(path string) (action string, values url.Values) {
	form := b.get(path).doc.Find("form[method=post]:has([name=token])")
	values = hiddenFields(form)
	values["token"] = nil
	for _, input := range form.Find("[name=token][checked]").EachIter() {
		values.Add("token", input.AttrOr("value", ""))
	}
	return form.AttrOr("action", ""), values
}

func (b *browser) revokeAllListed(path string) *answer { return b.post(b.unusedForm(path)) }

func TestOneFailureStopsNoOtherRevocation(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	first, second, _ := p.unusedTokens()
	lead := p.as("lead")
	address, values := lead.unusedForm("/unused-tokens" + p.selection(p.prod, p.idle))
	p.gitlab.TouchToken(first, p.clock.Now()) // a cluster begins to use it
	send := func() []string { return lead.post(address, values).lines(".token-list li") }
	want := []string{"first prod It was used meanwhile, so it stays", "second idle Revoked"}
	for _, attempt := range []string{"first", "second"} {
		got := send()
		if attempt == "second" { // its name is no longer to be had
			want[1] = fmt.Sprintf("Token %d idle Revoked", second)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the %s attempt (-want +got):\n%s", attempt, diff)
		}
	}
	if p.gitlab.Tokens(p.prod)[1].Revoked || !p.gitlab.Tokens(p.idle)[0].Revoked || p.gitlab.Tokens(p.idle)[1].Revoked {
		t.Error("the wrong tokens are revoked")
	}
	rows := must(p.auditLog.Page(t.Context(), audit.Filter{Projects: []int64{p.project}, Action: activity.TokenRevoke}, 0, 9))(t)
	var outcomes []string
	for _, row := range rows {
		outcomes = append(outcomes, fmt.Sprintf("%s %s %d", row.Target.AgentName, row.Outcome, row.Times))
	}
	slices.Sort(outcomes)
	if diff := cmp.Diff([]string{"idle ok 1", "idle ok 1", "prod refused 2"}, outcomes); diff != "" {
		t.Errorf("the audit (-want +got):\n%s", diff)
	}
}

// TestRevokedUnusedTokensLeaveTheFleetAtOnce looks at a fleet that was read a moment before.
func TestRevokedUnusedTokensLeaveTheFleetAtOnce(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	_, second, _ := p.unusedTokens()
	lead := p.as("lead")
	listed := func() bool { return strings.Contains(lead.get("/fleet.json").body, fmt.Sprintf(`"id":%d,`, second)) }
	if !listed() {
		t.Fatal("the token is not in the fleet")
	}
	lead.revokeAllListed("/unused-tokens" + p.selection(p.idle))
	if listed() {
		t.Error("the fleet still shows a token that was just revoked")
	}
}

// TestARevocationThatGoesWrongInsideIsToldBesideTheOthers panics while one of them runs.
func TestARevocationThatGoesWrongInsideIsToldBesideTheOthers(t *testing.T) {
	t.Parallel()
	var once atomic.Bool
	p := newPortal(t, func(s *setUp) {
		s.observe = func(op string, _ int, _ time.Duration) {
			if op == "get agent token" && once.CompareAndSwap(false, true) {
				panic("glpat-canary")
			}
		}
	})
	p.unusedTokens()
	results := p.as("lead").revokeAllListed("/unused-tokens" + p.selection(p.prod, p.idle)).lines(".token-list li")
	all := strings.Join(results, "; ")
	if len(results) != 2 || strings.Count(all, "Revoked") != 1 || strings.Count(all, "Something went wrong") != 1 {
		t.Errorf("the results are %q, want one revoked and one that failed", results)
	}
}

// TestTheBadgeOfNeverUsedTokensLeadsToTheirEnd follows the count, the way out and the form: three clicks.
func TestTheBadgeOfNeverUsedTokensLeadsToTheirEnd(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.AddToken(gitlabtest.Token{Agent: p.idle, Name: "fresh", CreatedAt: p.clock.Now().Add(-26 * time.Hour), CreatedBy: p.people["lead"]})
	lead := p.as("lead")
	badge := lead.whole("").doc.Find(".filters [data-kind=never_used]")
	cleanup := lead.get(badge.AttrOr("href", "")).doc.Find(".selection-bar a.button-primary")
	if got := cleanup.Text(); got != "Clean up this one" {
		t.Fatalf("the filter offers %q", got)
	}
	if got := lead.revokeAllListed(cleanup.AttrOr("href", "")).lines(".token-list li"); len(got) != 1 || !strings.HasPrefix(got[0], "fresh idle Revoked") {
		t.Errorf("the clean-up ends with %q", got)
	}
	if offered := p.as("dev").whole("attention=never_used").doc.Find(".selection-bar").Length(); offered != 0 {
		t.Error("a Developer is offered a clean-up")
	}
}

func TestAListOfTokensFromElsewhereChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	_, second, _ := p.unusedTokens()
	lead := p.as("lead")
	address := "/unused-tokens" + p.selection(p.prod, p.idle)
	nonce := hiddenFields(lead.get(address).doc.Find("form[method=post]:has([name=token])")).Get("nonce")
	valid := fmt.Sprintf("%d.%d.%d", p.project, p.idle, second)
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("%d.%d.%d", p.project, p.idle, i+1000)
	}
	tests := []struct {
		name   string
		nonce  string
		token  []string
		status int
	}{
		{"a foreign form", "nonsense", []string{valid}, http.StatusUnprocessableEntity},
		{"what is no token", nonce, []string{"20.5"}, http.StatusBadRequest},
		{"an empty list", nonce, nil, http.StatusUnprocessableEntity},
		{"too many", nonce, many, http.StatusBadRequest},
	}
	for _, tt := range tests {
		got := lead.post(address, url.Values{"nonce": {tt.nonce}, "token": tt.token})
		if got.status != tt.status {
			t.Errorf("%s = %d, want %d: %s", tt.name, got.status, tt.status, got.text("main"))
		}
	}
	if n := p.changes(); n != 0 {
		t.Errorf("GitLab saw %d changes, want none", n)
	}
}
