package handlers

import (
	"net/http"
	"strings"

	"gitlab-agent-portal/views"
)

// renderProblem shows a problem: as a notice where a fragment was asked for, so that the page
// and what was typed into it stay, and as a page of its own otherwise.
func (h *Handlers) renderProblem(w http.ResponseWriter, r *http.Request, p problem) error {
	notice := h.problemNotice(r, p)
	if isFragment(r) {
		retargetNotice(w, r)
		return h.render(w, r, p.status, nil, views.NoticeFragment(h.page(w, r, notice.Title), notice))
	}
	model := views.MessageModel{
		Heading: notice.Title, Text: notice.Text, Said: notice.Said, RequestID: notice.RequestID,
		Actions: []views.Action{{Text: notice.LinkText, URL: notice.Link}},
	}
	return h.render(w, r, p.status, views.MessagePage(h.page(w, r, notice.Title), model), nil)
}

// problemNotice is what a person is told of a problem. A form on a page that stays, such as a
// token that is being revealed, has the way to sign in lead to another tab.
func (h *Handlers) problemNotice(r *http.Request, p problem) views.Notice {
	l, action := printer(r), h.nextStep(r, p)
	notice := views.Notice{
		Kind: views.NoticeDanger, Title: l.T("errors." + p.id + ".title"), Text: l.T("errors."+p.id+".text", "Seconds", p.seconds()),
		Said: p.said, Link: action.URL, LinkText: action.Text, RequestID: stateOf(r).id,
	}
	if p.status == http.StatusUnauthorized && !isSafe(r.Method) && isFragment(r) {
		notice.Text, notice.LinkText, notice.Beside = l.T("errors."+p.id+".form"), l.T("errors.action.sign_in_beside"), true
	}
	return notice
}

// nextStep is what a person can do about a problem.
func (h *Handlers) nextStep(r *http.Request, p problem) views.Action {
	l := printer(r)
	switch {
	case p.status == http.StatusUnauthorized:
		return views.Action{Text: l.T("errors.action.sign_in"), URL: h.urls.Login(h.currentPage(r))}
	case p.id == errNoSuchGroup.id:
		return views.Action{Text: l.T("errors.action.groups"), URL: h.urls.Groups("", 1)}
	case p.id == errWrongHost.id:
		return views.Action{Text: l.T("errors.action.home"), URL: h.PublicURL.String()}
	case strings.HasPrefix(p.id, restrictedID("")), p.id == "forbidden":
		return views.Action{Text: l.T("errors.action.gitlab"), URL: h.GitLab.BaseURL().String()}
	case strings.HasPrefix(p.id, "sign_in_"), p.id == errNoNavigation.id, r.URL.Path == h.urls.Callback():
		return views.Action{Text: l.T("errors.action.sign_in"), URL: h.urls.Login("")}
	case p.status >= http.StatusInternalServerError && isSafe(r.Method):
		return views.Action{Text: l.T("errors.action.again"), URL: h.currentPage(r)}
	case !isSafe(r.Method) && !isFragment(r) && r.Referer() != "":
		return views.Action{Text: l.T("errors.action.back"), URL: h.currentPage(r)}
	default:
		return views.Action{Text: l.T("errors.action.home"), URL: h.urls.Home()}
	}
}
