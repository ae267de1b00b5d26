package alert

import "time"

// Status is how the watch's readings go. The zero value stands for a watch that has read nothing yet.
type Status struct {
	// ReadAt is when the last reading began that succeeded; zero for never.
	ReadAt time.Time
	// FailingSince is since when readings fail; zero while they succeed.
	FailingSince time.Time
}

// Failing reports whether the last reading failed: what is shown may be out of date.
func (s Status) Failing() bool { return !s.FailingSince.IsZero() }
