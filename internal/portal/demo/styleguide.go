package demo

import (
	"time"

	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/rotation"
	"gitlab-agent-portal/views"
)

// PatternStyleguide is the address of Styleguide.
const PatternStyleguide = "/styleguide"

// Styleguide is the page with all components that the others are made of, and what it shows in
// its dialog.
func Styleguide(p views.Page) (page, dialog templ.Component) {
	p.Title = p.L.T("titles.styleguide")
	url := p.U.Base + PatternStyleguide
	return styleguidePage(p, url), styleguideDialog(p, url)
}

// colours are the roles that static/css/tokens.css gives a colour in each theme.
func colours() []string {
	return []string{
		"ground", "ground-raised", "ground-sunken", "ground-hover", "line", "line-control", "text", "text-quiet", "link",
		"accent", "accent-hover", "on-accent", "danger", "danger-hover", "on-danger", "danger-ground", "danger-line",
		"success", "success-ground", "success-line", "warning", "warning-ground", "warning-line",
		"info", "info-ground", "info-line", "success-mark", "danger-mark", "warning-mark", "info-mark", "focus",
	}
}

// spaceSteps are the steps of the space between things, in rem.
func spaceSteps() []string { return []string{".25", ".5", ".75", "1", "1.25", "1.5", "2.5", "4"} }

// sampleTokens are an agent's tokens for the components that list some.
func sampleTokens(now time.Time) []agent.Token {
	return []agent.Token{
		{ID: 1, Name: "vault 2026", Description: "shop/checkout", CreatedBy: agent.Person{Name: "Mara Lind"}, CreatedAt: now.AddDate(0, -2, 0), LastUsedAt: now.Add(-3 * time.Minute), UseKnown: true},
		{ID: 2, Name: "helm", CreatedBy: agent.Person{Name: "陈伟"}, CreatedAt: now.AddDate(0, 0, -1), UseKnown: true},
	}
}

// sampleAgent is an agent whose tokens may be looked at only: nothing that it offers would work.
func sampleAgent(now time.Time) views.AgentModel {
	return views.AgentModel{Agent: agent.Agent{Tokens: sampleTokens(now)}}
}

// sampleRotation is a rotation in the middle.
func sampleRotation(now time.Time) views.RotationModel {
	tokens := sampleTokens(now)
	return views.RotationModel{Phase: rotation.Watch, Old: tokens[0], New: tokens[1], Observed: 4 * time.Minute, Needed: 10 * time.Minute, Proven: true}
}

// sampleSecret is shown like a token, and is visibly none.
const sampleSecret = "glagent-made-up-to-be-looked-at"

// sampleFleet has something of every status and of every age.
func sampleFleet(url string) views.FleetModel {
	m := views.FleetModel{
		AllStatuses: views.FleetFilter{Count: 10, URL: url, On: true}, AnyAttention: views.FleetFilter{Attention: fleet.AnyAttention, Count: 2, URL: url},
		Attention: []views.FleetFilter{{Attention: agent.TooOld, Count: 2, URL: url}},
		Pictures: views.FleetPictures{MaxAge: 90 * day, TooOldURL: url, Ages: []fleet.AgeBar{
			{To: 45 * day, Tokens: 5}, {From: 45 * day, To: 90 * day, Tokens: 3}, {From: 90 * day, Tokens: 2, TooOld: true},
		}},
	}
	bar := views.FleetGroupBar{Group: "shop", URL: url, Total: 10}
	for i, status := range agent.Statuses() {
		m.Statuses = append(m.Statuses, views.FleetFilter{Status: status, Count: 4 - i, URL: url})
		bar.Segments = append(bar.Segments, views.FleetSegment{Status: status, Count: 4 - i, URL: url})
	}
	m.Pictures.Groups = []views.FleetGroupBar{bar}
	return m
}

// sampleNotices are all kinds of them.
func sampleNotices(p views.Page) []views.Notice {
	return []views.Notice{
		{Kind: views.NoticeSuccess, Title: p.L.T("rotation.phase.quiet"), Text: p.L.T("rotation.next.quiet")},
		{Kind: views.NoticeInfo, Title: p.L.T("rotation.phase.install"), Text: p.L.T("rotation.next.install")},
		{Kind: views.NoticeWarning, Title: p.L.T("tokens.reveal.once.title"), Text: p.L.T("tokens.reveal.once.text")},
		{Kind: views.NoticeDanger, Title: p.L.T("errors.gitlab_down.title"), Text: p.L.T("errors.gitlab_down.text"), RequestID: "6XQZ3K7PD5VQG"},
	}
}

// sampleFields are a field as it comes, one that was filled in wrongly, and one that may stay empty.
func sampleFields(p views.Page) []views.FieldProps {
	return []views.FieldProps{
		{Name: "field", Label: p.L.Parts("tokens.form.name"), Hint: p.L.T("tokens.form.name.hint"), Max: agent.MaxTokenName},
		{Name: "wrong", Label: p.L.Parts("agents.form.name"), Max: agent.MaxName, Field: views.Field{Value: "Not a name", Error: p.L.T("agents.form.name.invalid")}},
		{Name: "lines", Label: p.L.Parts("tokens.form.description"), Max: agent.MaxTokenDescription, Lines: 3, Optional: p.L.T("common.optional")},
	}
}

// sampleTabs are a chosen tab beside one that is not.
func sampleTabs(p views.Page, url string) []views.TabLink {
	return []views.TabLink{
		{Text: p.L.T("tokens.tab"), URL: url, Counts: true, Count: 2, Current: true},
		{Text: p.L.T("connect.tab"), URL: url},
	}
}
