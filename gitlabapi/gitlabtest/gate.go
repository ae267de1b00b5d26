package gitlabtest

import (
	"context"
	"sync"
)

// Gate holds requests until a test opens it, so that no test has to sleep. See Hold.
type Gate struct {
	mu      sync.Mutex
	waiting int
	changed chan struct{}
	open    chan struct{}
	once    sync.Once
}

// NewGate makes a closed gate.
func NewGate() *Gate {
	return &Gate{changed: make(chan struct{}), open: make(chan struct{})}
}

// Open lets every held request go on, and all later ones pass.
func (g *Gate) Open() { g.once.Do(func() { close(g.open) }) }

// Await returns once n requests have arrived at the gate, counted from its making, or with the
// context's error.
func (g *Gate) Await(ctx context.Context, n int) error {
	for {
		arrived, changed := g.arrivals()
		if arrived >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *Gate) arrivals() (int, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting, g.changed
}

// arrive counts a request and wakes those who await it.
func (g *Gate) arrive() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting++
	close(g.changed)
	g.changed = make(chan struct{})
}
