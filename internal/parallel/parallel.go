// Package parallel runs functions at once and survives their panics. A goroutine has nobody
// above it who would recover: without this, one bad answer of GitLab's could end the process,
// and with it everybody's requests.
package parallel

import (
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// Group is an errgroup.Group in which a panic is the error of the function that panicked. The
// zero value is a group without a limit, in which a failure ends nothing.
type Group errgroup.Group

// WithContext returns a group whose context ends with the first function that fails, or when
// all have returned.
func WithContext(ctx context.Context) (*Group, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	return (*Group)(group), ctx
}

func (g *Group) plain() *errgroup.Group { return (*errgroup.Group)(g) }

// SetLimit bounds how many functions run at once. It comes before the first Go.
func (g *Group) SetLimit(n int) { g.plain().SetLimit(n) }

// Go runs a function in a goroutine of its own, once the limit allows.
func (g *Group) Go(run func() error) {
	g.plain().Go(func() error { return Guard(run) })
}

// Wait returns when all functions have, with the first error.
func (g *Group) Wait() error { return g.plain().Wait() }

// Each calls do for every item, at most limit at once, and returns when all are done: the
// error of each, by its index. One that fails stops none of the others.
func Each[T any](limit int, items []T, do func(i int, item T) error) []error {
	failures := make([]error, len(items))
	var group errgroup.Group
	group.SetLimit(limit)
	for i, item := range items {
		group.Go(func() error {
			failures[i] = Guard(func() error { return do(i, item) })
			return nil
		})
	}
	_ = group.Wait() // every error is kept beside its item
	return failures
}

// Guard calls run and turns a panic into an error. What was panicked with is left out: it may
// quote a token.
func Guard(run func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("a panic in a goroutine: %s", debug.Stack())
		}
	}()
	return run()
}
