package message

import (
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/i18n"
)

// One says what an alert is about.
func One(p *i18n.Printer, a alert.Alert) string {
	return p.T("notify.one."+string(a.Kind), "Agent", a.AgentName, "Project", a.ProjectPath)
}

// Advice says what to do about alerts of a kind.
func Advice(p *i18n.Printer, kind alert.Kind) string { return p.T("notify.advice." + string(kind)) }

// When says since when an alert lasts, as a sentence.
func When(p *i18n.Printer, a alert.Alert) string {
	return p.T("notify.began", "Since", p.Date(began(a)))
}

// many says what several alerts of one kind are about.
func many(p *i18n.Printer, changes []alert.Change) string {
	of := ""
	if group := commonGroup(changes); group != "" {
		of = p.T("notify.of", "Group", group)
	}
	return p.N("notify.many."+string(changes[0].Kind), len(changes), "Of", of, "Since", p.Date(earliest(changes)))
}

// commonGroup is the deepest group that all changes are in; "" for none.
func commonGroup(changes []alert.Change) string {
	common := strings.Split(changes[0].Group(), "/")
	for _, change := range changes[1:] {
		other := strings.Split(change.Group(), "/")
		same := 0
		for same < min(len(common), len(other)) && common[same] == other[same] {
			same++
		}
		common = common[:same]
	}
	return strings.Join(common, "/")
}

// earliest is when the first of the changes began.
func earliest(changes []alert.Change) time.Time {
	first := began(changes[0].Alert)
	for _, change := range changes[1:] {
		if at := began(change.Alert); at.Before(first) {
			first = at
		}
	}
	return first
}

// began is when what an alert tells of began; what does not know that, tells when it was noticed.
func began(a alert.Alert) time.Time {
	if a.Since.IsZero() {
		return a.OpenedAt
	}
	return a.Since
}

// span says from when, or until when, an alert lasts.
func span(p *i18n.Printer, a alert.Alert) string {
	switch {
	case !a.Open():
		return p.T("notify.until", "Until", p.Date(a.ResolvedAt))
	case a.Kind == alert.TokenDue || a.Kind == alert.WatchTokenDue:
		return p.T("notify.due", "On", p.Date(began(a)))
	default:
		return p.T("notify.since", "Since", p.Date(began(a)))
	}
}

// digest counts, kind by kind, what a week brought.
func (m Message) digest() Message {
	p := m.printer
	opened, resolved := map[alert.Kind]int{}, map[alert.Kind]int{}
	all := 0
	for _, change := range m.Changes {
		if StateOf(change) == Opened {
			opened[change.Kind]++
			all++
			continue
		}
		resolved[change.Kind]++
	}
	m.Type, m.Heading = "alert.digest", p.T("notify.digest", "New", all, "Over", len(m.Changes)-all)
	for _, kind := range alert.Kinds() {
		if opened[kind]+resolved[kind] > 0 {
			m.Lines = append(m.Lines, p.T("notify.digest.kind", "Kind", p.T("alerts.kind."+string(kind)), "New", opened[kind], "Over", resolved[kind]))
		}
	}
	return m
}

// Text is the message as plain text of at most limit bytes: the heading and the link are always there, of
// the lines as many as fit.
func (m Message) Text(limit int) string {
	var tail strings.Builder
	if m.Advice != "" {
		tail.WriteString("\n" + m.Advice + "\n")
	}
	tail.WriteString("\n" + m.URL)
	head := m.Heading + "\n"
	room := limit - len(head) - tail.Len() - 1
	lines := m.fitting(room)
	if len(lines) == 0 {
		return head + tail.String()
	}
	return head + "\n" + strings.Join(lines, "\n") + "\n" + tail.String()
}

// fitting are the lines that fit, the last of which says how many are left out.
func (m Message) fitting(room int) []string {
	left := room
	for i, line := range m.Lines {
		left -= len(line) + 1
		if left >= 0 {
			continue
		}
		// One line less than would fit leaves the room to say so.
		kept := m.Lines[:max(i-1, 0)]
		if len(m.Changes) == 0 || len(kept) == 0 {
			return kept
		}
		return append(slices.Clip(kept), m.rest(len(m.Changes)-len(kept))...)
	}
	return m.Lines
}
