package views

import (
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
	ageWidth     = 20 // of one bar of the ages, with its gap
	ageHeight    = 100
	ageBarWidth  = 17
	ageLeastSeen = 2 // of a bar that is not empty
)

// drawnSegment is a segment with its place.
type drawnSegment struct {
	FleetSegment
	x, width, y, height int
}

// class gives a segment its colour.
func (s drawnSegment) class() string { return "seg seg-" + string(s.Status) }

func (s drawnSegment) title(l *i18n.Printer) string {
	return statusWord(l, s.Status) + ": " + strconv.Itoa(s.Count)
}

// draw lays the segments of a bar side by side. Lengths are comparable between the bars; the
// better the status the higher its segment, for those who do not see its colour.
func (p FleetPictures) draw(bar FleetGroupBar) []drawnSegment {
	longest := 1
	for _, other := range p.Groups {
		longest = max(longest, other.Total)
	}
	heights := map[agent.Status]int{agent.StatusConnected: barHeight, agent.StatusNotConnected: 9, agent.StatusNeverConnected: 6, agent.StatusUnknown: 3}
	var drawn []drawnSegment
	before := 0
	for _, segment := range bar.Segments {
		if segment.Count == 0 {
			continue
		}
		x := before * barWidth / longest
		before += segment.Count
		height := heights[segment.Status]
		drawn = append(drawn, drawnSegment{segment, x, max(before*barWidth/longest-x-4, 2), (barHeight - height), height})
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

// drawAges gives the bars of the ages their places.
func (p FleetPictures) drawAges() []drawnAge {
	most := 1
	for _, bar := range p.Ages {
		most = max(most, bar.Tokens)
	}
	drawn := make([]drawnAge, 0, len(p.Ages))
	for i, bar := range p.Ages {
		height := bar.Tokens * ageHeight / most
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
	return "0 -2 " + strconv.Itoa(len(p.Ages)*ageWidth) + " " + strconv.Itoa(ageHeight+3)
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
