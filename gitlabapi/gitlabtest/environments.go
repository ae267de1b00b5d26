package gitlabtest

import (
	"cmp"
	"net/http"
	"strconv"
)

// Environment is a place that a project deploys to.
type Environment struct {
	ID      int64
	Project int64
	Name    string
	// State is "available" when empty; or "stopping", or "stopped".
	State string
	// Agent gives the environment its view of Kubernetes; zero for none.
	Agent int64
	// Namespace and FluxPath narrow that view; empty for none.
	Namespace, FluxPath string
}

// environmentBody is lib/api/entities/environment.rb. The last three are absent unless there is an
// agent and the caller may read it.
type environmentBody struct {
	ID           int64      `json:"id"`
	Name         string     `json:"name"`
	Slug         string     `json:"slug"`
	State        string     `json:"state"`
	ClusterAgent *agentBody `json:"cluster_agent,omitempty"`
	Namespace    **string   `json:"kubernetes_namespace,omitempty"`
	FluxPath     **string   `json:"flux_resource_path,omitempty"`
}

// AddEnvironment adds an environment to a project that is there and returns the id.
func (s *Server) AddEnvironment(e Environment) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.projects, e.Project, "project")
	e.ID = s.nextID("environment", e.ID)
	e.State = orElse(e.State, "available")
	s.environments[e.ID] = &e
	return e.ID
}

// listEnvironments is lib/api/environments.rb: the ability read_environment, which Reporters have.
func listEnvironments(c *call) (Answer, error) {
	p, err := c.findProject()
	if err != nil {
		return Answer{}, err
	}
	if !c.user.Admin && c.memberLevel(c.user, p) < Reporter {
		return Answer{}, refuseStatus(http.StatusForbidden)
	}
	state := c.values.text("states")
	found := sortedValues(c.environments,
		func(e *Environment) bool { return e.Project == p.ID && (state == "" || e.State == state) },
		func(a, b *Environment) int { return cmp.Compare(a.ID, b.ID) })
	return offsetPage(c, found, c.environmentBody), nil
}

func (c *call) environmentBody(e *Environment) environmentBody {
	body := environmentBody{ID: e.ID, Name: e.Name, Slug: e.Name + "-" + strconv.FormatInt(e.ID, 36), State: e.State}
	a := c.agents[e.Agent]
	if a == nil || !c.canReadAgents(c.user, c.projects[a.Project]) {
		return body
	}
	body.ClusterAgent = new(c.agentBody(a))
	body.Namespace, body.FluxPath = new(textOrNull(e.Namespace)), new(textOrNull(e.FluxPath))
	return body
}

// textOrNull is null for no text.
func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// leaveEnvironments takes an agent away from the environments that have it, as its deletion does.
func (st *store) leaveEnvironments(agent int64) {
	for _, e := range st.environments {
		if e.Agent == agent {
			e.Agent, e.Namespace, e.FluxPath = 0, "", ""
		}
	}
}
