package gitlabapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What an Error means, for errors.Is. Statuses decide, not texts: GitLab writes
// many of its messages in the person's language.
var (
	// ErrUnauthorized is a 401: the token is unknown, revoked or expired.
	ErrUnauthorized = errors.New("GitLab does not accept the token")
	// ErrTokenExpired is the 401 that a refresh heals; also ErrUnauthorized.
	ErrTokenExpired = fmt.Errorf("the token has expired: %w", ErrUnauthorized)
	// ErrForbidden is a 403: on a write the role is too low or the project takes no changes, on a
	// read something is wrong with the account; see RestrictionOf.
	ErrForbidden = errors.New("GitLab forbids it")
	// ErrInsufficientScope is the 403 of a token with too small a scope; also
	// ErrForbidden.
	ErrInsufficientScope = fmt.Errorf("the token's scope is too small: %w", ErrForbidden)
	// ErrNotFound is a 404: it does not exist, or the person may not see it.
	ErrNotFound = errors.New("not found in GitLab")
	// ErrInvalid is a 400, 409, 413, 414 or 422: GitLab refuses the input. See
	// Error.Reasons.
	ErrInvalid = errors.New("GitLab refuses the input")
	// ErrMoved is the 405 of a write to the former path of a project that moved.
	ErrMoved = errors.New("the project has moved")
	// ErrPrecondition is a 412.
	ErrPrecondition = errors.New("it was changed meanwhile")
	// ErrRateLimited is a 429.
	ErrRateLimited = errors.New("GitLab limits the rate")
	// ErrUnavailable is every failure to get a usable answer: 5xx, dialling, TLS, a
	// cut connection, a redirect elsewhere.
	ErrUnavailable = errors.New("GitLab is not available")
	// ErrTimeout is a deadline of ours or the caller's; also ErrUnavailable.
	ErrTimeout = fmt.Errorf("GitLab took too long: %w", ErrUnavailable)
	// ErrPaused is a call that was not sent, since GitLab did not answer the last ones; Error.RetryAfter
	// says when one will try. Nothing was changed. Also ErrUnavailable.
	ErrPaused = fmt.Errorf("GitLab has not answered lately: %w", ErrUnavailable)
	// ErrMalformed is an answer that is not what the API promises; also ErrUnavailable.
	ErrMalformed = fmt.Errorf("GitLab's answer makes no sense: %w", ErrUnavailable)
	// ErrForeign is an answer that is not GitLab's: a login page, a firewall or the
	// page of a server without a site answered in its place; also ErrMalformed.
	ErrForeign = fmt.Errorf("something between the portal and GitLab answered: %w", ErrMalformed)
	// ErrTooLarge is an answer of more than 1 MiB, or a list without end; also
	// ErrUnavailable.
	ErrTooLarge = fmt.Errorf("GitLab's answer is too large: %w", ErrUnavailable)
	// ErrGraphQL is a GraphQL query that was not answered, or not in full.
	ErrGraphQL = errors.New("GraphQL did not answer")
	// ErrUnsupported is a query that the instance does not know, or an instance without
	// GraphQL: asking again is of no use; also ErrGraphQL.
	ErrUnsupported = fmt.Errorf("this GitLab does not know the query: %w", ErrGraphQL)
	// ErrTooComplex is GitLab's refusal of even the smallest form of a query, by its
	// cost; also ErrGraphQL.
	ErrTooComplex = fmt.Errorf("the query is too complex: %w", ErrGraphQL)
	// ErrInvalidGrant is OAuth's invalid_grant: the code or refresh token is of no
	// use any more.
	ErrInvalidGrant = errors.New("the grant is not valid any more")
	// ErrInvalidClient is OAuth's invalid_client or unauthorized_client: GitLab does
	// not know the application by this id and secret, or does not let it do this,
	// whoever the person is. Also ErrUnavailable.
	ErrInvalidClient = fmt.Errorf("GitLab does not accept the application: %w", ErrUnavailable)
)

// Error is the failure of one call. It holds no secret, no URL and no header but
// the two named here.
type Error struct {
	Op     string // what was tried: "create agent token"
	Status int    // 0: there was no answer
	// Message is GitLab's own, at most 512 bytes, without control characters and
	// without anything that looks like the token. For logs, and for people at 400 and 403.
	Message string
	// RetryAfter is GitLab's wish at 429 and 503, at most an hour, or what is left of it; 0: none.
	RetryAfter time.Duration
	RequestID  string // GitLab's X-Request-Id, to find the call in its logs

	kind    error  // one of the sentinels; nil when the caller itself cancelled
	cause   error  // context.Canceled, context.DeadlineExceeded or nil
	detail  string // what went wrong on the way, cleaned like Message
	unknown bool   // a write that may have happened
	code    string // OAuth's "error", "" where GitLab gave none
}

// Error names the operation, the status and the reason, for logs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("gitlab: " + e.Op + ": ")
	switch {
	case e.Status != 0:
		b.WriteString(strings.TrimSpace(strconv.Itoa(e.Status) + " " + http.StatusText(e.Status)))
	case e.kind != nil:
		b.WriteString(e.kind.Error())
	case e.cause != nil:
		b.WriteString(e.cause.Error())
	}
	for _, text := range []string{e.Message, e.detail} {
		if text != "" {
			b.WriteString(": " + text)
		}
	}
	return b.String()
}

// Unwrap gives the sentinel, and context.Canceled or context.DeadlineExceeded
// where one of these ended the call.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.kind, e.cause} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// OutcomeUnknown reports whether a write that failed with err may have happened
// all the same: any failure after the request may have left (cut, reset, timeout,
// 5xx, a 2xx with an unreadable body, an answer that is not GitLab's). It is false for
// GitLab's own 3xx and 4xx, and for failures to dial or to shake hands.
func OutcomeUnknown(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.unknown
}

// Refused reports whether err is GitLab's own no: an answer of 4xx, after which
// nothing was changed.
func Refused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status >= http.StatusBadRequest && e.Status < http.StatusInternalServerError && !errors.Is(err, ErrForeign)
}

// Postponed reports whether err is an answer of GitLab's or of what stands before
// it that only says when to come back, as during maintenance, and that nothing was
// done. See Error.RetryAfter.
func Postponed(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusServiceUnavailable && e.RetryAfter > 0 && !e.unknown
}

// PartialError comes with what GraphQL did answer; what it did not is missing
// there. It is also ErrGraphQL, and whatever ended the reading.
type PartialError struct {
	Op       string
	Messages []string // GitLab's and ours, cleaned like Error.Message
	causes   []error
}

// Error joins the messages.
func (e *PartialError) Error() string {
	return "gitlab: " + e.Op + ": answered in part: " + strings.Join(e.Messages, "; ")
}

// Unwrap gives ErrGraphQL and the causes.
func (e *PartialError) Unwrap() []error { return append([]error{ErrGraphQL}, e.causes...) }

// kindOf is what a status means, with the codes that OAuth's resource errors add
// (https://docs.gitlab.com/api/rest/troubleshooting/).
func kindOf(status int, f failure) error {
	if f.foreign && status < http.StatusInternalServerError { // the page of a 5xx says that GitLab is down
		return ErrForeign
	}
	switch status {
	case http.StatusUnauthorized:
		// rack-oauth2 writes these texts itself, in English: "Token is expired. You
		// can either do re-authorization or token refresh." against "Token was
		// revoked. …". Only the first is worth a refresh.
		if f.code == "invalid_token" && strings.Contains(f.description, "expired") {
			return ErrTokenExpired
		}
		return ErrUnauthorized
	case http.StatusForbidden:
		if f.code == "insufficient_scope" {
			return ErrInsufficientScope
		}
		return ErrForbidden
	case http.StatusNotFound, http.StatusGone:
		return ErrNotFound
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity,
		http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong:
		return ErrInvalid
	case http.StatusMethodNotAllowed:
		return ErrMoved
	case http.StatusPreconditionFailed:
		return ErrPrecondition
	case http.StatusTooManyRequests:
		return ErrRateLimited
	default:
		return ErrUnavailable
	}
}

// isContext reports whether err is one of the two ways a context ends.
func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
