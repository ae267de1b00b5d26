package fleet

import (
	"context"
	"errors"
	"maps"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/parallel"
)

// read reads up to batchSize projects: by GraphQL, and one by one what that leaves
// out. Its error ends the scan.
func (sc *scan) read(ctx context.Context, batch []*Project) error {
	answered := sc.readGraphQL(ctx, batch)
	if err := sc.fatal(ctx); err != nil {
		return err
	}
	group, ctx := parallel.WithContext(ctx)
	group.SetLimit(sc.cfg.PerPerson)
	for _, project := range batch {
		if usage, ok := answered[project.ID]; ok {
			sc.rows(rowsOf(project, usage))
			continue
		}
		group.Go(func() error { return sc.readREST(ctx, project) })
	}
	return group.Wait()
}

// errNotAnswered stands for projects that GraphQL left out without a word.
var errNotAnswered = errors.New("GraphQL does not show some of the projects")

// readGraphQL returns what GraphQL tells of the projects, by id, and notes why it
// does not tell of all.
func (sc *scan) readGraphQL(ctx context.Context, batch []*Project) map[int64]gitlabapi.ProjectUsage {
	if !sc.graphQL.Load() || sc.isLimited() {
		return nil
	}
	answered := make(map[int64]gitlabapi.ProjectUsage, len(batch))
	err := sc.call(ctx, graphQLTimeout, func(ctx context.Context, client *gitlabapi.Client) error {
		var ids []int64
		for _, project := range batch {
			if _, ok := answered[project.ID]; !ok {
				ids = append(ids, project.ID)
			}
		}
		usage, err := client.Usage(ctx, ids)
		maps.Copy(answered, usage)
		return askREST(ctx, client, err)
	})
	switch {
	case err != nil:
		sc.limited(err)
		sc.fallBack(fallbackOf(err), err)
	case len(answered) < len(batch):
		sc.fallBack(FallbackPartial, errNotAnswered)
	}
	if fallbackOf(err) >= FallbackTooComplex {
		sc.graphQL.Store(false)
	}
	return answered
}

// errGraphQLRefused is GraphQL's 401 for a token that REST accepts.
var errGraphQLRefused = errors.New("GraphQL does not accept the token")

// askREST replaces GraphQL's 401, which does not say whether the token can be
// refreshed, by that of the REST API.
func askREST(ctx context.Context, client *gitlabapi.Client, err error) error {
	if !errors.Is(err, gitlabapi.ErrUnauthorized) {
		return err
	}
	if _, why := client.CurrentUser(ctx); why != nil {
		return why
	}
	return errGraphQLRefused
}

// fallbackOf is what an error of GraphQL means for all that it did not answer.
func fallbackOf(err error) Fallback {
	var partial *gitlabapi.PartialError
	switch {
	case err == nil:
		return FallbackNone
	case errors.As(err, &partial):
		return FallbackPartial
	case errors.Is(err, errGraphQLRefused), errors.Is(err, gitlabapi.ErrForbidden):
		return FallbackRefused
	case errors.Is(err, gitlabapi.ErrTooComplex):
		return FallbackTooComplex
	case errors.Is(err, gitlabapi.ErrGraphQL):
		return FallbackUnsupported
	case errors.Is(err, gitlabapi.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return FallbackSlow
	default:
		return FallbackUnavailable
	}
}

// readREST reads the agents of one project, whose tokens stay unknown. Its error
// ends the scan; that of the project is a warning.
func (sc *scan) readREST(ctx context.Context, project *Project) error {
	if sc.isLimited() {
		sc.warn(project, RateLimited, nil)
		return nil
	}
	var agents []gitlabapi.Agent
	err := sc.call(ctx, projectTimeout, func(ctx context.Context, client *gitlabapi.Client) (err error) {
		agents, err = client.Agents(ctx, gitlabapi.ProjectID(project.ID))
		return err
	})
	if err == nil {
		sc.rows(unknownRows(project, agents))
		return nil
	}
	if fatal := sc.fatal(ctx); fatal != nil {
		return fatal
	}
	sc.limited(err)
	sc.warn(project, warningOf(err), err)
	return nil
}

func warningOf(err error) WarningKind {
	switch {
	case errors.Is(err, gitlabapi.ErrNotFound), errors.Is(err, gitlabapi.ErrForbidden):
		return NotVisible
	case errors.Is(err, gitlabapi.ErrRateLimited):
		return RateLimited
	case errors.Is(err, gitlabapi.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return Slow
	default:
		return Unavailable
	}
}

// limited notes for how long GitLab wants to be left alone, if it said so.
func (sc *scan) limited(err error) {
	if !errors.Is(err, gitlabapi.ErrRateLimited) {
		return
	}
	pause := limitPause
	if e, ok := errors.AsType[*gitlabapi.Error](err); ok {
		pause = max(pause, e.RetryAfter)
	}
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if at := sc.cfg.Now().Add(pause); at.After(sc.found.retryAt) {
		sc.found.retryAt = at
	}
}

// isLimited says whether GitLab wants to be left alone. Calling all the same would
// be refused and count against the limit.
func (sc *scan) isLimited() bool {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return sc.cfg.Now().Before(sc.found.retryAt)
}

func rowsOf(project *Project, usage gitlabapi.ProjectUsage) []Agent {
	rows := make([]Agent, 0, len(usage.Agents))
	for _, a := range usage.Agents {
		row := Agent{
			Project: project, ID: a.ID, Name: a.Name, CreatedAt: a.CreatedAt,
			TokensKnown: true, TokenCount: a.TokenCount, Tokens: make([]Token, 0, len(a.Tokens)),
		}
		for _, t := range a.Tokens {
			token := Token{ID: t.ID, Name: t.Name, CreatedAt: t.CreatedAt, LastUsedAt: t.LastUsedAt}
			if t.CreatedBy != nil {
				token.CreatorUsername = t.CreatedBy.Username
			}
			row.Tokens = append(row.Tokens, token)
		}
		rows = append(rows, row)
	}
	return rows
}

func unknownRows(project *Project, agents []gitlabapi.Agent) []Agent {
	rows := make([]Agent, 0, len(agents))
	for _, a := range agents {
		rows = append(rows, Agent{Project: project, ID: a.ID, Name: a.Name, CreatedAt: a.CreatedAt})
	}
	return rows
}
