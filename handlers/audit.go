package handlers

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	sessions "gitlab-agent-portal/internal/session"
)

const (
	// auditTimeout bounds one write to the audit.
	auditTimeout = 3 * time.Second
	// shareBurst is how many rows a share has at once, and shareEvery how soon it has the next.
	shareBurst = 200
	shareEvery = time.Second
)

// audit writes the row of every request to next, unless internal/tokens was reached, which
// writes its own: what the portal itself refused, what failed before anything was asked of
// GitLab, and signing in and out.
func (h *Handlers) audit(action activity.Action, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		outcome := activity.Failed // stands if next panics
		defer func() { h.endAudit(r, action, outcome) }()
		answered := &countingWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answered, r)
		outcome = outcomeOfAnswer(stateOf(r), answered.status)
	})
}

// outcomeOfAnswer is what an answer says of a request that never reached internal/tokens.
func outcomeOfAnswer(state *requestState, status int) activity.Outcome {
	switch {
	case state.outcome != "":
		return state.outcome
	case status >= http.StatusInternalServerError:
		return activity.Failed
	case status >= http.StatusBadRequest:
		return activity.Refused
	case state.err != nil: // nobody was left to answer
		return activity.Failed
	default:
		return activity.OK
	}
}

// endAudit finishes the request's row, or writes it. By now the answer is on its way: a row
// that cannot be written is logged. So signing out always works, as it must, while a sign-in
// and a change do not start without their row (see beginSignIn and internal/tokens).
func (h *Handlers) endAudit(r *http.Request, action activity.Action, outcome activity.Outcome) {
	state := stateOf(r)
	switch {
	case state.audited:
	case state.auditRow != 0:
		ctx, cancel := detached(r.Context())
		defer cancel()
		if err := h.Audit.Finish(ctx, state.auditRow, outcome, audit.Target{}); err != nil {
			h.Log.ErrorContext(ctx, "finishing a row of the audit", "request_id", state.id, "outcome", outcome, "error", err)
		}
	default:
		h.record(r.Context(), h.event(r, action), outcome)
	}
}

// record writes a row of something that is over. Whoever is nobody yet is left with a bounded
// number of rows: anybody who reaches the portal could fill the database otherwise. What is left
// out is in the log, as every request is.
func (h *Handlers) record(ctx context.Context, event audit.Event, outcome activity.Outcome) {
	if event.ActorID == 0 && !h.shares.of(ctx).AllowN(h.Now(), 1) {
		h.Log.WarnContext(ctx, "too many rows of visitors for the audit", "request_id", event.RequestID, "action", event.Action, "outcome", outcome)
		return
	}
	event.Outcome = outcome
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := h.Audit.Record(ctx, event); err != nil {
		h.Log.ErrorContext(ctx, "writing to the audit", "request_id", event.RequestID, "action", event.Action, "outcome", outcome, "error", err)
	}
}

// detached is a context for the audit, which outlives a browser that goes away.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), auditTimeout)
}

// event is the request's row: who acts on what, as far as it is known.
func (h *Handlers) event(r *http.Request, action activity.Action) audit.Event {
	state := stateOf(r)
	person := state.person
	if person.ID == 0 && !isSafe(r.Method) {
		// Refused before the session was asked for, as a request from another site is.
		ctx, cancel := detached(r.Context())
		defer cancel()
		if loaded, err := h.Sessions.Load(ctx, r); err == nil && loaded != nil {
			person = loaded.User
		}
	}
	event := audit.Event{Action: action, ActorID: person.ID, ActorName: person.Username, ClientIP: h.clientIP(r), RequestID: state.id}
	return event.About(named(r), state.shown)
}

// named is what the request's address names, which says nothing of whether it is there.
func named(r *http.Request) audit.Claim {
	id := func(name string) int64 {
		n, err := strconv.ParseInt(r.PathValue(name), 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	return audit.Claim{ProjectID: id("project"), AgentID: id("agent"), TokenID: id("token")}
}

// beginSignIn writes the row of a sign-in before its session starts: one that cannot be
// written starts none, as nobody is to act here whose coming was not noted.
func (h *Handlers) beginSignIn(r *http.Request, user sessions.User) error {
	state := stateOf(r)
	state.person = user
	ctx, cancel := detached(r.Context())
	defer cancel()
	row, err := h.Audit.Begin(ctx, h.event(r, activity.SignIn))
	if err != nil {
		return errNotAudited.because(err)
	}
	state.auditRow = row
	return nil
}

// auditRefresh writes a row when refresh fails. It is called once for all requests that wait
// for the same renewal.
func (h *Handlers) auditRefresh(event audit.Event, refresh sessions.RefreshFunc) sessions.RefreshFunc {
	event.Target, event.Claim = audit.Target{}, audit.Claim{}
	return func(ctx context.Context, current gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
		pair, err := refresh(ctx, current)
		switch {
		case err == nil, errors.Is(err, gitlabapi.ErrPaused): // of which nothing was sent
		case errors.Is(err, gitlabapi.ErrInvalidGrant), gitlabapi.Refused(err):
			h.record(ctx, event, activity.Refused)
		case gitlabapi.OutcomeUnknown(err):
			h.record(ctx, event, activity.Unknown)
		default:
			h.record(ctx, event, activity.Failed)
		}
		return pair, err
	}
}

// shares bound the rows of people who are nobody yet: those who come back from GitLab with a
// sign-in that began here, and all other visitors, who must not crowd them out.
type shares struct{ signIns, visitors *rate.Limiter }

func newShares() shares {
	share := func() *rate.Limiter { return rate.NewLimiter(rate.Every(shareEvery), shareBurst) }
	return shares{signIns: share(), visitors: share()}
}

// of is the share of the request that ctx belongs to.
func (s shares) of(ctx context.Context) *rate.Limiter {
	if state, ok := ctx.Value(stateKey{}).(*requestState); ok && state.isSigningIn {
		return s.signIns
	}
	return s.visitors
}
