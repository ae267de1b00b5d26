package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// maxStale is how many agents one form deletes: as many changes as a person has in a minute.
const maxStale = budget.ChangesPerMinute

// staleAsk lists the stale agents of a selection, and asks which of them are to be deleted.
func (h *Handlers) staleAsk(w http.ResponseWriter, r *http.Request, s *session) error {
	return h.renderStale(w, r, s, http.StatusOK, staleForm{})
}

// staleForm is what was sent of the form before.
type staleForm struct {
	views.Form
	// chosen are the agents that were, where it was sent.
	sent    bool
	chosen  []agentread.Ref
	confirm views.Field
}

func (h *Handlers) renderStale(w http.ResponseWriter, r *http.Request, s *session, status int, form staleForm) error {
	refs, more := selectedAgents(r)
	model := &views.StaleModel{
		Form: form.Form, Agents: refStrings(refs), Confirm: form.confirm, Limits: h.Limits, Max: maxSelected, Most: maxStale, More: more,
	}
	for _, one := range h.seenLast(r.Context(), s.read.Selection(r.Context(), refs)) {
		h.addStale(model, one, form)
	}
	model.Rest = max(len(model.Rows)-maxStale, 0)
	model.Rows = model.Rows[:min(len(model.Rows), maxStale)]
	return h.renderForm(w, r, s, status, model)
}

// addStale adds one agent of the selection to the list, or to those that are left out.
func (h *Handlers) addStale(model *views.StaleModel, one agentread.Selected, form staleForm) {
	switch {
	case one.Err != nil || !one.Agent.UseKnown():
		model.Unread++
	case !one.Agent.Stale(h.Limits, h.Now()):
		model.Fresh++
	case !one.Project.Access.CanManage():
		model.ReadOnly++
	default:
		model.Rows = append(model.Rows, views.StaleRow{
			Agent: one.Agent, Ref: refString(one.Ref), Project: h.projectView(one.Project),
			Chosen: !form.sent || slices.Contains(form.chosen, one.Ref),
		})
	}
}

// seenLast adds when agents were last seen with a token that is revoked since.
func (h *Handlers) seenLast(ctx context.Context, selected []agentread.Selected) []agentread.Selected {
	var agents []agent.Agent
	for _, one := range selected {
		if one.Err == nil {
			agents = append(agents, one.Agent)
		}
	}
	uses := h.revokedUses(ctx, agents)
	for i := range selected {
		selected[i].Agent.RevokedUse = uses[selected[i].Ref.Agent]
	}
	return selected
}

// staleDelete deletes the chosen agents, each after a look of its own, and tells how each of them
// ended and which environments lost it. Sent again, it finds what is gone and changes nothing.
func (h *Handlers) staleDelete(w http.ResponseWriter, r *http.Request, s *session) error {
	form := staleForm{sent: true}
	if _, err := h.checkForm(r, s, &form.Form); err != nil {
		return err
	}
	var err error
	if form.chosen, err = chosenAgents(r); err != nil {
		return err
	}
	form.confirm = confirmCount(r, len(form.chosen))
	if form.Notice != nil || form.confirm.Error != "" {
		return h.renderStale(w, r, s, http.StatusUnprocessableEntity, form)
	}
	selection, _ := selectedAgents(r)
	model := &views.StaleResultModel{AgainURL: h.urls.Stale(refStrings(selection))}
	lost := lostByAgent{of: map[agentread.Ref]views.DependentsModel{}}
	err = h.change(r, s, func(ctx context.Context, gitlab *gitlabapi.Client) error {
		results, err := h.Tokens.DeleteStale(ctx, gitlab, h.actor(r, s), form.chosen, h.staleCheck(s, &lost))
		for i, result := range results {
			model.Results = append(model.Results, h.staleView(r, result, lost.of[form.chosen[i]]))
		}
		return err
	})
	if err != nil {
		return err
	}
	return h.renderSheet(w, r, http.StatusOK, model)
}

// chosenAgents are the agents that the form lists, each once.
func chosenAgents(r *http.Request) ([]agentread.Ref, error) {
	values := slices.Compact(slices.Sorted(slices.Values(r.PostForm["agent"])))
	if len(values) > maxStale {
		return nil, errFormUnreadable
	}
	refs := make([]agentread.Ref, 0, len(values))
	for _, value := range values {
		ids, ok := parseIDs(value, 2)
		if !ok {
			return nil, errFormUnreadable
		}
		refs = append(refs, agentread.Ref{Project: ids[0], Agent: ids[1]})
	}
	return refs, nil
}

// confirmCount reads how many agents the person says they delete, and says so if that is not count.
// Without any there is nothing to confirm.
func confirmCount(r *http.Request, count int) views.Field {
	field := views.Field{Value: textParam(r, "confirm")}
	switch {
	case count == 0:
		field.Error = printer(r).T("stale.confirm.none")
	case field.Value != strconv.Itoa(count):
		field.Error = printer(r).N("stale.confirm.mismatch", count)
	}
	return field
}

// lostByAgent are the environments that agents of a list had right before they were deleted.
type lostByAgent struct {
	mu sync.Mutex
	of map[agentread.Ref]views.DependentsModel
}

// staleCheck reads each agent anew right before it is deleted, and then what depends on it.
func (h *Handlers) staleCheck(s *session, lost *lostByAgent) tokens.StaleCheck {
	isStale := func(a agent.Agent) bool { return a.Stale(h.Limits, h.Now()) }
	return tokens.StaleCheck{IsStale: isStale, Look: func(ctx context.Context, ref agentread.Ref) (agentread.ProjectAgent, error) {
		found, err := s.read.Agent(ctx, ref.Project, ref.Agent)
		if err != nil {
			return found, err
		}
		found.Agent.RevokedUse = h.revokedUses(ctx, []agent.Agent{found.Agent})[ref.Agent]
		if found.Project.Access.CanManage() && isStale(found.Agent) {
			loses := h.aboutToLose(ctx, s, found)
			lost.mu.Lock()
			defer lost.mu.Unlock()
			lost.of[ref] = loses
		}
		return found, nil
	}}
}

// staleView is how one deletion of the list ended.
func (h *Handlers) staleView(r *http.Request, result tokens.StaleResult, lost views.DependentsModel) views.StaleResult {
	view := views.StaleResult{
		Project: h.projectView(result.Project), AgentID: result.Agent.ID, AgentName: result.Agent.Name, Lost: lost,
	}
	switch {
	case result.Err == nil:
	case errors.Is(result.Err, tokens.ErrNotStale):
		view.Problem = printer(r).T("stale.in_contact")
	case errors.Is(result.Err, tokens.ErrContactUnknown):
		view.Problem = printer(r).T("stale.unknown")
	case errors.Is(result.Err, tokens.ErrNotManageable):
		view.Problem = problemTitle(r, requireManage(result.Project.Access), true)
	default:
		view.Problem = problemTitle(r, result.Err, true)
	}
	return view
}
