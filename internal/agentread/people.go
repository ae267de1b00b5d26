package agentread

import (
	"context"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/parallel"
)

const (
	// maxNames is how many names are kept over all people, and keepNames how long: GitLab looks up
	// 300 people in ten minutes for one person (https://docs.gitlab.com/administration/settings/rate_limit_on_users_api/).
	maxNames  = 10_000
	keepNames = time.Hour
)

// nameCache keeps the names of people for whom they were looked up. GitLab may hide a person from
// one and show them to another, so nobody is told what somebody else was told.
type nameCache struct {
	now  func() time.Time
	kept *lru.Cache[lookedUp, keptName]
}

// lookedUp is a person who was looked up, and for whom.
type lookedUp struct{ viewer, person int64 }

type keptName struct {
	name string // empty: GitLab knows none
	at   time.Time
}

func newNameCache(now func() time.Time) *nameCache {
	kept, err := lru.New[lookedUp, keptName](maxNames)
	if err != nil {
		panic(err) // only a size of 0 fails
	}
	return &nameCache{now: now, kept: kept}
}

func (c *nameCache) get(key lookedUp) (name string, ok bool) {
	kept, ok := c.kept.Get(key)
	if !ok || c.now().Sub(kept.at) >= keepNames {
		return "", false
	}
	return kept.name, true
}

func (c *nameCache) put(key lookedUp, name string) { c.kept.Add(key, keptName{name, c.now()}) }

// names looks up in group who created the agents, as far as that is worth it. The names, by the
// person's number, may be read once the group is done.
func (r *Reader) names(ctx context.Context, group *parallel.Group, agents []*agent.Agent) map[int64]string {
	var mu sync.Mutex
	names := map[int64]string{0: ""}
	asked := 0
	for _, one := range agents {
		id := one.CreatedBy.ID
		mu.Lock()
		_, isKnown := names[id]
		if !isKnown {
			names[id], isKnown = r.people.get(lookedUp{r.person, id})
		}
		mu.Unlock()
		if isKnown || asked == maxPeopleRead {
			continue
		}
		asked++
		group.Go(func() error {
			name, ok := r.name(ctx, id)
			if ok {
				mu.Lock()
				defer mu.Unlock()
				names[id] = name
			}
			return nil
		})
	}
	return names
}

// name asks GitLab for a person's name, which is empty for one that does not exist.
func (r *Reader) name(ctx context.Context, id int64) (name string, ok bool) {
	user, err := r.gitlab.User(ctx, id)
	if err != nil && !errors.Is(err, gitlabapi.ErrNotFound) {
		return "", false
	}
	r.people.put(lookedUp{r.person, id}, user.Name)
	return user.Name, true
}
