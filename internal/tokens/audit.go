package tokens

import (
	"context"
	"errors"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/budget"
)

// Actor is who acts, and from where.
type Actor struct {
	// ID is the person's GitLab number, Name their username.
	ID   int64
	Name string
	// IP is the address of the browser, RequestID the request's number in the log.
	IP, RequestID string
}

// NotAuditedError says that the audit could not be written to. The change was not started.
type NotAuditedError struct{ Cause error }

func (e *NotAuditedError) Error() string {
	return "the change was not started, as it could not be audited: " + e.Cause.Error()
}

func (e *NotAuditedError) Unwrap() error { return e.Cause }

// auditTimeout bounds one write to the audit, also when the time of the change is up.
const auditTimeout = 3 * time.Second

// row is one action under way in the audit.
type row struct {
	service *Service
	id      int64
	event   audit.Event
}

// event is the row of an action of by's on what a request named, of which GitLab has shown them a
// part or all.
func (by Actor) event(action activity.Action, named audit.Claim, shown audit.Target) audit.Event {
	event := audit.Event{Action: action, ActorID: by.ID, ActorName: by.Name, ClientIP: by.IP, RequestID: by.RequestID}
	return event.About(named, shown)
}

// begin writes the row of an action before GitLab is asked for it.
func (s *Service) begin(ctx context.Context, event audit.Event) (*row, error) {
	ctx, cancel := context.WithTimeout(ctx, auditTimeout)
	defer cancel()
	id, err := s.audit.Begin(ctx, event)
	if err != nil {
		return nil, &NotAuditedError{Cause: err}
	}
	return &row{service: s, id: id, event: event}, nil
}

// finish notes how the action ended. Failing to must not hide the end from the person: the row
// then reads as unknown, which the log explains.
func (r *row) finish(ctx context.Context, outcome activity.Outcome, learnt audit.Target) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTimeout)
	defer cancel()
	if err := r.service.audit.Finish(ctx, r.id, outcome, learnt); err != nil {
		r.service.log.ErrorContext(ctx, "finishing a row of the audit", "row", r.id, "outcome", outcome, "error", err)
	}
}

// reconciled notes what a look at GitLab told about the action's unknown outcome.
func (r *row) reconciled(ctx context.Context, outcome activity.Outcome, learnt audit.Target) {
	event := r.event
	event.Action, event.RefersTo = activity.Reconciled, r.id
	if learnt.AgentID != 0 {
		event.Target.AgentID = learnt.AgentID
	}
	if learnt.TokenID != 0 {
		event.Target.TokenID = learnt.TokenID
	}
	r.service.record(ctx, event, outcome)
}

// refused notes an action that ended before GitLab was asked for a change.
func (s *Service) refused(ctx context.Context, event audit.Event, err error) {
	s.record(ctx, event, outcomeOf(err))
}

// record writes a row of which nothing depends: GitLab was asked already, or will not be.
func (s *Service) record(ctx context.Context, event audit.Event, outcome activity.Outcome) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTimeout)
	defer cancel()
	event.Outcome = outcome
	if err := s.audit.Record(ctx, event); err != nil {
		s.log.ErrorContext(ctx, "writing to the audit", "action", event.Action, "outcome", outcome, "error", err)
	}
}

// outcomeOf is what an error says about whether a change happened.
func outcomeOf(err error) activity.Outcome {
	var limit *LimitError
	var taken *NameTakenError
	var used *UsedError
	var spent *budget.SpentError
	switch {
	case err == nil:
		return activity.OK
	case gitlabapi.OutcomeUnknown(err):
		return activity.Unknown
	case errors.As(err, &limit), errors.As(err, &taken), errors.As(err, &used), errors.As(err, &spent),
		errors.Is(err, ErrUsedMeanwhile), errors.Is(err, ErrTooYoung),
		errors.Is(err, ErrNotStale), errors.Is(err, ErrContactUnknown), errors.Is(err, ErrNotManageable):
		return activity.Refused
	case gitlabapi.Refused(err):
		return activity.Refused
	default:
		return activity.Failed
	}
}

// lookedUp is what the look-up of something that was to be removed tells about the removal.
func lookedUp(lookup error) activity.Outcome {
	switch {
	case errors.Is(lookup, gitlabapi.ErrNotFound):
		return activity.OK
	case lookup == nil:
		return activity.Failed
	default:
		return activity.Unknown
	}
}
