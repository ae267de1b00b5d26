package parallel_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"gitlab-agent-portal/internal/parallel"
)

var errOdd = errors.New("odd")

func TestEachKeepsEveryErrorBesideItsItem(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int64
	failures := parallel.Each(2, []int{0, 1, 2, 3, 4}, func(i, item int) error {
		for now := running.Add(1); ; {
			if seen := most.Load(); now <= seen || most.CompareAndSwap(seen, now) {
				break
			}
		}
		defer running.Add(-1)
		switch {
		case i != item:
			t.Errorf("item %d came as number %d", item, i)
		case item == 4:
			panic("glpat-canary")
		case item%2 == 1:
			return errOdd
		}
		return nil
	})
	for i, err := range failures[:4] {
		if got := errors.Is(err, errOdd); got != (i%2 == 1) {
			t.Errorf("the error of item %d is %v", i, err)
		}
	}
	if failures[4] == nil || strings.Contains(failures[4].Error(), "canary") {
		t.Errorf("a panic is the error %v, want one without its value", failures[4])
	}
	if most.Load() > 2 {
		t.Errorf("%d ran at once, want at most 2", most.Load())
	}
}

func TestAPanicEndsItsGroupAndNotTheProcess(t *testing.T) {
	t.Parallel()
	group, ctx := parallel.WithContext(t.Context())
	group.Go(func() error { panic("glpat-canary") })
	group.Go(func() error {
		<-ctx.Done()
		return ctx.Err()
	})
	if err := group.Wait(); err == nil || errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "canary") {
		t.Errorf("the group's error is %v, want the panic's, without its value", err)
	}
}
