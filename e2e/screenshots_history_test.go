//go:build e2e && screenshots

package e2e

import "testing"

// history is what a watch saw, and what a portal without one says in its place.
func (a *album) history(t *testing.T) {
	t.Helper()
	s := newWatched(t).withPast()
	p := s.as("lead", a.change...)
	p.expect("status of 422")
	a.visits(p, "history-fleet", s.url+"/?wait=1")
	a.visits(p, "history-agent", s.agent(s.prod)+"?tab=history")
	a.visits(p, "history-unseen", s.agent(s.idle)+"?tab=history")
	a.visits(p, "history", s.url+"/history")
	a.visits(p, "history-days", s.url+"/history?days=90&group=platform")
	a.visits(p, "history-empty", s.url+"/history?group=nothing")
	a.visits(p, "report", s.url+"/report")
	a.visits(p, "report-group", s.url+"/report?group=platform")
	a.visits(p, "report-empty", s.url+"/report?month=2020-01")
	a.visits(p, "report-wrong", s.url+"/report?month=2020-13")
	off := playDemo(t).as("mara", a.change...)
	a.visits(off, "history-off", off.s.url+"/history")
}
