package handlers_test

import (
	"context"
	"database/sql"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/views"
)

// audit returns the rows of the audit, oldest first, also those about no project.
func (p *portal) audit() []audit.Event {
	p.t.Helper()
	rows := must(p.auditLog.PageAfter(p.t.Context(), audit.Filter{Projects: []int64{0, p.project}}, 0, 1000))(p.t)
	for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
		rows[i], rows[j] = rows[j], rows[i]
	}
	return rows
}

// added are the actions and outcomes of the rows that act adds.
func (p *portal) added(act func()) []string {
	p.t.Helper()
	before := len(p.audit())
	act()
	return words(p.audit()[before:])
}

func words(rows []audit.Event) []string {
	words := make([]string, 0, len(rows))
	for _, row := range rows {
		words = append(words, fmt.Sprintf("%s %s %s", row.ActorName, row.Action, row.Outcome))
	}
	return words
}

// breakAudit makes every read and write of the audit fail from now on.
func (p *portal) breakAudit() {
	p.t.Helper()
	p.database.Exec(p.t, "ALTER TABLE audit RENAME TO lost")
}

func TestV6EveryRefusalLeavesOneRow(t *testing.T) {
	t.Parallel()
	crossSite := http.Header{"Sec-Fetch-Site": {"cross-site"}}
	fault := func(f gitlabtest.Fault, ops ...string) func(*portal) {
		return func(p *portal) {
			for _, op := range ops {
				p.gitlab.Inject(op, f)
			}
		}
	}
	tests := []struct {
		name, person string
		header       http.Header
		form         url.Values
		setUp        func(*portal)
		want         activity.Outcome
		// stored is what becomes of "I have stored it", which asks nothing of GitLab.
		stored activity.Outcome
		// shows is how many parts of the address GitLab has shown by then: project, agent, token.
		shows int
		// checkedFirst says that the form that creates a token is refused before GitLab is asked.
		checkedFirst bool
		// public says that the case concerns signing out too.
		public bool
		// taken says that a form is taken which may be sent any number of times.
		taken bool
	}{
		{name: "from another site", person: "lead", header: crossSite, want: activity.Refused, stored: activity.Refused, public: true},
		{name: "without a proof of where it comes from", person: "lead", header: http.Header{}, form: url.Values{"name": {"x"}}, shows: 3, checkedFirst: true, want: activity.Refused, stored: activity.Refused, public: true},
		{name: "with too large a form", person: "lead", form: url.Values{"name": {strings.Repeat("x", 1<<20)}}, want: activity.Refused, stored: activity.Refused, public: true},
		{name: "of a visitor", want: activity.Refused, stored: activity.Refused},
		{name: "of a Developer", person: "dev", shows: 2, want: activity.Refused, stored: activity.Unknown},
		{name: "of somebody who sees no such project", person: "outsider", want: activity.Refused, stored: activity.Unknown},
		{name: "with a form that was open for too long", person: "lead", shows: 3, form: url.Values{"name": {"x"}, "nonce": {"old"}}, taken: true, want: activity.Refused, stored: activity.Unknown},
		{
			name: "while GitLab is down", person: "lead", setUp: fault(gitlabtest.BadGateway(), gitlabtest.OpGraphQL, gitlabtest.OpGetProject, gitlabtest.OpGetAgent),
			want: activity.Failed, stored: activity.Unknown,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			for _, route := range handlers.Routes() {
				if route.Method == http.MethodGet || route.Action == "" || !route.SignedIn && !tt.public {
					continue
				}
				b := p.visitor()
				if tt.person != "" {
					b = p.as(tt.person)
				}
				if tt.header != nil {
					b.header = tt.header
				}
				if tt.setUp != nil {
					tt.setUp(p)
				}
				want := tt.want
				if route.Action == activity.TokenStored {
					want = tt.stored
				}
				if route.Pattern == views.PatternUnused || route.Pattern == views.PatternStale { // refused for its proof, before GitLab is asked
					want = activity.Refused
				}
				if tt.taken && route.Action == activity.AlertWithdraw {
					want = activity.OK
				}
				shows := tt.shows
				if tt.checkedFirst && route.Action == activity.TokenCreate {
					shows = 0
				}
				before := len(p.audit())
				got := b.post(p.address(route.Pattern), tt.form)
				p.gitlab.ClearFaults(gitlabtest.OpGraphQL)
				p.gitlab.ClearFaults(gitlabtest.OpGetProject)
				p.gitlab.ClearFaults(gitlabtest.OpGetAgent)
				rows := p.audit()[before:]
				wantRow := audit.Event{
					Action: route.Action, Outcome: want, ActorID: p.people[tt.person], ActorName: tt.person,
					ClientIP: "127.0.0.1", RequestID: got.header.Get("X-Request-Id"), Times: 1,
				}.About(p.named(route.Pattern), p.shown(route, shows))
				if diff := cmp.Diff([]audit.Event{wantRow}, rows, cmpopts.IgnoreFields(audit.Event{}, "ID", "At")); diff != "" {
					t.Errorf("POST %s = %d (-want +got):\n%s", route.Pattern, got.status, diff)
				}
			}
			if n := p.changes(); n != 0 {
				t.Errorf("GitLab saw %d changes, want none", n)
			}
		})
	}
}

// named is what the address of a pattern names.
func (p *portal) named(pattern string) audit.Claim {
	var named audit.Claim
	for place, id := range map[string]func(){
		"{project}": func() { named.ProjectID = p.project },
		"{agent}":   func() { named.AgentID = p.prod },
		"{token}":   func() { named.TokenID = p.prodToken },
	} {
		if strings.Contains(pattern, place) {
			id()
		}
	}
	return named
}

// shown is what GitLab has shown when it showed so many parts of a route's address. That a token is
// stored is not asked of it.
func (p *portal) shown(route handlers.Route, parts int) audit.Target {
	var shown audit.Target
	pattern := route.Pattern
	if strings.Contains(pattern, "{alert}") { // of the project that it is about; of the agent to Maintainers only
		pattern = map[bool]string{true: "{project}{agent}", false: "{project}"}[parts > 2]
	}
	for i, part := range []struct {
		place string
		show  func()
	}{
		{"{project}", func() { shown.ProjectID, shown.ProjectPath = p.project, "shop/payments" }},
		{"{agent}", func() { shown.AgentID, shown.AgentName = p.prod, "prod" }},
		{"{token}", func() { shown.TokenID, shown.TokenName = p.prodToken, "prod-token" }},
	} {
		if i < parts && strings.Contains(pattern, part.place) && route.Action != activity.TokenStored {
			part.show()
		}
	}
	return shown
}

func TestV6EveryChangingRouteIsAudited(t *testing.T) {
	t.Parallel()
	for _, route := range handlers.Routes() {
		isAudited := route.Method != http.MethodGet && route.Pattern != "/preferences" && route.Pattern != views.PatternConfigCheck || route.Pattern == "/auth/callback"
		if isAudited != (route.Action != "") {
			t.Errorf("%s %s leaves the action %q in the audit", route.Method, route.Pattern, route.Action)
		}
	}
}

func TestV6EveryActLeavesItsRows(t *testing.T) {
	t.Parallel()
	const agents, agent = "/projects/{project}/agents", "/projects/{project}/agents/{agent}"
	lost := gitlabtest.Cut().AfterCommit()
	fault := func(op string, f gitlabtest.Fault) func(*portal) {
		return func(p *portal) { p.gitlab.Inject(op, f) }
	}
	register := func(p *portal, b *browser) {
		b.submit(p.address(agents+"/new"), url.Values{"name": {"staging"}, "first_token": {"on"}})
	}
	create := func(p *portal, b *browser) { b.submit(p.address(agent+"/tokens/new"), url.Values{"name": {"second"}}) }
	revoke := func(confirm string) func(*portal, *browser) {
		return func(p *portal, b *browser) {
			b.submit(p.address(agent+"/tokens/{token}/revoke"), url.Values{"confirm": {confirm}})
		}
	}
	remove := func(confirm string) func(*portal, *browser) {
		return func(p *portal, b *browser) {
			b.submit(p.address(agent+"/delete"), url.Values{"confirm": {confirm}})
		}
	}
	tests := []struct {
		name  string
		setUp func(*portal)
		act   func(*portal, *browser)
		want  []string
	}{
		{"registering", nil, register, []string{"agent_register ok", "token_create ok"}},
		{"registering under a name that cannot be", nil, func(p *portal, b *browser) {
			b.submit(p.address(agents+"/new"), url.Values{"name": {"-"}})
		}, []string{"agent_register refused"}},
		{"registering, the answer lost", fault(gitlabtest.OpRegisterAgent, lost), register, []string{"agent_register unknown", "reconciled ok", "token_create ok"}},
		{"creating", nil, create, []string{"token_create ok"}},
		{"creating without a name", nil, func(p *portal, b *browser) {
			b.submit(p.address(agent+"/tokens/new"), url.Values{"name": {" "}})
		}, []string{"token_create refused"}},
		{"creating, refused by GitLab", fault(gitlabtest.OpCreateToken, gitlabtest.Status(http.StatusForbidden)), create, []string{"token_create refused"}},
		{"creating, the answer lost", fault(gitlabtest.OpCreateToken, lost), create, []string{"token_create unknown", "reconciled ok"}},
		{"creating with one form twice", nil, func(p *portal, b *browser) {
			action, form := b.form(p.address(agent + "/tokens/new"))
			form.Set("name", "second")
			b.post(action, form)
			b.post(action, form)
		}, []string{"token_create ok", "token_create refused"}},
		{"creating and storing", nil, func(p *portal, b *browser) {
			revealed := b.submit(p.address(agent+"/tokens/new"), url.Values{"name": {"second"}})
			form := revealed.doc.Find(`form[action$="/stored"]`)
			b.post(form.AttrOr("action", ""), hiddenFields(form))
		}, []string{"token_create ok", "token_stored ok"}},
		{"revoking", nil, revoke("prod"), []string{"token_revoke ok"}},
		{"revoking without the name", nil, revoke(""), []string{"token_revoke refused"}},
		{"revoking, the answer lost", fault(gitlabtest.OpRevokeToken, lost), revoke("prod"), []string{"token_revoke unknown", "reconciled ok"}},
		{"revoking what is revoked", nil, func(p *portal, b *browser) {
			action, form := b.form(p.address(agent + "/tokens/{token}/revoke"))
			p.gitlab.RevokeToken(p.prodToken)
			b.post(action, form)
		}, []string{"token_revoke ok"}},
		{"deleting", nil, remove("prod"), []string{"agent_delete ok"}},
		{"deleting without the name", nil, remove("pro"), []string{"agent_delete refused"}},
		{"deleting, lost on the way", fault(gitlabtest.OpDeleteAgent, gitlabtest.Cut()), remove("prod"), []string{"agent_delete unknown", "reconciled failed"}},
		{"signing out", nil, func(_ *portal, b *browser) { b.signOut() }, []string{"sign_out ok"}},
		{"choosing a language", nil, func(_ *portal, b *browser) { b.post("/preferences", url.Values{"lang": {"zh-CN"}}) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			b := p.as("lead")
			if tt.setUp != nil {
				tt.setUp(p)
			}
			var want []string
			for _, row := range tt.want {
				want = append(want, "lead "+row)
			}
			if diff := cmp.Diff(want, p.added(func() { tt.act(p, b) }), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// signOut sends the sign-out form of a page.
func (b *browser) signOut() *answer {
	b.p.t.Helper()
	form := b.get("/projects").doc.Find(`form[action="/auth/logout"]`)
	return b.post("/auth/logout", hiddenFields(form))
}

func TestV6SigningInLeavesOneRow(t *testing.T) {
	t.Parallel()
	back := func(b *browser, decision string) *answer {
		return b.follow(b.authorize(b.get("/auth/login").header.Get("Location"), "lead", decision))
	}
	tests := []struct {
		name  string
		setUp func(*portal)
		act   func(*browser) *answer
		want  string
	}{
		{"", nil, func(b *browser) *answer { return back(b, "allow") }, "lead sign_in ok"},
		{"denied", nil, func(b *browser) *answer { return back(b, "deny") }, " sign_in refused"},
		{"with a state of nobody's", nil, func(b *browser) *answer { return b.get("/auth/callback?state=x&code=y") }, " sign_in refused"},
		{"while GitLab does not exchange codes", func(p *portal) {
			p.gitlab.Inject(gitlabtest.OpExchangeCode, gitlabtest.BadGateway())
		}, func(b *browser) *answer { return back(b, "allow") }, " sign_in failed"},
		{"while GitLab does not say who it is", func(p *portal) {
			p.gitlab.Inject(gitlabtest.OpCurrentUser, gitlabtest.Status(http.StatusForbidden))
		}, func(b *browser) *answer { return back(b, "allow") }, " sign_in failed"}, // 502: the portal's set-up is wrong
	}
	for _, tt := range tests {
		t.Run("signing in "+tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			if tt.setUp != nil {
				tt.setUp(p)
			}
			var got *answer
			if diff := cmp.Diff([]string{tt.want}, p.added(func() { got = tt.act(p.visitor()) })); diff != "" {
				t.Errorf("status %d, rows (-want +got):\n%s", got.status, diff)
			}
		})
	}
}

func TestV6AFailedRenewalLeavesOneRow(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault gitlabtest.Fault
		want  string
	}{
		"refused by GitLab":     {gitlabtest.InvalidGrant(), "lead refresh refused"},
		"with GitLab down":      {gitlabtest.BadGateway(), "lead refresh unknown"},
		"with the answer lost":  {gitlabtest.Cut().AfterCommit(), "lead refresh unknown"},
		"with GitLab throttled": {gitlabtest.Throttled(time.Minute), "lead refresh refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			p.clock.Advance(3 * time.Hour)
			p.gitlab.Inject(gitlabtest.OpRefreshToken, tt.fault)
			if diff := cmp.Diff([]string{tt.want}, p.added(func() { lead.get("/projects") })); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// Without its row nobody signs in and nothing is changed, but everybody can sign out.
func TestV6WhatCannotBeAuditedIsNotDone(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, form := lead.form(p.address("/projects/{project}/agents/{agent}/tokens/new"))
	form.Set("name", "second")
	p.breakAudit()
	if got := lead.post(action, form); got.status != http.StatusServiceUnavailable || !strings.Contains(got.text("main"), "Nothing was changed") {
		t.Errorf("creating a token = %d %q, want 503 that says so", got.status, got.text("main"))
	}
	if n := p.changes(); n != 0 {
		t.Errorf("GitLab saw %d changes, want none", n)
	}
	second := p.visitor()
	if got := second.signIn("/auth/login", "lead"); got.status != http.StatusServiceUnavailable {
		t.Errorf("signing in = %d, want 503", got.status)
	}
	if got := second.get("/projects"); got.status != http.StatusSeeOther {
		t.Errorf("after that, GET /projects = %d, want no session", got.status)
	}
	if got := lead.signOut(); got.status != http.StatusSeeOther {
		t.Errorf("signing out = %d, want 303", got.status)
	}
	if got := lead.get("/projects"); got.status != http.StatusSeeOther {
		t.Errorf("after that, GET /projects = %d, want no session", got.status)
	}
}

func TestV6VisitorsCannotFillTheAudit(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	visitor, next := p.visitor(), 0
	knock := func(times int) func() {
		return func() {
			for range times {
				next++
				visitor.post(fmt.Sprintf("/projects/%d/agents", next), url.Values{"name": {"x"}})
			}
		}
	}
	if got := len(p.added(knock(210))); got != 200 {
		t.Errorf("210 refused forms left %d rows, want 200", got)
	}
	if !strings.Contains(p.logs.String(), "too many rows of visitors") {
		t.Error("the log does not say that rows were left out")
	}
	p.clock.Advance(3 * time.Second)
	if got := len(p.added(knock(10))); got != 3 {
		t.Errorf("3 seconds later 10 refused forms left %d rows, want 3", got)
	}
	if got := p.added(func() { p.as("lead") }); len(got) != 1 {
		t.Errorf("a person who signs in then leaves %v, want one row", got)
	}
}

// Neither visitors' forms nor made-up returns from GitLab use up what is left for real ones.
func TestV6ADeniedSignInLeavesItsRowAmongAnyNumberOfVisitors(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	visitor := p.visitor()
	deny := func() {
		b := p.visitor()
		b.follow(b.authorize(b.get("/auth/login").header.Get("Location"), "lead", "deny"))
	}
	for i := range 1000 {
		visitor.post(fmt.Sprintf("/projects/%d/agents", i+1), url.Values{"name": {"x"}})
	}
	if diff := cmp.Diff([]string{" sign_in refused"}, p.added(deny)); diff != "" {
		t.Errorf("rows after a thousand forms (-want +got):\n%s", diff)
	}
	for i := range 500 { // beyond 600 at once everybody at that address has to wait
		visitor.get(fmt.Sprintf("/auth/callback?state=x%d&code=y", i))
	}
	deny()
	if row := p.audit()[len(p.audit())-1]; row.Action != activity.SignIn || row.Times != 2 {
		t.Errorf("after hundreds of made-up returns the row is %+v, want one that counts both", row)
	}
}

// An outsider sends every form that names a project, its agent and its token; whoever maintains the
// project reads none of it.
func TestN8AnOutsidersFormsAreInNobodysActivity(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	outsider, lead := p.as("outsider"), p.as("lead")
	for _, route := range handlers.Routes() {
		if route.Method == http.MethodPost && route.SignedIn && route.Pattern != views.PatternUnused && route.Pattern != views.PatternStale {
			outsider.post(p.address(route.Pattern), url.Values{"name": {"x"}})
		}
	}
	// A form that lists their own token, sent with somebody else's.
	own := p.gitlab.AddProject(gitlabtest.Project{Path: "own", Name: "Own"})
	p.gitlab.AddMember(own, p.people["outsider"], gitlabtest.Maintainer)
	agent := p.gitlab.AddAgent(gitlabtest.Agent{Project: own, Name: "own", CreatedAt: p.clock.Now()})
	p.gitlab.AddToken(gitlabtest.Token{Agent: agent, Name: "own", CreatedAt: p.clock.Now().Add(-100 * 24 * time.Hour)})
	action, form := outsider.unusedForm(fmt.Sprintf("/unused-tokens?agent=%d.%d", own, agent))
	form["token"] = []string{fmt.Sprintf("%d.%d.%d", p.project, p.prod, p.prodToken)}
	outsider.post(action, form)
	silent := p.gitlab.AddAgent(gitlabtest.Agent{Project: own, Name: "silent", CreatedAt: p.clock.Now().Add(-100 * 24 * time.Hour)})
	action, form = outsider.staleForm(fmt.Sprintf("?agent=%d.%d", own, silent))
	form["agent"], form["confirm"] = []string{fmt.Sprintf("%d.%d", p.project, p.prod)}, []string{"1"}
	outsider.post(action, form)
	claims := int64(0)
	for _, row := range p.audit() {
		if row.ActorName == "outsider" && row.Claim != (audit.Claim{}) {
			claims += row.Times
		}
		if row.ActorName == "outsider" && row.Target != (audit.Target{}) {
			t.Errorf("an outsider's row is about %+v", row.Target)
		}
	}
	if claims != 10 {
		t.Errorf("the rows keep what an outsider named in %d forms, want 10", claims)
	}
	for _, address := range []string{"/activity", "/activity?project=shop/payments", p.agentPath(p.prod) + "?tab=activity"} {
		if text := lead.get(address).text("main"); strings.Contains(text, "outsider") {
			t.Errorf("GET %s tells of the outsider: %s", address, text)
		}
	}
	if file := lead.get("/activity.csv").body; strings.Contains(file, "outsider") {
		t.Errorf("the file tells of the outsider: %s", file)
	}
}

func TestN8WhoeverSeesTheProjectIsInItsActivity(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	dev, lead := p.as("dev"), p.as("lead")
	for range 37 {
		dev.post(p.address("/projects/{project}/agents/{agent}/tokens/{token}/revoke"), nil)
		p.clock.Advance(time.Second)
	}
	for lang, want := range map[string][]string{
		"en":    {"Revoke token", "token #" + strconv.FormatInt(p.prodToken, 10) + ", unconfirmed", "Refused", "× 37", "last:"},
		"zh-CN": {"撤销令牌", "令牌 #" + strconv.FormatInt(p.prodToken, 10) + "（未确认）", "× 37", "最后一次："},
	} {
		lead.post("/preferences", url.Values{"lang": {lang}})
		rows := lead.get("/activity").doc.Find("#activity tbody tr:not(.day-row)")
		text := strings.Join(strings.Fields(rows.Text()), " ")
		for _, words := range want {
			if rows.Length() != 1 || !strings.Contains(text, words) {
				t.Errorf("%s: %d rows, want one with %q: %s", lang, rows.Length(), words, text)
			}
		}
		var times []string
		rows.Find("time").Each(func(_ int, moment *goquery.Selection) { times = append(times, moment.AttrOr("datetime", "")) })
		if diff := cmp.Diff([]string{"2026-11-24T12:00:00Z", "2026-11-24T12:00:36Z"}, times); diff != "" {
			t.Errorf("%s: first and last time (-want +got):\n%s", lang, diff)
		}
	}
	file := must(csv.NewReader(strings.NewReader(lead.get("/activity.csv").body)).ReadAll())(t)
	tail := file[1][len(file[1])-4:]
	if diff := cmp.Diff([]string{"37", "2026-11-24T12:00:36Z", "", strconv.FormatInt(p.prodToken, 10)}, tail); diff != "" {
		t.Errorf("the last cells of the file (-want +got):\n%s", diff)
	}
}

// "I have stored it" asks nothing of GitLab: it is about a token only where the portal created that
// token for the same person.
func TestN8StoringIsAClaimUnlessThePortalCreatedTheToken(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	lead.post(p.address("/projects/{project}/agents/{agent}/tokens/{token}/stored"), nil)
	if got := p.audit(); got[len(got)-1].Target != (audit.Target{}) || got[len(got)-1].Outcome != activity.Unknown {
		t.Errorf("of a token from elsewhere: %+v, want a claim", got[len(got)-1])
	}
	revealed := lead.submit(p.address("/projects/{project}/agents/{agent}/tokens/new"), url.Values{"name": {"second"}})
	form := revealed.doc.Find(`form[action$="/stored"]`)
	lead.post(form.AttrOr("action", ""), hiddenFields(form))
	got := p.audit()[len(p.audit())-1]
	if got.Target.TokenName != "second" || got.Target.ProjectID != p.project || got.Claim != (audit.Claim{}) || got.Outcome != activity.OK {
		t.Errorf("of the portal's own token: %+v", got)
	}
}

// While every query of the audit is stuck, everything else answers.
func TestB6AStuckAuditHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	var held []*sql.Conn
	for range p.db.Reports.Stats().MaxOpenConnections {
		held = append(held, must(p.db.Reports.Conn(t.Context()))(t))
	}
	p.gitlab.AddMember(p.project, p.people["dev"], gitlabtest.Maintainer)
	people, readers := []*browser{lead, p.as("dev")}, make(chan *answer)
	for i := range 16 {
		go func() { readers <- people[i%len(people)].get("/activity") }()
	}
	for p.db.Reports.Stats().WaitCount < 16 {
		runtime.Gosched()
	}
	p.gitlab.AddMember(p.project, p.people["outsider"], gitlabtest.Maintainer)
	other, others := p.as("outsider"), make(chan string)
	go func() {
		defer close(others)
		for _, address := range []string{"/projects", "/readyz", p.agentPath(p.prod) + "/tokens/new"} {
			others <- fmt.Sprint(other.get(address).status, " ", address)
		}
		others <- fmt.Sprint(p.visitor().signIn("/auth/login", "dev").status, " signing in")
	}()
	var got []string
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range 4 {
		select {
		case answer := <-others:
			got = append(got, answer)
		case <-ctx.Done():
			t.Error("somebody waits for the audit")
		}
	}
	want := []string{"200 /projects", "200 /readyz", "200 " + p.agentPath(p.prod) + "/tokens/new", "303 signing in"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers meanwhile (-want +got):\n%s", diff)
	}
	for _, conn := range held {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	for range others { // none, unless they waited
	}
	for range 16 {
		if got := <-readers; got.status != http.StatusOK {
			t.Errorf("GET /activity after that = %d", got.status)
		}
	}
}

func TestB6AnAuditThatDoesNotAnswerIsSaidInWords(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	for range p.db.Reports.Stats().MaxOpenConnections {
		conn := must(p.db.Reports.Conn(t.Context()))(t)
		defer func() { _ = conn.Close() }()
	}
	chinese := &browser{p: p, client: lead.client, header: lead.header.Clone()}
	chinese.header.Set("Accept-Language", "zh-CN")
	answers := make(chan string)
	for _, b := range []*browser{lead, chinese} {
		go func() {
			got := b.get("/activity")
			answers <- fmt.Sprint(got.status, " ", got.text("h1"))
		}()
	}
	got := []string{<-answers, <-answers}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"503 The activity could not be read in time", "503 未能及时读取活动记录"}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}
