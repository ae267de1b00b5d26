package handlers

import (
	"bytes"
	"context"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/activity"
)

// Wipes reports whether browsers wipe what they keep of a portal when they are told to.
func Wipes(public *url.URL, cookiePath string) bool { return wipes(public, cookiePath) }

// Route is one line of the route table, for tests that sweep it.
type Route struct {
	Method, Pattern string
	SignedIn        bool
	// Action is the action of the audit's row, empty for a route that leaves none.
	Action activity.Action
}

// Routes returns the route table.
func Routes() []Route {
	var routes []Route
	for _, r := range new(Handlers).routes() {
		routes = append(routes, Route{Method: r.method, Pattern: r.pattern, SignedIn: needsSession(r.serves), Action: r.audited})
	}
	return routes
}

// needsSession reports whether visitors get nothing but the way to sign in.
func needsSession(serves adaptable) bool {
	switch serves.(type) {
	case signedIn, lasting, keeping, exported:
		return true
	default:
		return false
	}
}

// Rendering returns a handler that wears the whole middleware and renders one component, for
// tests of what happens when a template fails. errorsPanic breaks the error page as well.
func Rendering(cfg Config, component templ.Component, errorsPanic bool) (http.Handler, error) {
	h, err := build(cfg)
	if err != nil {
		return nil, err
	}
	if errorsPanic {
		h.nonces.keys = nil // which every page needs
	}
	return h.middleware(h.handle(func(w http.ResponseWriter, r *http.Request) error {
		return h.render(w, r, http.StatusOK, component, nil)
	}))
}

// Idle returns when no revocation is left.
func (r *Revocations) Idle(ctx context.Context) error {
	if err := r.pending.Acquire(ctx, maxPending); err != nil {
		return err
	}
	r.pending.Release(maxPending)
	return nil
}

// RenderingSecret returns a handler that renders one component as the page that holds a secret, and
// what the buffers hold that the next pages get.
func RenderingSecret(cfg Config, component templ.Component) (handler http.Handler, leftBehind func() []byte, err error) {
	h, err := build(cfg)
	if err != nil {
		return nil, nil, err
	}
	handler, err = h.middleware(h.handle(func(w http.ResponseWriter, r *http.Request) error {
		return h.renderSecret(w, r, component, component)
	}))
	return handler, func() []byte {
		buffer := h.buffers.Get().(*bytes.Buffer)
		return buffer.Bytes()[:buffer.Cap()]
	}, err
}

// Classify is classify, for its table test.
func Classify(err error, change bool) (status int, id string) {
	p := classify(err, change)
	return p.status, p.id
}

// Stream begins a stream of events and sends one, for tests of readers that do not read.
func Stream(w http.ResponseWriter) error {
	s, err := startStream(w)
	if err == nil {
		s.event(eventReady, nil)
	}
	return err
}
