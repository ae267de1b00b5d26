package fleet

import (
	"context"
	"errors"
	"slices"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/parallel"
)

const (
	// onScreen is of how many rows more is read than the scan tells.
	onScreen = 50
	// onScreenTimeout is how long they wait for it.
	onScreenTimeout = 2 * time.Second
)

// RetryProject reads one project of the snapshot again and returns the snapshot
// with it, or what Read returns where there is none. A project that is not one of
// the viewer's is not asked for.
func (s *Service) RetryProject(ctx context.Context, v Viewer, source Source, project int64) (*Snapshot, error) {
	s.mu.Lock()
	view, kept := s.view(v.key()), s.cache.get(v.key())
	s.mu.Unlock()
	if view.Snapshot == nil {
		return s.Read(ctx, v, source, nil)
	}
	i := slices.IndexFunc(view.Snapshot.Projects, func(p *Project) bool { return p.ID == project })
	if i < 0 {
		return view.Snapshot, nil
	}
	found, err := s.scan(ctx, v, source, view.Snapshot.Projects[i:i+1], func(Progress) {})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(v.key(), kept, found), nil
}

// Enrich returns the rows, in their order, with the tokens of those whose tokens
// are not known, as far as GitLab tells of them within 2 s, token by token. It is
// for the rows on screen: of more than 50 the others stay as they are. Its only
// errors are those of a refused token.
func (s *Service) Enrich(ctx context.Context, v Viewer, source Source, rows []Agent) ([]Agent, error) {
	rows = slices.Clone(rows)
	shown := rows[:min(len(rows), onScreen)]
	kept := s.enrichFromKept(v.key(), shown)
	caller, release := s.caller(v, source)
	defer release()
	ctx, cancel := s.withTimeout(ctx, onScreenTimeout)
	defer cancel()
	group := new(parallel.Group)
	group.SetLimit(s.cfg.PerPerson)
	for i := range shown {
		if row := &shown[i]; !row.TokensKnown {
			group.Go(func() error {
				if tokens, err := caller.tokens(ctx, row); err == nil {
					row.setTokens(tokens)
				}
				return nil
			})
		}
	}
	_ = group.Wait() // what could not be read stays unknown
	s.keepTokens(v.key(), kept, shown)
	return rows, refusal(caller)
}

func (a *Agent) setTokens(tokens []Token) {
	a.TokensKnown, a.Tokens, a.TokenCount = true, tokens, len(tokens)
}

// enrichFromKept fills in what was read before for the same entry, which it returns.
func (s *Service) enrichFromKept(k key, rows []Agent) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.view(k).Fresh {
		return nil
	}
	kept := s.cache.get(k)
	for i := range rows {
		if tokens, ok := kept.tokens[rows[i].ID]; ok && !rows[i].TokensKnown {
			rows[i].setTokens(tokens)
		}
	}
	return kept
}

// keepTokens remembers the tokens of rows for as long as the entry is kept.
func (s *Service) keepTokens(k key, kept *entry, rows []Agent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept == nil || s.cache.get(k) != kept {
		return
	}
	for _, row := range rows {
		if row.TokensKnown {
			kept.tokens[row.ID] = row.Tokens
		}
	}
	s.cache.put(k, kept)
}

// tokens reads an agent's tokens one by one, since GitLab's list does not tell when
// they were used.
func (c *caller) tokens(ctx context.Context, row *Agent) ([]Token, error) {
	var listed []gitlabapi.Token
	err := c.call(ctx, onScreenTimeout, func(ctx context.Context, client *gitlabapi.Client) (err error) {
		listed, err = client.Tokens(ctx, gitlabapi.ProjectID(row.Project.ID), row.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	tokens := make([]Token, 0, len(listed))
	for _, t := range listed {
		token, err := c.token(ctx, row, t.ID)
		switch {
		case errors.Is(err, gitlabapi.ErrNotFound): // revoked meanwhile
		case err != nil:
			return nil, err
		default:
			tokens = append(tokens, token)
		}
	}
	return tokens, nil
}

func (c *caller) token(ctx context.Context, row *Agent, id int64) (token Token, err error) {
	err = c.call(ctx, onScreenTimeout, func(ctx context.Context, client *gitlabapi.Client) error {
		t, err := client.Token(ctx, gitlabapi.ProjectID(row.Project.ID), row.ID, id)
		token = Token{ID: t.ID, Name: t.Name, CreatedAt: t.CreatedAt, LastUsedAt: t.LastUsedAt, CreatorID: t.CreatedByUserID}
		return err
	})
	return token, err
}

// Versions returns the distinct versions, without a leading v, of the agentk pods
// that are connected for each of the rows: one per agent unless an upgrade is
// under way, none when no pod is connected. An agent is missing from the map
// where GitLab does not tell: the person may not manage the project, or there is
// no GraphQL or no agent server, or that took more than 2 s. Of more than 50 rows the others are left out. Its
// only errors are those of a refused token.
func (s *Service) Versions(ctx context.Context, v Viewer, source Source, rows []Agent) (map[int64][]string, error) {
	var agents []gitlabapi.AgentName
	for _, row := range rows[:min(len(rows), onScreen)] {
		if row.Project.CanManage {
			agents = append(agents, gitlabapi.AgentName{ID: row.ID, ProjectPath: row.Project.Path, Name: row.Name})
		}
	}
	if len(agents) == 0 {
		return nil, nil
	}
	caller, release := s.caller(v, source)
	defer release()
	ctx, cancel := s.withTimeout(ctx, onScreenTimeout)
	defer cancel()
	var versions map[int64][]string
	err := caller.call(ctx, onScreenTimeout, func(ctx context.Context, client *gitlabapi.Client) (err error) {
		versions, err = client.AgentVersions(ctx, agents)
		return askREST(ctx, client, err)
	})
	if err != nil {
		s.cfg.Log.DebugContext(ctx, "reading the versions of agents", "person", v.Person, "error", err)
	}
	return versions, refusal(caller)
}

// refusal is why GitLab lets the person in no more, nil while it does.
func refusal(c *caller) error {
	if err := c.death(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
