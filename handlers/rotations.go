package handlers

import (
	"errors"
	"net/http"

	"gitlab-agent-portal/internal/parallel"
	"gitlab-agent-portal/views"
)

// rotationList is the state of several agents' rotations, one line each.
func (h *Handlers) rotationList(w http.ResponseWriter, r *http.Request, s *session) error {
	refs, more := selectedAgents(r)
	found := h.loadSelected(r.Context(), s, refs)
	model := views.RotationsModel{Lines: make([]views.RotationLine, len(found)), Max: maxSelected, More: more}
	failures := parallel.Each(maxParallelReads, found, func(i int, agent selected) error {
		model.Lines[i] = h.rotationLine(r, s, agent)
		return nil
	})
	if err := errors.Join(failures...); err != nil {
		return err
	}
	model.UnusedURL = h.urls.Unused(refStrings(refs), 0)
	p := h.projectPage(w, r, printer(r).T("titles.rotations"))
	return h.render(w, r, http.StatusOK, views.RotationsPage(p, model), nil)
}

// rotationLine is the state of one rotation, or why there is none to tell.
func (h *Handlers) rotationLine(r *http.Request, s *session, agent selected) views.RotationLine {
	line := views.RotationLine{Project: views.Project{ID: agent.project}, AgentID: agent.agent}
	if agent.err != nil {
		line.Problem = problemTitle(r, agent.err, false)
		return line
	}
	model := h.rotationModel(r, s, agent.facts, 0)
	line.Project, line.AgentName, line.CanManage = model.Project, model.AgentName, model.Access.CanManage
	line.Phase, line.Tokens, line.Orphan = model.Phase, len(model.Tokens), model.Orphan.Is()
	return line
}

// problemTitle is what a person is told in one line of an error; change says that something
// was to be changed.
func problemTitle(r *http.Request, err error, change bool) string {
	return printer(r).T("errors." + classify(err, change).id + ".title")
}
