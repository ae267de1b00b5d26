//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// wrote returns the point in time that an element stands for, its text and its title.
func (p *tab) wrote(l playwright.Locator) (at time.Time, text, title string) {
	p.t.Helper()
	p.sees(l)
	value, err := l.Evaluate(`time => [time.dateTime, time.textContent, time.title]`, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	parts := value.([]any)
	at, err = time.Parse(time.RFC3339, parts[0].(string))
	if err != nil {
		p.t.Fatal(err)
	}
	return at, parts[1].(string), parts[2].(string)
}

// TestTimesAreTheReaders looks at times from Berlin, as the harness has it. So is the list of activity, with its days.
func TestTimesAreTheReaders(t *testing.T) {
	const minute = "2006-01-02 15:04"
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t)
	p := s.as("lead")
	p.visit(s.agent(s.prod))
	at, text, title := p.wrote(p.Locator(".facts time[data-local=text]"))
	if want := at.In(berlin).Format(minute); text != want || title != at.UTC().Format(minute)+" UTC" {
		t.Errorf("an agent was created %q, with the title %q; want %q", text, title, want)
	}
	late := time.Date(2026, 1, 1, 23, 30, 0, 0, time.UTC) // the next day in Berlin
	s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: "a-late-one", CreatedAt: late})
	p.visit(s.agents())
	at, text, title = p.wrote(p.Locator("tbody time[data-day]").First())
	if !at.Equal(late) {
		t.Errorf("the first agent was created at %v, want %v", at, late)
	}
	if want := at.In(berlin).Format(minute); text != want[:len(time.DateOnly)] || title != want+" ("+at.UTC().Format(minute)+" UTC)" {
		t.Errorf("an agent was created on the day %q, with the title %q; want that of %q", text, title, want)
	}
	p.registers(s, "staging")
	p.stores()
	p.visit(s.url + "/activity")
	at, text, title = p.wrote(p.rows().First().Locator("time[data-local]"))
	if want := at.In(berlin).Format("15:04"); text != want || title != at.UTC().Format(minute)+" UTC" {
		t.Errorf("the activity has the time %q, with the title %q; want %q", text, title, want)
	}
	p.says(p.Locator(".day-row").First(), at.In(berlin).Format(time.DateOnly))
	p.says(p.Locator("[data-zone-note]"), "Europe/Berlin")
	p.lacks(p.Locator("#zone")) // it is said once
	if above := p.eval(`() => document.querySelector("[data-zone-note]").getBoundingClientRect().bottom <= document.querySelector("table.activity").getBoundingClientRect().top`); above != true {
		t.Error("the zone does not stand above the list")
	}
}
