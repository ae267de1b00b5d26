package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// renderForm shows a form with a fresh nonce: on a page of its own or in the dialog, and in the
// place of the form that was sent.
func (h *Handlers) renderForm(w http.ResponseWriter, r *http.Request, s *session, status int, form views.FormSheet) error {
	form.Prove(h.nonces.issue(s.ID, form.Action(h.urls)))
	return h.renderSheet(w, r, status, form)
}

// renderSheet shows what a form led to in its place.
func (h *Handlers) renderSheet(w http.ResponseWriter, r *http.Request, status int, sheet views.Sheet) error {
	if !isSafe(r.Method) {
		retargetForm(w)
	}
	p := h.projectPage(w, r, sheet.Title(printer(r)))
	return h.render(w, r, status, sheet.Page(p), sheet.Dialog(p))
}

// checkForm checks the nonce of the form in r. A form that has to be sent once more, with a fresh
// nonce and everything that was typed, gets a notice: it was open for too long, or the person
// signed in again in another tab, which the browser vouches for. Without such a voucher a wrong
// nonce is refused, because then nothing tells a form of ours from one of another site. A form that
// was given for another address is refused whoever vouches for it: no page of ours sends it here.
func (h *Handlers) checkForm(r *http.Request, s *session, form *views.Form) (tokens.Form, error) {
	nonce := r.PostFormValue("nonce")
	verdict, expires := h.nonces.check(s.ID, r.URL.Path, nonce)
	switch {
	case verdict == nonceGood:
		return tokens.Form{Nonce: nonce, Expires: expires, Actor: h.actor(r, s)}, nil
	case verdict == nonceMisplaced:
		return tokens.Form{}, errMisplacedForm
	case verdict == nonceExpired, browserVouches(r):
		form.Notice = staleNotice(printer(r))
		return tokens.Form{}, nil
	default:
		return tokens.Form{}, errForeignForm
	}
}

// checkOwnForm checks that the form in r comes from a page of the portal that sends it here, for
// forms that may be sent any number of times.
func (h *Handlers) checkOwnForm(r *http.Request, sessionID string) error {
	switch verdict, _ := h.nonces.check(sessionID, r.URL.Path, r.PostFormValue("nonce")); {
	case verdict == nonceMisplaced:
		return errMisplacedForm
	case verdict == nonceGood, browserVouches(r):
		return nil
	default:
		return errForeignForm
	}
}

// checkDraftForm checks that what is only looked at comes from the portal's form for action, which its
// buttons send elsewhere too.
func (h *Handlers) checkDraftForm(r *http.Request, s *session, action string) error {
	if verdict, _ := h.nonces.check(s.ID, action, r.PostFormValue("nonce")); verdict != nonceGood && !browserVouches(r) {
		return errForeignForm
	}
	return nil
}

// browserVouches reports whether the browser itself says that the request comes from a page
// of this site. That it does not come from elsewhere was checked before.
func browserVouches(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != ""
}

// change runs a change of a project's agents at GitLab. Its row of the audit is left to
// internal/tokens, which knows the outcome, and what was read for the person before is forgotten.
func (h *Handlers) change(r *http.Request, s *session, run func(ctx context.Context, gitlab *gitlabapi.Client) error) error {
	stateOf(r).audited = true
	defer h.forget(r, s)
	return whyForbidden(r, s, run(r.Context(), s.gitlab))
}

// forget makes what was read for the person of the projects of a change to be read anew, and on other
// replicas everything.
func (h *Handlers) forget(r *http.Request, s *session) {
	if projects := changedProjects(r); len(projects) > 0 {
		h.Fleet.Touch(s.User.ID, projects...)
	} else {
		h.Fleet.Drop(s.User.ID)
	}
	ctx := r.Context()
	if err := h.Sessions.NoteChange(ctx, s.User.ID); err != nil {
		h.Log.WarnContext(ctx, "other replicas were not told of a change: they go on showing what they have read for a while", "error", err)
	}
}

// maxTouched is of how many projects what was read is mended after a change; after a change of more,
// everything is read anew.
const maxTouched = 5

// changedProjects are the projects that a form changes something in: that of its address, or those of the
// agents and tokens that it lists. None stands for too many, or for not known.
func changedProjects(r *http.Request) []int64 {
	if id, err := pathID(r, "project"); err == nil {
		return []int64{id}
	}
	var projects []int64
	for _, ref := range slices.Concat(r.PostForm["agent"], r.PostForm["token"]) {
		first, _, _ := strings.Cut(ref, ".")
		id, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return nil
		}
		projects = append(projects, id)
	}
	slices.Sort(projects)
	if projects = slices.Compact(projects); len(projects) > maxTouched {
		return nil
	}
	return projects
}

// actor is who acts in this request, for the audit.
func (h *Handlers) actor(r *http.Request, s *session) tokens.Actor {
	return tokens.Actor{ID: s.User.ID, Name: s.User.Username, IP: h.clientIP(r), RequestID: stateOf(r).id}
}

// staleNotice asks to send a form once more that was open for too long.
func staleNotice(l *i18n.Printer) *views.Notice {
	return &views.Notice{Kind: views.NoticeWarning, Title: l.T("form.stale.title"), Text: l.T("form.stale.text")}
}

// refusalNotice passes on why GitLab refused what no rule of ours foresaw. Its 400 messages
// are written for the person who sent the form.
func refusalNotice(l *i18n.Printer, err error) *views.Notice {
	notice := &views.Notice{Kind: views.NoticeDanger, Title: l.T("errors.gitlab_refused.title"), Text: l.T("errors.gitlab_refused.text")}
	var refused *gitlabapi.Error
	if errors.As(err, &refused) && len(refused.Reasons()) > 0 {
		notice.Text = l.T("form.refused", "Message", strings.Join(refused.Reasons(), "; "))
	}
	return notice
}

// confirmField reads a name that was typed to confirm, and says so if it is not name.
func confirmField(r *http.Request, name string) views.Field {
	field := views.Field{Value: r.PostFormValue("confirm")}
	if field.Value != name {
		field.Error = printer(r).T("form.confirm.mismatch", "Name", name)
	}
	return field
}
