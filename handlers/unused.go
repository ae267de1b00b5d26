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
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

const (
	// defaultUnusedDays is how old a token that was never used has to be, unless one asks for another
	// age: as old as the one that the fleet calls never used. maxUnusedDays is the largest age.
	defaultUnusedDays = 1
	maxUnusedDays     = 3650
	// maxUnused is how many tokens one form revokes: it has two fields more.
	maxUnused = maxFormFields - 2
)

// unusedAsk lists the tokens of a selection that were never used, and asks which of those that are
// old enough are to be revoked.
func (h *Handlers) unusedAsk(w http.ResponseWriter, r *http.Request, s *session) error {
	return h.renderUnused(w, r, s, http.StatusOK, views.Form{})
}

// renderUnused lists the tokens. All that are old enough are chosen, or those of a form that was sent.
func (h *Handlers) renderUnused(w http.ResponseWriter, r *http.Request, s *session, status int, form views.Form) error {
	refs, more := selectedAgents(r)
	days := daysParam(r.URL.Query().Get("days"))
	model := &views.UnusedModel{
		Form: form, Agents: refStrings(refs), Days: days, MaxDays: maxUnusedDays, Max: maxSelected, More: more,
	}
	before := h.unusedBefore(days)
	for _, one := range s.read.Selection(r.Context(), refs) {
		switch {
		case one.Err != nil:
			model.Unread++
		case !one.Project.Access.CanManage():
			model.ReadOnly++
		default:
			model.Rows = append(model.Rows, h.unusedRows(one, before)...)
			if !one.Agent.UseKnown() {
				model.Unread++
			}
		}
	}
	model.Rows = model.Rows[:min(len(model.Rows), maxUnused)]
	for i := range model.Rows {
		chosen := r.Method != http.MethodPost || slices.Contains(r.PostForm["token"], model.Rows[i].Ref)
		model.Rows[i].Chosen = chosen && !model.Rows[i].Young
	}
	return h.renderForm(w, r, s, status, model)
}

// unusedRows are an agent's tokens that were never used; those from before a point in time may be revoked.
func (h *Handlers) unusedRows(one agentread.Selected, before time.Time) (rows []views.UnusedRow) {
	for _, token := range one.Agent.Tokens {
		if token.NeverUsed() {
			rows = append(rows, views.UnusedRow{
				Ref:     fmt.Sprintf("%s.%d", refString(one.Ref), token.ID),
				Project: h.projectView(one.Project), AgentName: one.Agent.Name,
				TokenName: token.Name, CreatedAt: token.CreatedAt, Young: !token.CreatedAt.Before(before),
			})
		}
	}
	return rows
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

// unusedRevoke revokes the chosen tokens, each after a look of its own, and tells how each of
// them ended. Sent again, it finds what is gone and changes nothing.
func (h *Handlers) unusedRevoke(w http.ResponseWriter, r *http.Request, s *session) error {
	var form views.Form
	if _, err := h.checkForm(r, s, &form); err != nil {
		return err
	}
	requests, err := h.revokeRequests(r, s)
	if err != nil {
		return err
	}
	if form.Notice == nil && len(requests) == 0 {
		form.Notice = &views.Notice{Kind: views.NoticeDanger, Text: printer(r).T("unused.none_chosen")}
	}
	if form.Notice != nil {
		return h.renderUnused(w, r, s, http.StatusUnprocessableEntity, form)
	}
	days := daysParam(r.PostFormValue("days"))
	selection, _ := selectedAgents(r)
	model := &views.UnusedResultModel{AgainURL: h.urls.Unused(refStrings(selection), days)}
	err = h.change(r, s, func(ctx context.Context, gitlab *gitlabapi.Client) error {
		results, err := h.Tokens.RevokeUnused(ctx, gitlab, h.actor(r, s), requests, h.unusedBefore(days))
		for _, result := range results {
			model.Results = append(model.Results, h.unusedView(r, result))
		}
		return err
	})
	if err != nil {
		return err
	}
	return h.renderSheet(w, r, http.StatusOK, model)
}

// revokeRequests are the tokens that were chosen of the form.
func (h *Handlers) revokeRequests(r *http.Request, s *session) ([]tokens.RevokeRequest, error) {
	values := slices.Compact(slices.Sorted(slices.Values(r.PostForm["token"])))
	if len(values) > maxUnused {
		return nil, errFormUnreadable
	}
	requests := make([]tokens.RevokeRequest, 0, len(values))
	for _, value := range values {
		ids, ok := parseIDs(value, 3)
		if !ok {
			return nil, errFormUnreadable
		}
		requests = append(requests, tokens.RevokeRequest{Actor: h.actor(r, s), Project: ids[0], Agent: ids[1], Token: ids[2]})
	}
	return requests, nil
}

// unusedView is how one revocation of the list ended.
func (h *Handlers) unusedView(r *http.Request, result tokens.UnusedResult) views.UnusedResult {
	view := views.UnusedResult{
		Project: h.projectView(result.Project), AgentID: result.Agent.ID, AgentName: result.Agent.Name,
		TokenID: result.Token.ID, TokenName: result.Token.Name, Revoked: result.Err == nil,
	}
	switch {
	case result.Err == nil:
	case errors.Is(result.Err, tokens.ErrUsedMeanwhile):
		view.Problem = printer(r).T("unused.used_meanwhile")
	case errors.Is(result.Err, tokens.ErrTooYoung):
		view.Problem = printer(r).T("unused.too_young")
	default:
		view.Problem = problemTitle(r, result.Err, true)
	}
	return view
}
