package views

import (
	"slices"
	"strconv"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
)

// FleetPictures are the pictures above the list.
type FleetPictures struct {
	Groups []FleetGroupBar
	Ages   []fleet.AgeBar
	// MaxAge is the age beyond which a token is too old.
	MaxAge time.Duration
	// TooOldURL selects the agents with a token beyond it.
	TooOldURL string
	// Connected is how many agents were connected; nil without a watch.
	Connected *ConnectedChart
}

// FleetGroupBar is how the agents of one group are doing.
type FleetGroupBar struct {
	// Group is its path; empty for all other groups together, which have no URL either.
	Group, URL string
	Total      int
	Segments   []FleetSegment
}

// FleetSegment is how many agents of a group are in one status.
type FleetSegment struct {
	Status agent.Status
	Count  int
	// URL selects them; empty where no filter does.
	URL string
}

// The measures of the pictures in units of their own coordinates, which the style sheet scales.
const (
	barWidth     = 1000 // of the longest bar
	barHeight    = 12
	barLeast     = 10 // of a segment that is not empty: one agent is seen beside 900
	barGap       = 4  // between two segments
	ageWidth     = 20 // of one bar of the ages, with its gap
	ageHeight    = 100
	ageBarWidth  = 17
	ageLeastSeen = 3 // of a bar that is not empty
)

// drawnSegment is a segment with its place.
type drawnSegment struct {
	FleetSegment
	group               string
	x, width, y, height int
}

// class gives a segment its colour.
func (s drawnSegment) class() string { return "seg seg-" + string(s.Status) }

func (s drawnSegment) title(l *i18n.Printer) string {
	return statusWord(l, s.Status) + ": " + strconv.Itoa(s.Count)
}

// value is what a segment says by itself, where nothing stands beside it.
func (s drawnSegment) value(l *i18n.Printer) string { return s.group + ", " + s.title(l) }

// pictured are the statuses in the order of their segments: what is not connected begins at the same line
// in every bar, so that it can be compared.
func pictured() []agent.Status {
	return []agent.Status{agent.StatusNotConnected, agent.StatusNeverConnected, agent.StatusUnknown, agent.StatusConnected}
}

// legend are the statuses that occur in the picture.
func (p FleetPictures) legend() []agent.Status {
	return slices.DeleteFunc(pictured(), func(status agent.Status) bool {
		return !slices.ContainsFunc(p.Groups, func(bar FleetGroupBar) bool { return bar.of(status).Count > 0 })
	})
}

// of is the bar's segment of a status.
func (b FleetGroupBar) of(status agent.Status) FleetSegment {
	for _, segment := range b.Segments {
		if segment.Status == status {
			return segment
		}
	}
	return FleetSegment{Status: status}
}

// name is what the bar's group is called.
func (b FleetGroupBar) name(l *i18n.Printer) string {
	if b.Group == "" {
		return l.T("fleet.groups.others")
	}
	return b.Group
}

// draw lays the segments of a bar side by side. Lengths are comparable between the bars; their heights
// differ, for those who do not see their colours.
func (p FleetPictures) draw(l *i18n.Printer, bar FleetGroupBar) []drawnSegment {
	longest := 1
	for _, other := range p.Groups {
		longest = max(longest, other.Total)
	}
	heights := map[agent.Status]int{agent.StatusConnected: 10, agent.StatusNotConnected: barHeight, agent.StatusNeverConnected: 8, agent.StatusUnknown: 5}
	room := barWidth - len(pictured())*(barLeast+barGap) // what is made to be seen takes from nobody
	var drawn []drawnSegment
	x := 0
	for _, status := range pictured() {
		segment := bar.of(status)
		if segment.Count == 0 {
			continue
		}
		width := max(segment.Count*room/longest, barLeast)
		drawn = append(drawn, drawnSegment{segment, bar.name(l), x, width, barHeight - heights[status], heights[status]})
		x += width + barGap
	}
	return drawn
}

// drawnAge is a bar of the ages with its place.
type drawnAge struct {
	fleet.AgeBar
	x, y, height int
}

func (a drawnAge) class() string {
	if a.TooOld {
		return "age age-old"
	}
	return "age"
}

// ageUnit is the unit of the ages.
func (p FleetPictures) ageUnit() lengthUnit { return unitOf(fleet.AgeUnit(p.MaxAge)) }

// ageLabel is the stretch of ages that a bar stands for.
func (p FleetPictures) ageLabel(l *i18n.Printer, bar fleet.AgeBar) string {
	unit := p.ageUnit()
	if bar.To == 0 {
		return l.T("fleet.ages.from", "From", unit.in(l, bar.From))
	}
	return l.T("fleet.ages.between", "From", int(bar.From/unit.of), "To", unit.in(l, bar.To))
}

func (p FleetPictures) ageTitle(l *i18n.Printer, bar fleet.AgeBar) string {
	return p.ageLabel(l, bar) + ": " + l.N("fleet.ages.tokens", bar.Tokens)
}

// top is the number of tokens at the top of the picture of the ages: the next one that is easily halved.
func (p FleetPictures) top() int {
	most := 1
	for _, bar := range p.Ages {
		most = max(most, bar.Tokens)
	}
	for step := 1; ; step *= 10 {
		for _, nice := range []int{2, 4, 6, 10} {
			if most <= nice*step {
				return nice * step
			}
		}
	}
}

// drawAges gives the bars of the ages their places.
func (p FleetPictures) drawAges() []drawnAge {
	top := p.top()
	drawn := make([]drawnAge, 0, len(p.Ages))
	for i, bar := range p.Ages {
		height := bar.Tokens * ageHeight / top
		if bar.Tokens > 0 {
			height = max(height, ageLeastSeen)
		}
		drawn = append(drawn, drawnAge{bar, i * ageWidth, ageHeight - height, height})
	}
	return drawn
}

// line is where the limit of age stands.
func (p FleetPictures) line() int {
	for i, bar := range p.Ages {
		if bar.TooOld {
			return i*ageWidth - (ageWidth-ageBarWidth+1)/2
		}
	}
	return 0
}

// agesViewBox is the coordinates of the picture of the ages.
func (p FleetPictures) agesViewBox() string {
	return "0 -2 " + strconv.Itoa(p.agesWidth()) + " " + strconv.Itoa(ageHeight+3)
}

// agesWidth is the width of the picture of the ages.
func (p FleetPictures) agesWidth() int { return len(p.Ages) * ageWidth }

// ageURL is where a bar of the ages leads; empty where no filter shows its tokens.
func (p FleetPictures) ageURL(bar fleet.AgeBar) string {
	if bar.TooOld {
		return p.TooOldURL
	}
	return ""
}

// tokens is how many tokens have an age that is known.
func (p FleetPictures) tokens() int {
	n := 0
	for _, bar := range p.Ages {
		n += bar.Tokens
	}
	return n
}

// limit is the age beyond which a token is too old, in the unit of the ages.
func (p FleetPictures) limit(l *i18n.Printer) string { return p.ageUnit().in(l, p.MaxAge) }

// beyond is the age at which the last bar begins.
func (p FleetPictures) beyond() string { return strconv.Itoa(int(2*p.MaxAge/p.ageUnit().of)) + "+" }
