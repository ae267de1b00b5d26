package handlers_test

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/fleet/scan"
	"gitlab-agent-portal/internal/history/transitions"
	"gitlab-agent-portal/internal/rotation/readings"
	"gitlab-agent-portal/internal/session"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/static"
)

const (
	clientID     = "portal-application"
	clientSecret = "portal-application-secret"
)

// portal is the real portal over the simulator, with a small organisation: a Maintainer (lead),
// a Developer (dev) and an outsider, one project with two agents.
type portal struct {
	t      testing.TB
	gitlab *gitlabtest.Instance
	server *httptest.Server
	clock  *gitlabtest.Clock
	// gitlabAhead is how far GitLab's clock is ahead of the portal's, a time.Duration.
	gitlabAhead atomic.Int64
	logs        *logBuffer
	// shop is the group of the project.
	shop, project int64
	// prod is connected with one token in use; idle never had a token.
	prod, idle int64
	prodToken  int64
	people     map[string]int64

	public   *url.URL
	database *databasetest.Database
	keys     session.Keys
	auditLog *audit.Log
	db       *database.DB
	// alerts are what the watch found, and watch how its readings go.
	alerts *alerts.Store
	watch  alert.Status
	// anAlert is one about prod that is open, once a test has asked for it.
	anAlert func() int64
	// config is what the portal was put together from last.
	config  handlers.Config
	fleet   *scan.Service
	current atomic.Pointer[http.Handler]
	// stop closes the portal's database.
	stop func()
}

// logBuffer collects what the portal logs.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// setUp changes how a portal is put together.
type setUp struct {
	publicPath string
	readOnly   bool
	keys       session.Keys
	// timeouts of the GitLab client; the zero value is the real ones.
	timeouts gitlabapi.Timeouts
	// cookie is the session cookie's name, as internal/portal derives it from the address.
	cookie string
	// behindTLS puts a proxy in front that terminates TLS.
	behindTLS bool
	// gitlabPath is the path below which GitLab lives.
	gitlabPath string
	// observe is told of every call to GitLab; nil: nobody.
	observe func(op string, status int, took time.Duration)
	// privateCA says that GitLab has a certificate of a private authority.
	privateCA bool
	// agentImage is the mirror of the agent's image.
	agentImage string
	// jihu says that GitLab is JiHu's.
	jihu bool
	// pages are those of Config.Pages.
	pages map[string]handlers.PageFunc
	// contact is where to report a vulnerability; empty for nowhere.
	contact string
	// oneSlot lets scans make one call at a time, and fleetWait is Config.FleetWait.
	oneSlot bool
	// maxProjects is how many projects a scan reads; 0: the real number.
	maxProjects int
	fleetWait   time.Duration
	// behindProxy says that the test is a proxy which the portal trusts.
	behindProxy bool
	// application is the id of the application at GitLab; empty: the usual one.
	application string
	// patience is how long a request waits for a renewal; 0: the real one.
	patience time.Duration
	// engine makes the database; nil: that of this run of the tests.
	engine func(testing.TB) *databasetest.Database
	// unwatched says that there is no watch.
	unwatched bool
	// readyPanics makes one route panic: the one that asks whether the portal is ready.
	readyPanics bool
}

func newPortal(tb testing.TB, options ...func(*setUp)) *portal {
	tb.Helper()
	setup := setUp{keys: session.Keys{session.NewKey()}, cookie: "portal"}
	for _, option := range options {
		option(&setup)
	}
	p := &portal{t: tb, clock: gitlabtest.NewClock(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)), logs: &logBuffer{}, people: map[string]int64{}}
	p.gitlab = gitlabtest.Start(tb, gitlabtest.WithNow(p.gitlabNow), gitlabtest.WithURL("http://gitlab.invalid"+setup.gitlabPath))
	p.keys = setup.keys
	p.seed()
	p.serve(setup)
	return p
}

// gitlabNow is the time by GitLab's clock.
func (p *portal) gitlabNow() time.Time {
	return p.clock.Now().Add(time.Duration(p.gitlabAhead.Load()))
}

// seed fills the simulator.
func (p *portal) seed() {
	for _, name := range []string{"lead", "dev", "outsider"} {
		p.people[name] = p.gitlab.AddUser(gitlabtest.User{Username: name, Name: strings.ToUpper(name[:1]) + name[1:] + " Person"})
	}
	p.shop = p.gitlab.AddGroup(gitlabtest.Group{Path: "shop", Name: "Shop"})
	p.project = p.gitlab.AddProject(gitlabtest.Project{Path: "payments", Name: "Payments", Group: p.shop})
	p.gitlab.AddMember(p.project, p.people["lead"], gitlabtest.Maintainer)
	p.gitlab.AddMember(p.project, p.people["dev"], gitlabtest.Developer)
	month := p.clock.Now().Add(-30 * 24 * time.Hour)
	p.prod = p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: "prod", CreatedAt: month, CreatedBy: p.people["lead"]})
	p.idle = p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: "idle", CreatedAt: month, CreatedBy: p.people["dev"]})
	p.prodToken = p.gitlab.AddToken(gitlabtest.Token{
		Agent: p.prod, Name: "prod-token", CreatedAt: month, CreatedBy: p.people["lead"], LastUsedAt: p.clock.Now().Add(-time.Minute),
	})
}

// serve starts the portal on a port of its own.
func (p *portal) serve(setup setUp) {
	p.t.Helper()
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.handler().ServeHTTP(w, r) }))
	p.t.Cleanup(p.server.Close)
	if setup.behindTLS {
		p.terminateTLS()
	}
	p.public = must(url.Parse(p.server.URL + setup.publicPath))(p.t)
	p.gitlab.AddApplication(gitlabtest.Application{
		ID: clientID, Secret: clientSecret, RedirectURIs: []string{p.public.String() + "/auth/callback"}, Scopes: []string{"api", "read_api"},
	})
	p.database = newDatabase(p.t, setup)
	p.compose(setup)
	p.t.Cleanup(func() { p.stop() })
}

func newDatabase(tb testing.TB, setup setUp) *databasetest.Database {
	tb.Helper()
	if setup.engine != nil {
		return setup.engine(tb)
	}
	return databasetest.New(tb)
}

// restart puts the portal together anew over the same database.
func (p *portal) restart(setup setUp) {
	p.t.Helper()
	setup.cookie = "portal"
	p.stop()
	p.compose(setup)
}

// compose puts the parts together as internal/portal does.
func (p *portal) compose(setup setUp) {
	p.t.Helper()
	log := slog.New(slog.NewJSONHandler(p.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client := must(gitlabapi.New(p.gitlab.URL, gitlabapi.Options{Log: log, Now: p.clock.Now, Timeouts: setup.timeouts, Observe: setup.observe, Admit: budget.NewCalls().Admit}))(p.t)
	scope := "api"
	if setup.readOnly {
		scope = "read_api"
	}
	cookie := session.CookieOptions{Name: setup.cookie, Path: p.public.Path + "/", Secure: setup.behindTLS}
	oauth := client.OAuth(gitlabapi.OAuthConfig{
		ClientID: cmp.Or(setup.application, clientID), ClientSecret: gitlabapi.NewSecret(clientSecret), RedirectURL: p.public.String() + "/auth/callback", Scope: scope,
	})
	db := must(database.Open(p.t.Context(), p.database.URL, oauth.Instance()))(p.t)
	p.db, p.auditLog = db, audit.New(db, 9600*time.Hour, p.clock.Now)
	sessions := must(session.New(db, session.Config{Keys: setup.keys, Cookie: cookie, Address: peer, Now: p.clock.Now, Log: log, Patience: setup.patience}))(p.t)
	revocations := handlers.NewRevocations(oauth, log, time.Millisecond)
	p.stop = func() {
		revocations.Close(p.t.Context())
		sessions.Close()
		if err := db.Close(); err != nil {
			p.t.Errorf("closing the database: %v", err)
		}
	}
	nonces := tokens.NewNonces(db, p.clock.Now)
	scans := scan.Config{Now: p.clock.Now, Log: log, MaxProjects: setup.maxProjects}
	if setup.oneSlot {
		scans.InFlight, scans.PerPerson = 1, 1
	}
	p.fleet = scan.New(scans)
	p.t.Cleanup(func() { _ = p.fleet.Close(context.Background()) })
	p.config = handlers.Config{
		PublicURL: p.public, GitLab: client, ReadOnly: setup.readOnly, OAuth: oauth, Revocations: revocations,
		Sessions: sessions, Audit: p.auditLog, Readings: readings.New(db, p.clock.Now),
		Read:   agentread.New(agentread.Config{ReadOnly: setup.readOnly, Log: log, Now: p.clock.Now}),
		Tokens: tokens.New(nonces, p.auditLog, budget.NewChanges(db, p.clock.Now), log), Requests: p.requests(),
		Fleet: p.fleet, FleetWait: setup.fleetWait, Limits: agent.NewThresholds(90*24*time.Hour, 30*24*time.Hour, 90*24*time.Hour), Keys: setup.keys, Cookie: cookie,
		Assets: must(static.Load())(p.t), Log: log, Now: p.clock.Now, Ready: readiness(setup, db),
		HelmRepoURL: "https://charts.gitlab.io", AgentImage: setup.agentImage, PrivateCA: setup.privateCA, JiHu: setup.jihu, Pages: setup.pages, SecurityContact: setup.contact, Version: "v1.2.3",
	}
	if setup.behindProxy {
		p.config.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	p.watchOver(setup)
	handler := must(handlers.New(p.config))(p.t)
	p.current.Store(&handler)
}

// watchOver gives the portal the alerts and the past in its database, unless there is to be no watch.
func (p *portal) watchOver(setup setUp) {
	p.alerts = alerts.New(p.db, 9600*time.Hour, p.clock.Now)
	p.anAlert = sync.OnceValue(func() int64 { return p.opens(p.about(alert.Disconnected, p.prod)) })
	p.watch = alert.Status{ReadAt: p.clock.Now().Add(-2 * time.Minute)}
	if !setup.unwatched {
		p.config.Alerts, p.config.History = p.alerts, transitions.New(p.db, 9600*time.Hour, p.clock.Now)
		p.config.WatchStatus = func(context.Context) (alert.Status, error) { return p.watch, nil }
	}
}

// requests are the allowances, with more pages than people have: tests ask for hundreds.
func (p *portal) requests() *budget.Requests {
	requests := budget.NewRequests(p.clock.Now)
	requests.Pages = budget.NewTurns(100_000, time.Second)
	return requests
}

// revoked returns when nothing is left to be revoked at GitLab.
func (p *portal) revoked() {
	p.t.Helper()
	if err := p.config.Revocations.Idle(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

// peer is where a request comes from.
func peer(r *http.Request) string { return handlers.ClientIP(r, nil) }

// readiness is the database's, unless it is to panic.
func readiness(setup setUp, db *database.DB) func(context.Context) error {
	if setup.readyPanics {
		return func(context.Context) error { panic("canary of a panic") }
	}
	return db.Ping
}

// handler is the portal as it was put together last.
func (p *portal) handler() http.Handler { return *p.current.Load() }

// terminateTLS puts a proxy in front of the portal, as operators do. It passes the Host on.
func (p *portal) terminateTLS() {
	behind := must(url.Parse(p.server.URL))(p.t)
	p.server = httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}})
	p.t.Cleanup(p.server.Close)
}

// changes is how many changes of agents and tokens GitLab was asked for.
func (p *portal) changes() int {
	n := 0
	for _, op := range []string{gitlabtest.OpRegisterAgent, gitlabtest.OpDeleteAgent, gitlabtest.OpCreateToken, gitlabtest.OpRevokeToken} {
		n += p.gitlab.Calls(op)
	}
	return n
}

// must returns the value of a call that cannot fail in a test.
func must[T any](value T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return value
	}
}

// browser is one person's cookies and habits.
type browser struct {
	p      *portal
	client *http.Client
	header http.Header
}

// visitor returns a browser that nobody has signed in with.
func (p *portal) visitor() *browser {
	jar := must(cookiejar.New(nil))(p.t)
	return &browser{p: p, header: http.Header{"Sec-Fetch-Site": {"same-origin"}}, client: &http.Client{
		Jar:           jar,
		Transport:     p.server.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// as returns a browser in which the person has signed in through the real OAuth flow.
func (p *portal) as(username string) *browser {
	p.t.Helper()
	b := p.visitor()
	if landed := b.signIn("/auth/login", username); landed.status != http.StatusSeeOther {
		p.t.Fatalf("signing in as %s ended with status %d: %s", username, landed.status, landed.text("main"))
	}
	return b
}

// signIn walks from a login address over GitLab's page back to the portal, and returns the
// callback's answer.
func (b *browser) signIn(login, username string) *answer {
	b.p.t.Helper()
	return b.follow(b.authorize(b.get(login).header.Get("Location"), username, "allow"))
}

// authorize sends GitLab's authorize form for the person and returns where it leads.
func (b *browser) authorize(address, username, decision string) string {
	b.p.t.Helper()
	page := b.send(b.request(http.MethodGet, address, nil))
	form := page.doc.Find("form:has(input[name=user][value=" + username + "]), form:has(button[name=user][value=" + username + "])").First()
	if form.Length() == 0 {
		b.p.t.Fatalf("GitLab's authorize page has no form for %s: %d %s", username, page.status, page.body)
	}
	values := hiddenFields(form)
	values.Set("user", username)
	values.Set("decision", decision)
	target := must(must(url.Parse(address))(b.p.t).Parse(form.AttrOr("action", "")))(b.p.t)
	return b.send(b.request(http.MethodPost, target.String(), values)).header.Get("Location")
}

func hiddenFields(form *goquery.Selection) url.Values {
	values := url.Values{}
	form.Find("input[type=hidden]").Each(func(_ int, input *goquery.Selection) {
		values.Set(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	return values
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   string
	doc    *goquery.Document
}

// text is the visible text of what matches the selector, with white space folded.
func (a *answer) text(selector string) string {
	return strings.Join(strings.Fields(a.doc.Find(selector).Text()), " ")
}

func (b *browser) request(method, address string, form url.Values) *http.Request {
	b.p.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	if strings.HasPrefix(address, "/") {
		address = b.p.server.URL + address
	}
	r := must(http.NewRequestWithContext(context.WithoutCancel(b.p.t.Context()), method, address, body))(b.p.t)
	maps.Copy(r.Header, b.header)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

func (b *browser) send(r *http.Request) *answer {
	b.p.t.Helper()
	response, err := b.client.Do(r)
	if err != nil {
		b.p.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body := must(io.ReadAll(response.Body))(b.p.t)
	doc := must(goquery.NewDocumentFromReader(strings.NewReader(string(body))))(b.p.t)
	return &answer{status: response.StatusCode, header: response.Header, body: string(body), doc: doc}
}

func (b *browser) get(path string) *answer {
	b.p.t.Helper()
	return b.send(b.request(http.MethodGet, path, nil))
}

// follow gets what an answer or a redirect leads to.
func (b *browser) follow(address string) *answer {
	b.p.t.Helper()
	return b.get(address)
}

// post sends a form as it stands, with whatever nonce it holds.
func (b *browser) post(path string, form url.Values) *answer {
	b.p.t.Helper()
	return b.send(b.request(http.MethodPost, path, form))
}

// submit gets the page at path and sends its form with the given fields filled in, as a
// person without JavaScript does.
func (b *browser) submit(path string, fields url.Values) *answer {
	b.p.t.Helper()
	action, values := b.form(path)
	maps.Copy(values, fields)
	return b.post(action, values)
}

// form returns the address and the hidden fields of the form on the page at path.
func (b *browser) form(path string) (action string, values url.Values) {
	b.p.t.Helper()
	page := b.get(path)
	form := page.doc.Find("#form form").First()
	if form.Length() == 0 {
		b.p.t.Fatalf("GET %s = %d without a form: %s", path, page.status, page.text("main"))
	}
	return form.AttrOr("action", ""), hiddenFields(form)
}

// htmx makes the browser ask as htmx does from a dialog with the given target.
func (b *browser) htmx(target string) *browser {
	header := b.header.Clone()
	header.Set("HX-Request", "true")
	header.Set("HX-Request-Type", "partial")
	header.Set("HX-Target", "div#"+target)
	header.Set("HX-Current-URL", b.p.server.URL+"/projects")
	return &browser{p: b.p, client: b.client, header: header}
}
