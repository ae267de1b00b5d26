package gitlabapi

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	maxRetries = 2
	backoff0   = 200 * time.Millisecond
	// maxRetryWait is how long a read waits because GitLab asked for it. A longer
	// wish goes back to the caller at once, as Error.RetryAfter: coming back too
	// early is refused again and counts against the limit.
	maxRetryWait = 3 * time.Second
	// maxRetryAfter bounds what Error.RetryAfter may claim.
	maxRetryAfter = time.Hour
	maxRedirects  = 3
)

// newReads is the client for everything that may be repeated.
func newReads(rt http.RoundTripper, base *url.URL, opts Options) *retryablehttp.Client {
	policy := retryPolicy{now: opts.Now, backoff: opts.Backoff}
	return &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: rt, CheckRedirect: followWithin(base)},
		RetryMax:     maxRetries,
		CheckRetry:   policy.check,
		Backoff:      policy.pause,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

type retryPolicy struct {
	now     func() time.Time
	backoff func(retry int) time.Duration
}

// check says whether to repeat a read: after a 429, a 5xx or a broken connection.
// Not after a timeout, since who is slow is not helped by asking twice.
func (p retryPolicy) check(_ context.Context, resp *http.Response, err error) (bool, error) {
	if failed, ok := errors.AsType[*attemptError](err); ok {
		return failed.again, nil
	}
	if resp == nil {
		return false, err // a broken redirect
	}
	wish, _ := retryAfter(resp.Header, p.now())
	return repeatable(resp.StatusCode) && wish <= maxRetryWait, nil
}

func repeatable(status int) bool {
	return status == http.StatusTooManyRequests ||
		status >= 500 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported
}

// pause adds our back-off to GitLab's wish, so that many readers who were told
// the same second do not return in it together.
func (p retryPolicy) pause(_, _ time.Duration, retry int, resp *http.Response) time.Duration {
	wait := p.backoff(retry)
	if resp != nil {
		wish, _ := retryAfter(resp.Header, p.now())
		wait += wish
	}
	return wait
}

// fullJitter spreads retries over the whole interval
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
func fullJitter(retry int) time.Duration {
	return rand.N(backoff0 << min(retry, maxRetries)) //nolint:gosec // it spreads load, it guards nothing
}

// retryAfter reads Retry-After as seconds or as a date (RFC 9110 §10.2.3).
// Negative and unreadable values count as none.
func retryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter), true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), maxRetryAfter), true
}
