package gitlabapi

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// attempt travels in the request's context from do to the transport.
type attempt struct {
	op    string
	write bool
	text  bool
	call  Call
	// isAnonymous is a call without a token, isGrant one for a token, and insists one that is sent
	// whatever is known of GitLab.
	isAnonymous, isGrant, insists bool
	// tried counts the attempts of a read; nil: of a write.
	tried *int
}

// accepts is the content type that is asked for, and whether an answer's is it.
func (a attempt) accepts(contentType string) (want string, fits bool) {
	if a.text {
		return "text/plain", isText(contentType)
	}
	return "application/json", isJSON(contentType)
}

type attemptKey struct{}

func withAttempt(ctx context.Context, a attempt) context.Context {
	return context.WithValue(ctx, attemptKey{}, a)
}

// attemptError is a failed attempt, before do makes an Error of it.
type attemptError struct {
	kind   error         // a sentinel; nil when the caller cancelled
	cause  error         // not yet cleaned: may hold bytes of the server
	status int           // 0: no header came
	sent   bool          // something may have left
	again  bool          // worth repeating, if it is a read
	wait   time.Duration // when to try again, of what was held back
}

func (e *attemptError) Error() string { return e.cause.Error() }
func (e *attemptError) Unwrap() error { return e.cause }

// broken says what a failed attempt means. The context knows better than the
// error, whose form differs between the stages of a request.
func broken(ctx context.Context, err error, status int, sent bool) *attemptError {
	e := &attemptError{kind: ErrUnavailable, cause: err, status: status, sent: sent, again: true}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errSlowHeader):
		e.kind, e.cause, e.again = ErrTimeout, errSlowHeader, false
	case errors.Is(ctx.Err(), context.Canceled):
		e.kind, e.cause, e.again = nil, context.Canceled, false
	case ctx.Err() != nil:
		e.kind, e.cause, e.again = ErrTimeout, context.DeadlineExceeded, false
	case isTimeout(err):
		e.kind, e.again = ErrTimeout, false
	case errors.Is(err, errLargeBody):
		e.kind, e.again = ErrTooLarge, false
	case errors.Is(err, errForeign):
		e.kind, e.again = ErrForeign, false
	case errors.Is(err, errOtherType):
		e.kind, e.again = ErrMalformed, false
	case errors.Is(err, io.ErrUnexpectedEOF) && status != 0:
		e.kind = ErrMalformed
	case isUntrusted(err):
		e.again = false
	}
	return e
}

// isTimeout reports whether a limit of the dialler or the handshake was hit.
func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

func isUntrusted(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}
