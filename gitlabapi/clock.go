package gitlabapi

import (
	"net/http"
	"sync"
	"time"
)

// ClockSkew is how far GitLab's clock is ahead of ours, as the Date of its answers tells; where it
// is behind, Ahead is negative. The zero value stands for clocks that agree, or nothing known.
type ClockSkew struct {
	// Ahead is the best guess, and Error how far from it the truth may be.
	Ahead, Error time.Duration
}

// Exceeds reports whether the clocks differ by more than limit for sure.
func (s ClockSkew) Exceeds(limit time.Duration) bool { return s.Ahead.Abs()-s.Error > limit }

// contradicts reports whether not both can be true: one of the clocks was set in between.
func (s ClockSkew) contradicts(other ClockSkew) bool {
	return (s.Ahead - other.Ahead).Abs() > s.Error+other.Error
}

// ClockSkew returns what all answers so far tell of GitLab's clock. It asks nothing.
func (c *Client) ClockSkew() ClockSkew { return c.core.clock.skew() }

// clock compares GitLab's clock with ours.
type clock struct {
	observe func(ClockSkew)

	mu    sync.Mutex
	known bool
	best  ClockSkew
}

func (c *clock) skew() ClockSkew {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.best
}

// compare learns from the header of an answer, and when it was asked for and came. The most exact
// comparison stays until another contradicts it.
func (c *clock) compare(header http.Header, asked, came time.Time) {
	skew, ok := skewOf(header, asked, came)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known && skew.Error >= c.best.Error && !skew.contradicts(c.best) {
		return
	}
	c.known, c.best = true, skew
	c.observe(skew)
}

// skewOf compares the Date of an answer with our clock. GitLab wrote it, in whole seconds, at some
// moment between those in which we asked and heard. What a cache kept says nothing.
func skewOf(header http.Header, asked, came time.Time) (ClockSkew, bool) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" {
		return ClockSkew{}, false
	}
	took := came.Sub(asked)
	return ClockSkew{
		Ahead: date.Add(time.Second / 2).Sub(asked.Add(took / 2)),
		Error: (took + time.Second) / 2,
	}, true
}
