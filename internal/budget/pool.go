package budget

import (
	"context"
	"slices"
	"sync"
)

// Pool is a number of places, of which each person has a share. It is safe for concurrent use.
type Pool struct {
	mu           sync.Mutex
	free, person int
	byPerson     map[int64]*share
	waiting      []*waiter // in the order of their coming
}

// share is what one person has taken. It lives while they have something or wait.
type share struct{ taken, waiting int }

// waiter waits for a place. Its channel is closed when it has one.
type waiter struct {
	person int64
	ready  chan struct{}
}

// NewPool returns a Pool of so many places, of which one person has at most perPerson.
func NewPool(places, perPerson int) *Pool {
	return &Pool{free: places, person: perPerson, byPerson: map[int64]*share{}}
}

// Acquire waits for a place, and returns what gives it back. Of those who wait, whoever has the
// fewest places comes first; person 0 is nobody in particular, and has no share to fill. The error is
// ctx's.
func (p *Pool) Acquire(ctx context.Context, person int64) (release func(), err error) {
	one := p.enqueue(person)
	release = sync.OnceFunc(func() { p.release(person) })
	select {
	case <-one.ready: // at once, whatever has become of ctx
		return release, nil
	default:
	}
	select {
	case <-one.ready:
		return release, nil
	case <-ctx.Done():
		if !p.leave(one) {
			release() // it was given a place at the same moment
		}
		return nil, ctx.Err()
	}
}

// Try takes a place if one is free for the person at this moment, and returns what gives it back. A
// place is free when nobody waits who could have it.
func (p *Pool) Try(person int64) (release func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free == 0 || p.byPerson[person] != nil && p.byPerson[person].taken >= p.person {
		return nil, false
	}
	p.free--
	p.shareOf(person).taken++
	return sync.OnceFunc(func() { p.release(person) }), true
}

// People is how many people have places or wait for them.
func (p *Pool) People() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.byPerson)
}

// enqueue adds somebody who waits, and gives them a place at once if there is one for them.
func (p *Pool) enqueue(person int64) *waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := &waiter{person: person, ready: make(chan struct{})}
	p.waiting = append(p.waiting, one)
	p.shareOf(person).waiting++
	p.dispatch()
	return one
}

// leave takes away somebody who waits, and reports whether they still did.
func (p *Pool) leave(one *waiter) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiting, one)
	if i < 0 {
		return false
	}
	p.remove(i)
	p.forget(one.person)
	return true
}

func (p *Pool) release(person int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free++
	p.byPerson[person].taken--
	p.forget(person)
	p.dispatch()
}

// dispatch gives the free places to those who have the fewest, first come, first served.
func (p *Pool) dispatch() {
	for p.free > 0 {
		next := p.next()
		if next < 0 {
			return
		}
		one := p.waiting[next]
		p.remove(next)
		p.free--
		p.byPerson[one.person].taken++
		close(one.ready)
	}
}

// next is who gets the next place, -1 for nobody.
func (p *Pool) next() int {
	best, fewest := -1, p.person
	for i, one := range p.waiting {
		taken := p.byPerson[one.person].taken
		if one.person == 0 {
			return i // for nobody in particular: it counts for nobody
		}
		if taken < fewest {
			best, fewest = i, taken
		}
		if fewest == 0 {
			break
		}
	}
	return best
}

func (p *Pool) remove(i int) {
	p.byPerson[p.waiting[i].person].waiting--
	p.waiting = slices.Delete(p.waiting, i, i+1)
}

func (p *Pool) shareOf(person int64) *share {
	one := p.byPerson[person]
	if one == nil {
		one = new(share)
		p.byPerson[person] = one
	}
	return one
}

// forget drops the share of somebody who has nothing and waits for nothing.
func (p *Pool) forget(person int64) {
	if one := p.byPerson[person]; one.taken == 0 && one.waiting == 0 {
		delete(p.byPerson, person)
	}
}
