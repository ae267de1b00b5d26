package gitlabapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// Why a call was not sent, for Options.ObserveHeld.
const (
	// HeldDown is that GitLab has not answered the last calls, or not the last for tokens.
	HeldDown = "down"
	// HeldMaintenance is that GitLab asked everybody to come back later.
	HeldMaintenance = "maintenance"
	// HeldLimit is that GitLab asked this person, or the portal, to come back later.
	HeldLimit = "limit"
)

var (
	errMaintenance = errors.New("GitLab asked everybody to come back later, and was not asked again")
	errLimited     = errors.New("GitLab asked to come back later, and was not asked again")
	errNotAsked    = errors.New("the last calls were not answered, and GitLab was not asked again")
)

type insistKey struct{}

// Insist returns a context whose calls are sent although GitLab did not answer the last ones or asked
// to come back later: for revoking what has leaked, which is worth a try.
func Insist(ctx context.Context) context.Context {
	return context.WithValue(ctx, insistKey{}, true)
}

// health knows what the last calls tell of GitLab, and holds back the calls that are of no use. What
// it refuses was not sent.
type health struct {
	instance, token *breaker
	wishes          *wishes
	held            func(reason string)
}

func newHealth(opts Options) *health {
	return &health{
		instance: &breaker{name: BreakerInstance, after: instanceFailures, pause: instancePause, now: opts.Now, observe: opts.ObserveBreaker},
		token:    &breaker{name: BreakerToken, after: tokenFailures, pause: tokenPause, now: opts.Now, observe: opts.ObserveBreaker},
		wishes:   newWishes(opts.Now),
		held:     opts.ObserveHeld,
	}
}

// breakers are those that a call passes.
func (h *health) breakers(a attempt) []*breaker {
	if a.isGrant {
		return []*breaker{h.instance, h.token}
	}
	return []*breaker{h.instance}
}

// refusal says why the call is not to be sent; nil: it may. With try it is sent if it may.
func (h *health) refusal(ctx context.Context, a attempt, try bool) *attemptError {
	if a.insists || ctx.Value(insistKey{}) != nil {
		return nil
	}
	if refused := h.wishes.refusal(a); refused != nil {
		h.held(map[bool]string{true: HeldMaintenance, false: HeldLimit}[refused.kind == ErrUnavailable]) //nolint:errorlint // it is the sentinel
		return refused
	}
	var wait time.Duration
	for _, b := range h.breakers(a) {
		wait = max(wait, b.wait(false))
	}
	if wait > 0 {
		h.held(HeldDown)
		return &attemptError{kind: ErrPaused, cause: errNotAsked, wait: wait}
	}
	for _, b := range h.breakers(a) {
		if try {
			b.wait(true)
		}
	}
	return nil
}

// answered learns from an answer. Something in front of GitLab writes a 502, 503 or 504 in its place;
// an endpoint for tokens that has only errors to give is as good as down, and then says nothing of
// the rest of GitLab.
func (h *health) answered(a attempt, resp *http.Response) {
	h.wishes.heard(a, resp)
	status := resp.StatusCode
	isUp := status < http.StatusBadGateway || status > http.StatusGatewayTimeout
	if isUp || !a.isGrant {
		h.instance.heard(isUp)
	}
	if a.isGrant {
		h.token.heard(status < http.StatusInternalServerError)
	}
}

// failed learns from a call without a usable answer. One that its caller gave up says nothing, nor
// does one that was not sent in time.
func (h *health) failed(ctx context.Context, a attempt, failed *attemptError) {
	if failed.kind == nil || ctx.Err() != nil && !failed.sent {
		return
	}
	breaker, isCut := h.instance, errors.Is(failed.cause, io.ErrUnexpectedEOF)
	if a.isGrant {
		breaker = h.token
	}
	breaker.heard(errors.Is(failed.kind, ErrMalformed) && !isCut || errors.Is(failed.kind, ErrTooLarge))
}
