package handlers

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/views"
)

// RequestKind is what sort of request was answered: their times are not to be compared.
type RequestKind int

// The kinds.
const (
	KindPage   RequestKind = iota // what somebody waits for
	KindStream                    // server-sent events, which last as long as there is something to say
	KindProbe                     // a probe of a supervisor's or a balancer's
)

// Observation is a request that was answered, in bounded words.
type Observation struct {
	Kind RequestKind
	// Method is in small letters, "other" for one that the portal has no use for.
	Method string
	// Route is the pattern of the address below the portal's path; "none" for an address that is none.
	Route string
	// Status is what came of it: 499 if the client left before the end, 500 if the answer was cut.
	Status int
	Took   time.Duration
}

// noRoute stands for addresses that the portal does not have.
const noRoute = "none"

// onRoute notes which route a request has taken.
func onRoute(route route, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stateOf(r).route = route.pattern
		next.ServeHTTP(w, r)
	})
}

// observe tells of a request that is done.
func (h *Handlers) observe(r *http.Request, state *requestState, w *countingWriter, took time.Duration) {
	if h.Observe == nil {
		return
	}
	h.Observe(Observation{Kind: kindOf(state, w), Method: boundedMethod(r.Method), Route: state.route, Status: w.outcome(state.hasLeft(r.Context())), Took: took})
}

func kindOf(state *requestState, w *countingWriter) RequestKind {
	switch {
	case state.route == views.PatternHealth, state.route == views.PatternReady:
		return KindProbe
	case w.Header().Get("Content-Type") == eventStream:
		return KindStream
	default:
		return KindPage
	}
}

func boundedMethod(method string) string {
	if slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost}, method) {
		return strings.ToLower(method)
	}
	return "other"
}

// levelOfProbe is that of a probe's line: there is one every few seconds, and only those that fail
// are news.
func levelOfProbe(state *requestState, w *countingWriter, level slog.Level) slog.Level {
	if level == slog.LevelInfo && kindOf(state, w) == KindProbe {
		return slog.LevelDebug
	}
	return level
}
