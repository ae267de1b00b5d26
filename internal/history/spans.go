package history

import (
	"time"

	"gitlab-agent-portal/internal/agent"
)

// State is how an agent's connection was for a while.
type State int

// The states.
const (
	// StateUnknown: nobody saw, or there was nothing to see: the watch did not read, the agent was not
	// registered, or it had never been in contact.
	StateUnknown State = iota
	StateConnected
	StateNotConnected
)

// String is the state's name in exports, classes and catalogues.
func (s State) String() string {
	return [...]string{"unknown", "connected", "not_connected"}[s]
}

// StateOf is the state that an agent with the status is in.
func StateOf(status agent.Status) State {
	switch status {
	case agent.StatusConnected:
		return StateConnected
	case agent.StatusNotConnected:
		return StateNotConnected
	default:
		return StateUnknown
	}
}

// state is how the connection is from a transition of the kind on, if it is OfConnection.
func (k Kind) state() State {
	switch k {
	case Connected:
		return StateConnected
	case NotConnected:
		return StateNotConnected
	default:
		return StateUnknown
	}
}

// Span is a while in one state: from From on, and before Until.
type Span struct {
	From, Until time.Time
	State       State
}

// Length is how long the span is.
func (s Span) Length() time.Duration { return s.Until.Sub(s.From) }

// Record is what the watch knows of one agent.
type Record struct {
	AgentID, ProjectID int64
	// ProjectPath and AgentName are as they were read last: the agent may be gone.
	ProjectPath, AgentName string
	// FirstSeen is when the watch saw the agent first: before it nothing is known.
	FirstSeen time.Time
	// GoneAt is when the agent was deleted, or out of the watch's sight; zero while it is there.
	GoneAt time.Time
	// ReadAt is when the watch read last: after it nothing is known. Zero: it never did.
	ReadAt time.Time
	// Status is what was read last, and StatusSince since when it is so.
	Status      agent.Status
	StatusSince time.Time
	// Transitions are in the order of their times. Before those of the time that is asked about there is
	// the last one of the connection, which tells the state in which that time began.
	Transitions []Transition
}

// change is a state that begins.
type change struct {
	at    time.Time
	state State
}

// changes are the states of the connection in order. An agent of which nothing was noted for as long as
// it is kept is as it was read last.
func (r Record) changes() []change {
	var found []change
	for _, one := range r.Transitions {
		if one.Kind.OfConnection() {
			found = append(found, change{one.At, one.Kind.state()})
		}
	}
	if found == nil && !r.StatusSince.IsZero() {
		found = []change{{r.StatusSince, StateOf(r.Status)}}
	}
	return found
}

// known is the time of which something can be known.
func (r Record) known() (from, until time.Time) {
	until = r.ReadAt
	if n := len(r.Transitions); n > 0 && r.Transitions[n-1].At.After(until) {
		until = r.Transitions[n-1].At // noted by a reading that is not over
	}
	if !r.GoneAt.IsZero() && r.GoneAt.Before(until) {
		until = r.GoneAt
	}
	return r.FirstSeen, until
}

// Spans divides the time from from to to, without its end, into spans: they follow one another without a
// gap, and neighbours differ. There are none of a time that is empty.
func (r Record) Spans(from, to time.Time) []Span {
	first, last := r.known()
	spans := line{until: from}
	state := StateUnknown
	for _, next := range append(r.changes(), change{at: to}) {
		end := earlier(next.at, to)
		spans.extend(earlier(end, first), StateUnknown)
		spans.extend(earlier(end, last), state)
		spans.extend(end, StateUnknown)
		state = next.state
	}
	return spans.all
}

// line is a row of spans that ends at until.
type line struct {
	all   []Span
	until time.Time
}

// extend makes the line go on in a state until a time; nothing if it is that long already.
func (l *line) extend(until time.Time, state State) {
	if !until.After(l.until) {
		return
	}
	if n := len(l.all); n > 0 && l.all[n-1].State == state {
		l.all[n-1].Until = until
	} else {
		l.all = append(l.all, Span{l.until, until, state})
	}
	l.until = until
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Present is the state that an agent was in when the watch read last.
type Present struct {
	State State
	Since time.Time
	// AtLeast says that it was so already when the watch began.
	AtLeast bool
}

// Present is the state that the agent was in when the watch read last. It is unknown, without a Since, of
// an agent that is gone.
func (r Record) Present() Present {
	all := r.changes()
	if len(all) == 0 || !r.GoneAt.IsZero() {
		return Present{}
	}
	i := len(all) - 1
	for i > 0 && all[i-1].state == all[i].state { // told twice
		i--
	}
	if all[i].at.Before(r.FirstSeen) {
		return Present{all[i].state, r.FirstSeen, true}
	}
	return Present{State: all[i].state, Since: all[i].at}
}
