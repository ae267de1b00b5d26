package gitlabtest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// agentBody is lib/api/entities/clusters/agent.rb.
type agentBody struct {
	ID              int64             `json:"id"`
	Name            string            `json:"name"`
	ConfigProject   configProjectBody `json:"config_project"`
	CreatedAt       timestamp         `json:"created_at"`
	CreatedByUserID *int64            `json:"created_by_user_id"`
	// IsReceptive is absent on the Community Edition.
	IsReceptive *bool `json:"is_receptive,omitempty"`
}

type configProjectBody struct {
	ID                int64     `json:"id"`
	Description       *string   `json:"description"`
	Name              string    `json:"name"`
	NameWithNamespace string    `json:"name_with_namespace"`
	Path              string    `json:"path"`
	PathWithNamespace string    `json:"path_with_namespace"`
	CreatedAt         timestamp `json:"created_at"`
}

func (c *call) agentBody(a *Agent) agentBody {
	p := c.projects[a.Project]
	body := agentBody{
		ID:   a.ID,
		Name: a.Name,
		ConfigProject: configProjectBody{
			ID:                p.ID,
			Description:       &p.Description,
			Name:              p.Name,
			NameWithNamespace: c.fullName(p),
			Path:              p.Path,
			PathWithNamespace: c.fullPath(p),
			CreatedAt:         timestamp(p.CreatedAt),
		},
		CreatedAt:       timestamp(a.CreatedAt),
		CreatedByUserID: c.knownUser(a.CreatedBy),
	}
	if !c.settings.CommunityEdition {
		body.IsReceptive = &a.Receptive
	}
	return body
}

// knownUser is a reference to a person, null once they are gone.
func (st *store) knownUser(id int64) *int64 {
	if st.users[id] == nil {
		return nil
	}
	return &id
}

func listAgents(c *call) (Answer, error) {
	p, err := c.findProject()
	if err != nil {
		return Answer{}, err
	}
	if !c.canReadAgents(c.user, p) {
		return Answer{}, errNotFound("ClusterAgents")
	}
	return offsetPage(c, c.projectAgents(p.ID), c.agentBody), nil
}

func getAgent(c *call) (Answer, error) {
	a, err := c.readableAgent()
	if err != nil {
		return Answer{}, err
	}
	return jsonAnswer(http.StatusOK, c.agentBody(a)), nil
}

// readableAgent is the agent that the address names. Without the right to read agents it is as
// missing as one that does not exist.
func (c *call) readableAgent() (*Agent, error) {
	p, err := c.findProject()
	if err != nil {
		return nil, err
	}
	if !c.canReadAgents(c.user, p) {
		return nil, errRecordNotFound()
	}
	return c.findAgent(p)
}

// manageableProject is the project that the address names, if agents may be changed there.
func (c *call) manageableProject() (*Project, error) {
	p, err := c.findProject()
	if err != nil {
		return nil, err
	}
	if !c.canAdminCluster(c.user, p) {
		return nil, refuseStatus(http.StatusForbidden)
	}
	return p, nil
}

// manageableAgent is the agent that the address names, if agents may be changed there. The right
// is checked before the agent is looked up.
func (c *call) manageableAgent() (*Agent, error) {
	p, err := c.manageableProject()
	if err != nil {
		return nil, err
	}
	return c.findAgent(p)
}

func (c *call) findAgent(p *Project) (*Agent, error) {
	a := c.agents[c.values.integer("agent_id", 0)]
	if a == nil || a.Project != p.ID {
		return nil, errRecordNotFound()
	}
	return a, nil
}

func registerAgent(c *call) (Answer, error) {
	p, err := c.manageableProject()
	if err != nil {
		return Answer{}, err
	}
	if p.PipelinesDisabled {
		return Answer{}, refuseRule(c.localised(permissionText))
	}
	name := c.values.text("name")
	if problems := c.agentProblems(p, name); problems != nil {
		return Answer{}, refuseRecord(problems)
	}
	a := c.addAgent(Agent{Project: p.ID, Name: name, CreatedBy: c.user.ID})
	return jsonAnswer(http.StatusCreated, c.agentBody(a)), nil
}

var agentNamePattern = regexp.MustCompile(`\A[a-z0-9]([-a-z0-9]*[a-z0-9])?\z`)

// agentProblems are the sentences of app/models/clusters/agent.rb for a name, nil for a good one.
func (c *call) agentProblems(p *Project, name string) []string {
	var problems []string
	if blank(name) {
		problems = append(problems, "Name can't be blank")
	}
	if utf8.RuneCountInString(name) > 63 {
		problems = append(problems, "Name is too long (maximum is 63 characters)")
	}
	for _, a := range c.projectAgents(p.ID) {
		if a.Name == name {
			problems = append(problems, "Name has already been taken")
		}
	}
	if !agentNamePattern.MatchString(name) {
		problems = append(problems, "Name can contain only lowercase letters, digits, and '-', "+
			"but cannot start or end with '-'")
	}
	return problems
}

// blank says whether GitLab would call a text blank.
func blank(text string) bool { return strings.TrimSpace(text) == "" }

func deleteAgent(c *call) (Answer, error) {
	a, err := c.manageableAgent()
	if err != nil {
		return Answer{}, err
	}
	if c.modifiedSince(a.UpdatedAt) {
		return Answer{}, refuseStatus(http.StatusPreconditionFailed)
	}
	c.dropAgent(a.ID)
	return emptyAnswer(http.StatusNoContent), nil
}

// DeleteAgent deletes an agent as another maintainer would.
func (s *Server) DeleteAgent(agent int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropAgent(must(s.agents, agent, "agent").ID)
}

// modifiedSince says whether the request asked to be refused for a change at that time. A header
// that is not a date is ignored.
func (c *call) modifiedSince(updated time.Time) bool {
	since, err := http.ParseTime(c.req.Header.Get("If-Unmodified-Since"))
	return err == nil && updated.Truncate(time.Second).After(since)
}

// dropAgent deletes an agent with its tokens.
func (st *store) dropAgent(id int64) {
	a := st.agents[id]
	st.agentsIn[a.Project] = slices.DeleteFunc(st.agentsIn[a.Project], func(other *Agent) bool { return other == a })
	for _, t := range st.tokensOf[id] {
		delete(st.tokens, t.ID)
	}
	delete(st.tokensOf, id)
	delete(st.agents, id)
	st.leaveEnvironments(id)
}
