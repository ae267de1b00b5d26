//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

const (
	// startTimeout is how long a start may take at most.
	startTimeout = 20 * time.Second
	// askEvery is how often a portal that starts is asked whether it is ready.
	askEvery = time.Millisecond
)

// measureStartUp measures how long the built portal takes until it is ready, with a new database
// and with one that is there.
func measureStartUp(ctx context.Context, s settings, folder string, out io.Writer) error {
	if s.web == "" {
		return nil
	}
	var fresh, known []time.Duration
	for i := range s.starts {
		database := filepath.Join(folder, fmt.Sprintf("start-%d.db", i))
		for _, kind := range []*[]time.Duration{&fresh, &known} {
			took, err := startOnce(ctx, s.web, database)
			if err != nil {
				return err
			}
			*kind = append(*kind, took)
		}
	}
	_, _ = fmt.Fprintf(out, "Start of %s until it is ready, %d times\n", s.web, s.starts)
	for _, kind := range []struct {
		name string
		took []time.Duration
	}{{"new database", fresh}, {"known database", known}} {
		slices.Sort(kind.took)
		_, _ = fmt.Fprintf(out, "  %-14s  best %4.0f ms, median %4.0f ms\n", kind.name,
			milliseconds(kind.took[0]), milliseconds(percentile(kind.took, 50)))
	}
	return nil
}

// startOnce starts the program, waits until it is ready, and kills it.
func startOnce(ctx context.Context, program, database string) (time.Duration, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, program)
	command.Stderr = os.Stderr
	command.Env = []string{
		"GITLAB_URL=http://127.0.0.1:1", "GITLAB_CLIENT_ID=bench", "GITLAB_CLIENT_SECRET=bench",
		"PUBLIC_URL=http://" + address, "LISTEN_ADDR=" + address, "DATABASE_URL=sqlite:" + database, "SESSION_KEYS=" + sessionKey,
	}
	begun := clock()
	if err := command.Start(); err != nil {
		return 0, fmt.Errorf("starting %s, which make build makes: %w", program, err)
	}
	err = waitUntilReady(ctx, "http://"+address+"/readyz")
	took := clock().Sub(begun)
	err = errors.Join(err, command.Process.Kill())
	_ = command.Wait() // it was killed
	return took, err
}

// freeAddress is a port of the loopback interface that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := listen(ctx)
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// waitUntilReady asks until the answer is yes.
func waitUntilReady(ctx context.Context, address string) error {
	client := http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		if isReady(ctx, &client, address) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the portal was not ready in time: %w", ctx.Err())
		}
	}
}

func isReady(ctx context.Context, client *http.Client, address string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}
