// Package agentread reads projects, agents and tokens at GitLab with the rights of the person who
// asks: by GraphQL, and by REST what that leaves out. It is the one place that knows what happens
// without GraphQL: the project and the person's rights come by REST, and the use of tokens token by
// token for the first agents on screen; what nobody can tell stays unknown.
package agentread

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/parallel"
)

const (
	// patience is how long a page waits for what it can be shown without: GraphQL's answer, then
	// the single reads in its place.
	patience = 2 * time.Second
	// maxAgentsRead is for how many agents tokens are read one by one; the others stay unknown.
	maxAgentsRead = 20
	// maxPeopleRead is how many people are looked up by number for one page.
	maxPeopleRead = 5
	// maxParallel bounds the calls that one reading makes at a time.
	maxParallel = 8
)

// Config says how a Service reads.
type Config struct {
	// ReadOnly says that the portal itself may change nothing.
	ReadOnly bool
	Log      *slog.Logger
	// Missing, unless nil, is told of each reading that went without GraphQL's answer, or without
	// a part of it.
	Missing func()
	// Now, unless nil, is the clock.
	Now func() time.Time
}

// Service makes Readers. It is safe for concurrent use.
type Service struct {
	cfg      Config
	people   *nameCache
	lookedAt *lru.Cache[looked, known]
}

// New returns a Service.
func New(cfg Config) *Service {
	if cfg.Missing == nil {
		cfg.Missing = func() {}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now //nolint:forbidigo // the default of an injected clock
	}
	return &Service{cfg: cfg, people: newNameCache(cfg.Now), lookedAt: newKnown()}
}

// For returns a Reader on behalf of the person with the number, whom the client's token belongs to.
func (s *Service) For(client *gitlabapi.Client, person int64) *Reader {
	return &Reader{Service: s, gitlab: client, person: person}
}

// Reader reads with one person's token. Its errors are gitlabapi's.
type Reader struct {
	*Service
	gitlab *gitlabapi.Client
	person int64
	// told, unless nil, is whether a failure of GraphQL's was told already, for what is one reading of many
	// calls.
	told *atomic.Bool
}

// ProjectAgent is an agent in its project.
type ProjectAgent struct {
	Project agent.Project
	Agent   agent.Agent
}

// ProjectAgents are agents of one project.
type ProjectAgents struct {
	Project agent.Project
	Agents  []agent.Agent
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	// Number counts from 1; Prev and Next are 0 at the ends.
	Number, Prev, Next int
	// Total and Pages are 0 where GitLab does not count.
	Total, Pages int
}

// pageOf is a page of GitLab's with other items.
func pageOf[T, U any](page gitlabapi.Page[U], items []T) Page[T] {
	return Page[T]{
		Items: items, Number: page.Number, Prev: page.PrevPage, Next: page.NextPage,
		Total: max(page.Total, 0), Pages: page.TotalPages,
	}
}

// ask asks GraphQL for what a page can be shown without, and reports whether all of it was
// answered.
func ask[T any](ctx context.Context, r *Reader, what string, call func(context.Context) (T, error)) (T, bool) {
	answer, err := try(ctx, call)
	return answer, r.answered(ctx, what, err)
}

// try calls GraphQL, no longer than a page waits.
func try[T any](ctx context.Context, call func(context.Context) (T, error)) (answer T, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = parallel.Guard(func() (err error) {
		answer, err = call(ctx)
		return err
	})
	return answer, err
}

// answered reports whether GraphQL answered, and tells the log and the metrics if it did not.
func (r *Reader) answered(ctx context.Context, what string, err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return err == nil
	}
	if r.told == nil || r.told.CompareAndSwap(false, true) {
		r.cfg.Log.WarnContext(ctx, "asking GraphQL", "what", what, "error", err)
		r.cfg.Missing()
	}
	return false
}
