package agentread

import (
	"context"
	"slices"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentconfig"
)

// Connections reads since when the agents' connections stand, by the agent's number. GitLab tells
// that to Maintainers only, and everybody else that there are none: of other people's agents, and
// where nobody can tell, nothing is returned, which is not the same as no connection.
func (r *Reader) Connections(ctx context.Context, agents []ProjectAgent) map[int64][]time.Time {
	named := shown(agents)
	if len(named) == 0 {
		return nil
	}
	since, _ := ask(ctx, r, "connections of agents", func(ctx context.Context) (map[int64][]time.Time, error) {
		return r.gitlab.Connections(ctx, named)
	})
	return since
}

// Running reads what runs as each of the agents. An agent is missing where GitLab does not tell, as
// for Connections. The error is to be logged; it is ErrUnauthorized as Many's is.
func (r *Reader) Running(ctx context.Context, agents []ProjectAgent) (map[int64]agent.Running, error) {
	named := shown(agents)
	if len(named) == 0 {
		return nil, nil
	}
	told, err := r.gitlab.AgentVersions(ctx, named)
	running := make(map[int64]agent.Running, len(told))
	for id, one := range told {
		slices.SortFunc(one.Versions, agent.CompareVersions)
		running[id] = agent.Running{Known: true, Versions: one.Versions, Warned: one.Warned}
	}
	return running, r.askREST(ctx, err)
}

// shown names the agents whose connections the person is told of, as GraphQL looks them up.
func shown(agents []ProjectAgent) []gitlabapi.AgentName {
	var names []gitlabapi.AgentName
	for _, a := range agents {
		if a.Project.ShowsConnections() {
			names = append(names, a.named())
		}
	}
	return names
}

func (a ProjectAgent) named() gitlabapi.AgentName {
	return gitlabapi.AgentName{ID: a.Agent.ID, ProjectID: a.Project.ID, ProjectPath: a.Project.Path, Name: a.Agent.Name}
}

// KAS reads how clusters reach the instance, no longer than a page waits.
func (r *Reader) KAS(ctx context.Context) (gitlabapi.KAS, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	metadata, err := r.gitlab.Metadata(ctx)
	return metadata.KAS, err
}

// Receiver reads how GitLab reaches a receptive agent, which GitLab tells those only who may change
// the agent, no longer than a page waits. ErrForbidden, without a call, for everybody else, and
// ErrNotFound where nobody has said how.
func (r *Reader) Receiver(ctx context.Context, a ProjectAgent) (gitlabapi.URLConfiguration, error) {
	all, err := r.Receivers(ctx, a)
	if err == nil && len(all) == 0 {
		err = gitlabapi.ErrNotFound
	}
	if err != nil {
		return gitlabapi.URLConfiguration{}, err
	}
	return all[0], nil
}

// Receivers is Receiver, but for an agent that nobody has said it of: of that it returns none.
// ErrNotFound where the instance has no receptive agents.
func (r *Reader) Receivers(ctx context.Context, a ProjectAgent) ([]gitlabapi.URLConfiguration, error) {
	if !a.Project.ShowsConnections() {
		return nil, gitlabapi.ErrForbidden
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return r.gitlab.URLConfigurations(ctx, gitlabapi.ProjectID(a.Project.ID), a.Agent.ID)
}

// ConfigFile reads an agent's configuration file as it is on the default branch, no longer than a
// page waits. The errors are those of gitlabapi's RawFile.
func (r *Reader) ConfigFile(ctx context.Context, project agent.Project, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return r.gitlab.RawFile(ctx, gitlabapi.ProjectID(project.ID), agentconfig.Path(name))
}

// Authorizations asks GitLab which of the projects it lets use the agent, and which of the groups the
// person sees, no longer than a page waits. ok is false where it did not answer in full.
func (r *Reader) Authorizations(ctx context.Context, a ProjectAgent, projects, groups []string) (told gitlabapi.Authorizations, ok bool) {
	return ask(ctx, r, "authorizations of an agent", func(ctx context.Context) (gitlabapi.Authorizations, error) {
		return r.gitlab.Authorizations(ctx, gitlabapi.AuthorizationsQuery{Agent: a.named(), Projects: projects, Groups: groups})
	})
}
