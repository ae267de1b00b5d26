package handlers

import (
	"context"
	"errors"
	"sync"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentstatus"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/parallel"
	"gitlab-agent-portal/views"
)

const (
	// usageTimeout is how long a page waits for GitLab's GraphQL answer before it goes on
	// without.
	usageTimeout = 2 * time.Second
	// readsTimeout bounds the single reads that stand in for it.
	readsTimeout = 2 * time.Second
	// maxAgentsRead is for how many agents they do so; the others stay Unknown.
	maxAgentsRead = 20
	// maxCreatorsRead is how many people are looked up by number for one page.
	maxCreatorsRead = 5
)

// usage is what could be found out about agents beyond GitLab's REST list: null is not none,
// so what is missing here is unknown.
type usage struct {
	agents map[int64]agentUsage
	people map[int64]string // names by user id, where REST had to tell
}

// agentUsage is one agent's active tokens and who made it.
type agentUsage struct {
	createdBy string
	tokens    map[int64]tokenUsage
	count     int
}

type tokenUsage struct {
	createdBy             string
	createdAt, lastUsedAt time.Time
}

// usageRequest is a GraphQL query under way beside the REST calls.
type usageRequest struct {
	done   chan struct{}
	agents map[int64]agentUsage
}

// startUsage asks GraphQL for all agents of a project. The page renders without the answer
// when it fails, is forbidden, partial or slow.
func (h *Handlers) startUsage(ctx context.Context, s *session, project int64) *usageRequest {
	request := &usageRequest{done: make(chan struct{})}
	go func() {
		defer close(request.done)
		ctx, cancel := context.WithTimeout(ctx, usageTimeout)
		defer cancel()
		err := parallel.Guard(func() error {
			projects, err := s.gitlab.Usage(ctx, []int64{project})
			if found, ok := projects[project]; ok {
				request.agents = usageOfProject(found)
			}
			return err
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			h.Log.WarnContext(ctx, "asking GraphQL for the use of tokens", "project", project, "error", err)
			if h.UsageMissing != nil {
				h.UsageMissing()
			}
		}
	}()
	return request
}

func usageOfProject(project gitlabapi.ProjectUsage) map[int64]agentUsage {
	agents := make(map[int64]agentUsage, len(project.Agents))
	for id, agent := range project.Agents {
		tokens := make(map[int64]tokenUsage, len(agent.Tokens))
		for _, token := range agent.Tokens {
			tokens[token.ID] = tokenUsage{createdBy: nameOf(token.CreatedBy), createdAt: token.CreatedAt, lastUsedAt: token.LastUsedAt}
		}
		agents[id] = agentUsage{createdBy: nameOf(agent.CreatedBy), tokens: tokens, count: agent.TokenCount}
	}
	return agents
}

func nameOf(person *gitlabapi.Person) string {
	if person == nil {
		return ""
	}
	return person.Name
}

// finishUsage waits for the query, and reads what it left out token by token: for the first
// agents on screen, and no longer than readsTimeout.
func (h *Handlers) finishUsage(ctx context.Context, s *session, request *usageRequest, project int64, agents []gitlabapi.Agent) usage {
	<-request.done
	found := usage{agents: request.agents, people: map[int64]string{}}
	if found.agents == nil {
		found.agents = make(map[int64]agentUsage, len(agents))
	}
	var missing []gitlabapi.Agent
	for _, agent := range agents {
		if _, ok := found.agents[agent.ID]; !ok && len(missing) < maxAgentsRead {
			missing = append(missing, agent)
		}
	}
	if len(missing) > 0 {
		ctx, cancel := context.WithTimeout(ctx, readsTimeout)
		defer cancel()
		h.readUsage(ctx, s, project, missing, found)
	}
	return found
}

// readUsage fills found for the given agents by REST. An agent that cannot be read in full
// stays unknown.
func (h *Handlers) readUsage(ctx context.Context, s *session, project int64, agents []gitlabapi.Agent, found usage) {
	var mu sync.Mutex
	group := new(parallel.Group)
	group.SetLimit(maxParallelReads)
	for _, agent := range agents {
		group.Go(func() error {
			read, err := readAgentUsage(ctx, s.gitlab, project, agent.ID)
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				found.agents[agent.ID] = read
			}
			return nil
		})
	}
	for _, id := range creatorsOf(agents) {
		group.Go(func() error {
			if user, err := s.gitlab.User(ctx, id); err == nil {
				mu.Lock()
				defer mu.Unlock()
				found.people[id] = user.Name
			}
			return nil
		})
	}
	_ = group.Wait() // every failure was passed over above
}

// readAgentUsage reads an agent's tokens one by one, since GitLab's list does not tell when
// they were used.
func readAgentUsage(ctx context.Context, gitlab *gitlabapi.Client, project, agent int64) (agentUsage, error) {
	tokens, err := gitlab.Tokens(ctx, gitlabapi.ProjectID(project), agent)
	if err != nil {
		return agentUsage{}, err
	}
	read := agentUsage{tokens: make(map[int64]tokenUsage, len(tokens)), count: len(tokens)}
	for _, token := range tokens {
		detail, err := gitlab.Token(ctx, gitlabapi.ProjectID(project), agent, token.ID)
		if err != nil {
			return agentUsage{}, err
		}
		read.tokens[token.ID] = tokenUsage{createdAt: detail.CreatedAt, lastUsedAt: detail.LastUsedAt}
	}
	return read, nil
}

// creatorsOf lists the distinct people to look up.
func creatorsOf(agents []gitlabapi.Agent) []int64 {
	var ids []int64
	seen := map[int64]bool{0: true}
	for _, agent := range agents {
		if !seen[agent.CreatedByUserID] && len(ids) < maxCreatorsRead {
			seen[agent.CreatedByUserID] = true
			ids = append(ids, agent.CreatedByUserID)
		}
	}
	return ids
}

// creator is the name of whoever made an agent or a token: as GraphQL or REST told it, or
// the number GitLab knows the person by, or empty when GitLab forgot.
func (u usage) creator(l *i18n.Printer, name string, id int64) string {
	switch {
	case name != "":
		return name
	case u.people[id] != "":
		return u.people[id]
	case id != 0:
		return l.T("people.numbered", "Number", id)
	default:
		return ""
	}
}

// status is what can be said of an agent's connection.
func (u usage) status(agent int64, now time.Time) (views.Status, time.Time) {
	known, ok := u.agents[agent]
	if !ok {
		return views.StatusUnknown, time.Time{}
	}
	tokens := make([]agentstatus.Token, 0, len(known.tokens))
	for _, token := range known.tokens {
		tokens = append(tokens, agentstatus.Token{CreatedAt: token.createdAt, LastUsedAt: token.lastUsedAt})
	}
	status, last := agentstatus.Of(tokens, now)
	return statusWord(status), last
}

func statusWord(status agentstatus.Status) views.Status {
	switch status {
	case agentstatus.Connected:
		return views.StatusConnected
	case agentstatus.NotConnected:
		return views.StatusNotConnected
	case agentstatus.NeverConnected:
		return views.StatusNeverConnected
	default:
		return views.StatusUnknown
	}
}
