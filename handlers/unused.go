package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/parallel"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

const (
	// defaultUnusedDays is how old a token that was never used has to be, unless one asks for
	// another age, and maxUnusedDays the largest age.
	defaultUnusedDays = 30
	maxUnusedDays     = 3650
	// maxUnused is how many tokens one form revokes: it has two fields more.
	maxUnused = maxFormFields - 2
	// unusedTimeout is how long all of them may take; what is left is told, and can be repeated.
	unusedTimeout = 50 * time.Second
	// maxParallelRevokes keeps a large selection from looking like an attack to GitLab.
	maxParallelRevokes = 4
)

// unusedAsk lists the tokens of a selection that were never used and are old enough, and asks
// whether all of them are to be revoked.
func (h *Handlers) unusedAsk(w http.ResponseWriter, r *http.Request, s *session) error {
	return h.renderUnused(w, r, s, http.StatusOK, nil)
}

func (h *Handlers) renderUnused(w http.ResponseWriter, r *http.Request, s *session, status int, notice *views.Notice) error {
	refs, more := selectedAgents(r)
	days := daysParam(r.URL.Query().Get("days"))
	model := views.UnusedModel{
		Agents: refStrings(refs), Days: days, MaxDays: maxUnusedDays, Max: maxSelected, More: more,
		Nonce: h.nonces.issue(s.ID), Notice: notice,
	}
	before := h.unusedBefore(days)
	for _, agent := range h.loadSelected(r.Context(), s, refs) {
		switch {
		case agent.err != nil:
			model.Unread++
		case !agent.facts.access.CanManage:
			model.ReadOnly++
		default:
			rows, partial := unusedRows(agent, before)
			model.Rows = append(model.Rows, rows...)
			if partial {
				model.Unread++
			}
		}
	}
	model.Rows = model.Rows[:min(len(model.Rows), maxUnused)]
	if !isSafe(r.Method) {
		retargetForm(w)
	}
	p := h.projectPage(w, r, printer(r).T("titles.unused"))
	return h.render(w, r, status, views.UnusedPage(p, model), views.UnusedForm(p, model))
}

// unusedRows are an agent's tokens that were never used and are older than a point in time, and
// whether GitLab left something out.
func unusedRows(agent selected, before time.Time) (rows []views.UnusedRow, partial bool) {
	known := agent.facts.known.agents[agent.agent].tokens
	for _, token := range agent.facts.tokens {
		use, ok := known[token.ID]
		partial = partial || !ok
		if ok && use.lastUsedAt.IsZero() && token.CreatedAt.Before(before) {
			rows = append(rows, views.UnusedRow{
				Ref:     fmt.Sprintf("%s.%d", agent, token.ID),
				Project: agent.facts.project, AgentID: agent.agent, AgentName: agent.facts.agent.Name,
				TokenName: token.Name, CreatedAt: token.CreatedAt,
			})
		}
	}
	return rows, partial
}

// unusedBefore is when a token must have been created to be so many days old.
func (h *Handlers) unusedBefore(days int) time.Time {
	return h.Now().Add(-time.Duration(days) * 24 * time.Hour)
}

// daysParam reads an age in days; one that makes no sense is the default.
func daysParam(value string) int {
	days, err := strconv.Atoi(value)
	if err != nil || days < 1 || days > maxUnusedDays {
		return defaultUnusedDays
	}
	return days
}

// unusedRevoke revokes the listed tokens, each after a look of its own, and tells how each of
// them ended. Sent again, it finds what is gone and changes nothing.
func (h *Handlers) unusedRevoke(w http.ResponseWriter, r *http.Request, s *session) error {
	_, stale, err := h.formProof(r, s)
	if err != nil {
		return err
	}
	if stale {
		return h.renderUnused(w, r, s, http.StatusUnprocessableEntity, staleNotice(printer(r)))
	}
	refs, err := tokenRefs(r)
	if err != nil {
		return err
	}
	if len(refs) == 0 {
		return h.renderUnused(w, r, s, http.StatusUnprocessableEntity, nil)
	}
	handOver(r)
	days := daysParam(r.PostFormValue("days"))
	results := h.revokeEach(r, s, refs, h.unusedBefore(days))
	h.changed(s)
	selection, _ := selectedAgents(r)
	model := views.UnusedResultModel{Results: results, AgainURL: h.urls.Unused(refStrings(selection), days)}
	retargetForm(w)
	p := h.projectPage(w, r, printer(r).T("titles.unused"))
	return h.render(w, r, http.StatusOK, views.UnusedResultPage(p, model), views.UnusedResults(p, model))
}

// revokeEach revokes the tokens, a few at a time. A browser that goes away does not leave the
// list half done and nobody the wiser, nor does one of them that goes wrong in whatever way.
func (h *Handlers) revokeEach(r *http.Request, s *session, refs [][]int64, before time.Time) []views.UnusedResult {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), unusedTimeout)
	defer cancel()
	results := make([]views.UnusedResult, len(refs))
	failed := parallel.Each(maxParallelRevokes, refs, func(i int, ref []int64) error {
		results[i] = h.revokeUnused(ctx, r, s, ref, before)
		return nil
	})
	for i, err := range failed {
		if err != nil {
			h.Log.ErrorContext(ctx, "revoking an unused token", "token", refs[i][2], "error", err)
			results[i] = views.UnusedResult{
				Project: views.Project{ID: refs[i][0]}, AgentID: refs[i][1], TokenID: refs[i][2], Problem: problemTitle(r, err, true),
			}
		}
	}
	return results
}

// tokenRefs are the tokens that the form lists: project, agent and token of each.
func tokenRefs(r *http.Request) ([][]int64, error) {
	values := slices.Compact(slices.Sorted(slices.Values(r.PostForm["token"])))
	if len(values) > maxUnused {
		return nil, errFormUnreadable
	}
	refs := make([][]int64, 0, len(values))
	for _, value := range values {
		ids, ok := parseIDs(value, 3)
		if !ok {
			return nil, errFormUnreadable
		}
		refs = append(refs, ids)
	}
	return refs, nil
}

// revokeUnused revokes one token of the list. Names that cannot be read are left out: GitLab
// then refuses the rest as well.
func (h *Handlers) revokeUnused(ctx context.Context, r *http.Request, s *session, ids []int64, before time.Time) views.UnusedResult {
	agent, err := s.gitlab.Agent(ctx, gitlabapi.ProjectID(ids[0]), ids[1])
	if err != nil {
		h.Log.WarnContext(ctx, "reading an agent whose unused token is to be revoked", "agent", ids[1], "error", err)
	}
	name, err := h.Tokens.RevokeUnused(ctx, s.gitlab, tokens.RevokeRequest{
		Actor: h.actor(r, s), Project: ids[0], ProjectPath: agent.ConfigProject.PathWithNamespace,
		Agent: ids[1], AgentName: agent.Name, Token: ids[2],
	}, before)
	result := views.UnusedResult{
		Project: views.Project{ID: ids[0], Name: agent.ConfigProject.Name, Path: agent.ConfigProject.PathWithNamespace},
		AgentID: ids[1], AgentName: agent.Name, TokenID: ids[2], TokenName: name, Revoked: err == nil,
	}
	switch {
	case err == nil:
	case errors.Is(err, tokens.ErrUsedMeanwhile):
		result.Problem = printer(r).T("unused.used_meanwhile")
	case errors.Is(err, tokens.ErrTooYoung):
		result.Problem = printer(r).T("unused.too_young")
	default:
		result.Problem = problemTitle(r, err, true)
	}
	return result
}
