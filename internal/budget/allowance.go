package budget

import (
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// Allowance counts what each of many does: so much at once, and then one more after a while. It is
// safe for concurrent use.
type Allowance[K comparable] struct {
	now   func() time.Time
	every time.Duration
	burst int

	mu    sync.Mutex
	byKey *simplelru.LRU[K, *rate.Limiter]
}

func newAllowance[K comparable](burst int, every time.Duration, now func() time.Time) *Allowance[K] {
	byKey, err := simplelru.NewLRU[K, *rate.Limiter](maxKeys, nil)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &Allowance[K]{now: now, every: every, burst: burst, byKey: byKey}
}

// Take takes one, or returns a *SpentError.
func (a *Allowance[K]) Take(key K) error {
	limiter, now := a.limiterOf(key), a.now()
	if limiter.AllowN(now, 1) {
		return nil
	}
	missing := 1 - limiter.TokensAt(now)
	return &SpentError{Wait: time.Duration(missing * float64(a.every))}
}

// limiterOf is what counts for key.
func (a *Allowance[K]) limiterOf(key K) *rate.Limiter {
	a.mu.Lock()
	defer a.mu.Unlock()
	limiter, ok := a.byKey.Get(key)
	if !ok {
		limiter = rate.NewLimiter(rate.Every(a.every), a.burst)
		a.byKey.Add(key, limiter)
	}
	return limiter
}

// Requests are the allowances of requests to the portal.
type Requests struct {
	// SignIns are of visitors' addresses; see Network.
	SignIns *Allowance[netip.Prefix]
	// Tokens are the tokens of which nothing is known that addresses come with.
	Tokens *Allowance[netip.Prefix]
	// Visitors are the POSTs of visitors' addresses, and People those of who has signed in.
	Visitors *Allowance[netip.Prefix]
	People   *Allowance[int64]
	// Pages are those that are being made for who has signed in.
	Pages *Turns
	// Streams are the streams of events that a person has open.
	Streams *Places
}

// NewRequests returns Requests of which nothing is taken, by the clock now.
func NewRequests(now func() time.Time) *Requests {
	return &Requests{
		SignIns:  newAllowance[netip.Prefix](signInBurst, signInEvery, now),
		Tokens:   newAllowance[netip.Prefix](tokenBurst, tokenEvery, now),
		Visitors: newAllowance[netip.Prefix](visitorBurst, visitorEvery, now),
		People:   newAllowance[int64](personBurst, personEvery, now),
		Pages:    newTurns(),
		Streams:  newPlaces(StreamsPerPerson),
	}
}

// networkBits is what one customer has of IPv6 addresses.
const networkBits = 64

// Network is what an address counts as: itself, or of IPv6 the network that one customer has.
func Network(address netip.Addr) netip.Prefix {
	bits := address.BitLen()
	if address.Is6() && !address.Is4In6() {
		bits = networkBits
	}
	network, err := address.Unmap().Prefix(min(bits, address.Unmap().BitLen()))
	if err != nil { // no address: everybody without one shares
		return netip.Prefix{}
	}
	return network
}

// Places counts what each person has open.
type Places struct {
	most int

	mu    sync.Mutex
	taken map[int64]int
}

func newPlaces(most int) *Places { return &Places{most: most, taken: map[int64]int{}} }

// Take takes a place and returns what gives it back; ok is false, and there is nothing to give back,
// if the person has all of theirs.
func (p *Places) Take(person int64) (release func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[person] >= p.most {
		return func() {}, false
	}
	p.taken[person]++
	return sync.OnceFunc(func() { p.release(person) }), true
}

func (p *Places) release(person int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken[person]--; p.taken[person] == 0 {
		delete(p.taken, person)
	}
}
