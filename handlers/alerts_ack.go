package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

// maxAcknowledged is how far ahead an acknowledgement may end.
const maxAcknowledged = 366 * 24 * time.Hour

// alertAsk is the form with which a person says that they look after an alert.
func (h *Handlers) alertAsk(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.manageableAlert(r, s)
	switch {
	case err != nil:
		return err
	case !found.Open():
		return h.alertsOver(w, r, s)
	}
	model := &views.AlertAckModel{
		Alert: found, List: alertsQuery(r.URL.Query()), Note: views.Field{Value: found.Note}, For: views.AlertTerms()[0],
	}
	return h.renderAlertForm(w, r, s, http.StatusOK, model)
}

// alertAcknowledge notes who looks after an alert, and until when.
func (h *Handlers) alertAcknowledge(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.manageableAlert(r, s)
	if err != nil {
		return err
	}
	model := typedAcknowledgement(printer(r), r, found)
	until := h.acknowledgedUntil(printer(r), model)
	if _, err := h.checkForm(r, s, &model.Form); err != nil {
		return err
	}
	if model.Wrong() {
		return h.renderAlertForm(w, r, s, http.StatusUnprocessableEntity, model)
	}
	ack := alert.Acknowledgement{ByID: s.User.ID, By: s.User.Username, At: h.Now(), Until: until, Note: model.Note.Value}
	args := map[string]string{"Until": printer(r).Date(until)}
	return h.noteAcknowledgement(w, r, s, found, ack, flash{Kind: views.NoticeSuccess, ID: "alert_acknowledged", Args: args})
}

// alertWithdraw notes that nobody looks after an alert any more. Who sends it twice changes nothing more.
func (h *Handlers) alertWithdraw(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.manageableAlert(r, s)
	if err != nil {
		return err
	}
	if err := h.checkOwnForm(r, s.ID); err != nil {
		return err
	}
	return h.noteAcknowledgement(w, r, s, found, alert.Acknowledgement{}, flash{Kind: views.NoticeSuccess, ID: "alert_withdrawn"})
}

// noteAcknowledgement keeps an acknowledgement and goes back to the list, with what was done.
func (h *Handlers) noteAcknowledgement(w http.ResponseWriter, r *http.Request, s *session, found alert.Alert, ack alert.Acknowledgement, done flash) error {
	_, err := h.Alerts.Acknowledge(r.Context(), found.ID, []int64{found.ProjectID}, ack)
	switch {
	case errors.Is(err, alerts.ErrGone): // resolved while the form was open
		stateOf(r).err = err
		return h.alertsOver(w, r, s)
	case err != nil:
		return fmt.Errorf("keeping who looks after an alert: %w", err)
	}
	h.setFlash(w, r, done)
	h.redirect(w, r, h.urls.Alerts(alertsQuery(r.URL.Query())))
	return nil
}

// renderAlertForm shows the form as a part of the page of alerts.
func (h *Handlers) renderAlertForm(w http.ResponseWriter, r *http.Request, s *session, status int, model *views.AlertAckModel) error {
	model.Prove(h.nonces.issue(s.ID, model.Action(h.urls)))
	if !isSafe(r.Method) {
		retargetForm(w)
	}
	p := h.alertsPage(w, r, model.Title(printer(r)))
	return h.render(w, r, status, model.Page(p), model.Dialog(p))
}

// manageableAlert reads the alert of the address and refuses people who may not look after it. GitLab
// tells of their rights at this moment: what was read of them before counts for nothing.
func (h *Handlers) manageableAlert(r *http.Request, s *session) (alert.Alert, error) {
	if h.Alerts == nil {
		return alert.Alert{}, errNoSuchPage
	}
	id, err := pathID(r, "alert")
	if err != nil {
		return alert.Alert{}, err
	}
	found, err := h.Alerts.Get(r.Context(), id)
	switch {
	case errors.Is(err, alerts.ErrGone):
		return found, errNotVisible.because(err)
	case err != nil:
		return found, fmt.Errorf("reading an alert: %w", err)
	case found.Kind.OfWatch():
		return found, requireMaintained(r, s)
	default:
		return found, requireMaintainer(r, s, found.Subject)
	}
}

// requireMaintained refuses people who are Maintainer of nothing.
func requireMaintained(r *http.Request, s *session) error {
	projects, _, err := s.read.Maintained(r.Context(), 1)
	if err == nil && len(projects) == 0 {
		return errAlertMaintainer
	}
	return err
}

// requireMaintainer refuses people who are no Maintainers of the project of an agent. That the project
// takes no changes is no reason: GitLab is asked for none.
func requireMaintainer(r *http.Request, s *session, about alert.Subject) error {
	project, err := s.read.Project(r.Context(), about.ProjectID)
	if err != nil {
		return err
	}
	stateOf(r).shown = audit.Target{ProjectID: project.ID, ProjectPath: project.Path}
	if !project.Maintains {
		return errAlertMaintainer
	}
	stateOf(r).shown.AgentID, stateOf(r).shown.AgentName = about.AgentID, about.AgentName
	return nil
}

// typedAcknowledgement reads the form and says what is wrong with its note.
func typedAcknowledgement(l *i18n.Printer, r *http.Request, found alert.Alert) *views.AlertAckModel {
	text := func(name string) string {
		return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(r.PostFormValue(name), ""), "\r\n", "\n"))
	}
	model := &views.AlertAckModel{
		Alert: found, List: alertsQuery(r.URL.Query()), Note: views.Field{Value: strings.ReplaceAll(text("note"), "\x00", "")},
		For: text("for"), Day: views.Field{Value: text("day")},
	}
	if utf8.RuneCountInString(model.Note.Value) > views.MaxAlertNote {
		model.Note.Error = l.T("alerts.ack.note.long", "Max", views.MaxAlertNote)
	}
	if !slices.Contains(views.AlertTerms(), model.For) {
		model.For = views.AlertTerms()[0]
	}
	return model
}

// acknowledgedUntil is when the acknowledgement of a form ends: with the day, if there is one, or after
// the term. It says what is wrong with the day.
func (h *Handlers) acknowledgedUntil(l *i18n.Printer, model *views.AlertAckModel) time.Time {
	now := h.Now()
	if model.Day.Value == "" {
		term, err := time.ParseDuration(model.For)
		if err != nil { // AlertTerms are lengths
			term = time.Hour
		}
		return now.Add(term)
	}
	day, err := time.Parse(time.DateOnly, model.Day.Value)
	until := day.AddDate(0, 0, 1)
	switch {
	case err != nil:
		model.Day.Error = l.T("alerts.ack.day.invalid")
	case !until.After(now):
		model.Day.Error = l.T("alerts.ack.day.past")
	case until.Sub(now) > maxAcknowledged:
		model.Day.Error = l.T("alerts.ack.day.far")
	}
	return until
}
