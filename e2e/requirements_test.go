//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestC1PlainHTTPOffLoopbackWorksAndIsGuarded is a portal on plain http in an internal network:
// the browser then sends no Sec-Fetch-Site, and a form proves itself by its Origin.
func TestC1PlainHTTPOffLoopbackWorksAndIsGuarded(t *testing.T) {
	s := newStage(t)
	plain, err := launchWith([]string{"--host-resolver-rules=MAP *.test 127.0.0.1"}, "chromium-headless-shell", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plain.Close() })
	s.browser = func() (playwright.Browser, error) { return plain, nil }
	s.url = startPortalAt(t, s.gitlab, "portal.test", "ALLOW_INSECURE_HTTP=true")
	p := s.open()
	p.expect("status of 403|Cross-Origin-Opener-Policy") // which browsers heed on https and localhost only
	p.signsIn("lead")
	p.visit(s.agents())
	p.registers(s, "staging")
	p.stores()
	p.sees(p.heading("staging"))

	err = p.Route("http://evil.test/**", func(route playwright.Route) {
		form := fmt.Sprintf(`<form method="post" action="%s/delete"><input name="confirm" value="prod"><button>Win a prize</button></form>`, s.agent(s.prod))
		_ = route.Fulfill(playwright.RouteFulfillOptions{Status: new(200), ContentType: new("text/html"), Body: form})
	})
	if err != nil {
		t.Fatal(err)
	}
	p.visit("http://evil.test/")
	p.click(p.button("Win a prize"))
	p.arrives(s.agent(s.prod) + "/delete")
	p.sees(p.Locator("main h1"))
	if n := s.gitlab.Calls(gitlabtest.OpDeleteAgent); n != 0 {
		t.Errorf("GitLab saw %d deletions, want none", n)
	}
}

// TestC3ErrorsAreSaidInline meets each status that an open form can.
func TestC3ErrorsAreSaidInline(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.expect("status of (409|422|502)")
	open := func() {
		p.visit(s.agent(s.idle))
		p.click(p.link("Create token").First())
		p.fill(p.GetByLabel("Name"), "first")
	}
	send := p.Locator("#dialog").GetByRole("button", inLocator("Create token"))

	open() // 422: what only GitLab knows
	s.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Message(400, "400 Bad request - Name is not to be had").Times(1))
	p.click(send)
	p.says(p.Locator("#dialog"), "Name is not to be had")

	open() // 502
	s.gitlab.Inject(gitlabtest.OpGetAgent, gitlabtest.BadGateway())
	p.click(send)
	p.says(p.Locator("#form-notice"), "Nothing was changed")
	s.gitlab.ClearFaults("")

	open() // 409: another tab sent the same form
	nonce := p.eval(`() => document.querySelector("#dialog [name=nonce]").value`)
	p.click(send)
	p.seesReveal(s)
	p.stores()
	p.sees(p.Locator("tr", rowOf("first")))
	open()
	p.eval(`(nonce) => { document.querySelector("#dialog [name=nonce]").value = nonce; }`, nonce)
	p.click(send)
	p.says(p.Locator("#form"), "first")
	p.sees(p.Locator("#form a[href$='/revoke']"))
	if n := len(s.gitlab.Tokens(s.idle)); n != 1 {
		t.Errorf("the agent has %d tokens, want 1", n)
	}
}

// TestC3NoAttributeIsCode reads the pages' attributes and htmx's settings.
func TestC3NoAttributeIsCode(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.expect("status of 404")
	for name, address := range s.pages() {
		p.visit(address)
		found := p.eval(`() => {
			const bad = [];
			for (const element of document.querySelectorAll("*")) for (const {name, value} of element.attributes)
				if (/^(on|hx-on)/.test(name) || name === "style" || /^(js|javascript):/.test(value) || name === "hx-trigger" && value.includes("[")) bad.push(name + "=" + value);
			const config = JSON.parse(document.querySelector("meta[name=htmx-config]").content);
			if (config.includeIndicatorCSS !== false || config.history !== "reload" || !config.extensions || config.mode && config.mode !== "same-origin") bad.push(JSON.stringify(config));
			if (Object.keys(localStorage).some((key) => key.includes("history")) || Object.keys(sessionStorage).some((key) => key.includes("history"))) bad.push("a history cache");
			return bad.join(", ");
		}`)
		if found != "" {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// TestC4TheContentSecurityPolicyHolds listens for violations on all pages, and then does what
// an injection would.
func TestC4TheContentSecurityPolicyHolds(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.expect("status of 404|Content Security Policy|violates|ERR_BLOCKED_BY_CSP")
	if err := p.AddInitScript(playwright.Script{Content: new(`
		window.violations = [];
		document.addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));
	`)}); err != nil {
		t.Fatal(err)
	}
	for name, address := range s.pages() {
		p.visit(address)
		if found := p.eval("() => violations.join()"); found != "" {
			t.Errorf("%s violates %v", name, found)
		}
	}
	blocked := p.eval(`async () => {
		const main = document.querySelector("main");
		const script = document.createElement("script");
		script.textContent = "window.injected = 1";
		main.append(script);
		main.insertAdjacentHTML("beforeend", '<button id="bait" onclick="window.injected = 2">x</button><p style="color: red">x</p><img src="http://127.0.0.1:9/x.png">');
		document.getElementById("bait").click();
		await fetch("http://127.0.0.1:9/").catch(() => {});
		const all = ["script-src-elem", "script-src-attr", "style-src-attr", "img-src", "connect-src"];
		for (let frame = 0; frame < 300 && !all.every((directive) => violations.includes(directive)); frame++) await new Promise(requestAnimationFrame);
		return [...new Set(violations)].sort().join() + (window.injected ? " injected" : "");
	}`)
	for _, directive := range []string{"script-src-elem", "script-src-attr", "style-src-attr", "img-src", "connect-src"} {
		if !strings.Contains(fmt.Sprint(blocked), directive) {
			t.Errorf("blocked is %v, want %s in it", blocked, directive)
		}
	}
	if strings.Contains(fmt.Sprint(blocked), "injected") {
		t.Error("an injected script ran")
	}
}

// signsOut signs out by the menu.
func (p *tab) signsOut() {
	p.t.Helper()
	p.click(p.Locator("header details.menu summary"))
	p.click(p.button("Sign out"))
	p.sees(p.Locator("main a[href*='/auth/login']"))
}

// TestT2NoWayLeadsBackToAToken tries the ways back: Back and Forward after signing out, and a
// second tab that begins where the first one is.
func TestT2NoWayLeadsBackToAToken(t *testing.T) {
	s := newStage(t).withHistory()
	p := s.as("lead")
	secret := s.revealed(p)
	second, err := p.Context().NewPage()
	if err != nil {
		t.Fatal(err)
	}
	copied := &tab{Page: second, t: t, s: s}
	copied.visit(p.URL())
	copied.holdsNowhere(secret)

	p.click(p.button("Show"))
	p.says(p.Locator("#secret"), secret)
	p.stores()
	p.sees(p.Locator("tr", rowOf("first")))
	p.signsOut()
	for range 4 {
		if err := p.goesBack(); err != nil {
			break // past the first page
		}
		if content, err := p.settled(); err != nil || strings.Contains(content, secret) {
			t.Errorf("on the way back, %s holds the token (%v)", p.URL(), err)
		}
	}
	for range 4 {
		if err := p.goesForward(); err != nil {
			break
		}
		if content, err := p.settled(); err != nil || strings.Contains(content, secret) {
			t.Errorf("on the way forward, %s holds the token (%v)", p.URL(), err)
		}
	}
}

// settled is what the page holds once it is there: one that comes back to somebody who signed out is
// made anew at once.
func (p *tab) settled() (content string, err error) {
	p.t.Helper()
	for range 50 {
		if content, err = p.Content(); err == nil {
			break
		}
		_ = p.WaitForLoadState() // and try again
	}
	return content, err
}

// TestT3ADoubleClickWithoutJavaScript sends the form twice as a browser without script does. Of
// two clicks in one tab Chromium sends one only, so the first answer goes to another tab; the
// page itself runs no script, and neither send asks for one.
func TestT3ADoubleClickWithoutJavaScript(t *testing.T) {
	s := newStage(t)
	p := s.as("lead", withoutScript)
	p.expect("status of 409") // where the second one comes when the first is over
	gate := gitlabtest.NewGate()
	s.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
	p.visit(s.agent(s.idle) + "/tokens/new")
	p.fill(p.GetByLabel("Name"), "first")
	sent := make(chan string, 2)
	p.Context().OnRequest(func(r playwright.Request) {
		if r.Method() == "POST" {
			sent <- r.URL()
		}
	})
	const submit = `target => { const form = document.querySelector("#form form"); form.target = target; form.requestSubmit(); }`
	p.eval(submit, "_blank")
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	p.eval(submit, "")
	<-sent
	<-sent
	gate.Open()
	p.says(p.Locator("#secret").Or(p.Locator("main")).First(), "first")
	content, err := p.Content()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(content, s.newestSecret()) && !strings.Contains(content, "/revoke") {
		t.Errorf("the last answer neither shows the token nor names the one to revoke: %s", content)
	}
	if n := s.gitlab.Calls(gitlabtest.OpCreateToken); n != 1 {
		t.Errorf("GitLab saw %d creates, want 1", n)
	}
}

// TestT3ReloadingARevealNamesTheToken presses F5 on the answer to a form and lets the browser
// send it again.
func TestT3ReloadingARevealNamesTheToken(t *testing.T) {
	s := newStage(t)
	p := s.as("lead", withoutScript)
	p.visit(s.agent(s.idle) + "/tokens/new")
	p.fill(p.GetByLabel("Name"), "first")
	p.click(p.button("Create token"))
	secret := s.newestSecret()
	p.says(p.Locator("#secret"), secret)
	p.expect("status of 409")
	if _, err := p.Reload(); err != nil {
		t.Fatal(err)
	}
	p.says(p.Locator("main"), "first")
	p.sees(p.Locator("main a[href$='/revoke']"))
	if content, err := p.Content(); err != nil || strings.Contains(content, secret) {
		t.Errorf("the reload shows the token again (%v)", err)
	}
	if n := s.gitlab.Calls(gitlabtest.OpCreateToken); n != 1 {
		t.Errorf("GitLab saw %d creates, want 1", n)
	}
}

// TestT4NothingIsCopiedUntilAskedFor looks at the clipboard and at what is announced.
func TestT4NothingIsCopiedUntilAskedFor(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	p.visit(s.url)
	p.eval(`() => navigator.clipboard.writeText("what was there before")`)
	secret := s.revealed(p)
	if got := p.eval("() => navigator.clipboard.readText()"); got == secret {
		t.Error("the token was copied without being asked for")
	}
	if inputs := p.eval(`() => document.querySelectorAll("#reveal-dialog input[type=password]").length`); inputs != 0 {
		t.Error("the token is in a password field")
	}
	p.says(p.Locator("#reveal-dialog"), "Clipboard managers")
	p.click(p.Locator("#secret-copy"))
	p.says(p.Locator("#secret-status[role=status]"), "Copied")
	if text, _ := p.Locator("#secret-status").InnerText(); strings.Contains(text, secret) {
		t.Error("the announcement reads the token aloud")
	}
}

// TestT6AnUncoveredTokenCoversItself lets two minutes pass on the browser's own clock.
func TestT6AnUncoveredTokenCoversItself(t *testing.T) {
	s := newStage(t)
	p := s.as("lead")
	if err := p.Clock().Install(); err != nil {
		t.Fatal(err)
	}
	secret := s.revealed(p) // which is masked
	p.lacks(p.GetByText(secret))
	p.click(p.button("Show"))
	p.says(p.Locator("#secret"), secret)
	if err := p.Clock().FastForward("01:30"); err != nil {
		t.Fatal(err)
	}
	p.says(p.Locator("#secret"), secret)
	if err := p.Clock().FastForward("00:31"); err != nil {
		t.Fatal(err)
	}
	p.lacks(p.GetByText(secret))
	p.sees(p.Locator("#reveal-dialog"))
	p.click(p.button("Show")) // and it can be uncovered again
	p.says(p.Locator("#secret"), secret)
}

// TestP28AnEndedSessionAndBackIsNoBlankPage goes back to a page of a session that has ended.
func TestP28AnEndedSessionAndBackIsNoBlankPage(t *testing.T) {
	s := newStage(t).withHistory()
	p := s.as("lead")
	p.expect("status of 401")
	p.visit(s.agents())
	p.click(p.link("idle"))
	p.sees(p.heading("idle"))
	p.visit(s.agent(s.prod))
	if err := p.Context().ClearCookies(); err != nil {
		t.Fatal(err)
	}
	if err := p.goesBack(); err != nil {
		t.Fatal(err)
	}
	p.sees(p.button("Deny")) // on GitLab's page, which says so to whom it would let in
	if text, err := p.Locator("body").InnerText(); err != nil || strings.TrimSpace(text) == "" {
		t.Errorf("Back leads to a blank page (%v)", err)
	}
}
