package handlers

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/semaphore"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/parallel"
)

const (
	// revokePatience is how long signing out waits for GitLab, revokeTimeout how long GitLab may
	// take in all, and maxRevocations how many it may keep waiting at once: a part of all calls that the
	// client has under way.
	revokePatience = 2 * time.Second
	revokeTimeout  = 30 * time.Second
	maxRevocations = 16
)

// Revocations end at GitLab what a person granted the portal, when they sign out. A GitLab that
// hangs is left to it in the background. Make one with NewRevocations.
type Revocations struct {
	oauth    *gitlabapi.OAuth
	log      *slog.Logger
	patience time.Duration
	slots    *semaphore.Weighted
}

// NewRevocations returns the revocations of one GitLab application. patience is how long Revoke
// waits; 0: two seconds.
func NewRevocations(oauth *gitlabapi.OAuth, log *slog.Logger, patience time.Duration) *Revocations {
	if patience <= 0 {
		patience = revokePatience
	}
	return &Revocations{oauth: oauth, log: log, patience: patience, slots: semaphore.NewWeighted(maxRevocations)}
}

// Revoke ends the grant that a refresh token belongs to: an expired access token is "not revocable",
// and the refresh token ends both. It returns after a while even if GitLab has not answered by
// then, and reports failures to the log alone: the person has signed out in any case.
func (r *Revocations) Revoke(ctx context.Context, refresh gitlabapi.Secret) {
	if !r.slots.TryAcquire(1) {
		r.attempt(ctx, refresh, r.patience) // and then no longer: enough is under way
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.slots.Release(1)
		r.attempt(context.WithoutCancel(ctx), refresh, revokeTimeout)
	}()
	patience := time.NewTimer(r.patience)
	defer patience.Stop()
	select {
	case <-done:
	case <-patience.C:
	}
}

func (r *Revocations) attempt(ctx context.Context, refresh gitlabapi.Secret, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := parallel.Guard(func() error { return r.oauth.Revoke(ctx, refresh) })
	if err != nil {
		level := max(slog.LevelWarn, classify(err, true).level)
		r.log.Log(ctx, level, "revoking the GitLab token at sign-out", "error", err, "settings", wrongSettings(err))
	}
}

// Close waits until GitLab has answered for everybody who signed out, or until ctx ends; what is left
// then ends with the process. It reports to the log how it ended: a stop does not fail for a GitLab that hangs.
func (r *Revocations) Close(ctx context.Context) {
	if err := r.slots.Acquire(ctx, maxRevocations); err != nil {
		r.log.WarnContext(ctx, "some GitLab tokens of people who signed out could not be revoked before the stop", "error", err)
	}
}
