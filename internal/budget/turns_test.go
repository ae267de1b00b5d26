package budget_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"gitlab-agent-portal/internal/budget"
)

// begin asks for so many turns at once and returns how many came, once all others wait.
func begin(ctx context.Context, turns *budget.Turns, person int64, n int) (came chan func()) {
	came = make(chan func(), n)
	for range n {
		go func() {
			if done, err := turns.Take(ctx, person); err == nil {
				came <- done
			}
		}()
	}
	synctest.Wait()
	return came
}

func TestB1APersonHasFewPagesMadeAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		turns := budget.NewRequests(time.Now).Pages
		tabs := begin(ctx, turns, 1, 40)
		if len(tabs) != 8 {
			t.Errorf("%d of 40 pages are made at once, want 8", len(tabs))
		}
		if other := begin(ctx, turns, 2, 1); len(other) != 1 {
			t.Error("another person waits for them")
		}
		(<-tabs)()
		synctest.Wait()
		if len(tabs) != 8 {
			t.Errorf("%d are made once one is done, want 8 again", len(tabs))
		}
	})
}

func TestB1APersonsPagesBeyondTheirNumberComeOneByOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns, start := budget.NewRequests(time.Now).Pages, time.Now()
		made := func(person int64, n int) {
			for range n {
				done, err := turns.Take(t.Context(), person)
				if err != nil {
					t.Fatal(err)
				}
				done()
			}
		}
		made(1, 100)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a hundred pages waited %v, want not at all", waited)
		}
		made(1, 50)
		if waited := time.Since(start); waited != 5*time.Second {
			t.Errorf("fifty more took %v, want five seconds", waited)
		}
		made(2, 100)
		if waited := time.Since(start); waited != 5*time.Second {
			t.Errorf("another person waited until %v", waited)
		}
	})
}

func TestB1ATurnThatDoesNotComeIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns := budget.NewRequests(time.Now).Pages
		begin(t.Context(), turns, 1, 8)
		var spent *budget.SpentError
		if _, err := turns.Take(t.Context(), 1); !errors.As(err, &spent) || spent.Wait != turns.Wait {
			t.Errorf("error = %v, want that it is spent", err)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := turns.Take(gone, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("of who has left: %v, want the context's", err)
		}
	})
}
