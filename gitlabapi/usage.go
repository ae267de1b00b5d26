package gitlabapi

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// ProjectUsage is a project's agents with what only GraphQL tells of them. It is
// complete: a project of which GitLab left anything unanswered is missing from
// the map of Usage.
type ProjectUsage struct {
	ProjectID int64
	FullPath  string
	Agents    map[int64]AgentUsage // by agent id
}

// AgentUsage is one agent and its active tokens.
type AgentUsage struct {
	ID        int64
	Name      string
	CreatedAt time.Time
	CreatedBy *Person // nil: GitLab no longer knows
	Tokens    []TokenUsage
	// TokenCount is the number of active tokens. It may exceed len(Tokens) on
	// instances older than 16.2: a query reads at most 20 of one agent.
	TokenCount int
}

// TokenUsage is an active token and its last use.
type TokenUsage struct {
	ID        int64
	Name      string
	CreatedAt time.Time
	// LastUsedAt is zero for a token that was never used. GitLab may be up to an
	// hour behind.
	LastUsedAt time.Time
	CreatedBy  *Person // nil: GitLab no longer knows
}

// Person is an account as GraphQL shows it beside what it created.
type Person struct{ Name, Username string }

// The `first` of each connection in usageQuery. GitLab counts 1 for a field, and
// (children + 1) · (1 + first/100) for a connection, of 250 allowed:
//
//	token node     1 + id name createdAt lastUsedAt + createdByUser (1+2)     =  8
//	tokens         (count 1 + nodes 8 + 1) · 1.20                             = 12
//	agent node     1 + id name createdAt + createdByUser (1+2) + tokens 12    = 19
//	clusterAgents  (pageInfo (1+2) + nodes 19 + 1) · 1.20                     = 27.6
//	project node   1 + id fullPath + clusterAgents 27.6                       = 30.6
//	projects       (nodes 30.6 + 1) · 2.00                                    = 63.2
//
// A project alone, and the rest of an agent list, are read with 100 agents: 50.5.
// More agents at once would pass too, but not an answer of 1 MiB with 100 projects.
const (
	usageProjects   = 100
	usageAgents     = 20
	usageMoreAgents = 100
	usageTokens     = 20

	maxTrouble = 20 // messages in a PartialError
)

const usageOp = "read agent usage"

const usageQuery = `query Usage($ids: [ID!]!, $projects: Int!, $agents: Int!, $tokens: Int!, $after: String) {
  projects(ids: $ids, first: $projects) {
    nodes {
      id
      fullPath
      clusterAgents(first: $agents, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id
          name
          createdAt
          createdByUser { name username }
          tokens(first: $tokens) {
            count
            nodes { id name createdAt lastUsedAt createdByUser { name username } }
          }
        }
      }
    }
  }
}`

// Usage returns, for each of the projects, all its agents with their active
// tokens and when these were last used; it needs GitLab's GraphQL API
// (https://docs.gitlab.com/api/graphql/reference/#clusteragent).
//
// A project missing from the map is not visible to the person, or was not
// answered in full: null is not none. With a *PartialError the map holds what was
// answered; with any other error it is nil. ErrGraphQL when the instance does not
// know the query or has no GraphQL.
func (c *Client) Usage(ctx context.Context, projectIDs []int64) (map[int64]ProjectUsage, error) {
	ctx, cancel := c.core.readDeadline(ctx)
	defer cancel()
	u := usageReader{client: c, projects: usageProjects, agents: usageAgents, found: map[int64]ProjectUsage{}}
	if len(projectIDs) == 1 {
		u.agents = usageMoreAgents // a page about one project waits for one query, not for two
	}
	for rest := projectIDs; len(rest) > 0; {
		batch := rest[:min(u.projects, len(rest))]
		err := u.readBatch(ctx, batch)
		if u.shrink(err, len(batch)) {
			continue
		}
		if err != nil {
			return u.result(err)
		}
		rest = rest[len(batch):]
	}
	return u.result(nil)
}

// usageReader collects the answers of one call of Usage.
type usageReader struct {
	client   *Client
	projects int // per query, and
	agents   int // per project in it; both shrink when GitLab refuses
	found    map[int64]ProjectUsage
	trouble  []string // why projects are missing
	causes   []error
}

// shrink halves the query after a refusal by cost or size, and reports whether
// there was something left to halve.
func (u *usageReader) shrink(err error, batch int) bool {
	switch {
	case !halvable(err):
		return false
	case batch > 1:
		u.projects = (batch + 1) / 2
	case u.agents > 1:
		u.agents /= 2
	default:
		return false
	}
	return true
}

func halvable(err error) bool { return errors.Is(err, ErrTooComplex) || errors.Is(err, ErrTooLarge) }

// result is what Usage returns when it ends with err.
func (u *usageReader) result(err error) (map[int64]ProjectUsage, error) {
	if err != nil && len(u.found) == 0 {
		return nil, err
	}
	if err != nil {
		u.missing(err.Error(), err)
	}
	if len(u.trouble) > 0 {
		return u.found, &PartialError{Op: usageOp, Messages: u.trouble, causes: u.causes}
	}
	return u.found, nil
}

// missing notes why something is missing. Of the messages the first will do; a
// cause, such as a dead token, is kept for errors.Is.
func (u *usageReader) missing(message string, cause error) {
	if cause != nil {
		u.causes = append(u.causes, cause)
	}
	switch len(u.trouble) {
	case maxTrouble:
		return
	case maxTrouble - 1:
		message = "and more"
	}
	u.trouble = append(u.trouble, message)
}

// readBatch reads some projects, and the rest of the agents of those that have
// more than one page.
func (u *usageReader) readBatch(ctx context.Context, ids []int64) error {
	nodes, err := u.read(ctx, ids, u.agents, "")
	if err != nil {
		return err
	}
	for _, node := range nodes {
		usage, err := node.usage()
		if err == nil {
			err = u.readRest(ctx, usage, node.Agents.PageInfo)
		}
		if err != nil {
			u.missing(clean(node.FullPath)+": "+err.Error(), err)
			continue
		}
		u.found[usage.ProjectID] = usage
	}
	return nil
}

// readRest adds the agents after the first page to usage.
func (u *usageReader) readRest(ctx context.Context, usage ProjectUsage, page pageInfoJSON) error {
	agents := usageMoreAgents
	for pages := 0; page.HasNextPage; {
		nodes, err := u.read(ctx, []int64{usage.ProjectID}, agents, page.EndCursor)
		switch {
		case agents > 1 && halvable(err):
			agents /= 2
			continue
		case err != nil:
			return err
		case len(nodes) != 1 || int64(nodes[0].ID) != usage.ProjectID:
			return errors.New("the rest of its agents is missing")
		}
		more, err := nodes[0].usage()
		if err != nil {
			return err
		}
		maps.Copy(usage.Agents, more.Agents)
		next := nodes[0].Agents.PageInfo
		if pages++; next.HasNextPage && (next.EndCursor == page.EndCursor || pages == maxPages) {
			return errors.New("its pages of agents do not end")
		}
		page = next
	}
	return nil
}

// read runs the query and returns the projects that were answered. An error
// inside a project rules it out as a whole: its nulls could be anything.
func (u *usageReader) read(ctx context.Context, ids []int64, agents int, after string) ([]*usageJSON, error) {
	variables := usageVariables{Projects: len(ids), Agents: agents, Tokens: usageTokens}
	for _, id := range ids {
		variables.IDs = append(variables.IDs, "gid://gitlab/Project/"+number(id))
	}
	if after != "" {
		variables.After = &after
	}
	q := graphQLRequest{Query: usageQuery, OperationName: "Usage", Variables: variables}
	data, errs, err := query[usageData](ctx, u.client, usageOp, q)
	if err != nil {
		return nil, err
	}
	if data.Projects == nil {
		return nil, noData(usageOp, errs)
	}
	nodes := data.Projects.Nodes
	for _, e := range errs {
		u.missing(e.Message, nil)
		if i := e.node(); i >= 0 && i < len(nodes) {
			nodes[i] = nil
		}
	}
	return slices.DeleteFunc(nodes, func(n *usageJSON) bool { return n == nil }), nil
}
