package handlers

import (
	"net/http"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// countedFor is for how long alerts are counted by the projects that were read last: a fleet is kept
	// for minutes, and people look at other pages for longer. Only a number depends on it.
	countedFor = time.Hour
	// maxCounted is for how many sessions projects are remembered, and maxCountedProjects how many.
	maxCounted         = 1000
	maxCountedProjects = 5000
)

// counted are the projects by which a session's alerts are counted.
type counted struct {
	projects []int64
	at       time.Time
}

// countedProjects remembers, for each session, the projects that were read last.
type countedProjects struct{ bySession *lru.Cache[string, counted] }

func newCountedProjects() countedProjects {
	bySession, _ := lru.New[string, counted](maxCounted) // its only error is a size that is not positive
	return countedProjects{bySession}
}

// of returns the projects of a session: those that are kept, nil for none, or else those that were.
func (c countedProjects) of(session string, kept []int64, now time.Time) []int64 {
	if kept != nil {
		if len(kept) <= maxCountedProjects {
			c.bySession.Add(session, counted{kept, now})
		}
		return kept
	}
	last, ok := c.bySession.Get(session)
	if !ok || now.Sub(last.at) > countedFor {
		return nil
	}
	return last.projects
}

// alertCount is how many open alerts nobody looks after, among those of the person's projects as they are
// known; 0 where they are not. The number beside the navigation's entry reads nothing from GitLab.
func (h *Handlers) alertCount(r *http.Request) int {
	s := stateOf(r).session
	if h.Alerts == nil || s == nil {
		return 0
	}
	projects := h.counted.of(s.ID, h.Fleet.Projects(viewerOf(s)), h.Now())
	if projects == nil {
		return 0
	}
	count, err := h.Alerts.Count(r.Context(), projects)
	if err != nil {
		h.Log.WarnContext(r.Context(), "counting alerts", "request_id", stateOf(r).id, "error", err)
	}
	return count
}
