package views

import (
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
)

// StyleguideModel is what the page with all components cannot know by itself.
type StyleguideModel struct {
	// Colours are the pairs that stand on each other.
	Colours []ColourPair
	// URL is the page's own address.
	URL string
}

// ColourPair is a role for what is drawn and one for what it is drawn on.
type ColourPair struct {
	Mark, Ground string
	// Light and Dark are the contrasts in both themes, Least the one that WCAG 2.2 AA asks for:
	// 4.5 for text, 3 for the outline of a control.
	Light, Dark, Least float64
}

// Holds reports whether the contrast suffices in both themes.
func (c ColourPair) Holds() bool { return min(c.Light, c.Dark) >= c.Least }

// steps of the space between things, in rem.
func spaceSteps() []string { return []string{".25", ".5", ".75", "1", "1.25", "1.5", "2.5", "4"} }

// sampleTokens are an agent's tokens for the components that list some.
func sampleTokens(now time.Time) []TokenRow {
	return []TokenRow{
		{ID: 1, Name: "vault 2026", Description: "shop/checkout", CreatedBy: "Mara Lind", CreatedAt: now.AddDate(0, -2, 0), LastUsedAt: now.Add(-3 * time.Minute), UsageKnown: true},
		{ID: 2, Name: "helm", CreatedBy: "陈伟", CreatedAt: now.AddDate(0, 0, -1), UsageKnown: true},
	}
}

// sampleAgent is an agent whose tokens may be looked at only: nothing that it offers would work.
func sampleAgent(now time.Time) AgentModel { return AgentModel{Tokens: sampleTokens(now)} }

// sampleRotation is a rotation in the middle.
func sampleRotation(now time.Time) RotationModel {
	tokens := sampleTokens(now)
	return RotationModel{Phase: RotationWatch, Old: tokens[0], New: tokens[1], Observed: 4 * time.Minute, Needed: 10 * time.Minute, Proven: true}
}

// sampleSecret is shown like a token, and is visibly none.
const sampleSecret = "glagent-made-up-to-be-looked-at"

// sampleFleet has something of every status and of every age.
func sampleFleet(url string) FleetModel {
	const day = 24 * time.Hour
	m := FleetModel{
		AllStatuses: FleetFilter{Count: 10, URL: url, On: true}, AnyAttention: FleetFilter{Attention: fleet.AnyAttention, Count: 2, URL: url},
		Attention: []FleetFilter{{Attention: agent.TooOld, Count: 2, URL: url}},
		Pictures: FleetPictures{MaxAge: 90 * day, TooOldURL: url, Ages: []fleet.AgeBar{
			{To: 45 * day, Tokens: 5}, {From: 45 * day, To: 90 * day, Tokens: 3}, {From: 90 * day, Tokens: 2, TooOld: true},
		}},
	}
	bar := FleetGroupBar{Group: "shop", URL: url, Total: 10}
	for i, status := range agent.Statuses() {
		m.Statuses = append(m.Statuses, FleetFilter{Status: status, Count: 4 - i, URL: url})
		bar.Segments = append(bar.Segments, FleetSegment{Status: status, Count: 4 - i, URL: url})
	}
	m.Pictures.Groups = []FleetGroupBar{bar}
	return m
}

// sampleNotices are all kinds of them.
func sampleNotices(p Page) []Notice {
	return []Notice{
		{Kind: NoticeSuccess, Title: p.L.T("rotation.phase.quiet"), Text: p.L.T("rotation.next.quiet")},
		{Kind: NoticeInfo, Title: p.L.T("rotation.phase.install"), Text: p.L.T("rotation.next.install")},
		{Kind: NoticeWarning, Title: p.L.T("tokens.reveal.once.title"), Text: p.L.T("tokens.reveal.once.text")},
		{Kind: NoticeDanger, Title: p.L.T("errors.gitlab_down.title"), Text: p.L.T("errors.gitlab_down.text"), RequestID: "6XQZ3K7PD5VQG"},
	}
}

// sampleFields are a field as it comes, one that was filled in wrongly, and one that may stay empty.
func sampleFields(p Page) []FieldProps {
	return []FieldProps{
		{Name: "field", Label: p.L.Parts("tokens.form.name"), Hint: p.L.T("tokens.form.name.hint"), Max: maxTokenName},
		{Name: "wrong", Label: p.L.Parts("agents.form.name"), Max: maxAgentName, Field: Field{Value: "Not a name", Error: p.L.T("agents.form.name.invalid")}},
		{Name: "lines", Label: p.L.Parts("tokens.form.description"), Max: maxTokenDescription, Lines: 3, Optional: p.L.T("common.optional")},
	}
}

// sampleTabs are a chosen tab beside one that is not.
func sampleTabs(p Page, url string) []Tab {
	return []Tab{
		{Text: p.L.T("tokens.tab"), URL: url, Counts: true, Count: 2, Current: true},
		{Text: p.L.T("connect.tab"), URL: url},
	}
}
