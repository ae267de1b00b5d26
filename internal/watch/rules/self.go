package rules

import (
	"slices"
	"time"

	"gitlab-agent-portal/internal/alert"
)

// Reading is how a reading went as a whole.
type Reading struct {
	// Failed says that something could not be read, and Refused that this was a token which GitLab
	// does not take any more.
	Failed, Refused bool
	// Ends is when the first of the watch's tokens ends, as far as GitLab told; zero for never.
	Ends time.Time
	// EndsKnown says that it told of every token.
	EndsKnown bool
}

// Self is what the watch knows of itself.
type Self struct {
	// FailingSince is when the first of the readings began that failed, one after the other; zero while
	// they succeed.
	FailingSince time.Time
	// Open are the kinds of the alerts about the watch that are open.
	Open []alert.Kind
}

// Judge takes in how a reading went that began at a time.
func (l Limits) Judge(before Self, r Reading, at time.Time) (Self, Outcome) {
	s := l.step(State{Open: before.Open}, at)
	after := Self{FailingSince: before.FailingSince}
	switch {
	case !r.Failed:
		after.FailingSince = time.Time{}
	case before.FailingSince.IsZero():
		after.FailingSince = at
	}
	s.judgeSelf(alert.WatchFailing, r.Failed && at.Sub(after.FailingSince) >= l.patience(r), !r.Failed, after.FailingSince)
	isDue := !r.Ends.IsZero() && r.Ends.Sub(at) <= tokenDue
	s.judgeSelf(alert.WatchTokenDue, isDue, !isDue && r.EndsKnown, r.Ends)
	after.Open = s.after.Open
	return after, s.Outcome
}

// patience is how long readings may fail: a token that was refused does not come back.
func (l Limits) patience(r Reading) time.Duration {
	if r.Refused {
		return l.Apart
	}
	return lasting * l.Interval
}

func (s *step) judgeSelf(kind alert.Kind, isSo, isOver bool, since time.Time) {
	switch isOpen := slices.Contains(s.before.Open, kind); {
	case isSo && !isOpen:
		s.open(kind, since)
	case isOver && isOpen:
		s.resolve(kind)
	}
}
