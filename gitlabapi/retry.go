package gitlabapi

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/time/rate"
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
	// Retries are at most this share of the calls, of the last retryWindow of them, and
	// retryFloor more, of which one comes back each retryEvery: a GitLab that is overloaded is not
	// asked three times as much.
	retryShare  = 0.1
	retryWindow = 200
	retryFloor  = 10
	retryEvery  = time.Second
)

// newReads is the client for everything that may be repeated.
func newReads(rt http.RoundTripper, base *url.URL, retries *retryBudget, opts Options) *retryablehttp.Client {
	policy := retryPolicy{now: opts.Now, backoff: opts.Backoff, retries: retries}
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
	retries *retryBudget
}

// check says whether to repeat a read: after a 429, a 5xx or a broken connection.
// Not after a timeout, since who is slow is not helped by asking twice.
func (p retryPolicy) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	failed, isFailed := errors.AsType[*attemptError](err)
	switch {
	case isFailed && !failed.again:
		return false, nil
	case resp == nil && !isFailed:
		return false, err // a broken redirect
	case !isFailed && !p.isPassing(resp):
		return false, nil
	}
	return isLast(ctx) || p.retries.take(), nil
}

// isPassing reports whether an answer may be another one soon.
func (p retryPolicy) isPassing(resp *http.Response) bool {
	asked, _ := retryAfter(resp.Header, p.now())
	return repeatable(resp.StatusCode) && asked <= maxRetryWait
}

// isLast reports whether no attempt comes after this one, which then takes nothing from the budget.
func isLast(ctx context.Context) bool {
	a, _ := ctx.Value(attemptKey{}).(attempt)
	if a.tried == nil {
		return false
	}
	*a.tried++
	return *a.tried > maxRetries
}

// retryBudget bounds the retries of all calls together.
type retryBudget struct {
	now     func() time.Time
	observe func(isRepeated bool)

	mu    sync.Mutex
	saved float64
	floor *rate.Limiter
}

func newRetryBudget(opts Options) *retryBudget {
	return &retryBudget{now: opts.Now, observe: opts.ObserveRetry, floor: rate.NewLimiter(rate.Every(retryEvery), retryFloor)}
}

// called notes a call, which earns its share of a retry.
func (b *retryBudget) called() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved = min(b.saved+retryShare, retryShare*retryWindow)
}

// take spends a retry, and reports false if there is none.
func (b *retryBudget) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	isSaved := b.saved >= 1
	if isSaved {
		b.saved--
	}
	isTaken := isSaved || b.floor.AllowN(b.now(), 1)
	b.observe(isTaken)
	return isTaken
}

// wholeSeconds rounds a wait up, as Retry-After counts.
func wholeSeconds(wait time.Duration) time.Duration {
	return (wait + time.Second - 1).Truncate(time.Second)
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
