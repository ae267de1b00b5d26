package tokens

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
)

// ErrTooMany says that a person created more than a person does. Nothing was sent.
var ErrTooMany = errors.New("too many creates in a minute")

const (
	// createsPerMinute is far above what people do by hand and far below what would hurt.
	createsPerMinute = 20
	// maxLimiters bounds the memory; beyond it everyone starts with a full allowance again,
	// which only ever lets more through.
	maxLimiters = 10_000
)

// withinLimit refuses a token beyond those that GitLab allows an agent.
func withinLimit(active []gitlabapi.Token) error {
	if len(active) >= agent.MaxTokens {
		return &LimitError{Active: len(active)}
	}
	return nil
}

// limits counts each person's creates.
type limits struct {
	now func() time.Time

	mu       sync.Mutex
	byPerson map[int64]*rate.Limiter
}

// allow reports whether the person may create one more.
func (l *limits) allow(person int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter, ok := l.byPerson[person]
	if !ok {
		if len(l.byPerson) >= maxLimiters {
			clear(l.byPerson)
		}
		limiter = rate.NewLimiter(rate.Every(time.Minute/createsPerMinute), createsPerMinute)
		l.byPerson[person] = limiter
	}
	return limiter.AllowN(l.now(), 1)
}
