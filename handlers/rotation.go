package handlers

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/rotation"
	"gitlab-agent-portal/internal/snippets"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// headerTag carries what a page that looks again by itself shows already.
const headerTag = "HX-PTag"

// isPoll reports whether the page asks by itself, without anybody having done anything.
func isPoll(r *http.Request) bool { return r.Header.Get(headerTag) != "" }

// rotationShow is the guided rotation of an agent's token.
func (h *Handlers) rotationShow(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.loadAgent(r, s)
	if err != nil {
		return err
	}
	facts := h.rotationFacts(r.Context(), s, found)[0]
	facts.Drop = numberParam(r, "drop") // the token that the person chose to drop
	unstored, ended := h.unstored(r.Context(), found.Agent), h.endedRotation(r.Context(), found)
	facts.Unstored = slices.Collect(maps.Keys(unstored))
	h.addEnd(r.Context(), &facts, ended)
	h.noteReadings(r.Context(), found.Agent)
	model := h.rotationModel(found, facts, unstored)
	model.Place = h.keptPlace(r, s, found.Agent)
	if model.Steps = h.rotationSteps(r, s, found); model.Phase == rotation.Finished {
		model.Old.ID, model.Old.Name, model.Ended = ended.Target.TokenID, ended.Target.TokenName, ended.At
		model.Next = h.nextRotation(s, found.Agent.ID)
	}
	if model.Phase == rotation.Quiet { // its end names the next one
		h.warmFleet(r, s)
	}
	if h.isShown(w, r, &model) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	model.Back = h.cameFrom(w, r, s)
	p := h.page(w, r, printer(r).T("titles.rotation", "Agent", model.AgentName))
	p.Section = "rotations"
	return h.render(w, r, http.StatusOK, views.RotationPage(p, model), views.Rotation(p, model))
}

// isShown reports whether the page that asks shows this state already, to the minute, and tags
// the answer. A phase that the page does not show is to be announced.
func (h *Handlers) isShown(w http.ResponseWriter, r *http.Request, model *views.RotationModel) bool {
	model.Tag = string(model.Phase) + "." + h.stateTag(r, *model)
	w.Header().Set(headerTag, model.Tag)
	phase, _, _ := strings.Cut(r.Header.Get(headerTag), ".")
	model.Announce = phase != "" && phase != string(model.Phase)
	return r.Header.Get(headerTag) == model.Tag
}

// rotationModel puts the state of the rotation into what the page shows.
func (h *Handlers) rotationModel(found agentread.ProjectAgent, facts rotation.Facts, unstored map[int64]tokens.Unstored) views.RotationModel {
	state := rotation.Of(facts)
	model := views.RotationModel{
		Project: h.projectView(found.Project), AgentID: found.Agent.ID, AgentName: found.Agent.Name,
		Phase: state.Phase, Longest: state.Why == rotation.ReasonLongestIdle,
		Observed: state.Evidence.Observed.Truncate(time.Minute), Needed: state.Evidence.Needed, Proven: state.Evidence.Advanced,
		OlderConnection: state.Evidence.OlderConnection, Drop: facts.Drop, Live: state.Phase.Waits(),
		TookOver: state.End.TookOver, Undisturbed: state.End.Undisturbed && found.Agent.Status(facts.Now) == agent.StatusConnected,
		Connected: found.Agent.Status(facts.Now) == agent.StatusConnected,
	}
	if state.Phase == rotation.Watch || state.Phase == rotation.StillUsed {
		model.StillSince, model.Due = state.Evidence.StillSince, state.Evidence.Due()
	}
	model.Old, _ = found.Agent.Token(state.Old)
	model.New, _ = found.Agent.Token(state.New)
	model.Unstored = unstoredView(unstored[state.New], model.New)
	for _, token := range found.Agent.Tokens {
		_, offered := state.Offer(token.ID)
		model.Tokens = append(model.Tokens, views.RotationToken{
			Token: token, Proposed: token.ID == state.Proposed, Offered: offered,
			Waitable: state.Phase == rotation.Choose && !token.LastUsedAt.IsZero(),
		})
	}
	return model
}

// rotationSteps are the commands that put a new token into the cluster.
func (h *Handlers) rotationSteps(r *http.Request, s *session, found agentread.ProjectAgent) (steps []views.Snippet) {
	place := h.keptPlace(r, s, found.Agent).Or(h.propose(s, found.Agent).place)
	for _, step := range h.installParams(connection{place: place}, found).Steps(snippets.Kubectl) {
		steps = append(steps, snippet(printer(r), "rotation-", step))
	}
	return steps
}

// rotationFacts collects what the state of each agent's rotation is derived from.
func (h *Handlers) rotationFacts(ctx context.Context, s *session, agents ...agentread.ProjectAgent) []rotation.Facts {
	facts, err := h.Readings.Facts(ctx, s.read, agents)
	if err != nil {
		h.Log.WarnContext(ctx, "reading when tokens were used before", "error", err)
	}
	return facts
}

// noteReadings keeps what GitLab told for later looks. It is the one write of a GET: nobody can
// be watched for falling silent without it, and it holds nothing but times.
func (h *Handlers) noteReadings(ctx context.Context, seen ...agent.Agent) {
	if err := h.Readings.NoteAgents(ctx, seen...); err != nil {
		h.Log.WarnContext(ctx, "noting when tokens were used", "error", err)
	}
}
