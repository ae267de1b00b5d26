package gitlabtest

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is something that goes wrong with the requests of an operation; see Server.Inject. The
// functions that make faults are in fault_answers.go and fault_transport.go, and the methods below
// narrow one down. Each method returns a changed copy.
type Fault struct {
	// left is how many more requests the fault hits; negative for no end.
	left  int
	match []func(*exchange) bool
	// late makes the operation take place before the fault strikes.
	late bool

	// wait passes time. A fault that only waits leaves the answer to the faults after it.
	wait func(*exchange)
	// edit changes the real answer.
	edit func(*exchange, *Answer)
	// answer replaces the real answer.
	answer func(*exchange) Answer
	// deliver replaces the sending of the answer.
	deliver func(*exchange, http.ResponseWriter, Answer)
	// raceLimit is TokenLimitRace.
	raceLimit bool
}

// Times limits the fault to the next n requests that match. Without it the fault stays until it is
// cleared.
func (f Fault) Times(n int) Fault {
	f.left = n
	return f
}

// AfterCommit makes the operation take place first: the token exists, and only then comes the
// delay, the error answer or the cut connection.
func (f Fault) AfterCommit() Fault {
	f.late = true
	return f
}

// When limits the fault to requests for which match is true.
func (f Fault) When(match func(*http.Request) bool) Fault {
	return f.matching(func(x *exchange) bool { return match(x.req) })
}

// ForUser limits the fault to the requests of one person.
func (f Fault) ForUser(username string) Fault {
	return f.matching(func(x *exchange) bool { return x.username == username })
}

// ForProject limits the fault to the requests whose address names this project.
func (f Fault) ForProject(project int64) Fault {
	return f.matching(func(x *exchange) bool { return x.project == project })
}

func (f Fault) matching(match func(*exchange) bool) Fault {
	f.match = append(slices.Clip(f.match), match)
	return f
}

// decides says whether the fault settles the answer, so that no later fault is looked at.
func (f Fault) decides() bool { return f.answer != nil || f.deliver != nil }

// replaces says whether the operation does not take place because of the fault.
func (f Fault) replaces() bool { return f.decides() && !f.late }

func (f Fault) hits(x *exchange) bool {
	for _, match := range f.match {
		if !match(x) {
			return false
		}
	}
	return f.left != 0
}

// Inject makes the requests of an operation, or all of them for "", meet a fault. A request meets
// the faults in the order in which they were injected, up to and including the first that settles
// its answer:
//
//	gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.Status(503).Times(2))
//	gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Cut().AfterCommit())
func (s *Server) Inject(op string, fault Fault) { s.faults.add(op, fault) }

// ClearFaults ends all faults of an operation, or of all for "".
func (s *Server) ClearFaults(op string) { s.faults.clear(op) }

// faultList are the faults in the order of their injection.
type faultList struct {
	mu     sync.Mutex
	faults []*injected
}

type injected struct {
	op string
	Fault
}

func (l *faultList) add(op string, f Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, &injected{op, f})
}

func (l *faultList) clear(op string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var kept []*injected
	for _, f := range l.faults {
		if op != "" && f.op != op {
			kept = append(kept, f)
		}
	}
	l.faults = kept
}

// take are the faults that the request meets, each counted down.
func (l *faultList) take(x *exchange) []Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	var met []Fault
	for _, f := range l.faults {
		if f.op != "" && f.op != x.op || !f.hits(x) {
			continue
		}
		if f.left > 0 {
			f.left--
		}
		met = append(met, f.Fault)
		if f.decides() {
			break
		}
	}
	return met
}

// forever is the left of a fault without Times.
const forever = -1

// Delay makes requests take longer by d. Tests use Hold, which needs no real time.
func Delay(d time.Duration) Fault {
	return Fault{left: forever, wait: func(x *exchange) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		waitFor(x, timer.C)
	}}
}

// Hold makes requests wait at the gate until it is opened.
func Hold(gate *Gate) Fault {
	return Fault{left: forever, wait: func(x *exchange) {
		gate.arrive()
		waitFor(x, gate.open)
	}}
}

// TokenLimitRace makes the creation of a token miss the others, as happens when two requests count
// the active tokens before either has added its own.
func TokenLimitRace() Fault { return Fault{left: forever, raceLimit: true} }

// waitFor returns true when due sends or is closed, and false when the server stops or the client
// has gone before. The operation goes on in each case, since GitLab does not notice that a client
// has gone.
func waitFor[T any](x *exchange, due <-chan T) bool {
	select {
	case <-due:
		return true
	case <-x.server.released:
	case <-x.req.Context().Done():
	}
	return false
}
