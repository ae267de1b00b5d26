package scan

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/parallel"
)

const (
	// onScreen is of how many agents more is read than the scan tells.
	onScreen = 50
	// onScreenTimeout is how long they wait for it.
	onScreenTimeout = 2 * time.Second
)

// RetryProject reads one project of the snapshot again and returns the snapshot
// with it, or what Read returns where there is none. A project that is not one of
// the viewer's is not asked for.
func (s *Service) RetryProject(ctx context.Context, v Viewer, source Source, project int64) (*fleet.Snapshot, error) {
	s.mu.Lock()
	s.catchUp(v)
	view, kept := s.view(v.key()), s.cache.get(v.key())
	s.mu.Unlock()
	if view.Snapshot == nil {
		return s.Read(ctx, v, source, nil)
	}
	i := slices.IndexFunc(view.Snapshot.Projects, func(p *agent.Project) bool { return p.ID == project })
	if i < 0 {
		return view.Snapshot, nil
	}
	p := s.newPass(s.caller(v, source, nil), v.Scope, func(fleet.Progress) {})
	found, err := s.runPass(ctx, v, p, []agent.Project{*view.Snapshot.Projects[i]})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(v.key(), v.Changes, kept, found), nil
}

// Enrich returns the agents, in their order, with the tokens of those whose tokens
// are not known, as far as GitLab tells of them within 2 s, token by token. It is
// for the agents on screen: of more than 50 the others stay as they are. Its only
// errors are those of a refused token.
func (s *Service) Enrich(ctx context.Context, v Viewer, source Source, agents []fleet.Agent) ([]fleet.Agent, error) {
	agents = slices.Clone(agents)
	shown := agents[:min(len(agents), onScreen)]
	kept := s.enrichFromKept(v.key(), shown)
	caller := s.caller(v, source, nil)
	ctx, cancel := s.withTimeout(ctx, onScreenTimeout)
	defer cancel()
	group := new(parallel.Group)
	group.SetLimit(s.cfg.PerPerson)
	var asked []*fleet.Agent
	for i := range shown {
		if a := &shown[i]; !a.TokensRead() {
			asked = append(asked, a)
			group.Go(func() error {
				if tokens, err := caller.tokens(ctx, a); err == nil {
					a.SetTokens(tokens)
				}
				return nil
			})
		}
	}
	_ = group.Wait() // what could not be read stays unknown
	s.keepTokens(v.key(), kept, asked)
	return agents, lastingRefusal(caller)
}

// enrichFromKept fills in what was read before for the same fleet, which it returns.
func (s *Service) enrichFromKept(k key, agents []fleet.Agent) *keptFleet {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.view(k).Fresh {
		return nil
	}
	kept := s.cache.get(k)
	for i := range agents {
		if tokens, ok := kept.tokens[agents[i].ID]; ok && !agents[i].TokensRead() {
			agents[i].SetTokens(tokens)
		}
	}
	return kept
}

// keepTokens remembers the tokens of agents for as long as the fleet is kept.
func (s *Service) keepTokens(k key, kept *keptFleet, agents []*fleet.Agent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept == nil || s.cache.get(k) != kept {
		return
	}
	before := maps.Clone(kept.tokens)
	for _, a := range agents {
		if a.TokensRead() {
			kept.tokens[a.ID] = a.Tokens
		}
	}
	if !s.cache.put(k, kept) {
		kept.tokens = before
	}
}

// tokens reads an agent's tokens one by one.
func (c *caller) tokens(ctx context.Context, a *fleet.Agent) (tokens []agent.Token, err error) {
	err = c.call(ctx, onScreenTimeout, func(ctx context.Context, reader *agentread.Reader) (err error) {
		tokens, err = reader.Tokens(ctx, a.Project.ID, a.ID)
		return err
	})
	return tokens, err
}

// lastingRefusal is why GitLab lets the person in no more, nil while it does or
// nobody could find out in time.
func lastingRefusal(c *caller) error {
	if err := c.refusal(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
