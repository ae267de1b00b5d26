package handlers

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/semaphore"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/parallel"
)

const (
	// revokeTimeout is how long GitLab may take for one call.
	revokeTimeout = 30 * time.Second
	// revokeAttempts is how often a revocation is tried, and revokePause the pause after the first
	// attempt; the next ones are longer, revokeBackOff times each.
	revokeAttempts = 4
	revokePause    = 2 * time.Second
	revokeBackOff  = 5
	// maxRevocations is how many may be waiting for GitLab at once, a part of all calls that the
	// client has under way, and maxPending how many may be left, the ones between two attempts
	// included.
	maxRevocations = 16
	maxPending     = 1000
)

// Revocations end at GitLab what a person granted the portal, once their session has ended here.
// They run in the background: nobody waits for a GitLab that hangs. Make one with NewRevocations.
type Revocations struct {
	oauth   *gitlabapi.OAuth
	log     *slog.Logger
	pause   time.Duration
	calls   *semaphore.Weighted
	pending *semaphore.Weighted
	closing context.Context //nolint:containedctx // ends all pauses
	close   context.CancelFunc
}

// NewRevocations returns the revocations of one GitLab application. pause is how long it waits after
// a first attempt that failed; 0: two seconds.
func NewRevocations(oauth *gitlabapi.OAuth, log *slog.Logger, pause time.Duration) *Revocations {
	r := &Revocations{
		oauth: oauth, log: log, pause: cmp.Or(pause, revokePause),
		calls: semaphore.NewWeighted(maxRevocations), pending: semaphore.NewWeighted(maxPending),
	}
	r.closing, r.close = context.WithCancel(context.Background())
	return r
}

// Revoke ends the grant that the pair belongs to, and returns at once. The pair is in memory only: a
// grant that could not be ended when the process does stays at GitLab. Failures are reported to the
// log alone: the session has ended in any case.
func (r *Revocations) Revoke(ctx context.Context, pair gitlabapi.TokenPair) {
	token := pair.Refresh // which ends both: an expired access token is "not revocable"
	if token.IsZero() {
		token = pair.Access
	}
	if token.IsZero() {
		return
	}
	if !r.pending.TryAcquire(1) {
		r.log.WarnContext(ctx, "a GitLab token was not revoked: too many revocations are under way")
		return
	}
	go func() {
		defer r.pending.Release(1)
		r.revoke(context.WithoutCancel(ctx), token)
	}()
}

// revoke tries until it succeeds, until trying again is no use, or until the stop, which leaves one
// more attempt.
func (r *Revocations) revoke(ctx context.Context, token gitlabapi.Secret) {
	var err error
	isStopping, pause := false, r.pause
	for attempt := 1; ; attempt++ {
		err = r.attempt(ctx, token)
		if err == nil || errors.Is(err, gitlabapi.ErrInvalidClient) || attempt == revokeAttempts || isStopping {
			break
		}
		isStopping, pause = !r.wait(pause), pause*revokeBackOff
	}
	if err != nil {
		level := max(slog.LevelWarn, classify(err, true).level)
		r.log.Log(ctx, level, "revoking a GitLab token", "error", err, "settings", wrongSettings(err))
	}
}

// wait lets a pause go by, and reports false if the stop cut it short.
func (r *Revocations) wait(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.closing.Done():
		return false
	}
}

func (r *Revocations) attempt(ctx context.Context, token gitlabapi.Secret) error {
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	if err := r.calls.Acquire(ctx, 1); err != nil {
		return err
	}
	defer r.calls.Release(1)
	return parallel.Guard(func() error { return r.oauth.Revoke(ctx, token) })
}

// Close waits until GitLab has answered for everybody whose session ended, or until ctx ends; what is
// left then ends with the process. It reports to the log how it ended: a stop does not fail for a
// GitLab that hangs. Later calls of Revoke do nothing.
func (r *Revocations) Close(ctx context.Context) {
	r.close()
	if err := r.pending.Acquire(ctx, maxPending); err != nil {
		r.log.WarnContext(ctx, "some GitLab tokens of sessions that ended could not be revoked before the stop", "error", err)
	}
}
