package handlers

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"gitlab-agent-portal/gitlabapi"
)

// middleware wraps the routes in what every request passes, outermost first: the request's
// state and its one log line, security headers, compression, recovery from panics.
func (h *Handlers) middleware(next http.Handler) (http.Handler, error) {
	// Tables repeat themselves: the fastest level is within a tenth of the default's size.
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(512), gzhttp.CompressionLevel(gzip.BestSpeed))
	if err != nil {
		return nil, fmt.Errorf("setting up compression: %w", err)
	}
	return h.accessLog(h.securityHeaders(compress(h.recover(next)))), nil
}

// accessLog gives the request its state and writes one line when it is done.
func (h *Handlers) accessLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, state := h.withState(r)
		h.noteForwarded(r)
		w.Header().Set("X-Request-Id", state.id)
		counted := &countingWriter{ResponseWriter: w, status: http.StatusOK, cut: true}
		defer func() { // of a cut answer, too
			took := h.Now().Sub(state.started)
			h.logRequest(r, state, counted, took)
			h.observe(r, state, counted, took)
		}()
		next.ServeHTTP(counted, r)
		counted.cut = false
	})
}

// logRequest writes the request's line. Queries are left out: a callback's carries a code.
func (h *Handlers) logRequest(r *http.Request, state *requestState, w *countingWriter, took time.Duration) {
	level := slog.LevelInfo
	attributes := []slog.Attr{
		slog.String("request_id", state.id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", w.outcome(state.hasLeft(r.Context()))), slog.Int64("bytes", w.bytes),
		slog.String("route", state.route), slog.Float64("took_ms", milliseconds(took)),
		slog.Float64("gitlab_ms", milliseconds(state.gitlab.Took())), slog.Int64("gitlab_calls", state.gitlab.Attempts()),
		slog.String("client", h.clientIP(r)),
	}
	if state.traceID != "" {
		attributes = append(attributes, slog.String("trace_id", state.traceID))
	}
	if state.session != nil {
		attributes = append(attributes, slog.Int64("user", state.session.User.ID))
	}
	if state.err != nil {
		if !state.hasLeft(r.Context()) {
			level = classify(state.err, !isSafe(r.Method)).level
		}
		attributes = append(attributes, slog.String("error", state.err.Error()))
		if settings := wrongSettings(state.err); settings != "" {
			attributes = append(attributes, slog.String("settings", settings))
		}
		if failed, ok := errors.AsType[*gitlabapi.Error](state.err); ok && failed.RequestID != "" {
			attributes = append(attributes, slog.String("gitlab_request_id", failed.RequestID))
		}
	}
	h.Log.LogAttrs(r.Context(), levelOfProbe(state, w, level), "request", attributes...)
}

// countingWriter notes what was answered.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
	// started says that something is on its way which cannot be taken back.
	started bool
	// cut says that the answer was not written to its end.
	cut bool
}

// outcome is the status that is logged: what was announced is not always what came of it.
func (c *countingWriter) outcome(hasLeft bool) int {
	switch {
	case hasLeft:
		return statusClientClosed
	case c.cut:
		return http.StatusInternalServerError
	default:
		return c.status
	}
}

// hasLeft reports whether the request's client is gone: net/http then ends ctx, also when it cannot
// write any more. It does the same when a body stalls, whose client is there.
func (s *requestState) hasLeft(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled) && !errors.Is(s.err, errFormStalled)
}

// WriteHeader notes the final status; informational ones come before it.
func (c *countingWriter) WriteHeader(status int) {
	if status >= http.StatusOK {
		c.status, c.started = status, true
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *countingWriter) Write(b []byte) (int, error) {
	c.started = true
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

// Flush sends what is written so far: compression, which is inside, looks for this method.
func (c *countingWriter) Flush() { _ = http.NewResponseController(c.ResponseWriter).Flush() }

// Unwrap lets http.ResponseController reach the connection.
func (c *countingWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// securityHeaders are on every answer, errors and assets included. The Referer stays within
// the portal; "no-referrer" would make browsers send "Origin: null" with our own forms.
func (h *Handlers) securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("X-Frame-Options", "DENY")
		if h.PublicURL.Scheme == "https" {
			header.Set("Strict-Transport-Security", "max-age=63072000")
		}
		next.ServeHTTP(w, r)
	})
}

// recover turns a panic into our page for unexpected errors and keeps the process alive. An answer
// that was begun is cut: it must not end as if it were complete.
func (h *Handlers) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tracked := &countingWriter{ResponseWriter: w}
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(cause) // net/http's own way to cut a connection
			}
			h.Log.ErrorContext(r.Context(), "panic", "request_id", stateOf(r).id,
				"cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if tracked.started {
				abort(r, errInternal)
			}
			h.failAfterPanic(w, r)
		}()
		next.ServeHTTP(tracked, r)
	})
}

// failAfterPanic answers with the page for unexpected errors, and with the prepared one where
// it was the pages that panicked.
func (h *Handlers) failAfterPanic(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if cause := recover(); cause != nil {
			h.Log.ErrorContext(r.Context(), "panic in an error page", "request_id", stateOf(r).id, "cause", fmt.Sprint(cause))
			h.writePanicPage(w)
		}
	}()
	h.fail(w, r, errInternal)
}
