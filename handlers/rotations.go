package handlers

import (
	"maps"
	"net/http"
	"slices"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/rotation"
	"gitlab-agent-portal/views"
)

// rotationList is the state of several agents' rotations, one line each.
func (h *Handlers) rotationList(w http.ResponseWriter, r *http.Request, s *session) error {
	refs, more := selectedAgents(r)
	model := views.RotationsModel{
		Lines: h.rotationLines(r, s, s.read.Selection(r.Context(), refs)),
		Max:   maxSelected, More: more, UnusedURL: h.urls.Unused(refStrings(refs), 0),
	}
	p := h.projectPage(w, r, printer(r).T("titles.rotations"))
	return h.render(w, r, http.StatusOK, views.RotationsPage(p, model), nil)
}

// rotationLines are the states of rotations, or why there is none to tell.
func (h *Handlers) rotationLines(r *http.Request, s *session, selected []agentread.Selected) []views.RotationLine {
	var read []agentread.ProjectAgent
	var agents []agent.Agent
	for _, one := range selected {
		if one.Err == nil {
			read, agents = append(read, one.ProjectAgent), append(agents, one.Agent)
		}
	}
	facts := h.rotationFacts(r.Context(), s, read...)
	h.noteReadings(r.Context(), agents...)
	unstored := slices.Collect(maps.Keys(h.unstored(r.Context(), agents...)))
	lines := make([]views.RotationLine, 0, len(selected))
	for _, one := range selected {
		line := views.RotationLine{Project: views.Project{Project: agent.Project{ID: one.Ref.Project}}, AgentID: one.Ref.Agent}
		if one.Err != nil {
			line.Problem = problemTitle(r, one.Err, false)
		} else {
			facts[0].Unstored = unstored
			line.Project, line.AgentName = h.projectView(one.Project), one.Agent.Name
			line.Phase, line.Tokens = rotation.Of(facts[0]).Phase, len(one.Agent.Tokens)
			facts = facts[1:]
		}
		lines = append(lines, line)
	}
	return lines
}

// problemTitle is what a person is told in one line of an error; change says that something
// was to be changed.
func problemTitle(r *http.Request, err error, change bool) string {
	return printer(r).T("errors." + classify(err, change).id + ".title")
}
