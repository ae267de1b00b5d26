package handlers_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/session"
	"gitlab-agent-portal/views"
)

// givenForm is a form that the portal gave out.
type givenForm struct {
	action string
	hidden url.Values
}

// postForms are the forms of a page that are sent by POST.
func (a *answer) postForms() []givenForm {
	var forms []givenForm
	for _, form := range a.doc.Find("form[method=post]").EachIter() {
		fields := hiddenFields(form)
		for _, box := range form.Find("[name=agent][checked], [name=token][checked]").EachIter() {
			fields.Add(box.AttrOr("name", ""), box.AttrOr("value", ""))
		}
		forms = append(forms, givenForm{form.AttrOr("action", ""), fields})
	}
	return forms
}

// everyForm is one of each form of the portal, by its action: those of the pages of the seeded
// project, of its second agent, of a token that is revealed, and of one that was never used.
func (b *browser) everyForm() map[string]givenForm {
	b.p.t.Helper()
	spare := b.p.gitlab.AddAgent(gitlabtest.Agent{Project: b.p.project, Name: "spare"})
	b.p.gitlab.AddToken(gitlabtest.Token{Agent: spare, Name: "unused", CreatedAt: b.p.clock.Now().Add(-40 * 24 * time.Hour)})
	silent := b.p.silentAgent("silent", 100)
	inbound := b.p.receiver(&gitlabtest.URLConfiguration{URL: "grpcs://agents.example.com", PublicKey: receiverKey})
	pages := []*answer{b.submit(b.p.agentPath(b.p.idle)+"/tokens/new", url.Values{"name": {"revealed"}})}
	b.get("/?wait=1") // whose alerts to show
	b.submit(alertPath(b.p.opens(b.p.about(alert.NeverConnected, b.p.idle)), "acknowledge"), url.Values{"for": {"1h"}})
	for _, route := range handlers.Routes() {
		if route.Method == http.MethodGet && route.SignedIn {
			pages = append(pages, b.get(b.p.address(route.Pattern)))
		}
	}
	for _, path := range []string{
		b.p.agentPath(b.p.idle) + "/tokens/new", b.p.agentPath(b.p.idle) + "/delete", "/unused-tokens" + b.p.selection(spare), "/stale-agents" + b.p.selection(silent),
		b.p.agentPath(inbound) + "/receiver/delete",
	} {
		pages = append(pages, b.get(path))
	}
	forms := map[string]givenForm{}
	for _, page := range pages {
		for _, form := range page.postForms() {
			forms[form.action] = form
		}
	}
	return forms
}

// wantEveryRoute fails for a route that changes something and that none of the forms is sent to.
func wantEveryRoute(t *testing.T, forms map[string]givenForm) {
	t.Helper()
	mux := http.NewServeMux()
	missing := map[string]bool{}
	for _, route := range handlers.Routes() {
		if route.Method == http.MethodPost && route.Pattern != views.PatternConfigCheck { // a button of the editor's form
			mux.Handle("POST "+route.Pattern, http.NotFoundHandler())
			missing["POST "+route.Pattern] = true
		}
	}
	for action := range forms {
		_, pattern := mux.Handler(must(http.NewRequestWithContext(t.Context(), http.MethodPost, action, nil))(t))
		delete(missing, pattern)
	}
	for pattern := range missing {
		t.Errorf("no form goes to %s: the test has to find it", pattern)
	}
}

// TestN7AFormIsGoodForItsOwnAddressOnly sends each form of the portal to the address of every other
// one, those of another agent among them, from a browser that vouches for it and from a client that
// says nothing of where it comes from.
func TestN7AFormIsGoodForItsOwnAddressOnly(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	forms := lead.everyForm()
	wantEveryRoute(t, forms)
	before := p.changes()
	clients := map[string]*browser{
		"This form belongs elsewhere": {p: p, client: lead.client, header: http.Header{"Sec-Fetch-Site": {"same-origin"}, "Accept-Language": {"en"}}},
		"此表单不用于此处":                    {p: p, client: lead.client, header: http.Header{"Accept-Language": {"zh-CN"}}},
	}
	typed := url.Values{"name": {"x"}, "confirm": {"prod"}, "lang": {"en"}}
	for _, form := range forms {
		for action := range forms {
			if action == form.action {
				continue
			}
			values := maps.Clone(form.hidden)
			maps.Copy(values, typed)
			for sentence, b := range clients {
				p.clock.Advance(time.Second) // within the allowance of POSTs
				if got := b.post(action, values); got.status != http.StatusForbidden || got.text("h1") != sentence {
					t.Errorf("the form for %s at %s = %d, %q; want 403, %q", form.action, action, got.status, got.text("h1"), sentence)
				}
			}
		}
	}
	if n := p.changes() - before; n != 0 {
		t.Errorf("GitLab saw %d changes, want none", n)
	}
	if got := lead.get("/projects"); got.status != http.StatusOK {
		t.Errorf("the session after that = %d, want that it lives", got.status)
	}
}

// TestN7AScriptSendsTheFormsItWasGiven sends each form to its own address, from a client that says
// nothing of where it comes from.
func TestN7AScriptSendsTheFormsItWasGiven(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	script := &browser{p: p, client: lead.client, header: http.Header{}}
	forms := script.everyForm()
	wantEveryRoute(t, forms)
	typed := url.Values{"name": {"by-script"}, "lang": {"en"}, "first_token": {"1"}, "url": {"grpc://agents.example.com"}}
	last := func(action string) int { // what the others need goes last
		return slices.IndexFunc([]string{"/revoke", "/delete", "/logout"}, func(end string) bool { return strings.HasSuffix(action, end) })
	}
	for _, action := range slices.SortedFunc(maps.Keys(forms), func(a, b string) int { return last(a) - last(b) }) {
		values := maps.Clone(typed)
		maps.Copy(values, forms[action].hidden) // what a form holds already is not typed over
		values.Set("confirm", p.confirmation(action))
		if strings.HasSuffix(action, "/configuration") { // which wants to be checked first
			values.Set("content", "ci_access: {}\n")
			values.Set("message", "By script")
			maps.Copy(values, hiddenFields(script.post(action+"/check", values).doc.Find("#form form").First()))
		}
		if got := script.post(action, values); got.status >= http.StatusBadRequest {
			t.Errorf("POST %s = %d: %s", action, got.status, got.text("main"))
		}
	}
	if n := len(p.gitlab.Agents(p.project)); n != 3 {
		t.Errorf("%d agents are left, want the spare one, the receptive one and the one that the script registered", n)
	}
	if got := script.get("/projects"); got.status != http.StatusSeeOther {
		t.Errorf("the session after signing out = %d, want the way to sign in", got.status)
	}
}

// confirmation is the name to be typed into the form for action.
func (p *portal) confirmation(action string) string {
	switch {
	case strings.HasPrefix(action, "/stale-agents"):
		return "1" // agent
	case strings.HasPrefix(action, p.agentPath(p.idle)):
		return "idle"
	case strings.HasSuffix(action, "/receiver/delete"):
		return "inbound"
	default:
		return "prod"
	}
}

// TestN7FormsWorkBelowAPath has the path of PUBLIC_URL in every action.
func TestN7FormsWorkBelowAPath(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.publicPath = "/portal" })
	lead := p.visitor()
	if got := lead.signIn("/portal/auth/login", "lead"); got.status != http.StatusSeeOther {
		t.Fatalf("signing in = %d", got.status)
	}
	script := &browser{p: p, client: lead.client, header: http.Header{}}
	if got := script.submit("/portal"+p.agentPath(p.idle)+"/tokens/new", url.Values{"name": {"new"}}); got.status != http.StatusOK {
		t.Errorf("creating a token below a path = %d: %s", got.status, got.text("main"))
	}
}

// TestN7AFormOfAnEarlierKeyIsKnownForWhatItIs changes the key between a form and its sending.
func TestN7AFormOfAnEarlierKeyIsKnownForWhatItIs(t *testing.T) {
	t.Parallel()
	earlier, newest := session.NewKey(), session.NewKey()
	p := newPortal(t, func(s *setUp) { s.keys = session.Keys{earlier} })
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.idle) + "/tokens/new")
	p.restart(setUp{keys: session.Keys{newest, earlier}})
	values.Set("name", "new")
	script := &browser{p: p, client: lead.client, header: http.Header{}}
	if got := script.post(p.agentPath(p.prod)+"/tokens", values); got.status != http.StatusForbidden {
		t.Errorf("at another agent = %d, want 403", got.status)
	}
	if got := script.post(action, values); got.status != http.StatusOK {
		t.Errorf("at its own = %d: %s", got.status, got.text("main"))
	}
}
