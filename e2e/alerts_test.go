//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
)

// watched is a portal that shows what a watch found, which the test plays.
type watched struct {
	*stage
	db    *database.DB
	found *alerts.Store
	// status is how the watch's readings go.
	status atomic.Pointer[alert.Status]
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	t.Parallel()
	w := &watched{stage: &stage{t: t, gitlab: gitlabtest.Start(t), browser: browser}}
	w.seed(time.Now())
	w.status.Store(&alert.Status{ReadAt: time.Now().Add(-2 * time.Minute)})
	p := &running{
		t: t, address: "127.0.0.1:0", database: databasetest.Postgres(t).URL, // which a test may use beside the portal
		watch: func(context.Context) (alert.Status, error) { return *w.status.Load(), nil },
	}
	p.start(w.gitlab)
	w.url = p.url
	client, err := gitlabapi.New(w.gitlab.URL, gitlabapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.db, err = database.Open(t.Context(), p.database, client.OAuth(gitlabapi.OAuthConfig{ClientID: p.application.ID}).Instance())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.db.Close() })
	w.found = alerts.New(w.db, 24*time.Hour, time.Now)
	return w
}

// about is an alert about an agent of the stage's project that opened so long ago.
func (w *watched) about(kind alert.Kind, agent int64, name string, ago time.Duration) alert.Alert {
	one := alert.Alert{Kind: kind, OpenedAt: time.Now().Add(-ago), Since: time.Now().Add(-ago - 30*time.Minute)}
	if !kind.OfWatch() {
		one.Subject = alert.Subject{ProjectID: w.project, ProjectPath: "shop/payments", AgentID: agent, AgentName: name}
	}
	return one
}

// finds has the watch find that alerts open, and that others are over.
func (w *watched) finds(opened, resolved []alert.Alert) []alert.Change {
	w.t.Helper()
	tx, err := w.db.Write.BeginTx(w.t.Context(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range resolved {
		resolved[i].ResolvedAt = time.Now()
	}
	changes, err := w.found.Save(w.t.Context(), tx, opened, resolved)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		w.t.Fatal(err)
	}
	return changes
}

// findsMuch is one alert of every kind, one about an agent that is gone, and one that is over.
func (w *watched) findsMuch() {
	w.t.Helper()
	var opened []alert.Alert
	for i, kind := range alert.Kinds() {
		one := w.about(kind, w.prod, "prod", time.Duration(i+1)*7*time.Hour)
		if kind == alert.TokenDue || kind == alert.WatchTokenDue {
			one.Since = time.Now().AddDate(0, 0, 9)
		}
		opened = append(opened, one)
	}
	over := w.about(alert.Disconnected, w.idle, "idle", 50*time.Hour)
	gone := w.about(alert.Disconnected, 4711, strings.Repeat("a-cluster-of-long-ago-", 2)+"end", time.Hour)
	w.finds(append(opened, gone, over), nil)
	w.finds(nil, []alert.Alert{over})
}

// row is the row of the alert of a kind.
func (p *tab) row(kind string) playwright.Locator {
	return p.Locator("table.alerts tbody tr", playwright.PageLocatorOptions{Has: p.Locator("th .alert-kind", playwright.PageLocatorOptions{HasText: kind})})
}

func TestAnAlertIsAcknowledgedInTheDialogWithoutAMouse(t *testing.T) {
	w := newWatched(t)
	w.finds([]alert.Alert{w.about(alert.Disconnected, w.prod, "prod", time.Hour), w.about(alert.Idle, w.prod, "prod", time.Hour)}, nil)
	p := w.as("lead")
	p.visit(w.url + "/alerts")
	p.says(p.Locator(".nav-count"), "2")
	if err := p.row("Lost contact").Locator("a[hx-get]").Focus(); err != nil {
		t.Fatal(err)
	}
	p.press("Enter")
	p.sees(p.Locator("#dialog #form-title"))
	if err := p.Locator("#dialog [name=for][value='1h']").Focus(); err != nil {
		t.Fatal(err)
	}
	p.press("ArrowRight") // 8 hours
	p.press("Tab")
	p.fill(p.Locator("#dialog [name=note]"), "The hall is moved.")
	if err := p.Locator("#dialog .button-primary").Focus(); err != nil {
		t.Fatal(err)
	}
	p.press("Enter")
	p.says(p.Locator("#notice"), "The alert is acknowledged until")
	p.says(p.row("Lost contact").Locator(".alert-care"), "The hall is moved.")
	p.says(p.Locator(".nav-count"), "1")
	p.click(p.row("Lost contact").Locator(".alert-act button"))
	p.says(p.Locator("#notice"), "no longer acknowledged")
	p.says(p.Locator(".nav-count"), "2")
}

func TestADialogAboutAnAlertThatIsOverSaysSoAndRedrawsTheList(t *testing.T) {
	w := newWatched(t)
	lost := w.about(alert.Disconnected, w.prod, "prod", time.Hour)
	w.finds([]alert.Alert{lost, w.about(alert.Idle, w.prod, "prod", time.Hour)}, nil)
	p := w.as("lead")
	p.expect("status of 410")
	p.visit(w.url + "/alerts")
	p.click(p.row("Lost contact").Locator("a[hx-get]"))
	p.sees(p.Locator("#dialog .terms"))
	w.finds(nil, []alert.Alert{lost})
	p.click(p.Locator("#dialog .button-primary"))
	p.says(p.Locator("#dialog #form-title"), "no longer open")
	p.lacks(p.row("Lost contact"))
	p.click(p.Locator("#dialog .button-primary"))
	p.lacks(p.Locator("#dialog"))
	p.sees(p.row("Token idle"))
}

func TestAlertsWorkWithoutAScript(t *testing.T) {
	w := newWatched(t)
	w.finds([]alert.Alert{w.about(alert.Disconnected, w.prod, "prod", time.Hour), w.about(alert.Idle, w.prod, "prod", time.Hour)}, nil)
	p := w.open(withoutScript)
	if err := p.Context().AddCookies(w.sessionOf("lead")); err != nil {
		t.Fatal(err)
	}
	p.visit(w.url + "/alerts") // which leads to the page that waits
	p.sees(p.row("Lost contact"))
	if _, err := p.Locator("#severity").SelectOption(playwright.SelectOptionValues{Values: &[]string{"info"}}); err != nil {
		t.Fatal(err)
	}
	p.click(p.Locator("#alerts .filter button"))
	p.lacks(p.row("Lost contact"))
	p.click(p.row("Token idle").Locator(".alert-act a[href*='acknowledge']"))
	p.fill(p.Locator("[name=day]"), time.Now().UTC().AddDate(0, 0, 3).Format(time.DateOnly))
	p.click(p.Locator("#form .button-primary"))
	p.says(p.Locator("#notice"), "acknowledged until")
	p.arrives(w.url + "/alerts?severity=info")
	p.click(p.row("Token idle").Locator(".alert-act button"))
	p.says(p.Locator("#notice"), "no longer acknowledged")
}

func TestTheListOfAlertsComesInOnceTheProjectsAreRead(t *testing.T) {
	w := newWatched(t)
	w.finds([]alert.Alert{w.about(alert.Disconnected, w.prod, "prod", time.Hour)}, nil)
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	w.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	p := w.open()
	if err := p.Context().AddCookies(w.sessionOf("dev")); err != nil {
		t.Fatal(err)
	}
	p.visit(w.url + "/alerts")
	p.sees(p.Locator("#alerts progress"))
	gate.Open()
	p.sees(p.row("Lost contact"))
	p.lacks(p.Locator("#alerts progress"))
	p.says(p.row("Lost contact").Locator(".alert-care"), "Maintainers can acknowledge it.")
}

// alertStates are what a person can have on the screen of alerts.
func (w *watched) alertStates() []state {
	at := func(query string) func(*tab) { return func(p *tab) { p.visit(w.url + "/alerts?wait=1" + query) } }
	return []state{
		{"alerts", at("")},
		{"alerts that are over", at("&state=resolved")},
		{"no alert found", at("&kind=idle&severity=critical")},
		{"acknowledge dialog", func(p *tab) {
			at("")(p)
			p.click(p.Locator("table.alerts a[hx-get]").First())
			p.sees(p.Locator("#dialog .terms"))
		}},
		{"acknowledge dialog with an error", func(p *tab) {
			p.fill(p.Locator("#dialog [name=day]"), "2001-01-01")
			p.click(p.Locator("#dialog .button-primary"))
			p.sees(p.Locator("#dialog [aria-invalid=true]"))
		}},
		{"acknowledged", func(p *tab) {
			p.fill(p.Locator("#dialog [name=day]"), "")
			p.fill(p.Locator("#dialog [name=note]"), "Moved to the second hall, see the change of "+strings.Repeat("long", 20))
			p.click(p.Locator("#dialog .button-primary"))
			p.sees(p.Locator("#notice .notice"))
		}},
		{"acknowledge page", func(p *tab) { p.visit(w.url + "/alerts/2/acknowledge") }},
		{"agent with alerts", func(p *tab) { p.visit(w.agent(w.prod)) }},
		{"failing watch", func(p *tab) {
			w.status.Store(&alert.Status{ReadAt: time.Now().Add(-3 * time.Hour), FailingSince: time.Now().Add(-2 * time.Hour)})
			at("")(p)
		}},
	}
}

// TestTheAlertsAreForEverybody looks at every state with axe, on a phone and at 200 %, in both languages.
func TestTheAlertsAreForEverybody(t *testing.T) {
	t.Parallel()
	for name, change := range languages(withAxe) {
		t.Run(name, func(t *testing.T) {
			w := newWatched(t)
			w.findsMuch()
			p := w.as("lead", change...)
			p.expect("status of 422")
			for _, state := range w.alertStates() {
				state.open(p)
				p.passesAxe(state.name)
				p.fits(state.name+" on a phone", phone)
				p.passesAxe(state.name + " on a phone")
				p.fits(state.name+" at 200 %", laptop)
				p.resizes(playwright.Size{Width: 1440, Height: 900})
			}
		})
	}
}

func TestTheCountOfAlertsMovesNothingInTheHeader(t *testing.T) {
	w := newWatched(t)
	places := func(p *tab) string {
		return fmt.Sprint(p.eval(`() => [...document.querySelectorAll(".bar nav a, .bar .menu")].map((e) => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.width].map(Math.round) }).join(" ")`))
	}
	for i, p := range []*tab{w.as("lead"), w.as("lead", onAPhone), w.as("lead", onAPhone, inChinese)} {
		w.finds(nil, []alert.Alert{w.about(alert.Disconnected, w.prod, "prod", time.Hour)})
		p.visit(w.agents())
		before := places(p)
		w.finds([]alert.Alert{w.about(alert.Disconnected, w.prod, "prod", time.Hour)}, nil)
		p.visit(w.agents())
		p.says(p.Locator(".nav-count"), "1")
		if after := places(p); after != before {
			t.Errorf("browser %d: the header is at %s, and with a number at %s", i, before, after)
		}
		lines := p.eval(`() => new Set([...document.querySelectorAll(".bar nav a")].map((e) => Math.round(e.getBoundingClientRect().top))).size`)
		if number(lines) != 1 {
			t.Errorf("browser %d: the links stand in %v lines", i, lines)
		}
	}
}
