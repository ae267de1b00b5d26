package portal

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
)

// clockWatch tells the operator when GitLab's clock and the portal's differ so much that statuses
// are doubtful.
type clockWatch struct {
	log     *slog.Logger
	metrics *metrics

	mu    sync.Mutex
	ahead time.Duration // as it was logged last, in whole minutes
}

// observe takes what is known of GitLab's clock by now. It is logged once for every change of the
// minutes, and when the clocks agree again.
func (w *clockWatch) observe(skew gitlabapi.ClockSkew) {
	w.metrics.clockAhead.Set(skew.Ahead.Seconds())
	var ahead time.Duration
	if skew.Exceeds(agent.ClockTolerance) {
		ahead = skew.Ahead.Round(time.Minute)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if ahead == w.ahead {
		return
	}
	w.ahead = ahead
	if ahead == 0 {
		w.log.InfoContext(context.Background(), "the clocks of GitLab and the portal agree again")
		return
	}
	w.log.WarnContext(context.Background(), "the clocks of GitLab and the portal differ: agents may read Connected that are not, and the other way round",
		"gitlab_ahead", skew.Ahead.Round(time.Second).String(), "within", skew.Error.String())
}
