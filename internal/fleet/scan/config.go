package scan

import (
	"log/slog"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/budget"
)

// DefaultCapacity is how many bytes of fleets are kept unless somebody says otherwise: those of about
// 2,500 people with 500 projects each.
const DefaultCapacity = 256 << 20

// MaxProjects is how many projects of one scope are read unless somebody says otherwise; of a group that
// is read by its agents, how many of these.
const MaxProjects = 10_000

// Config is what a Service depends on. A zero number means its default.
type Config struct {
	Now func() time.Time // required
	Log *slog.Logger     // required
	// Observe is told of every scan that came to an end, for metrics; nil: nobody.
	Observe func(Outcome)
	// ObserveWait is told how long a scan has waited for its turn, once that has come; nil: nobody.
	ObserveWait func(time.Duration)

	// PerPerson is how many calls to GitLab are in flight for one person, and InFlight for all
	// people; those of internal/budget.
	PerPerson, InFlight int
	Fresh               time.Duration // how long what was read is shown as it is; 30 s
	// Stale is how long it may be shown with its age while a new scan runs; 5 min.
	Stale time.Duration
	// Linger is how long a scan goes on, or keeps its place among those that wait for their turn,
	// with nobody waiting for it: a page is reloaded, a stream not yet opened; 10 s.
	Linger   time.Duration
	Capacity int64 // bytes of everything kept; 256 MB
	// MaxProjects is that of the constant.
	MaxProjects int
	// Timeout is how long a scan of everything takes at most; what was not read by then is a Warning; 60 s.
	Timeout time.Duration
}

// Outcome is what a scan came to.
type Outcome struct {
	Projects, Agents, Warnings int
	Fallback                   agent.Fallback
	Took                       time.Duration
	Err                        error // nil unless there is no snapshot
}

func (c Config) withDefaults() Config {
	if c.Observe == nil {
		c.Observe = func(Outcome) {}
	}
	if c.ObserveWait == nil {
		c.ObserveWait = func(time.Duration) {}
	}
	c.PerPerson, c.InFlight = orElse(c.PerPerson, budget.ScansPerPerson), orElse(c.InFlight, budget.ScansAtOnce)
	c.Fresh, c.Stale = orElse(c.Fresh, 30*time.Second), orElse(c.Stale, 5*time.Minute)
	c.Linger, c.Capacity = orElse(c.Linger, 10*time.Second), orElse(c.Capacity, DefaultCapacity)
	c.MaxProjects, c.Timeout = orElse(c.MaxProjects, MaxProjects), orElse(c.Timeout, 60*time.Second)
	return c
}

func orElse[T int | int64 | time.Duration](value, fallback T) T {
	if value <= 0 {
		return fallback
	}
	return value
}
