package watch

import (
	"context"
	"errors"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet/scan"
)

// askEvery is how often a token is asked when it ends.
const askEvery = time.Hour

// source is one of the watch's tokens.
type source struct {
	gitlab *gitlabapi.Client
	reader *agentread.Reader
	viewer scan.Viewer

	ends    time.Time // zero for never
	known   bool      // GitLab told
	askedAt time.Time
}

// newSource makes a source with a number that no person has: what is read for it is nobody's.
func newSource(cfg Config, number int64, token gitlabapi.Secret) *source {
	client := cfg.GitLab.WithToken(token).For(number).Admitted()
	return &source{gitlab: client, reader: cfg.Read.For(client, number), viewer: scan.Viewer{Person: number, Grant: "watch"}}
}

// renew is a scan.Source: there is no other token than this one.
func (o *source) renew(_ context.Context, refused error) (*agentread.Reader, error) {
	if refused != nil {
		return nil, refused
	}
	return o.reader, nil
}

// ask asks now and then when the token ends. A GitLab that does not tell is no failure of the watch's.
func (o *source) ask(ctx context.Context, now time.Time) {
	if !o.askedAt.IsZero() && now.Sub(o.askedAt) < askEvery {
		return
	}
	own, err := o.gitlab.OwnToken(ctx)
	switch {
	case err == nil:
		o.ends, o.known, o.askedAt = own.ExpiresAt, true, now
	case errors.Is(err, gitlabapi.ErrNotFound), errors.Is(err, gitlabapi.ErrInvalid):
		o.askedAt = now
	}
}
