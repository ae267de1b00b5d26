package handlers

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/rotation"
	"gitlab-agent-portal/views"
)

// rotationList is the state of several agents' rotations, one line each: of those that the address
// names, else of all that are under way. What can be done now comes first.
func (h *Handlers) rotationList(w http.ResponseWriter, r *http.Request, s *session) error {
	refs, more := selectedAgents(r)
	model := views.RotationsModel{Max: maxSelected, Chosen: len(refs) > 0, URL: h.urls.Rotations(refStrings(refs))}
	if !model.Chosen {
		known, err := h.knownFleet(r, s)
		if err != nil {
			return err
		}
		refs = rotating(known)
		refs, more = refs[:min(len(refs), maxSelected)], len(refs) > maxSelected
		model.URL = h.urls.Rotations(nil)
	}
	model.More, model.UnusedURL = more, h.urls.Unused(refStrings(refs), 0)
	if len(refs) > 0 {
		model.Lines = h.rotationLines(r, s, s.read.Selection(r.Context(), refs))
	}
	views.SortRotations(model.Lines)
	model.Tag = h.stateTag(r, model)
	w.Header().Set(headerTag, model.Tag)
	if isFragment(r) && r.Header.Get(headerTag) == model.Tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	p := h.page(w, r, printer(r).T("titles.rotations"))
	p.Section = "rotations"
	return h.render(w, r, http.StatusOK, views.RotationsPage(p, model), views.RotationLines(p, model))
}

// knownFleet is the fleet of the person's own projects as it is, or, where that takes long, as it was.
func (h *Handlers) knownFleet(r *http.Request, s *session) (*fleet.Snapshot, error) {
	ctx, cancel := context.WithTimeout(r.Context(), cmp.Or(h.FleetWait, fleetWait))
	defer cancel()
	known, err := h.Fleet.Read(ctx, viewerOf(s), h.fleetSource(r, s), nil)
	if err != nil && ctx.Err() != nil && r.Context().Err() == nil { // it takes longer, and that is no error
		return h.Fleet.Known(viewerOf(s)), nil
	}
	return known, err
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
			state := rotation.Of(facts[0])
			line.Phase, line.Tokens = state.Phase, len(one.Agent.Tokens)
			if state.Phase == rotation.Watch || state.Phase == rotation.StillUsed {
				line.Due = state.Evidence.Due()
			}
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
