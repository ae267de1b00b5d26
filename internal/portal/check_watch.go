package portal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gitlab-agent-portal/gitlabapi"
)

// endsSoon is how long before its end a token of the watch's is worth a word.
const endsSoon = 14 * 24 * time.Hour

// watch tries every token that the portal watches with.
func (r *checkReport) watch(ctx context.Context, cfg *config, client *gitlabapi.Client, now time.Time) {
	for i, token := range cfg.watchTokens {
		name := cfg.watchVariable()
		if len(cfg.watchTokens) > 1 {
			name += ", number " + strconv.Itoa(i+1)
		}
		var said string
		err := withinCheck(ctx, func(ctx context.Context) (err error) {
			said, err = tryWatchToken(ctx, client.WithToken(token), now)
			return err
		})
		r.add(name+said, err, "make an access token with the scope read_api, of a group, a project or a service account that is at least Developer where it is to watch, and put it into "+cfg.watchVariable()+".")
	}
}

// watchVariable is where the watch's tokens come from.
func (c *config) watchVariable() string {
	if c.WatchTokenFile != "" {
		return "WATCH_TOKEN_FILE"
	}
	return "WATCH_TOKEN"
}

// tryWatchToken reports what is wrong with a token, and says what is worth knowing of one that is well.
func tryWatchToken(ctx context.Context, client *gitlabapi.Client, now time.Time) (said string, err error) {
	own, err := client.OwnToken(ctx)
	switch {
	case errors.Is(err, gitlabapi.ErrNotFound), errors.Is(err, gitlabapi.ErrInvalid): // GitLab cannot tell
	case err != nil:
		return "", err
	case !slices.Contains(own.Scopes, scopeReadAPI) && !slices.Contains(own.Scopes, scopeAPI):
		return "", errors.New("its scope is not read_api")
	case !own.ExpiresAt.IsZero() && own.ExpiresAt.Sub(now) <= endsSoon:
		return "", fmt.Errorf("it ends on %s", own.ExpiresAt.Format(time.DateOnly))
	case !own.ExpiresAt.IsZero():
		said = ", which ends on " + own.ExpiresAt.Format(time.DateOnly)
	}
	projects, _, err := client.Memberships(ctx, gitlabapi.MembershipQuery{MinAccessLevel: gitlabapi.Developer}, gitlabapi.ProjectCursor{})
	switch {
	case err != nil:
		return "", err
	case len(projects) == 0:
		return "", errors.New("it is a member of no project, at least as Developer")
	default:
		return said, nil
	}
}
