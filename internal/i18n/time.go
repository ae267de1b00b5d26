package i18n

import "time"

// DateFormat is how the portal writes a moment: sortable, and with its zone.
const DateFormat = "2006-01-02 15:04 UTC"

// Date is t in UTC, said so: "2026-11-24 03:07 UTC". It reads the same in every language.
func (p *Printer) Date(t time.Time) string { return t.UTC().Format(DateFormat) }

const day = 24 * time.Hour

// Ago is how long before now t was, in the largest unit that says something. A t that is a minute or
// more in the future, as a clock ahead of ours produces it, is no "ago": that is its Date.
func (p *Printer) Ago(now, t time.Time) string {
	switch since := now.Sub(t); {
	case since <= -time.Minute:
		return p.Date(t)
	case since < time.Minute:
		return p.T("time.now")
	case since < time.Hour:
		return p.N("time.minutes", int(since/time.Minute))
	case since < day:
		return p.N("time.hours", int(since/time.Hour))
	case since < 60*day:
		return p.N("time.days", int(since/day))
	case since < 730*day:
		return p.N("time.months", int(since/(30*day)))
	default:
		return p.N("time.years", int(since/(365*day)))
	}
}
