package views

import (
	"time"

	"gitlab-agent-portal/internal/i18n"
)

// lengthUnit is a unit of time, by the name that its texts have in the catalogues.
type lengthUnit struct {
	of   time.Duration
	name string
}

// lengthUnits are the units in which lengths are told, the largest first.
func lengthUnits() []lengthUnit {
	return []lengthUnit{{24 * time.Hour, "days"}, {time.Hour, "hours"}, {time.Minute, "minutes"}, {time.Second, "seconds"}}
}

// in is a length in the unit, rounded down.
func (u lengthUnit) in(l *i18n.Printer, d time.Duration) string {
	return l.N("length."+u.name, int(d/u.of))
}

// unitOf is the unit of that length.
func unitOf(d time.Duration) lengthUnit {
	units := lengthUnits()
	for _, unit := range units {
		if unit.of == d {
			return unit
		}
	}
	return units[len(units)-1]
}

// Length is roughly how long something takes: in the largest unit of which there are two, or which
// makes it whole.
func Length(l *i18n.Printer, d time.Duration) string {
	units := lengthUnits()
	for _, unit := range units {
		if d >= 2*unit.of || d > 0 && d%unit.of == 0 {
			return unit.in(l, d)
		}
	}
	return units[len(units)-1].in(l, max(d, 0))
}

// Limit is exactly how long something may take: in the largest unit that makes it whole.
func Limit(l *i18n.Printer, d time.Duration) string {
	units := lengthUnits()
	for _, unit := range units {
		if d > 0 && d%unit.of == 0 {
			return unit.in(l, d)
		}
	}
	return units[len(units)-1].in(l, max(d, 0))
}
