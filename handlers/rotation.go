package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gitlab-agent-portal/internal/rotation"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// headerTag carries what a page that looks again by itself shows already.
const headerTag = "HX-PTag"

// isPoll reports whether the page asks by itself, without anybody having done anything.
func isPoll(r *http.Request) bool { return r.Header.Get(headerTag) != "" }

// rotationShow is the guided rotation of an agent's token.
func (h *Handlers) rotationShow(w http.ResponseWriter, r *http.Request, s *session) error {
	project, agent, err := agentIDs(r)
	if err != nil {
		return err
	}
	facts, err := h.loadAgent(r.Context(), s, project, agent)
	if err != nil {
		return err
	}
	model := h.rotationModel(r, s, facts, dropParam(r))
	if h.isShown(w, r, &model) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	p := h.projectPage(w, r, printer(r).T("titles.rotation", "Agent", model.AgentName))
	return h.render(w, r, http.StatusOK, views.RotationPage(p, model), views.Rotation(p, model))
}

// dropParam is the token that the person chose to drop, 0 for none.
func dropParam(r *http.Request) int64 {
	id, err := strconv.ParseInt(r.URL.Query().Get("drop"), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// isShown reports whether the page that asks shows this state already, to the minute, and tags
// the answer. A phase that the page does not show is to be announced.
func (h *Handlers) isShown(w http.ResponseWriter, r *http.Request, model *views.RotationModel) bool {
	hash := sha256.Sum256(fmt.Appendf(nil, "%v %v %+v", printer(r).Lang(), h.Now().Truncate(time.Minute), *model))
	model.Tag = string(model.Phase) + "." + hex.EncodeToString(hash[:8])
	w.Header().Set(headerTag, model.Tag)
	phase, _, _ := strings.Cut(r.Header.Get(headerTag), ".")
	model.Announce = phase != "" && phase != string(model.Phase)
	return r.Header.Get(headerTag) == model.Tag
}

// rotationModel derives the state of the rotation, and notes what was read for the next look.
func (h *Handlers) rotationModel(r *http.Request, s *session, facts agentFacts, drop int64) views.RotationModel {
	ctx := r.Context()
	orphans := h.orphans(ctx, facts)
	known := h.rotationFacts(ctx, s, facts, orphans, drop)
	h.noteReadings(ctx, known)
	state := rotation.Of(known)
	rows, _ := facts.tokenRows(printer(r))
	model := views.RotationModel{
		Project: facts.project, Access: facts.access, AgentID: facts.agent.ID, AgentName: facts.agent.Name,
		Phase: views.RotationPhase(state.Phase), Longest: state.Why == rotation.ReasonLongestIdle,
		Observed: state.Evidence.Observed.Truncate(time.Minute), Needed: state.Evidence.Needed, Proven: state.Evidence.Advanced,
		OlderConnection: state.Evidence.OlderConnection, Drop: drop, Live: state.Phase.Waits(),
	}
	for _, row := range rows {
		switch row.ID {
		case state.Old:
			model.Old = row
		case state.New:
			model.New = row
			model.Orphan = orphanModel(orphans[row.ID], row)
		}
		_, offered := state.Offer(row.ID)
		model.Tokens = append(model.Tokens, views.RotationToken{
			TokenRow: row, Proposed: row.ID == state.Proposed, Offered: offered,
			Waitable: state.Phase == rotation.Choose && !row.LastUsedAt.IsZero(),
		})
	}
	return model
}

// rotationFacts collects what a rotation's state is derived from. What cannot be read is left
// out, which only ever makes the state more careful.
func (h *Handlers) rotationFacts(ctx context.Context, s *session, facts agentFacts, orphans map[int64]tokens.Orphan, drop int64) rotation.Facts {
	known := rotation.Facts{Now: h.Now(), Drop: drop}
	ids := make([]int64, 0, len(facts.tokens))
	used := facts.known.agents[facts.agent.ID].tokens
	for _, token := range facts.tokens {
		use, ok := used[token.ID]
		_, isOrphan := orphans[token.ID]
		ids = append(ids, token.ID)
		known.Tokens = append(known.Tokens, rotation.Token{
			ID: token.ID, CreatedAt: token.CreatedAt, LastUsedAt: use.lastUsedAt, UsageKnown: ok, Unstored: isOrphan,
		})
	}
	if len(ids) != 2 {
		return known // nothing is watched
	}
	var err error
	if known.Readings, err = h.Readings.Of(ctx, ids); err != nil {
		h.Log.WarnContext(ctx, "reading when tokens were used before", "agent", facts.agent.ID, "error", err)
	}
	// To people below Maintainer GitLab tells of no connection, which does not mean that there is none.
	if facts.access.Reason != views.ReasonRole {
		known.ConnectedAt, known.ConnectionsKnown = h.connections(ctx, s, facts)
	}
	return known
}

// connections asks since when the agent's connections stand; false when nobody can tell.
func (h *Handlers) connections(ctx context.Context, s *session, facts agentFacts) ([]time.Time, bool) {
	ctx, cancel := context.WithTimeout(ctx, usageTimeout)
	defer cancel()
	since, err := s.gitlab.Connections(ctx, facts.project.Path, facts.agent.Name)
	if err != nil {
		h.Log.WarnContext(ctx, "asking GraphQL for an agent's connections", "agent", facts.agent.ID, "error", err)
	}
	return since, err == nil
}

// noteReadings keeps what GitLab told for later looks. It is the one write of a GET: nobody can
// be watched for falling silent without it, and it holds nothing but times.
func (h *Handlers) noteReadings(ctx context.Context, known rotation.Facts) {
	var readings []rotation.Reading
	for _, token := range known.Tokens {
		if token.UsageKnown {
			readings = append(readings, rotation.Reading{TokenID: token.ID, At: known.Now, LastUsedAt: token.LastUsedAt})
		}
	}
	if err := h.Readings.Note(ctx, readings); err != nil {
		h.Log.WarnContext(ctx, "noting when tokens were used", "error", err)
	}
}

// orphans finds the agent's tokens that were created here and that nobody said they stored. A
// database that does not answer is no reason to show no page.
func (h *Handlers) orphans(ctx context.Context, facts agentFacts) map[int64]tokens.Orphan {
	used := facts.known.agents[facts.agent.ID].tokens
	active := make([]tokens.ActiveToken, 0, len(facts.tokens))
	for _, token := range facts.tokens {
		use, ok := used[token.ID]
		active = append(active, tokens.ActiveToken{
			AgentID: facts.agent.ID, ID: token.ID, Name: token.Name, CreatorID: token.CreatedByUserID,
			NeverUsed: ok && use.lastUsedAt.IsZero(),
		})
	}
	orphans, err := h.Tokens.Orphans(ctx, active)
	if err != nil {
		h.Log.WarnContext(ctx, "looking for orphaned tokens", "agent", facts.agent.ID, "error", err)
	}
	return orphans
}

// orphanModels are the orphans among rows, in their order.
func orphanModels(orphans map[int64]tokens.Orphan, rows []views.TokenRow) []views.OrphanModel {
	var models []views.OrphanModel
	for _, row := range rows {
		if orphan := orphanModel(orphans[row.ID], row); orphan.Is() {
			models = append(models, orphan)
		}
	}
	return models
}

func orphanModel(orphan tokens.Orphan, row views.TokenRow) views.OrphanModel {
	if orphan.TokenID == 0 {
		return views.OrphanModel{}
	}
	return views.OrphanModel{TokenID: row.ID, TokenName: row.Name, CreatedBy: orphan.CreatedBy, At: orphan.At, Likely: orphan.Likely}
}

// originOf is the page that a form was opened from; unknown ones are the agent's own.
func originOf(r *http.Request) views.Origin {
	origin := views.Origin(r.FormValue(views.OriginParam))
	if origin != views.FromRotation {
		return ""
	}
	return origin
}
