package gitlabapi

import (
	"mime"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// maxWishes bounds whose wishes are remembered; who is forgotten asks GitLab once more.
	maxWishes = 10_000
	// heedMaintenance and heedLimit are how long a wish is heeded before a call looks whether it
	// still holds: maintenance can end early, and the limits of an instance can be changed.
	heedMaintenance = time.Minute
	heedLimit       = 5 * time.Minute
)

// limited is whose calls GitLab limits together. The throttles in front of it count a person's calls
// of the API whatever they are, and an address's without a token, which is the portal's own; its
// application limits count a person's calls of one endpoint
// (https://docs.gitlab.com/security/rate_limits/).
type limited struct {
	person int64 // 0: without a token
	op     string
}

// wish is when GitLab wants to be asked again, and until when that is taken for granted.
type wish struct{ end, heeded time.Time }

// wishes remember GitLab's Retry-After for everybody whom it concerns, so that one call learns of it
// and not all.
type wishes struct {
	now func() time.Time

	mu sync.Mutex
	// everyone is maintenance of the instance, and grants of the endpoint for tokens, which can be closed
	// while GitLab goes on answering reads.
	everyone, grants wish
	limits           *simplelru.LRU[limited, wish]
}

func newWishes(now func() time.Time) *wishes {
	limits, err := simplelru.NewLRU[limited, wish](maxWishes, nil)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &wishes{now: now, limits: limits}
}

// refusal is GitLab's own answer for a call that it does not want to be sent; nil: there is none.
func (w *wishes) refusal(a attempt) *attemptError {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	closed := w.everyone
	if a.isGrant && w.grants.heeded.After(closed.heeded) {
		closed = w.grants
	}
	if now.Before(closed.heeded) {
		return &attemptError{kind: ErrUnavailable, cause: errMaintenance, status: http.StatusServiceUnavailable, wait: closed.end.Sub(now)}
	}
	for _, key := range []limited{{person: a.call.Person}, {person: a.call.Person, op: a.op}} {
		if known, ok := w.limits.Get(key); ok && now.Before(known.heeded) && a.isCounted() {
			return &attemptError{kind: ErrRateLimited, cause: errLimited, status: http.StatusTooManyRequests, wait: known.end.Sub(now)}
		}
	}
	return nil
}

// heard remembers an answer that says when to come back. Who is told of a few seconds waits for them
// by itself and asks again.
func (w *wishes) heard(a attempt, resp *http.Response) {
	asked, _ := retryAfter(resp.Header, w.now())
	if asked <= maxRetryWait {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	switch {
	case resp.StatusCode == http.StatusServiceUnavailable && a.isGrant:
		w.grants = wish{now.Add(asked), now.Add(min(asked, heedMaintenance))}
	case resp.StatusCode == http.StatusServiceUnavailable && !a.write: // an instance that takes no changes answers reads
		w.everyone = wish{now.Add(asked), now.Add(min(asked, heedMaintenance))}
	case resp.StatusCode == http.StatusTooManyRequests && a.isCounted():
		w.limits.Add(limitOf(a, resp.Header), wish{now.Add(asked), now.Add(min(asked, heedLimit))})
	}
}

// isCounted reports whether it is known for whom GitLab counts the call. It is not for a token whose
// owner is being asked for.
func (a attempt) isCounted() bool { return a.call.Person != 0 || a.isAnonymous }

// limitOf is what a 429 limits. The throttles name themselves and answer in plain text, application
// limits in JSON.
func limitOf(a attempt, header http.Header) limited {
	name := header.Get("RateLimit-Name")
	contentType, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	isOfEndpoint := contentType == "application/json" || name != "" && name != "throttle_authenticated_api"
	if isOfEndpoint && !a.isAnonymous {
		return limited{person: a.call.Person, op: a.op}
	}
	return limited{person: a.call.Person}
}
