package views

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/i18n"
)

// HistoryModel is what the watch saw of an agent.
type HistoryModel struct {
	// Seen says that the watch knows the agent; without it the rest is empty.
	Seen bool
	// FirstSeen is since when it knows the agent, ReadAt when it read last.
	FirstSeen, ReadAt time.Time
	Present           history.Present
	// Periods are the days until now of which the availability is told.
	Periods []HistoryPeriod
	Strip   HistoryStrip
	// Weeks are the time of Strip in numbers, the newest first.
	Weeks []HistoryWeek
	// Events are what became of the agent, the newest first, and More says that older ones are left out.
	Events []HistoryEvent
	More   bool
}

// HistoryPeriod is how an agent did in the days until now.
type HistoryPeriod struct {
	Days int
	history.Sums
}

// HistoryWeek is how an agent did in a week.
type HistoryWeek struct {
	From time.Time
	history.Sums
}

// HistoryEvent is a transition, with the name of its token where that is known.
type HistoryEvent struct {
	history.Transition
	TokenName string
}

// HistoryStrip is a picture of an agent's connection: of the time from From to Until in parts of equal length.
type HistoryStrip struct {
	From, Until time.Time
	Cells       []history.State
}

// The measures of a strip in units of its own; the better the state, the higher it is, for those who do not
// see its colour.
const stripHeight = 24

func stripLevel(state history.State) int {
	switch state {
	case history.StateConnected:
		return stripHeight
	case history.StateNotConnected:
		return stripHeight / 2
	default:
		return 2
	}
}

// run is a stretch of cells that are alike.
type run struct {
	state       history.State
	x, width    int
	from, until time.Time
}

func (r run) y() int      { return stripHeight - r.height() }
func (r run) height() int { return stripLevel(r.state) }

// class gives a run the colour of its status.
func (r run) class() string { return "seg-" + r.state.String() }

func (r run) title(l *i18n.Printer) string {
	return l.T("history.run", "State", stateWord(l, r.state), "From", l.Date(r.from), "Until", l.Date(r.until))
}

// runs are the strip's cells, those that are alike and side by side as one.
func (s HistoryStrip) runs() []run {
	var all []run
	for i, state := range s.Cells {
		if n := len(all); n > 0 && all[n-1].state == state {
			all[n-1].width, all[n-1].until = i+1-all[n-1].x, s.at(i+1)
			continue
		}
		all = append(all, run{state, i, 1, s.at(i), s.at(i + 1)})
	}
	return all
}

// at is when the i-th cell begins.
func (s HistoryStrip) at(i int) time.Time {
	return s.From.Add(s.Until.Sub(s.From) / time.Duration(len(s.Cells)) * time.Duration(i))
}

func (s HistoryStrip) viewBox() string {
	return "0 0 " + strconv.Itoa(len(s.Cells)) + " " + strconv.Itoa(stripHeight)
}

// path draws the runs in one state as one path: a line of a few bytes for most agents.
func (s HistoryStrip) path(state history.State) string {
	var d strings.Builder
	for _, r := range s.runs() {
		if r.state == state {
			_, _ = fmt.Fprintf(&d, "M%d %dh%dV%dh-%d", r.x, r.y(), r.width, stripHeight, r.width)
		}
	}
	return d.String()
}

// stateWord is the name of a state: that of the status.
func stateWord(l *i18n.Printer, state history.State) string {
	return statusWord(l, agent.Status(state.String()))
}

// percent is a share as people read it: "99.98%".
func percent(share history.Share) string {
	if share == 0 || share == history.Whole {
		return strconv.Itoa(int(share)/100) + "%"
	}
	return strconv.FormatFloat(float64(share)/100, 'f', 2, 64) + "%"
}

// availability is the part of the known time, or a word for none.
func availability(l *i18n.Printer, sums history.Sums) string {
	share := sums.Availability()
	if share == nil {
		return l.T("common.unknown")
	}
	return percent(*share)
}

// outage is how long something was not connected; empty for never.
func outage(l *i18n.Printer, sums history.Sums) string {
	if sums.NotConnected == 0 {
		return ""
	}
	return Length(l, sums.NotConnected)
}

// began reports whether the watch began within the picture.
func (m HistoryModel) began() bool { return m.FirstSeen.After(m.Strip.From) }

// present says since when the present state lasts, or since when at least.
func (m HistoryModel) present(l *i18n.Printer) []i18n.Part {
	if m.Present.AtLeast {
		return l.Parts("history.present_at_least."+m.Present.State.String(), "When", "")
	}
	return l.Parts("history.present."+m.Present.State.String(), "When", "")
}

// title says what happened.
func (e HistoryEvent) title(l *i18n.Printer) string { return l.T("history.kind." + e.Kind.String()) }

// icon goes with the words.
func (e HistoryEvent) icon() IconName {
	switch e.Kind {
	case history.Connected:
		return IconConnected
	case history.NotConnected:
		return IconNotConnected
	case history.Registered:
		return IconPlus
	case history.Gone:
		return IconRemove
	case history.TokenCreated, history.TokenRevoked:
		return IconKey
	default:
		return IconUnknown
	}
}

// token is the name of the event's token, or its number.
func (e HistoryEvent) token() string {
	if e.TokenName != "" {
		return e.TokenName
	}
	return "#" + itoa(e.TokenID)
}

// FleetHistory is the past of one agent of a list.
type FleetHistory struct {
	Strip HistoryStrip
	history.Sums
	Present history.Present
}

// since is how long the present state lasts. It says nothing where the list, which is newer, has another.
func (r FleetRow) since(l *i18n.Printer, now time.Time) string {
	present := r.History.Present
	if present.State == history.StateUnknown || present.State != history.StateOf(r.Status) {
		return ""
	}
	length := Length(l, max(now.Sub(present.Since), time.Minute))
	if present.AtLeast {
		return l.T("history.at_least", "Length", length)
	}
	return length
}
