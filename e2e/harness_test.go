//go:build e2e

// Package e2e drives the whole portal in a real Chromium: what only a browser shows, such as
// dialogs, focus, the clipboard, Back, and life without JavaScript. One file per story.
package e2e

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// The browsers are started once and shared; every test has a context of its own in one of them.
// Most use the one without windows, which costs a third. It keeps no pages to go back to, as Chromium
// does: the tests of Back could not fail in it.
var (
	browser  = sync.OnceValues(func() (playwright.Browser, error) { return launch("chromium-headless-shell", "chromium") })
	chromium = sync.OnceValues(func() (playwright.Browser, error) { return launch("chromium") })
)

// driver is what Playwright's part of the work is done by.
var driver = sync.OnceValues(startDriver)

// startDriver starts the driver from npm: Playwright's own downloads are not needed.
func startDriver() (*playwright.Playwright, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("the browser tests need node: %w", err)
	}
	folder, err := driverFolder()
	if err != nil {
		return nil, err
	}
	if err := os.Setenv("PLAYWRIGHT_NODEJS_PATH", node); err != nil {
		return nil, err
	}
	pw, err := playwright.Run(&playwright.RunOptions{DriverDirectory: folder, SkipInstallBrowsers: true, Stdout: io.Discard})
	if err != nil {
		return nil, fmt.Errorf("starting playwright: %w", err)
	}
	return pw, nil
}

// launch starts the first of Debian's programs that is installed.
func launch(programs ...string) (playwright.Browser, error) { return launchWith(nil, programs...) }

// launchWith is launch with further arguments.
func launchWith(args []string, programs ...string) (playwright.Browser, error) {
	program, err := installed(programs)
	if err != nil {
		return nil, err
	}
	pw, err := driver()
	if err != nil {
		return nil, err
	}
	return pw.Chromium.Launch(playwright.BrowserTypeLaunchOptions{
		ExecutablePath:    new(program),
		Headless:          new(!headed()),
		IgnoreDefaultArgs: []string{"--disable-back-forward-cache"},
		Args:              append([]string{"--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"}, args...),
	})
}

// headed says that somebody wants to watch.
func headed() bool { return os.Getenv("E2E_HEADED") != "" }

// installed finds the first program on the PATH; the last one has windows for who wants to watch.
func installed(programs []string) (string, error) {
	if headed() {
		programs = programs[len(programs)-1:]
	}
	var missing error
	for _, name := range programs {
		program, err := exec.LookPath(name)
		if err == nil {
			return program, nil
		}
		missing = errors.Join(missing, err)
	}
	return "", fmt.Errorf("the browser tests need Debian's packages chromium and chromium-headless-shell: %w", missing)
}

// driverFolder is where playwright-go finds its driver: the npm package under another name.
func driverFolder() (string, error) {
	core, err := filepath.Abs("../node_modules/playwright-core")
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp("", "playwright-driver")
	if err != nil {
		return "", err
	}
	return folder, os.Symlink(core, filepath.Join(folder, "package"))
}

// stage is the portal over a simulator with a small organisation.
type stage struct {
	t      *testing.T
	url    string
	gitlab *gitlabtest.Instance
	// project has the agent prod, which is connected, and idle, which never had a token.
	project, prod, idle int64
	lead, dev           int64
	// browser is the one without windows, unless a test needs another.
	browser func() (playwright.Browser, error)
	// history says that the browser keeps pages to go back to.
	history bool
}

// withHistory is for tests that go back: in Chromium a page may come back as it was left.
func (s *stage) withHistory() *stage {
	s.browser, s.history = chromium, true
	return s
}

func newStage(t *testing.T) *stage {
	t.Helper()
	t.Parallel()
	s := &stage{t: t, gitlab: gitlabtest.Start(t), browser: browser}
	s.seed(time.Now())
	s.url = startPortal(t, s.gitlab)
	return s
}

// seed fills the simulator.
func (s *stage) seed(now time.Time) {
	s.lead = s.gitlab.AddUser(gitlabtest.User{Username: "lead", Name: "Lena Lead"})
	s.dev = s.gitlab.AddUser(gitlabtest.User{Username: "dev", Name: "Devin Dev"})
	group := s.gitlab.AddGroup(gitlabtest.Group{Path: "shop", Name: "Shop"})
	s.project = s.gitlab.AddProject(gitlabtest.Project{Path: "payments", Name: "Payments", Group: group})
	s.gitlab.AddMember(s.project, s.lead, gitlabtest.Maintainer)
	s.gitlab.AddMember(s.project, s.dev, gitlabtest.Developer)
	s.prod = s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: "prod", CreatedBy: s.lead, CreatedAt: now.AddDate(0, -3, 0)})
	s.idle = s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: "idle", CreatedBy: s.dev, CreatedAt: now.AddDate(0, -1, 0)})
	s.gitlab.AddToken(gitlabtest.Token{Agent: s.prod, Name: "prod-token", CreatedBy: s.lead, CreatedAt: now.AddDate(0, -3, 0), Live: true})
}

// agents is the address of the project's agents.
func (s *stage) agents() string { return fmt.Sprintf("%s/projects/%d/agents", s.url, s.project) }

// agent is the address of one agent.
func (s *stage) agent(id int64) string { return fmt.Sprintf("%s/%d", s.agents(), id) }

// tab is one person's page in a context of its own.
type tab struct {
	playwright.Page
	t *testing.T
	s *stage

	mu       sync.Mutex
	expected []*regexp.Regexp
}

// open opens a page whose errors fail the test.
func (s *stage) open(change ...func(*playwright.BrowserNewContextOptions)) *tab {
	s.t.Helper()
	options := playwright.BrowserNewContextOptions{
		Locale: new("en-GB"), TimezoneId: new("Europe/Berlin"),
		Viewport:    &playwright.Size{Width: 1440, Height: 900},
		Permissions: []string{"clipboard-read", "clipboard-write"},
	}
	for _, f := range change {
		f(&options)
	}
	started, err := s.browser()
	if err != nil {
		s.t.Fatal(err)
	}
	context, err := started.NewContext(options)
	if err != nil {
		s.t.Fatal(err)
	}
	context.SetDefaultTimeout(15_000)
	page, err := context.NewPage()
	if err != nil {
		s.t.Fatal(err)
	}
	p := &tab{Page: page, t: s.t, s: s}
	p.watch(context)
	s.t.Cleanup(func() {
		if s.t.Failed() {
			p.keepPicture()
		}
		_ = context.Close()
	})
	return p
}

// watch fails the test for whatever goes wrong in the page, violations of the content
// security policy included, which Chromium reports on the console.
func (p *tab) watch(context playwright.BrowserContext) {
	context.OnWebError(func(e playwright.WebError) { p.t.Errorf("error in the page: %v", e.Error()) })
	context.OnConsole(func(m playwright.ConsoleMessage) {
		if m.Type() == "error" && !p.expects(m.Text()) {
			p.t.Errorf("error on the console: %s", m.Text())
		}
	})
}

// expect lets the console say Chromium's own line for a status that the story leads to.
func (p *tab) expect(pattern string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = append(p.expected, regexp.MustCompile(pattern))
}

func (p *tab) expects(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pattern := range p.expected {
		if pattern.MatchString(text) {
			return true
		}
	}
	return false
}

// keepPicture leaves a screenshot of a failed test behind.
func (p *tab) keepPicture() {
	if p.IsClosed() {
		return
	}
	name := strings.NewReplacer("/", "-", " ", "-").Replace(p.t.Name())
	_, _ = p.Screenshot(playwright.PageScreenshotOptions{
		Path: new(filepath.Join("artifacts", name+".png")), FullPage: new(true),
	})
}

// as opens a page for a person who has signed in, and waits for the fleet.
func (s *stage) as(username string, change ...func(*playwright.BrowserNewContextOptions)) *tab {
	s.t.Helper()
	p := s.open(change...)
	if err := p.Context().AddCookies(s.sessionOf(username)); err != nil {
		s.t.Fatal(err)
	}
	p.visit(s.url)
	p.sees(p.Locator("header .menu-name"))
	p.lacks(p.Locator("#fleet progress"))
	return p
}

// asByHand is as for the tests that are about signing in too.
func (s *stage) asByHand(username string, change ...func(*playwright.BrowserNewContextOptions)) *tab {
	s.t.Helper()
	p := s.signsIn(username, change...)
	p.lacks(p.Locator("#fleet progress"))
	return p
}

// signsIn signs in by hand and waits for nothing more.
func (s *stage) signsIn(username string, change ...func(*playwright.BrowserNewContextOptions)) *tab {
	s.t.Helper()
	p := s.open(change...)
	p.signsIn(username)
	return p
}

// signsIn walks through GitLab's page by hand.
func (p *tab) signsIn(username string) {
	p.t.Helper()
	p.visit(p.s.url)
	p.click(p.Locator("main a[href*='/auth/login']"))
	p.click(p.Locator("form:has(input[name=user][value=" + username + "]) button"))
	p.sees(p.Locator("header .menu-name"))
}

// visit goes to an address and waits for the page.
func (p *tab) visit(address string) {
	p.t.Helper()
	if _, err := p.Goto(address); err != nil {
		p.t.Fatalf("visiting %s: %v", address, err)
	}
}

func (p *tab) click(l playwright.Locator) {
	p.t.Helper()
	if err := l.Click(); err != nil {
		p.t.Fatalf("clicking: %v", err)
	}
}

func (p *tab) fill(l playwright.Locator, value string) {
	p.t.Helper()
	if err := l.Fill(value); err != nil {
		p.t.Fatalf("filling in %q: %v", value, err)
	}
}

func (p *tab) press(key string) {
	p.t.Helper()
	if err := p.Keyboard().Press(key); err != nil {
		p.t.Fatalf("pressing %s: %v", key, err)
	}
}

// button, link and field find what a person would, by role and name.
func (p *tab) button(name string) playwright.Locator {
	return p.GetByRole("button", playwright.PageGetByRoleOptions{Name: name, Exact: new(true)})
}

func (p *tab) link(name string) playwright.Locator {
	return p.GetByRole("link", playwright.PageGetByRoleOptions{Name: name, Exact: new(true)})
}

func (p *tab) heading(name string) playwright.Locator {
	return p.GetByRole("heading", playwright.PageGetByRoleOptions{Name: name, Level: new(1)})
}

// sees waits until a person can see it.
func (p *tab) sees(l playwright.Locator) {
	p.t.Helper()
	if err := expectations().Locator(l).ToBeVisible(); err != nil {
		p.t.Fatalf("not seen on %s: %v", p.URL(), err)
	}
}

// lacks waits until it cannot be seen.
func (p *tab) lacks(l playwright.Locator) {
	p.t.Helper()
	if err := expectations().Locator(l).ToBeHidden(); err != nil {
		p.t.Fatalf("still seen on %s: %v", p.URL(), err)
	}
}

// says waits until the text is there.
func (p *tab) says(l playwright.Locator, text string) {
	p.t.Helper()
	if err := expectations().Locator(l).ToContainText(text); err != nil {
		p.t.Fatalf("on %s: %v", p.URL(), err)
	}
}

// arrives waits until the page has the address.
func (p *tab) arrives(address string) {
	p.t.Helper()
	if err := expectations().Page(p.Page).ToHaveURL(address); err != nil {
		p.t.Fatal(err)
	}
}

func expectations() playwright.PlaywrightAssertions {
	return playwright.NewPlaywrightAssertions(15_000)
}

// eval runs a script in the page and returns what it says.
func (p *tab) eval(script string, arg ...any) any {
	p.t.Helper()
	value, err := p.Evaluate(script, arg...)
	if err != nil {
		p.t.Fatalf("in the page: %v", err)
	}
	return value
}

// holdsNowhere fails if the secret is left in the page or in anything that the browser keeps.
func (p *tab) holdsNowhere(secret string) {
	p.t.Helper()
	found := p.eval(`async (secret) => {
		const places = [];
		if (document.documentElement.outerHTML.includes(secret)) places.push("the page");
		for (const input of document.querySelectorAll("input, textarea")) if (input.value.includes(secret)) places.push("a field");
		for (const [name, storage] of Object.entries({sessionStorage, localStorage}))
			for (let i = 0; i < storage.length; i++) if (storage.getItem(storage.key(i)).includes(secret)) places.push(name);
		if ((await indexedDB.databases()).length || (await caches.keys()).length) places.push("a database");
		if (location.href.includes(secret) || document.title.includes(secret) || JSON.stringify(history.state ?? "").includes(secret)) places.push("the address");
		return places.join(", ");
	}`, secret)
	if found != "" {
		p.t.Errorf("the secret is still in %v on %s", found, p.URL())
	}
}

// newestSecret is the secret of the agent token that GitLab made last.
func (s *stage) newestSecret() string {
	newest := ""
	for _, issued := range s.gitlab.Secrets() {
		if issued.Kind == "agent token" {
			newest = issued.Value
		}
	}
	return newest
}

// Options of a context.
var (
	withoutScript = func(o *playwright.BrowserNewContextOptions) { o.JavaScriptEnabled = new(false) }
	inChinese     = func(o *playwright.BrowserNewContextOptions) { o.Locale = new("zh-CN") }
	inTheDark     = func(o *playwright.BrowserNewContextOptions) { o.ColorScheme = playwright.ColorSchemeDark }
	onAPhone      = func(o *playwright.BrowserNewContextOptions) { o.Viewport = new(phone) }
)
