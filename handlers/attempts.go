package handlers

import (
	"crypto/subtle"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// signInLifetime is how long a person may take to sign in at GitLab.
	signInLifetime = 10 * time.Minute
	// maxAttempts is how many sign-ins may be under way in one browser, so that however many tabs are
	// restored at once, their cookies fit into a request.
	maxAttempts = 5
	// maxNext is how long the address to return to may be, for the same reason. The portal's own are
	// far shorter.
	maxNext = 512
	// maxUsedStates bounds the memory of sign-ins that were completed.
	maxUsedStates = 10_000
)

// attempt is one sign-in under way. It waits in a sealed cookie of its own, so that sign-ins
// in two tabs do not disturb each other, and binds the OAuth state to this browser.
type attempt struct {
	State    string    `json:"s"`
	Verifier string    `json:"v"`
	Next     string    `json:"n"`
	Expires  time.Time `json:"e"`
}

// errNoAttempt says that the browser has no such sign-in under way.
var errNoAttempt = errors.New("no such sign-in is under way in this browser")

// attemptCookie names one of the places for attempts.
func (h *Handlers) attemptCookie(place int) string {
	return h.Cookie.Name + "-signin-" + strconv.Itoa(place)
}

// keepAttempt puts the attempt into a free place, or into that of the oldest one. Requests that come
// at once see the same places free, so the choice among these is random.
func (h *Handlers) keepAttempt(w http.ResponseWriter, r *http.Request, a attempt) error {
	var free []int
	oldest, since := 0, a.Expires
	for place := range maxAttempts {
		var other attempt
		switch isKept := h.readSealed(r, h.attemptCookie(place), &other) && h.Now().Before(other.Expires); {
		case !isKept:
			free = append(free, place)
		case other.Expires.Before(since):
			oldest, since = place, other.Expires
		}
	}
	place := oldest
	if len(free) > 0 {
		place = free[rand.IntN(len(free))] //nolint:gosec // no secret
	}
	return h.setSealed(w, h.attemptCookie(place), a, signInLifetime)
}

// takeAttempt returns the attempt that state belongs to, once. The cookie proves that the sign-in
// began in this browser. That it is not completed twice takes no row of the database, which
// strangers could fill: the cookie is cleared, this process remembers for as long as the cookie
// would be good, and at any other one GitLab refuses a code that was used.
func (h *Handlers) takeAttempt(w http.ResponseWriter, r *http.Request, state string) (attempt, error) {
	for place := range maxAttempts {
		var a attempt
		name := h.attemptCookie(place)
		isIt := state != "" && h.readSealed(r, name, &a) && subtle.ConstantTimeCompare([]byte(a.State), []byte(state)) == 1
		if !isIt {
			continue
		}
		h.clearCookie(w, name)
		if now := h.Now(); now.After(a.Expires) || !h.states.use(state, a.Expires, now) {
			return a, errSignInState
		}
		stateOf(r).isSigningIn = true
		return a, nil
	}
	return attempt{}, errSignInState.because(errNoAttempt)
}

// clearAttempts drops all attempts that the browser has brought along.
func (h *Handlers) clearAttempts(w http.ResponseWriter, r *http.Request) {
	for place := range maxAttempts {
		if name := h.attemptCookie(place); cookieValue(r, name) != "" {
			h.clearCookie(w, name)
		}
	}
}

// usedStates remembers the states of sign-ins that came back from GitLab.
type usedStates struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// use reports whether the state, which is good until expires, comes back for the first time.
func (u *usedStates) use(state string, expires, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, used := u.until[state]; used {
		return false
	}
	if u.until == nil || len(u.until) >= maxUsedStates {
		u.forget(now)
	}
	u.until[state] = expires
	return true
}

// forget makes room: it drops what has expired, or everything if that is nothing.
func (u *usedStates) forget(now time.Time) {
	kept := make(map[string]time.Time)
	for state, until := range u.until {
		if now.Before(until) {
			kept[state] = until
		}
	}
	if len(kept) >= maxUsedStates {
		clear(kept)
	}
	u.until = kept
}
