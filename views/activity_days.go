package views

import (
	"strconv"
	"time"

	"gitlab-agent-portal/internal/i18n"
)

// ActivityPreset is a stretch of days to choose.
type ActivityPreset struct {
	Text  string
	Query ActivityQuery
	// Back is how many days before today its first day is, and Days how many it has: a script whose
	// reader has another day than the server counts them anew.
	Back, Days int
	// Current says that it is the one chosen.
	Current bool
}

// ActivityPresets are today, the days before it back to the same day of last week, and longer
// stretches, by the day that now is in its zone.
func ActivityPresets(l *i18n.Printer, query ActivityQuery, now time.Time) []ActivityPreset {
	var presets []ActivityPreset
	add := func(text string, back, days int) {
		chosen := query
		chosen.From = now.AddDate(0, 0, -back).Format(time.DateOnly)
		chosen.Until = now.AddDate(0, 0, days-1-back).Format(time.DateOnly)
		presets = append(presets, ActivityPreset{Text: text, Query: chosen, Back: back, Days: days, Current: chosen == query})
	}
	add(l.T("activity.preset.today"), 0, 1)
	add(l.T("activity.preset.yesterday"), 1, 1)
	for back := 2; back <= 7; back++ {
		add(l.T("activity.weekday."+strconv.Itoa(int(now.AddDate(0, 0, -back).Weekday()))), back, 1)
	}
	add(l.T("activity.preset.week"), 6, 7)
	add(l.T("activity.preset.month"), 29, 30)
	return presets
}

// dayIn is the day that a moment is in a zone; the zero zone is UTC.
func dayIn(zone *time.Location, t time.Time) string {
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format(time.DateOnly)
}

// beginsDay reports whether a row is the first of its day in a list.
func beginsDay(zone *time.Location, rows []ActivityRow, i int) bool {
	return i == 0 || dayIn(zone, rows[i-1].At) != dayIn(zone, rows[i].At)
}

// zoneNote says in which zone the days are.
func (m ActivityModel) zoneNote(l *i18n.Printer) string {
	if m.Query.Zone == "" {
		return l.T("activity.zone", "Zone", "UTC")
	}
	return l.T("activity.zone", "Zone", m.Query.Zone)
}
