package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/fleet/scan"
	sessions "gitlab-agent-portal/internal/session"
	"gitlab-agent-portal/internal/tokens"
)

// httpError is a decision of ours: a status and the sentence that explains it, named by the
// id of its texts in the catalogue (errors.<id>.title and errors.<id>.text).
type httpError struct {
	status int
	id     string
	cause  error
}

func (e *httpError) Error() string {
	if e.cause == nil {
		return e.id
	}
	return e.id + ": " + e.cause.Error()
}

func (e *httpError) Unwrap() error { return e.cause }

// Is makes a decision equal to itself with a cause.
func (e *httpError) Is(target error) bool {
	other, ok := target.(*httpError)
	return ok && other.id == e.id
}

// because returns a copy of e that remembers its cause for the log.
func (e *httpError) because(cause error) *httpError {
	return &httpError{status: e.status, id: e.id, cause: cause}
}

// Everything the portal itself refuses.
var (
	errNoSuchPage       = &httpError{status: http.StatusNotFound, id: "no_such_page"}
	errNotVisible       = &httpError{status: http.StatusNotFound, id: "not_visible"}
	errWrongHost        = &httpError{status: http.StatusMisdirectedRequest, id: "wrong_host"}
	errMethodNotAllowed = &httpError{status: http.StatusMethodNotAllowed, id: "method"}
	errNotSignedIn      = &httpError{status: http.StatusUnauthorized, id: "not_signed_in"}
	errMaintainerNeeded = &httpError{status: http.StatusForbidden, id: "maintainer_needed"}
	errAlertMaintainer  = &httpError{status: http.StatusForbidden, id: "alert_maintainer"}
	errPushForbidden    = &httpError{status: http.StatusForbidden, id: "push_forbidden"}
	errProjectArchived  = &httpError{status: http.StatusForbidden, id: "archived"}
	errProjectFrozen    = &httpError{status: http.StatusForbidden, id: "frozen"}
	errNoSuchGroup      = &httpError{status: http.StatusNotFound, id: "no_such_group"}
	errAncestorArchived = &httpError{status: http.StatusForbidden, id: "ancestor"}
	errDeletionDue      = &httpError{status: http.StatusForbidden, id: "deletion"}
	errRepositoryOff    = &httpError{status: http.StatusForbidden, id: "repository"}
	errInfrastructure   = &httpError{status: http.StatusForbidden, id: "infrastructure"}
	errReadOnlyPortal   = &httpError{status: http.StatusForbidden, id: "read_only_portal"}
	errCrossSite        = &httpError{status: http.StatusForbidden, id: "cross_site"}
	errForeignForm      = &httpError{status: http.StatusForbidden, id: "foreign_form"}
	errMisplacedForm    = &httpError{status: http.StatusForbidden, id: "misplaced_form"}
	errFormTooLarge     = &httpError{status: http.StatusRequestEntityTooLarge, id: "form_too_large"}
	errFormUnreadable   = &httpError{status: http.StatusBadRequest, id: "form_unreadable"}
	errFormStalled      = &httpError{status: http.StatusRequestTimeout, id: "form_stalled"}
	errSessionRenewed   = &httpError{status: http.StatusServiceUnavailable, id: "session_renewed"}
	errTooManyChanges   = &httpError{status: http.StatusTooManyRequests, id: "too_many_changes"}
	errTooManyRequests  = &httpError{status: http.StatusTooManyRequests, id: "too_many_requests"}
	errTooManyPages     = &httpError{status: http.StatusTooManyRequests, id: "too_many_pages"}
	errTooManySignIns   = &httpError{status: http.StatusTooManyRequests, id: "too_many_sign_ins"}
	errTooManyStreams   = &httpError{status: http.StatusTooManyRequests, id: "too_many_streams"}
	errSignInState      = &httpError{status: http.StatusBadRequest, id: "sign_in_state"}
	errSignInDenied     = &httpError{status: http.StatusForbidden, id: "sign_in_denied"}
	errSignInScope      = &httpError{status: http.StatusForbidden, id: "sign_in_scope"}
	errNoNavigation     = &httpError{status: http.StatusForbidden, id: "no_navigation"}
	errSignInRefused    = &httpError{status: http.StatusBadGateway, id: "sign_in_refused"}
	errSettings         = &httpError{status: http.StatusBadGateway, id: "portal_settings"}
	errNotAudited       = &httpError{status: http.StatusServiceUnavailable, id: "not_audited"}
	errTokenMissing     = &httpError{status: http.StatusUnauthorized, id: "token_missing"}
	errTokenMalformed   = &httpError{status: http.StatusUnauthorized, id: "token_malformed"}
	errTokenRefused     = &httpError{status: http.StatusUnauthorized, id: "token_refused"}
	errTokenScope       = &httpError{status: http.StatusForbidden, id: "token_scope"}
	errTooManyTokens    = &httpError{status: http.StatusTooManyRequests, id: "too_many_tokens"}
	errWrongParameter   = &httpError{status: http.StatusUnprocessableEntity, id: "wrong_parameter"}
	errWatchOff         = &httpError{status: http.StatusNotFound, id: "watch_off"}
	errNotReady         = &httpError{status: http.StatusServiceUnavailable, id: "not_ready"}
	errInternal         = &httpError{status: http.StatusInternalServerError, id: "internal"}
)

// problem is what a person and the operator are told of an error.
type problem struct {
	status     int
	id         string
	level      slog.Level
	retryAfter time.Duration
	// said is GitLab's own sentence, of a refusal that it explains.
	said string
}

// seconds is retryAfter as the header and the page say it.
func (p problem) seconds() int { return int(p.retryAfter.Round(time.Second) / time.Second) }

// statusClientClosed is logged for a request whose client went away; nobody receives it.
const statusClientClosed = 499

// classify decides what an error means. change says that the request was to change
// something; then the answer says whether it may have happened.
func classify(err error, change bool) problem {
	var own *httpError
	var ended *sessionEndedError
	var agentUnknown *tokens.UnknownAgentError
	var notAudited *tokens.NotAuditedError
	var restricted *signInRestrictedError
	switch {
	case errors.As(err, &ended):
		return problem{status: http.StatusUnauthorized, id: "session_ended", level: slog.LevelInfo}
	case errors.As(err, &own):
		return problem{status: own.status, id: own.id, level: levelOf(own.status), said: said(err), retryAfter: waitFor(err)}
	case errors.As(err, &restricted):
		return problem{status: http.StatusForbidden, id: restrictedID(restricted.why), level: slog.LevelInfo, said: said(restricted.cause)}
	case waitFor(err) > 0:
		return problem{status: errTooManyChanges.status, id: errTooManyChanges.id, level: slog.LevelWarn, retryAfter: waitFor(err)}
	case errors.As(err, &notAudited):
		return problem{status: errNotAudited.status, id: errNotAudited.id, level: slog.LevelError}
	case errors.As(err, new(*tokens.UnknownCommitError)):
		return problem{status: http.StatusBadGateway, id: "commit_unknown", level: slog.LevelError}
	case errors.As(err, &agentUnknown):
		return problem{status: http.StatusBadGateway, id: "agent_unknown", level: slog.LevelError}
	case errors.Is(err, sessions.ErrBusy):
		return problem{status: http.StatusServiceUnavailable, id: "renewal_slow", level: slog.LevelWarn, retryAfter: renewalRetry}
	case errors.Is(err, audit.ErrSlow):
		return problem{status: http.StatusServiceUnavailable, id: "activity_slow", level: slog.LevelError}
	case errors.Is(err, scan.ErrClosed):
		return problem{status: http.StatusServiceUnavailable, id: "scan_stopped", level: slog.LevelWarn}
	case errors.Is(err, context.Canceled):
		return problem{status: statusClientClosed, id: "internal", level: slog.LevelDebug}
	default:
		return classifyGitLab(err, change)
	}
}

// classifyGitLab decides what a failed call to GitLab means.
func classifyGitLab(err error, change bool) problem {
	switch {
	case errors.Is(err, gitlabapi.ErrInvalidClient):
		return problem{status: http.StatusBadGateway, id: "portal_settings", level: slog.LevelError}
	case errors.Is(err, gitlabapi.ErrPaused):
		return problem{status: http.StatusServiceUnavailable, id: "gitlab_paused", level: slog.LevelWarn, retryAfter: retryAfter(err)}
	case gitlabapi.Postponed(err):
		return problem{status: http.StatusServiceUnavailable, id: "gitlab_postponed", level: slog.LevelWarn, retryAfter: retryAfter(err)}
	case errors.Is(err, gitlabapi.ErrRateLimited):
		return problem{status: http.StatusServiceUnavailable, id: "gitlab_busy", level: slog.LevelWarn, retryAfter: retryAfter(err)}
	case errors.Is(err, gitlabapi.ErrInsufficientScope):
		return problem{status: http.StatusForbidden, id: "read_only_portal", level: slog.LevelInfo}
	case errors.Is(err, gitlabapi.ErrForbidden):
		return problem{status: http.StatusForbidden, id: forbiddenID(err), level: slog.LevelInfo, said: said(err)}
	case errors.Is(err, gitlabapi.ErrNotFound):
		return problem{status: http.StatusNotFound, id: "not_visible", level: slog.LevelInfo}
	case errors.Is(err, gitlabapi.ErrInvalid), errors.Is(err, gitlabapi.ErrPrecondition), errors.Is(err, gitlabapi.ErrMoved):
		return problem{status: http.StatusUnprocessableEntity, id: "gitlab_refused", level: slog.LevelInfo}
	case isDatabase(err):
		return problem{status: http.StatusServiceUnavailable, id: "database", level: slog.LevelError, retryAfter: databaseRetry}
	case errors.Is(err, gitlabapi.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return problem{status: http.StatusGatewayTimeout, id: "gitlab_slow" + outcomeSuffix(err, change), level: slog.LevelError}
	case errors.Is(err, gitlabapi.ErrForeign):
		return problem{status: http.StatusBadGateway, id: "foreign" + outcomeSuffix(err, change), level: slog.LevelError}
	case errors.Is(err, gitlabapi.ErrUnavailable), errors.Is(err, tokens.ErrStillThere):
		return problem{status: http.StatusBadGateway, id: "gitlab_down" + outcomeSuffix(err, change), level: slog.LevelError}
	default:
		return problem{status: http.StatusInternalServerError, id: "internal", level: slog.LevelError}
	}
}

// databaseRetry is when to try again while the database cannot be used, and renewalRetry while a
// renewal goes on in the background.
const (
	databaseRetry = 10 * time.Second
	renewalRetry  = 5 * time.Second
)

// isDatabase says whether the portal's database is the reason, and not GitLab.
func isDatabase(err error) bool {
	_, fromGitLab := errors.AsType[*gitlabapi.Error](err)
	return !fromGitLab && !errors.Is(err, gitlabapi.ErrUnavailable) && database.Unavailable(err)
}

// outcomeSuffix picks the sentence that says whether a change may have happened.
func outcomeSuffix(err error, change bool) string {
	switch {
	case !change:
		return ""
	case gitlabapi.OutcomeUnknown(err), errors.Is(err, tokens.ErrStillThere):
		return "_unknown"
	default:
		return "_unchanged"
	}
}

func levelOf(status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case status == http.StatusTooManyRequests:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

// waitFor is for how long an allowance of the portal's is spent; 0 if that is not the reason.
func waitFor(err error) time.Duration {
	if spent, ok := errors.AsType[*budget.SpentError](err); ok {
		return max(spent.Wait.Round(time.Second), time.Second)
	}
	return 0
}

// retryAfter is GitLab's own wish, or half a minute where it states none.
func retryAfter(err error) time.Duration {
	var failed *gitlabapi.Error
	if errors.As(err, &failed) && failed.RetryAfter > 0 {
		return failed.RetryAfter
	}
	return 30 * time.Second
}

// fail is the only way an error becomes a response. The log line is written by the access
// log, which finds the error in the request's state.
func (h *Handlers) fail(w http.ResponseWriter, r *http.Request, err error) {
	state := stateOf(r)
	state.err = err
	p := classify(err, !isSafe(r.Method))
	if p.status == statusClientClosed {
		return
	}
	if p.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.seconds()))
	}
	ctx, cancel := toTell(r.Context())
	defer cancel()
	tell := h.renderProblem
	if state.isProgram {
		tell = h.writeProblem
	}
	if rendering := tell(w, r.WithContext(ctx), p); rendering != nil {
		h.Log.ErrorContext(ctx, "rendering an error page", "request_id", state.id, "error", rendering)
		h.writePanicPage(w)
	}
}
