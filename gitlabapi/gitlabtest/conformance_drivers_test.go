package gitlabtest_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gitlab-agent-portal/gitlabapi"
)

// officialDriver makes the calls through GitLab's own Go client, without its retries: they would
// repeat a POST.
type officialDriver struct {
	client  *gitlab.Client
	project string
}

func newOfficialDriver(t *testing.T, at target) officialDriver {
	t.Helper()
	client, err := gitlab.NewClient(at.token, gitlab.WithBaseURL(at.url), gitlab.WithoutRetries())
	if err != nil {
		t.Fatal(err)
	}
	return officialDriver{client, at.project}
}

func (d officialDriver) listAgents() ([]agent, error) {
	var all []agent
	options := &gitlab.ListAgentsOptions{}
	for {
		page, response, err := d.client.ClusterAgents.ListAgents(d.project, options)
		if err != nil {
			return nil, err
		}
		for _, a := range page {
			all = append(all, officialAgent(a))
		}
		if response.NextPage == 0 {
			return all, nil
		}
		options.Page = response.NextPage
	}
}

func (d officialDriver) getAgent(id int64) (agent, error) {
	a, _, err := d.client.ClusterAgents.GetAgent(d.project, id)
	return officialAgent(a), err
}

func (d officialDriver) registerAgent(name string) (agent, error) {
	a, _, err := d.client.ClusterAgents.RegisterAgent(d.project, &gitlab.RegisterAgentOptions{Name: &name})
	return officialAgent(a), err
}

func (d officialDriver) deleteAgent(id int64) error {
	_, err := d.client.ClusterAgents.DeleteAgent(d.project, id)
	return err
}

func (d officialDriver) listTokens(agent int64) ([]token, error) {
	list, _, err := d.client.ClusterAgents.ListAgentTokens(d.project, agent, nil)
	var all []token
	for _, t := range list {
		all = append(all, officialToken(t))
	}
	return all, err
}

func (d officialDriver) getToken(agent, id int64) (token, error) {
	t, _, err := d.client.ClusterAgents.GetAgentToken(d.project, agent, id)
	return officialToken(t), err
}

func (d officialDriver) createToken(agent int64, name, description string) (token, error) {
	options := &gitlab.CreateAgentTokenOptions{Name: &name, Description: &description}
	t, _, err := d.client.ClusterAgents.CreateAgentToken(d.project, agent, options)
	return officialToken(t), err
}

func (d officialDriver) revokeToken(agent, id int64) error {
	_, err := d.client.ClusterAgents.RevokeAgentToken(d.project, agent, id)
	return err
}

func (d officialDriver) me() (string, error) {
	u, _, err := d.client.Users.CurrentUser()
	if err != nil {
		return "", err
	}
	return u.Name, nil
}

func (d officialDriver) canManage(project int64) (bool, error) {
	yes, level, after, before := true, gitlab.MaintainerPermissions, project-1, project+1
	list, _, err := d.client.Projects.ListProjects(&gitlab.ListProjectsOptions{
		Membership: &yes, Simple: &yes, MinAccessLevel: &level, IDAfter: &after, IDBefore: &before,
	})
	return len(list) == 1 && list[0].ID == project, err
}

func (d officialDriver) kasVersion() (string, error) {
	m, _, err := d.client.Metadata.GetMetadata()
	if err != nil {
		return "", err
	}
	return m.KAS.Version, nil
}

func (d officialDriver) file(path string) (string, error) {
	head := "HEAD"
	data, _, err := d.client.RepositoryFiles.GetRawFile(d.project, path, &gitlab.GetRawFileOptions{Ref: &head})
	return string(data), err
}

func (officialDriver) status(err error) int {
	if refused, ok := errors.AsType[*gitlab.ErrorResponse](err); ok {
		return refused.StatusCode
	}
	return 0
}

func officialAgent(a *gitlab.Agent) agent {
	if a == nil {
		return agent{}
	}
	return agent{a.ID, a.Name, a.ConfigProject.ID, timeOf(a.CreatedAt), a.CreatedByUserID}
}

func officialToken(t *gitlab.AgentToken) token {
	if t == nil {
		return token{}
	}
	return token{
		id: t.ID, name: t.Name, description: t.Description,
		createdAt: timeOf(t.CreatedAt), lastUsedAt: timeOf(t.LastUsedAt), creator: t.CreatedByUserID, secret: t.Token,
	}
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// ownDriver makes the calls through gitlabapi.
type ownDriver struct {
	t       *testing.T
	client  *gitlabapi.Client
	project gitlabapi.ProjectRef
}

func newOwnDriver(t *testing.T, at target) ownDriver {
	t.Helper()
	client, err := gitlabapi.New(at.url, gitlabapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	project := gitlabapi.ProjectPath(at.project)
	if id, err := strconv.ParseInt(at.project, 10, 64); err == nil {
		project = gitlabapi.ProjectID(id)
	}
	return ownDriver{t, client.WithToken(gitlabapi.NewSecret(at.token)), project}
}

func (d ownDriver) listAgents() ([]agent, error) {
	list, err := d.client.Agents(d.t.Context(), d.project)
	var all []agent
	for _, a := range list {
		all = append(all, ownAgent(a))
	}
	return all, err
}

func (d ownDriver) getAgent(id int64) (agent, error) {
	a, err := d.client.Agent(d.t.Context(), d.project, id)
	return ownAgent(a), err
}

func (d ownDriver) registerAgent(name string) (agent, error) {
	a, err := d.client.RegisterAgent(d.t.Context(), d.project, name)
	return ownAgent(a), err
}

func (d ownDriver) deleteAgent(id int64) error {
	return d.client.DeleteAgent(d.t.Context(), d.project, id)
}

func (d ownDriver) listTokens(agent int64) ([]token, error) {
	list, err := d.client.Tokens(d.t.Context(), d.project, agent)
	var all []token
	for _, t := range list {
		all = append(all, ownToken(gitlabapi.CreatedToken{TokenDetail: gitlabapi.TokenDetail{Token: t}}))
	}
	return all, err
}

func (d ownDriver) getToken(agent, id int64) (token, error) {
	t, err := d.client.Token(d.t.Context(), d.project, agent, id)
	return ownToken(gitlabapi.CreatedToken{TokenDetail: t}), err
}

func (d ownDriver) createToken(agent int64, name, description string) (token, error) {
	t, err := d.client.CreateToken(d.t.Context(), d.project, agent, gitlabapi.NewToken{Name: name, Description: description})
	return ownToken(t), err
}

func (d ownDriver) revokeToken(agent, id int64) error {
	return d.client.RevokeToken(d.t.Context(), d.project, agent, id)
}

func (d ownDriver) me() (string, error) {
	u, err := d.client.CurrentUser(d.t.Context())
	return u.Name, err
}

func (d ownDriver) canManage(project int64) (bool, error) {
	return d.client.CanManage(d.t.Context(), project)
}

func (d ownDriver) kasVersion() (string, error) {
	m, err := d.client.Metadata(d.t.Context())
	return m.KAS.Version, err
}

func (d ownDriver) file(path string) (string, error) {
	data, err := d.client.RawFile(d.t.Context(), d.project, path)
	return string(data), err
}

func (ownDriver) status(err error) int {
	if refused, ok := errors.AsType[*gitlabapi.Error](err); ok {
		return refused.Status
	}
	return 0
}

func ownAgent(a gitlabapi.Agent) agent {
	return agent{a.ID, a.Name, a.ConfigProject.ID, a.CreatedAt, a.CreatedByUserID}
}

func ownToken(t gitlabapi.CreatedToken) token {
	return token{
		id: t.ID, name: t.Name, description: t.Description,
		createdAt: t.CreatedAt, lastUsedAt: t.LastUsedAt, creator: t.CreatedByUserID, secret: t.Secret.Reveal(),
	}
}
