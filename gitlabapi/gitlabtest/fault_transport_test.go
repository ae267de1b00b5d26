package gitlabtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// create asks for a token without waiting for the answer.
func (w *world) create(ctx context.Context) <-chan response {
	done := make(chan response, 1)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+"/api"+tokensPath, strings.NewReader(`{"name":"x"}`))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("PRIVATE-TOKEN", w.secrets["maintainer"])
	r.Header.Set("Content-Type", "application/json")
	go func() {
		defer close(done)
		res, err := w.HTTP.Client().Do(r)
		if err != nil {
			return
		}
		defer func() { _ = res.Body.Close() }()
		body, _ := io.ReadAll(res.Body)
		done <- response{res.StatusCode, res.Header, string(body)}
	}()
	return done
}

func (w *world) await(gate *gitlabtest.Gate, n int) {
	w.t.Helper()
	if err := gate.Await(w.t.Context(), n); err != nil {
		w.t.Fatal(err)
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		late       bool
		wantTokens int
	}{
		{"before the commit", false, 0},
		{"after the commit", true, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, gate := newWorld(t), gitlabtest.NewGate()
			hold := gitlabtest.Hold(gate)
			if tt.late {
				hold = hold.AfterCommit()
			}
			w.Inject(gitlabtest.OpCreateToken, hold)
			done := w.create(t.Context())
			w.await(gate, 1)
			if n := len(w.Tokens(prodAgent)); n != tt.wantTokens {
				t.Errorf("%d tokens while the request is held, want %d", n, tt.wantTokens)
			}
			select {
			case got := <-done:
				t.Errorf("answer %d while the request is held", got.status)
			default:
			}
			gate.Open()
			if got := <-done; got.status != http.StatusCreated {
				t.Errorf("answer = %d %s, want 201", got.status, got.body)
			}
		})
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	t.Run("counts those who wait", func(t *testing.T) {
		t.Parallel()
		w, gate := newWorld(t), gitlabtest.NewGate()
		w.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
		var answers []<-chan response
		for range 3 {
			answers = append(answers, w.create(t.Context()))
		}
		w.await(gate, 3)
		if n := w.MaxInFlight(); n != 3 {
			t.Errorf("%d requests in flight, want 3", n)
		}
		gate.Open()
		gate.Open()
		for _, done := range answers {
			if got := <-done; got.status == 0 {
				t.Error("a request was not answered")
			}
		}
	})
	t.Run("awaiting ends with the context", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := gitlabtest.NewGate().Await(ctx, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("Await = %v, want context.Canceled", err)
		}
	})
}

func TestReleaseLetsEverythingGoOn(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]gitlabtest.Fault{
		"held":    gitlabtest.Hold(gitlabtest.NewGate()),
		"delayed": gitlabtest.Delay(24 * time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, arrived := newWorld(t), gitlabtest.NewGate()
			arrived.Open()
			w.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(arrived))
			w.Inject(gitlabtest.OpCreateToken, fault)
			done := w.create(t.Context())
			w.await(arrived, 1)
			w.Release()
			if got := <-done; got.status != http.StatusCreated {
				t.Errorf("answer = %d %s, want 201", got.status, got.body)
			}
		})
	}
}

func TestOperationGoesOnWhenTheClientHasGone(t *testing.T) {
	t.Parallel()
	w, before, after := newWorld(t), gitlabtest.NewGate(), gitlabtest.NewGate()
	w.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(before))
	w.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(after).AfterCommit())
	ctx, cancel := context.WithCancel(t.Context())
	done := w.create(ctx)
	w.await(before, 1)
	cancel()
	<-done
	w.await(after, 1)
	if n := len(w.Tokens(prodAgent)); n != 1 {
		t.Errorf("%d tokens, want the one whose client has gone", n)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Inject(gitlabtest.OpCreateToken, gitlabtest.Delay(time.Millisecond))
	if got := <-w.create(t.Context()); got.status != http.StatusCreated {
		t.Errorf("after a millisecond the answer is %d %s, want 201", got.status, got.body)
	}
	w.ClearFaults("")
	w.Inject(gitlabtest.OpCreateToken, gitlabtest.Delay(24*time.Hour))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if got, ok := <-w.create(ctx); ok {
		t.Errorf("a request that takes a day was answered at once: %d %s", got.status, got.body)
	}
}

func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		fault      gitlabtest.Fault
		wantTokens int
		// wantStatus is zero where not even the headers come.
		wantStatus int
		wantErr    error
	}{
		{"cut before the commit", gitlabtest.Cut(), 0, 0, io.EOF},
		{"cut after the commit", gitlabtest.Cut().AfterCommit(), 1, 0, io.EOF},
		{"cut after the headers", gitlabtest.CutAfterHeaders(), 1, http.StatusCreated, io.ErrUnexpectedEOF},
		{"reset before the commit", gitlabtest.Reset(), 0, 0, syscall.ECONNRESET},
		{"reset after the commit", gitlabtest.Reset().AfterCommit(), 1, 0, syscall.ECONNRESET},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Inject(gitlabtest.OpCreateToken, gitlabtest.Delay(0)) // faults add up
			w.Inject(gitlabtest.OpCreateToken, tt.fault)
			status, err := w.tryCreate()
			if status != tt.wantStatus || !errors.Is(err, tt.wantErr) {
				t.Errorf("the request = %d, %v, want %d, %v", status, err, tt.wantStatus, tt.wantErr)
			}
			if n := len(w.Tokens(prodAgent)); n != tt.wantTokens {
				t.Errorf("%d tokens, want %d", n, tt.wantTokens)
			}
		})
	}
}

// tryCreate asks for a token and returns the status, if any came, and what broke.
func (w *world) tryCreate() (int, error) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.URL+"/api"+tokensPath, strings.NewReader(`{"name":"x"}`))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("PRIVATE-TOKEN", w.secrets["maintainer"])
	r.Header.Set("Content-Type", "application/json")
	res, err := w.HTTP.Client().Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.ReadAll(res.Body)
	return res.StatusCode, err
}

func TestOversized(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Inject(gitlabtest.OpListAgents, gitlabtest.Oversized(3_000_000))
	got := w.get("developer", agentsPath)
	if got.status != 200 || len(got.body) != 3_000_000+len(prodBody)+2 || !json.Valid([]byte(got.body)) || got.header.Get("X-Page") != "1" {
		t.Errorf("answer = %d with %d bytes, want 200 and valid JSON of 3 MB", got.status, len(got.body))
	}
}

func TestDrip(t *testing.T) {
	t.Parallel()
	t.Run("byte by byte", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(gitlabtest.OpListAgents, gitlabtest.Drip(time.Microsecond))
		if got := w.get("developer", agentsPath); got.body != "["+prodBody+"]" {
			t.Errorf("answer = %s, want the whole list", got.body)
		}
	})
	t.Run("a body that never comes", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Inject(gitlabtest.OpListAgents, gitlabtest.Drip(24*time.Hour))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+"/api"+agentsPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("PRIVATE-TOKEN", w.secrets["developer"])
		res, err := w.HTTP.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want 200", res.StatusCode)
		}
		w.Release()
		if body, _ := io.ReadAll(res.Body); !bytes.Equal(body, nil) {
			t.Errorf("body = %q, want nothing", body)
		}
	})
}
