//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"time"
)

// child is another process of this program that plays one role.
type child struct {
	command *exec.Cmd
	calls   *rpc.Client
}

// start starts a child from a program, this one if that is empty. It ends with stop, with ctx, or
// with this process, whose end closes its standard input.
func start(ctx context.Context, program, role string) (*child, error) {
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	command := exec.CommandContext(ctx, program, "-role", role) //nolint:gosec // it is this program
	command.Env = []string{}                                    // what somebody's shell says must not change the figures
	command.Stderr = os.Stderr
	orders, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	answers, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting the %s: %w", role, err)
	}
	return &child{command, rpc.NewClient(stream{answers, orders})}, nil
}

// stop ends the child.
func (c *child) stop() {
	_ = c.calls.Close()
	_ = c.command.Wait() // its last words went to standard error
}

// stream makes one connection of the two ends of pipes.
type stream struct {
	io.ReadCloser
	io.WriteCloser
}

// Close closes both ends.
func (s stream) Close() error {
	_ = s.WriteCloser.Close()
	return s.ReadCloser.Close()
}

// callTimeout bounds one call of a child.
const callTimeout = time.Minute

// call asks the child to do something and returns its answer.
func call[T any](ctx context.Context, c *child, method string, order any) (T, error) {
	var answer T
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	select {
	case done := <-c.calls.Go("Role."+method, order, &answer, make(chan *rpc.Call, 1)).Done:
		if done.Error != nil {
			return answer, fmt.Errorf("%s: %w", method, done.Error)
		}
		return answer, nil
	case <-ctx.Done():
		return answer, fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

// None is the order or answer of a call that needs none.
type None struct{}
