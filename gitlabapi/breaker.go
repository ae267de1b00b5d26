package gitlabapi

import (
	"sync"
	"time"
)

// When breakers open, and how long they stay so before one call tries.
const (
	// instanceFailures are more than the retried calls of one page.
	instanceFailures, instancePause = 20, 5 * time.Second
	tokenFailures, tokenPause       = 5, 10 * time.Second
)

// The names of the breakers, for Options.ObserveBreaker.
const (
	// BreakerInstance is of all calls, and opens if those fail that are not for tokens: GitLab is down.
	BreakerInstance = "instance"
	// BreakerToken is of the endpoint that gives out tokens: it can hang while all else works.
	BreakerToken = "token"
)

// breaker holds calls back from what has failed several times in a row, so that nobody waits for it
// and it can recover. While it is open, one call after each pause is let through; any answer closes
// it. (The breakers of libraries have clocks of their own, or bring gRPC along.)
type breaker struct {
	name    string
	after   int
	pause   time.Duration
	now     func() time.Time
	observe func(name string, isOpen bool)

	mu       sync.Mutex
	failures int
	isOpen   bool
	next     time.Time
}

// wait is how long a call is held back; 0: it may be sent. With try it is the one that is let
// through after a pause, and the next one waits for the next pause.
func (b *breaker) wait(try bool) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.isOpen {
		return 0
	}
	now := b.now()
	if now.Before(b.next) {
		return b.next.Sub(now)
	}
	if try {
		b.next = now.Add(b.pause)
	}
	return 0
}

// heard learns from what became of a call.
func (b *breaker) heard(answered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if answered {
		b.failures = 0
		b.set(false)
		return
	}
	if b.failures++; b.failures >= b.after && !b.isOpen {
		b.next = b.now().Add(b.pause)
		b.set(true)
	}
}

func (b *breaker) set(isOpen bool) {
	if b.isOpen != isOpen {
		b.isOpen = isOpen
		b.observe(b.name, isOpen)
	}
}
