package handlers

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/views"
)

// dependentsBefore is how long a deletion waits for what depends on the agent: afterwards GitLab
// does not know it any more.
const dependentsBefore = 3 * time.Second

// dependents says which environments have an agent. Pages and forms load it once they are there,
// since it takes many calls.
func (h *Handlers) dependents(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.loadAgent(r, s)
	if err != nil {
		return err
	}
	model := h.loadDependents(r.Context(), s, found, lossParam(r))
	p := h.projectPage(w, r, model.Title(printer(r)))
	return h.render(w, r, http.StatusOK, views.DependentsPage(p, model), model.Fragment(p))
}

// lossParam is what a form is about to take away; none for what makes no sense.
func lossParam(r *http.Request) views.Loss {
	switch loss := views.Loss(r.URL.Query().Get("for")); loss {
	case views.LossAgent, views.LossToken, views.LossListed:
		return loss
	default:
		return ""
	}
}

// loadDependents reads which environments have an agent.
func (h *Handlers) loadDependents(ctx context.Context, s *session, found agentread.ProjectAgent, loss views.Loss) views.DependentsModel {
	return h.dependentsView(found, s.read.Dependents(ctx, found, s.home(found.Project)), loss)
}

// dependentsView is what pages say of the environments that have an agent.
func (h *Handlers) dependentsView(found agentread.ProjectAgent, read agentread.Dependents, loss views.Loss) views.DependentsModel {
	model := views.DependentsModel{
		Project: h.projectView(found.Project), AgentID: found.Agent.ID, AgentName: found.Agent.Name, Loss: loss,
		Looked: read.Projects, Max: agentread.MaxDependentProjects,
		Hidden: read.Hidden, Unread: read.Unread, Cut: read.Cut, More: read.More, Instance: read.Instance, Grants: string(read.Grants),
	}
	for _, one := range read.Environments {
		project := h.GitLab.BaseURL().JoinPath(one.Project)
		model.Environments = append(model.Environments, views.DependentEnvironment{
			Name: one.Name, Project: one.Project, Namespace: one.Namespace, FluxPath: one.FluxPath,
			ProjectURL: project.String(), URL: project.JoinPath("-", "environments", strconv.FormatInt(one.ID, 10)).String(),
		})
	}
	return model
}

// aboutToLose reads, right before an agent is deleted, which environments will lose it.
func (h *Handlers) aboutToLose(ctx context.Context, s *session, found agentread.ProjectAgent) views.DependentsModel {
	ctx, cancel := context.WithTimeout(ctx, dependentsBefore)
	defer cancel()
	return h.loadDependents(ctx, s, found, views.LossDone)
}
