package handlers_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
)

// The bugs of this portal's peers, each tried here. SECURITY.md names the advisories.

// returnsTo signs in with the given return address and says where that leads.
func (p *portal) returnsTo(next string) string {
	p.t.Helper()
	return p.visitor().signIn("/auth/login?"+url.Values{"next": {next}}.Encode(), "lead").header.Get("Location")
}

// staysOutside asks for every signed-in page as a visitor whose request is changed, and wants
// the way to sign in from each.
func (p *portal) staysOutside(what string, change func(*http.Request)) {
	p.t.Helper()
	for _, route := range handlers.Routes() {
		if !route.SignedIn || route.Method != http.MethodGet {
			continue
		}
		b := p.visitor()
		r := b.request(http.MethodGet, p.address(route.Pattern), nil)
		change(r)
		got := b.send(r)
		if got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/auth/login") {
			p.t.Errorf("GET %s with %s = %d to %q, want the way to sign in", route.Pattern, what, got.status, got.header.Get("Location"))
		}
	}
}

func TestP1ABackslashIsNoPath(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, next := range []string{`/\evil.example`, `/\/evil.example`, `\/evil.example`, `/projects\..\..\evil.example`, `/%5cevil.example`, `/%5C/evil.example`} {
		if got := p.returnsTo(next); got != "/" {
			t.Errorf("next=%q leads to %q, want /", next, got)
		}
	}
}

func TestP2EncodedWhitespaceIsNoPath(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, space := range []string{"%09", "%0a", "%0b", "%0c", "%0d", "%20", "%00", "\t", "\n", "\v", "\f", "\r", "\u00a0", "\u2028"} {
		for _, shape := range []string{"/" + space + "/evil.example", space + "//evil.example", "/" + space + `\evil.example`} {
			if got := p.returnsTo(shape); got != "/" && browserOrigin(p, got) != p.public.Host {
				t.Errorf("next=%q leads to %q", shape, got)
			}
		}
	}
}

// browserOrigin is the host that a browser goes to for a Location, by the rules of the URL
// standard that Go's parser does not follow: white space around it and line ends in it are
// dropped, and a backslash counts as a slash.
func browserOrigin(p *portal, location string) string {
	read := strings.TrimFunc(location, func(c rune) bool { return c <= ' ' })
	read = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(read)
	target, err := p.public.Parse(read)
	if err != nil {
		return "cannot be read"
	}
	return target.Host
}

// TestP3GeneratedAddressesStayHere tries every combination of the pieces that such addresses
// were made of.
func TestP3GeneratedAddressesStayHere(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.visitor()
	tried := 0
	for _, start := range []string{"/", "//", `/\`, `\\`, "/./", "/../", "/%2e%2e/", "https:", "https://", "javascript:", "/x/..//", "", " /", "/;/"} {
		for _, middle := range []string{"", "%09", "\t", "/", `\`, "%2f", "%5c", "%252f", "@", "user@", "\r\n"} {
			for _, host := range []string{"evil.example", "3232235777", "[::1]", "evil.example/projects", "evil%2eexample"} {
				next := start + middle + host
				tried++
				p.clock.Advance(time.Second) // nobody sends that many at once
				location := b.post("/preferences", url.Values{"next": {next}}).header.Get("Location")
				if !strings.HasPrefix(location, "/") || browserOrigin(p, location) != p.public.Host {
					t.Errorf("next=%q leads to %q", next, location)
				}
			}
		}
	}
	if tried < 500 {
		t.Errorf("%d addresses were tried, want at least 500", tried)
	}
}

func TestP4NoHostIsTrusted(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, next := range []string{
		"https://foo.bar.evil", "//foo.bar.evil", "https://" + p.public.Host + ".evil.example/", "//" + p.public.Host + "@evil.example",
		"https://sub." + p.public.Host + "/", "//sub." + p.public.Host + "/", p.server.URL + "/projects", "//" + p.public.Host + "/projects",
	} {
		if got := p.returnsTo(next); got != "/" {
			t.Errorf("next=%q leads to %q, want /", next, got)
		}
	}
}

// TestP5RightsAreGitLabsAlone stands where other products have a group gate that can fail
// open: the portal has none, so that taking somebody out of the group at GitLab is all it takes.
func TestP5RightsAreGitLabsAlone(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	group := p.gitlab.AddGroup(gitlabtest.Group{Path: "platform"})
	project := p.gitlab.AddProject(gitlabtest.Project{Path: "tools", Group: group})
	page := fmt.Sprintf("/projects/%d/agents", project)
	outsider := p.as("outsider")
	check := func(when string, status int) {
		t.Helper()
		if got := outsider.get(page); got.status != status {
			t.Errorf("%s: GET %s = %d, want %d", when, page, got.status, status)
		}
	}
	check("outside the group", http.StatusNotFound)
	p.gitlab.AddGroupMember(group, p.people["outsider"], gitlabtest.Maintainer)
	check("in the group", http.StatusOK)
	action, values := outsider.form(page + "/new")
	values.Set("name", "late")
	p.gitlab.RemoveGroupMember(group, p.people["outsider"])
	check("taken out again", http.StatusNotFound)
	if got := outsider.post(action, values); got.status != http.StatusNotFound {
		t.Errorf("a form from before = %d, want 404", got.status)
	}
	if n := len(p.gitlab.Agents(project)); n != 0 {
		t.Errorf("the project has %d agents, want none", n)
	}
}

func TestP6AQueryOpensNoRoute(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, query := range []string{"x=/healthz", "/static/app.css", "path=/auth/login", "/healthz"} {
		p.staysOutside("the query "+query, func(r *http.Request) { r.URL.RawQuery = query })
	}
}

func TestP7AFragmentOpensNoRoute(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, path := range []string{"/projects%23/healthz", "/projects%23/static/app.css", "/projects%3f/healthz", "/projects;/healthz"} {
		if got := p.visitor().get(path); got.status != http.StatusNotFound && got.status != http.StatusSeeOther {
			t.Errorf("GET %s = %d, want 404 or the way to sign in", path, got.status)
		}
	}
	// No client of Go's sends what a raw request line can hold.
	for _, target := range []string{"/projects#/healthz", "/healthz#/../projects", "/projects/../healthz#", "/projects #/healthz"} {
		if status := rawStatus(t, p, target); status == http.StatusOK {
			t.Errorf("the raw request line for %q = %d, want no page", target, status)
		}
	}
}

// rawStatus sends a request line as it stands.
func rawStatus(t *testing.T, p *portal, target string) int {
	t.Helper()
	conn := must(new(net.Dialer).DialContext(t.Context(), "tcp", p.public.Host))(t)
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", target, p.public.Host); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

func TestP8HeadersOfAProxyAreNobody(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, name := range []string{
		"X-Forwarded-User", "X_Forwarded_User", "X-Forwarded_User", "X-Forwarded-Email", "X_Forwarded_Email", "X-Forwarded-Preferred-Username",
		"X-Auth-Request-User", "X_Auth_Request_Email", "X-Remote-User", "Remote-User", "X-Forwarded-Access-Token",
	} {
		p.staysOutside(name, func(r *http.Request) { r.Header[name] = []string{"lead"} })
	}
	token := p.gitlab.AddPersonalToken(gitlabtest.PersonalToken{User: p.people["lead"], Scopes: []string{"api"}})
	for name, value := range map[string]string{"Authorization": "Bearer " + token, "PRIVATE-TOKEN": token, "Job-Token": token} {
		p.staysOutside(name, func(r *http.Request) { r.Header.Set(name, value) })
	}
}

func TestP9AForwardedAddressOpensNoRoute(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, name := range []string{"X-Forwarded-Uri", "X-Original-Url", "X-Original-Uri", "X-Rewrite-Url", "X-Forwarded-Path", "X-Forwarded-Prefix", "X-Forwarded-Method"} {
		p.staysOutside(name, func(r *http.Request) { r.Header.Set(name, "/healthz") })
	}
}

func TestP11AUserAgentOpensNoRoute(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, agent := range []string{"GoogleHC/1.0", "kube-probe/1.33", "ELB-HealthChecker/2.0", "Prometheus/3.0", ""} {
		p.staysOutside("the user agent "+agent, func(r *http.Request) { r.Header.Set("User-Agent", agent) })
	}
}

func TestP12AnAddressWithTwoAtsIsNobodyElse(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.as("lead").readsTheFleet()
	for username, email := range map[string]string{
		"multi": "lead@example.com@evil.example", "quoted": `"lead@example.com"@evil.example`, "case": "LEAD@EXAMPLE.COM", "same": "lead@example.com",
	} {
		p.gitlab.AddUser(gitlabtest.User{Username: username, Name: "Lead Person", Email: email})
		p.as(username).seesNothingOfTheLeads(email)
	}
}

// readsTheFleet has the person's agents read, as a page does that the portal then keeps for a while.
func (b *browser) readsTheFleet() {
	b.p.t.Helper()
	if got := b.get("/fleet.csv"); !strings.Contains(got.body, "payments") {
		b.p.t.Fatalf("the fleet = %d %s, want its agents", got.status, got.body)
	}
}

// seesNothingOfTheLeads looks for the lead's agents, at GitLab and in what the portal keeps.
func (b *browser) seesNothingOfTheLeads(who string) {
	b.p.t.Helper()
	if got := b.get(b.p.agentPath(b.p.prod)); got.status != http.StatusNotFound {
		b.p.t.Errorf("%s sees the lead's agent: %d", who, got.status)
	}
	if got := b.get("/fleet.csv"); got.status != http.StatusOK || strings.Contains(got.body, "payments") {
		b.p.t.Errorf("%s sees the lead's fleet: %d %s", who, got.status, got.body)
	}
}

func TestP13ARefusedSignInEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	refusals := map[string]func(b *browser) *answer{
		"denied": func(b *browser) *answer {
			return b.get(b.authorize(b.get("/auth/login").header.Get("Location"), "dev", "deny"))
		},
		"blocked": func(b *browser) *answer {
			p.gitlab.Inject(gitlabtest.OpCurrentUser, gitlabtest.Message(http.StatusForbidden, "403 Forbidden - Your account has been blocked").Times(1))
			return b.signIn("/auth/login", "dev")
		},
	}
	for name, refuse := range refusals {
		b := p.as("lead")
		if got := refuse(b); got.status < http.StatusBadRequest {
			t.Fatalf("%s: the callback = %d, want an error", name, got.status)
		}
		if got := b.get("/projects"); got.status != http.StatusSeeOther || b.cookieValue("portal") != "" {
			t.Errorf("%s: the session of whoever sat here before = %d, want it gone", name, got.status)
		}
	}
	// Opening the sign-in changes nothing: any page on the web could sign people out with it.
	b := p.as("lead")
	b.get("/auth/login")
	if got := b.get("/projects"); got.status != http.StatusOK {
		t.Errorf("the session after a mere look at the sign-in = %d, want that it lives", got.status)
	}
	p.gitlab.Inject(gitlabtest.OpExchangeCode, gitlabtest.BadGateway().Times(1))
	b.signIn("/auth/login", "lead")
	if got := b.get("/projects"); got.status != http.StatusOK {
		t.Errorf("the session after a GitLab that did not answer = %d, want that it lives", got.status)
	}
}

func TestP15ABrowserThatLeavesDoesNotLoseTheSession(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.clock.Advance(3 * time.Hour)
	gate := gitlabtest.NewGate()
	p.gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.Hold(gate))
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	left := make(chan error, 1)
	go func() {
		response, err := lead.client.Do(lead.request(http.MethodGet, "/projects", nil).WithContext(ctx)) //nolint:contextcheck // ctx replaces the request's own
		if err == nil {
			_ = response.Body.Close()
		}
		left <- err
	}()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	leave()
	if err := <-left; err == nil {
		t.Error("the browser got an answer, want it gone")
	}
	noticed, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !strings.Contains(p.logs.String(), "context canceled") && noticed.Err() == nil {
		runtime.Gosched() // the portal has to notice
	}
	gate.Open()
	if got := lead.get("/projects"); got.status != http.StatusOK {
		t.Errorf("the next request = %d, want the session with the renewed tokens", got.status)
	}
	if n := p.gitlab.Posts(gitlabtest.OpRefreshToken); n != 1 {
		t.Errorf("GitLab saw %d refreshes, want 1", n)
	}
}

func TestP16ARefusedRefreshLeavesNoSession(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	captured := lead.client.Jar.Cookies(p.public)
	p.clock.Advance(3 * time.Hour)
	p.gitlab.Inject(gitlabtest.OpRefreshToken, gitlabtest.InvalidGrant())
	if got := lead.get("/projects"); got.status != http.StatusUnauthorized {
		t.Errorf("GET /projects = %d, want 401", got.status)
	}
	p.gitlab.ClearFaults("")
	thief := p.visitor()
	thief.client.Jar.SetCookies(p.public, captured)
	if got := thief.get("/projects"); got.status != http.StatusSeeOther {
		t.Errorf("the session's cookie afterwards = %d, want a visitor's answer", got.status)
	}
	if n := p.gitlab.Posts(gitlabtest.OpRefreshToken); n != 1 {
		t.Errorf("GitLab saw %d refreshes, want 1: the session was over", n)
	}
}

// TestP17ASignInBegunElsewhereIsNotFinishedHere is the login CSRF: somebody's own callback,
// opened in the browser of a person who may be in the middle of signing in.
func TestP17ASignInBegunElsewhereIsNotFinishedHere(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	attacker := p.visitor()
	bait := attacker.authorize(attacker.get("/auth/login").header.Get("Location"), "outsider", "allow")
	victim := p.visitor()
	own := victim.authorize(victim.get("/auth/login").header.Get("Location"), "lead", "allow")
	if got := victim.get(bait); got.status != http.StatusBadRequest || victim.cookieValue("portal") != "" {
		t.Errorf("somebody else's callback = %d, want 400 and no session", got.status)
	}
	if n := p.gitlab.Posts(gitlabtest.OpExchangeCode); n != 0 {
		t.Errorf("GitLab saw %d exchanges, want none", n)
	}
	if got := victim.get(own); got.status != http.StatusSeeOther {
		t.Errorf("the victim's own callback = %d, want 303", got.status)
	}
	if got := victim.get("/projects"); !strings.Contains(got.text("header"), "Lead Person") {
		t.Errorf("signed in as %q", got.text("header"))
	}
}

// everyRead asks for every page as a page and as a fragment, and hands the answers on.
func (b *browser) everyRead(use func(what string, got *answer)) {
	b.p.t.Helper()
	for _, route := range handlers.Routes() {
		if route.Method != http.MethodGet || strings.HasPrefix(route.Pattern, "/auth") {
			continue
		}
		use("GET "+route.Pattern, b.get(b.p.address(route.Pattern)))
		use("GET "+route.Pattern+" as a fragment", b.htmx("dialog-body").get(b.p.address(route.Pattern)))
	}
	for _, tab := range []string{"tokens", "activity", "connect"} {
		use("the tab "+tab, b.get(b.p.agentPath(b.p.prod)+"?tab="+tab))
	}
}

func TestP20FieldsThatGitLabAddsAreNotShown(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	const canary = "canary-of-a-new-field"
	p.gitlab.Inject("", gitlabtest.Edit(func(a *gitlabtest.Answer) { a.Body = withFields(a.Body, canary) }))
	lead.everyRead(func(what string, got *answer) {
		if strings.Contains(got.body, canary) {
			t.Errorf("%s shows a field that nobody knows", what)
		}
	})
	if got := lead.get(p.agentPath(p.prod)); got.status != http.StatusOK || !strings.Contains(got.text("main"), "prod-token") {
		t.Errorf("GET the agent = %d, want its page all the same", got.status)
	}
	if strings.Contains(p.logs.String(), canary) {
		t.Error("the log holds a field that nobody knows")
	}
}

// withFields adds fields with a secret to every object of a JSON body.
func withFields(body []byte, secret string) []byte {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return body
	}
	var add func(any)
	add = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, inner := range v {
				add(inner)
			}
			v["annotations"] = map[string]string{"kubectl.kubernetes.io/last-applied-configuration": secret}
			v["token"], v["secret"], v["bearer_token"] = secret, secret, secret
		case []any:
			for _, inner := range v {
				add(inner)
			}
		}
	}
	add(value)
	changed, err := json.Marshal(value)
	if err != nil {
		return body
	}
	return changed
}

func TestP21DetailsHoldNoCredentials(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.ListsSecrets, s.ListsLastUsed = true, true })
	lead := p.as("lead")
	secret := p.newestAgentSecret()
	for _, graphQL := range []bool{true, false} {
		p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = !graphQL })
		lead.everyRead(func(what string, got *answer) {
			if strings.Contains(got.body, secret) {
				t.Errorf("%s shows the secret that GitLab told", what)
			}
		})
	}
	if n := p.gitlab.Calls(gitlabtest.OpGetToken); n == 0 {
		t.Error("no single token was read, so nothing was proven of it")
	}
}

func TestP24AForgedHostIsInNoPage(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for name, b := range map[string]*browser{"a visitor": p.visitor(), "the lead": p.as("lead")} {
		for _, route := range handlers.Routes() {
			r := b.request(http.MethodGet, p.address(route.Pattern), nil)
			for _, header := range []string{"X-Forwarded-Host", "X-Forwarded-Server", "X-Host", "X-Original-Host", "Forwarded"} {
				r.Header.Set(header, "evil.example")
			}
			r.Header.Set("X-Forwarded-Proto", "gopher")
			r.Host = "evil.example"
			got := b.send(r)
			if whole := fmt.Sprint(got.header) + got.body; strings.Contains(whole, "evil.example") || strings.Contains(whole, "gopher:") {
				t.Errorf("GET %s by %s repeats a forged host", route.Pattern, name)
			}
		}
	}
}

// TestP27AFailedChangeIsNotRepeated sends each change once, whatever becomes of it.
func TestP27AFailedChangeIsNotRepeated(t *testing.T) {
	t.Parallel()
	changes := map[string]struct {
		form   func(p *portal) string
		fields url.Values
	}{
		gitlabtest.OpCreateToken:   {func(p *portal) string { return p.agentPath(p.prod) + "/tokens/new" }, url.Values{"name": {"second"}}},
		gitlabtest.OpRegisterAgent: {func(p *portal) string { return p.address("/projects/{project}/agents/new") }, url.Values{"name": {"staging"}}},
		gitlabtest.OpDeleteAgent:   {func(p *portal) string { return p.agentPath(p.prod) + "/delete" }, url.Values{"confirm": {"prod"}}},
		gitlabtest.OpRevokeToken:   {func(p *portal) string { return p.address("/projects/{project}/agents/{agent}/tokens/{token}/revoke") }, url.Values{"confirm": {"prod"}}},
	}
	faults := map[string]gitlabtest.Fault{
		"502": gitlabtest.BadGateway(), "429 with a wish": gitlabtest.ThrottledWith("0"), "a reset": gitlabtest.Reset(),
		"a cut after it was done": gitlabtest.Cut().AfterCommit(), "a redirect to itself": gitlabtest.RedirectBack(),
	}
	for op, change := range changes {
		for name, fault := range faults {
			t.Run(op+" meets "+name, func(t *testing.T) {
				t.Parallel()
				p := newPortal(t)
				lead := p.as("lead")
				p.gitlab.Inject(op, fault)
				lead.submit(change.form(p), change.fields)
				if n := p.gitlab.Calls(op); n != 1 {
					t.Errorf("GitLab saw it %d times, want once", n)
				}
			})
		}
	}
}

func TestP29SigningOutEndsEveryCopyOfTheCookie(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.prod) + "/tokens/new")
	values.Set("name", "after the sign-out")
	copied := p.visitor()
	copied.client.Jar.SetCookies(p.public, lead.client.Jar.Cookies(p.public))
	if got := copied.get("/projects"); got.status != http.StatusOK {
		t.Fatalf("a copy of the cookie = %d, want that it works before", got.status)
	}
	lead.post("/auth/logout", hiddenFields(lead.get("/projects").doc.Find(`form[action="/auth/logout"]`)))
	if got := copied.get("/projects"); got.status != http.StatusSeeOther {
		t.Errorf("a page by the copy = %d, want the way to sign in", got.status)
	}
	if got := copied.post(action, values); got.status != http.StatusUnauthorized {
		t.Errorf("a form by the copy = %d, want 401", got.status)
	}
	if n := p.changes(); n != 0 {
		t.Errorf("GitLab saw %d changes, want none", n)
	}
}

// TestP30ALoginTakenOverIsAnotherAccount lets a newcomer have the login, the name and the
// confirmed address of somebody else.
func TestP30ALoginTakenOverIsAnotherAccount(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	lead.readsTheFleet()
	newcomer := p.gitlab.AddUser(gitlabtest.User{Username: "newcomer"})
	p.gitlab.Inject(gitlabtest.OpCurrentUser, gitlabtest.Edit(func(a *gitlabtest.Answer) {
		a.Body = regexp.MustCompile(`"newcomer(@example\.com)?"`).ReplaceAll(a.Body, []byte(`"lead$1"`))
	}))
	p.as("newcomer").seesNothingOfTheLeads("who took over the login")
	if got := lead.get(p.agentPath(p.prod)); got.status != http.StatusOK {
		t.Errorf("the lead's own session = %d, want that it lives", got.status)
	}
	for _, line := range p.logLines() {
		if line["path"] == p.agentPath(p.prod) && line["status"] == 404.0 && line["user"] != float64(newcomer) {
			t.Errorf("the log names user %v, want %d", line["user"], newcomer)
		}
	}
}
