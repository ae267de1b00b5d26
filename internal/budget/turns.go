package budget

import (
	"context"
	"time"
)

// Turns let each person have a few pages made at once, and so many in a time; the rest of theirs waits
// its turn. Real time counts, since somebody waits. It is safe for concurrent use.
type Turns struct {
	// Wait is how long a turn is waited for.
	Wait time.Duration

	begun *Allowance[int64]
	pool  *Pool
}

func newTurns() *Turns { return NewTurns(pageBurst, pageEvery) }

// NewTurns returns Turns of which a person has so many at once, and then one more after a while, for who
// needs others than those of Requests.
func NewTurns(burst int, every time.Duration) *Turns {
	begun := newAllowance[int64](burst, every, time.Now) //nolint:forbidigo // the wait is real
	return &Turns{Wait: pageWait, begun: begun, pool: NewPool(pagesAtOnce, pagesPerPerson)}
}

// Take waits for the person's turn, and returns what ends it. The error is ctx's, or a *SpentError if
// the turn does not come in time.
func (t *Turns) Take(ctx context.Context, person int64) (done func(), err error) {
	waiting, cancel := context.WithTimeout(ctx, t.Wait)
	defer cancel()
	if err = t.begun.limiterOf(person).Wait(waiting); err == nil {
		done, err = t.pool.Acquire(waiting, person)
	}
	if err != nil && ctx.Err() == nil {
		err = &SpentError{Wait: t.Wait}
	}
	return done, err
}
