package handlers

import (
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// reads is a group of reads under way at once. A panic in one of them is its error: it has a
// goroutine of its own, where nothing would recover it and the process would end.
type reads struct{ *errgroup.Group }

// parallel returns a group whose context ends with the first read that fails.
func parallel(ctx context.Context) (reads, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	return reads{group}, ctx
}

// Go starts a read.
func (r reads) Go(read func() error) {
	r.Group.Go(func() error { return guarded(read) })
}

// guarded calls read and turns a panic into an error. What was panicked with is left out: it
// may quote a token.
func guarded(read func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("a panic in a parallel read: %s", debug.Stack())
		}
	}()
	return read()
}
