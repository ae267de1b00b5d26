package gitlabapi_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
)

// flaky fails the first n requests with failure and then answers an agent.
func flaky(n int32, failure http.HandlerFunc) http.HandlerFunc {
	var served atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		if served.Add(1) <= n {
			failure(w, r)
			return
		}
		replyJSON(200, agentBody)(w, r)
	}
}

func hangUp(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// cut sends a part of what it announced.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, agentBody[:50])
}

func TestH2ReadsAreRepeatedAfterPassingFailures(t *testing.T) {
	t.Parallel()
	withRetryAfter := func(value string, status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(status)
		}
	}
	for name, tc := range map[string]struct {
		failures int32
		failure  http.HandlerFunc
		attempts int
		meaning  map[string]bool // nil: success
	}{
		"one 503":                                 {1, replyJSON(503, ""), 2, nil},
		"two 502 in HTML":                         {2, reply(502, "text/html", "<html>"), 3, nil},
		"two 500":                                 {2, replyJSON(500, `{"message":"500 Internal Server Error"}`), 3, nil},
		"three 503":                               {3, replyJSON(503, ""), 3, is("unavailable")},
		"a 429 without headers":                   {1, reply(429, "text/plain", "Retry later"), 2, nil},
		"three 429":                               {3, reply(429, "text/plain", "Retry later"), 3, is("rate")},
		"a 429 that may be repeated at once":      {1, withRetryAfter("0", 429), 2, nil},
		"a 429 with a date that has passed":       {1, withRetryAfter(at.Add(-time.Hour).Format(http.TimeFormat), 429), 2, nil},
		"a 429 with a negative wait":              {1, withRetryAfter("-60", 429), 2, nil},
		"a 429 with garbage":                      {1, withRetryAfter("\x7f1e9", 429), 2, nil},
		"a 429 that asks for a minute":            {1, withRetryAfter("60", 429), 1, is("rate")},
		"a 503 that asks for a minute, by a date": {1, withRetryAfter(at.Add(time.Minute).Format(http.TimeFormat), 503), 1, is("unavailable")},
		"a connection closed without an answer":   {2, hangUp, 3, nil},
		"an answer cut short":                     {2, cut, 3, nil},
		"always cut short":                        {9, cut, 3, is("unavailable", "malformed")},
		"a 404":                                   {1, replyJSON(404, ""), 1, is("not found")},
		"a 401":                                   {1, replyJSON(401, expired), 1, is("unauthorized", "expired")},
		"a 501":                                   {1, replyJSON(501, ""), 1, is("unavailable")},
		"half a JSON":                             {1, replyJSON(200, agentBody[:50]), 1, is("unavailable", "malformed")},
		"a login page":                            {1, reply(200, "text/html", "<html>"), 1, foreign()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, seen := fake(t, quick(), flaky(tc.failures, tc.failure))
			_, err := c.Agent(t.Context(), gitlabapi.ProjectID(20), 1)
			want := tc.meaning
			if want == nil {
				want = is()
			}
			if diff := cmp.Diff(want, meaning(err)); diff != "" || (err == nil) != (tc.meaning == nil) {
				t.Errorf("error = %v, meaning differs (-want +got):\n%s", err, diff)
			}
			if n := len(seen.all()); n != tc.attempts {
				t.Errorf("%d attempts, want %d", n, tc.attempts)
			}
			if gitlabapi.OutcomeUnknown(err) {
				t.Error("a read has an unknown outcome")
			}
		})
	}
}

func TestGraphQLIsRepeatedLikeARead(t *testing.T) {
	t.Parallel()
	var served atomic.Int32
	c, seen := fake(t, quick(), func(w http.ResponseWriter, r *http.Request) {
		if served.Add(1) == 1 {
			hangUp(w, r)
			return
		}
		replyJSON(200, `{"data":{"projects":{"nodes":[]}}}`)(w, r)
	})
	if _, err := c.ProjectsAgents(t.Context(), []int64{20}, nil); err != nil {
		t.Fatal(err)
	}
	requests := seen.all()
	if len(requests) != 2 || requests[0].Body != requests[1].Body || requests[0].Body == "" {
		t.Errorf("requests = %+v, want the same query twice", requests)
	}
}

func TestEveryAttemptIsObserved(t *testing.T) {
	t.Parallel()
	type seen struct {
		Op     string
		Status int
	}
	var mu sync.Mutex
	var got []seen
	opts := quick()
	opts.Observe = func(op string, status int, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, seen{op, status})
		if took < 0 {
			t.Errorf("took %v", took)
		}
	}
	failures := []http.HandlerFunc{hangUp, replyJSON(503, "")}
	var served atomic.Int32
	c, _ := fake(t, opts, func(w http.ResponseWriter, r *http.Request) {
		if i := int(served.Add(1)) - 1; i < len(failures) {
			failures[i](w, r)
			return
		}
		replyJSON(200, agentBody)(w, r)
	})
	if _, err := c.Agent(t.Context(), gitlabapi.ProjectID(20), 1); err != nil {
		t.Fatal(err)
	}
	want := []seen{{"get agent", 0}, {"get agent", 503}, {"get agent", 200}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("observed (-want +got):\n%s", diff)
	}
}

func TestCancellingDuringThePauseEndsTheCall(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	opts := quick()
	opts.Backoff = func(int) time.Duration {
		cancel()
		return time.Hour
	}
	c, seen := fake(t, opts, replyJSON(503, ""))
	_, err := c.Agent(ctx, gitlabapi.ProjectID(20), 1)
	if !errors.Is(err, context.Canceled) || errors.Is(err, gitlabapi.ErrUnavailable) {
		t.Errorf("error = %v, want context.Canceled and nothing about GitLab", err)
	}
	if n := len(seen.all()); n != 1 {
		t.Errorf("%d attempts, want 1", n)
	}
}

func TestAPauseBeyondTheDeadlineEndsAsTimeout(t *testing.T) {
	t.Parallel()
	opts := quick()
	opts.Timeouts.Read = 50 * time.Millisecond
	opts.Backoff = func(int) time.Duration { return time.Hour }
	c, _ := fake(t, opts, replyJSON(503, ""))
	_, err := c.Agent(t.Context(), gitlabapi.ProjectID(20), 1)
	if !errors.Is(err, gitlabapi.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want ErrTimeout", err)
	}
}

func TestH5RequestsInFlightAreCapped(t *testing.T) {
	t.Parallel()
	const limit, people = 3, 40
	opts := quick()
	opts.MaxInFlight = limit
	var now, peak atomic.Int32
	full := make(chan struct{}, people)
	release := make(chan struct{})
	c, _ := fake(t, opts, func(w http.ResponseWriter, r *http.Request) {
		for n := now.Add(1); ; {
			if old := peak.Load(); n <= old || peak.CompareAndSwap(old, n) {
				break
			}
		}
		full <- struct{}{}
		<-release
		now.Add(-1)
		replyJSON(200, agentBody)(w, r)
	})
	var all sync.WaitGroup
	for range people {
		all.Go(func() {
			if _, err := c.WithToken(gitlabapi.NewSecret("one of many")).Agent(t.Context(), gitlabapi.ProjectID(20), 1); err != nil {
				t.Errorf("error = %v", err)
			}
		})
	}
	for range limit {
		<-full
	}
	// The cap is reached. Who waits can leave without having been sent.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := c.RegisterAgent(ctx, gitlabapi.ProjectID(20), "n")
	if !errors.Is(err, gitlabapi.ErrTimeout) || gitlabapi.OutcomeUnknown(err) {
		t.Errorf("waiting for a slot: error = %v, unknown = %v, want a timeout without effect", err, gitlabapi.OutcomeUnknown(err))
	}
	close(release)
	all.Wait()
	if got := peak.Load(); got != limit {
		t.Errorf("%d requests at once, want %d", got, limit)
	}
}

func TestConnectionsAreReusedAfterFailures(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(replyJSON(503, `{"message":"503"}`))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c := client(t, server.URL, quick())
	for range 5 {
		if _, err := c.CurrentUser(t.Context()); err == nil {
			t.Fatal("no error, want one")
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for 15 attempts, want 1", n)
	}
}
