package views

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/rotation"
)

// RotationsModel is the list of several agents' rotations.
type RotationsModel struct {
	Lines []RotationLine
	// Chosen says that the person chose the agents; otherwise they are those with a rotation under way.
	Chosen bool
	// URL is the address of the list, which looks again by itself, and Tag the state that it shows.
	URL, Tag string
	// Max is how many agents the page lists, More that more were asked for.
	Max  int
	More bool
	// UnusedURL asks for the revocation of these agents' tokens that were never used.
	UnusedURL string
}

// RotationLine is one agent's rotation.
type RotationLine struct {
	Project   Project
	AgentID   int64
	AgentName string
	Phase     rotation.Phase
	// Tokens is the number of active tokens.
	Tokens int
	// Due is when the old token can most likely be revoked; zero where that is not known.
	Due time.Time
	// Problem says why nothing is known of the agent; empty where something is.
	Problem string
}

// SortRotations puts what can be done now before what has to wait, and that before what is unknown.
func SortRotations(lines []RotationLine) {
	urgency := []rotation.Phase{
		rotation.Quiet, rotation.StillUsed, rotation.Unstored, rotation.TooMany, rotation.Choose, rotation.NoToken, rotation.Install,
		rotation.Watch, rotation.Start, rotation.NeverUsed, rotation.Finished, rotation.Unknown,
	}
	rank := func(line RotationLine) int {
		if line.Problem != "" {
			return len(urgency)
		}
		return slices.Index(urgency, line.Phase)
	}
	slices.SortStableFunc(lines, func(a, b RotationLine) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.Due.Compare(b.Due), strings.Compare(a.Project.Path, b.Project.Path))
	})
}

// rule says which agents the list has.
func (m RotationsModel) rule(l *i18n.Printer) string {
	if m.Chosen {
		return l.T("rotations.rule")
	}
	return l.T("rotations.under_way")
}

// waits reports whether time alone changes something in the list.
func (m RotationsModel) waits() bool {
	return slices.ContainsFunc(m.Lines, func(line RotationLine) bool { return line.Problem == "" && line.Phase.Waits() })
}

// canDo reports whether there is something to do in the rotation now.
func (m RotationLine) canDo() bool {
	return m.Problem == "" && !m.Phase.Waits() && m.Phase != rotation.Finished || m.Phase == rotation.StillUsed || m.Phase == rotation.Unstored
}

// name is what the agent is called, or its number where nothing could be read.
func (m RotationLine) name(l *i18n.Printer) string {
	if m.AgentName == "" {
		return l.T("rotations.numbered", "Number", m.AgentID)
	}
	return m.AgentName
}

// state is the phase in one line, or the problem.
func (m RotationLine) state(l *i18n.Printer) string {
	switch {
	case m.Problem != "":
		return m.Problem
	case m.Phase == rotation.TooMany:
		return l.T("rotation.phase.too_many", "Number", m.Tokens)
	default:
		return phaseTitle(l, m.Phase)
	}
}

func (m RotationLine) icon() IconName {
	switch {
	case m.Problem != "":
		return IconError
	case m.Phase == rotation.Quiet:
		return IconSuccess
	case m.Phase == rotation.Install, m.Phase == rotation.Watch, m.Phase == rotation.NeverUsed:
		return IconWait
	case m.Phase == rotation.Start, m.Phase == rotation.NoToken:
		return IconPlus
	default:
		return IconWarning
	}
}

// UnusedModel asks whether the tokens of a selection that were never used are to be revoked.
type UnusedModel struct {
	Form
	// Agents is the selection, each written as project.agent.
	Agents []string
	// Days is how old a token has to be to be revoked, MaxDays the largest age.
	Days, MaxDays int
	Rows          []UnusedRow
	// Max is how many agents the page works on, More that more were asked for.
	Max  int
	More bool
	// Unread is the number of agents that could not be read, in full or at all, and ReadOnly of
	// those that the person may not change.
	Unread, ReadOnly int
}

// Action is where the form is sent to, with the selection for the way back.
func (m *UnusedModel) Action(u URLs) string { return u.Unused(m.Agents, m.Days) }

func (m UnusedModel) days() string { return strconv.Itoa(m.Days) }

// Title names the page.
func (m *UnusedModel) Title(l *i18n.Printer) string { return l.T("titles.unused") }

// Page is the form as a page.
func (m *UnusedModel) Page(p Page) templ.Component { return UnusedPage(p.in("fleet"), *m) }

// Dialog is the form alone.
func (m *UnusedModel) Dialog(p Page) templ.Component { return UnusedForm(p, *m) }

// UnusedRow is a token that was never used.
type UnusedRow struct {
	// Ref is project, agent and token, joined by dots.
	Ref       string
	Project   Project
	AgentName string
	TokenName string
	CreatedAt time.Time
	// Young says that it is kept, since it is younger than asked for.
	Young bool
	// Chosen says that it is to be revoked.
	Chosen bool
}

// age is how old the token is.
func (m UnusedRow) age(l *i18n.Printer, now time.Time) string {
	return l.T("unused.age", "Age", Length(l, max(now.Sub(m.CreatedAt), time.Minute)))
}

// revocable counts the tokens that may be chosen.
func (m UnusedModel) revocable() int {
	n := 0
	for _, row := range m.Rows {
		if !row.Young {
			n++
		}
	}
	return n
}

// UnusedResultModel says how each revocation of a list ended.
type UnusedResultModel struct {
	Results []UnusedResult
	// AgainURL lists what is left.
	AgainURL string
}

// UnusedResult is one token of the list.
type UnusedResult struct {
	Project   Project
	AgentID   int64
	AgentName string
	TokenID   int64
	TokenName string
	Revoked   bool
	// Problem says why it was not revoked.
	Problem string
}

// Title names the page.
func (m *UnusedResultModel) Title(l *i18n.Printer) string { return l.T("titles.unused") }

// Page is the results as a page.
func (m *UnusedResultModel) Page(p Page) templ.Component { return UnusedResultPage(p.in("fleet"), *m) }

// Dialog is the results alone.
func (m *UnusedResultModel) Dialog(p Page) templ.Component { return UnusedResults(p, *m) }

func (m UnusedResult) agent(l *i18n.Printer) string {
	return RotationLine{AgentID: m.AgentID, AgentName: m.AgentName}.name(l)
}

func (m UnusedResult) token(l *i18n.Printer) string {
	if m.TokenName == "" {
		return l.T("unused.numbered", "Number", m.TokenID)
	}
	return m.TokenName
}

// revoked counts those that are gone.
func (m UnusedResultModel) revoked() int {
	n := 0
	for _, result := range m.Results {
		if result.Revoked {
			n++
		}
	}
	return n
}

// notice sums up the results.
func (m UnusedResultModel) notice(l *i18n.Printer) Notice {
	revoked := m.revoked()
	n := Notice{Kind: NoticeSuccess, Title: l.N("unused.revoked", revoked)}
	if failed := len(m.Results) - revoked; failed > 0 {
		n.Kind, n.Text = NoticeWarning, l.N("unused.failed", failed)
	}
	return n
}
