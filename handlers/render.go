package handlers

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/klauspost/compress/gzhttp"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

// render writes a page, or its fragment where htmx asked for one and there is one. It renders
// to a buffer first: a template that fails must not leave half a page behind a status 200.
func (h *Handlers) render(w http.ResponseWriter, r *http.Request, status int, page, fragment templ.Component) error {
	component := page
	if fragment != nil && (isFragment(r) || page == nil) {
		component = fragment
	}
	buffer := h.buffers.Get().(*bytes.Buffer)
	defer h.buffers.Put(buffer)
	buffer.Reset()
	if err := component.Render(r.Context(), buffer); err != nil {
		return fmt.Errorf("rendering: %w", err)
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", h.cacheControl(r, status))
	header.Add("Vary", "HX-Request-Type")
	h.serverTiming(w, r)
	w.WriteHeader(status)
	_, err := buffer.WriteTo(w)
	if err != nil {
		// The client went away; there is nobody left to tell.
		h.Log.DebugContext(r.Context(), "writing a page", "error", err)
	}
	return nil
}

// renderSecret renders the one page that holds a secret: never compressed, since it shares
// its body with values a person chose, and from a buffer that no other page gets. Nothing is wiped:
// Go cannot wipe text, and templ and net/http copy it into buffers of theirs.
func (h *Handlers) renderSecret(w http.ResponseWriter, r *http.Request, page, fragment templ.Component) error {
	component := page
	if isFragment(r) {
		component = fragment
	}
	var buffer bytes.Buffer
	if err := component.Render(r.Context(), &buffer); err != nil {
		return fmt.Errorf("rendering a new token: %w", err)
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Add("Vary", "HX-Request-Type")
	header.Set(gzhttp.HeaderNoCompression, "1")
	w.WriteHeader(http.StatusOK)
	if _, err := w.Write(buffer.Bytes()); err != nil {
		h.Log.WarnContext(r.Context(), "a new token did not reach the browser", "request_id", stateOf(r).id, "error", err)
	}
	return nil
}

// tellTimeout bounds the rendering of what went wrong.
const tellTimeout = 5 * time.Second

// toTell is a context for saying what went wrong. It outlives the request's own, whose end may be
// what went wrong: net/http ends it when a body stalls.
func toTell(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
}

// isFragment reports whether htmx wants a part of a page. It asks for a full one when it
// targets the body and on Back.
func isFragment(r *http.Request) bool { return r.Header.Get("HX-Request-Type") == "partial" }

// isHTMX reports whether htmx sent the request.
func isHTMX(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// redirect leads to target after a change.
func (h *Handlers) redirect(w http.ResponseWriter, r *http.Request, target string) {
	if isHTMX(r) {
		w.Header().Set("HX-Redirect", target)
		w.WriteHeader(http.StatusOK)
		return
	}
	http.Redirect(w, r, target, http.StatusSeeOther) //nolint:gosec // targets come from views.URLs or ownPath
}

// formRegion is the id of the element that every form component has as its root.
const formRegion = "#form"

// retargetForm makes htmx put the answer in place of the form, whatever its target is.
func retargetForm(w http.ResponseWriter) {
	w.Header().Set("HX-Retarget", formRegion)
	w.Header().Set("HX-Reswap", "outerHTML")
}

// retargetNotice makes htmx put a notice where the person looks: into the form that was sent,
// into a place the element chose itself, or into the page's notice region. The page behind an
// open dialog cannot be read, so a form's notice has to be inside the form.
func retargetNotice(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("HX-Reswap", "innerHTML")
	_, id, _ := strings.Cut(r.Header.Get("HX-Target"), "#")
	switch {
	case strings.HasSuffix(id, "-notice"):
	case isPoll(r):
		w.Header().Set("HX-Retarget", "#live-notice")
	case !isSafe(r.Method):
		w.Header().Set("HX-Retarget", "#form-notice")
	default:
		w.Header().Set("HX-Retarget", "#notice")
	}
}

// page returns the chrome around a page's content.
func (h *Handlers) page(w http.ResponseWriter, r *http.Request, title string) views.Page {
	state := stateOf(r)
	p := h.barePage(state.printer, title)
	p.Path, p.Theme = h.currentPage(r), h.theme(r)
	p.NoKeys = cookieValue(r, h.Cookie.Name+keysCookie) == "off"
	gitlab := h.GitLab.BaseURL()
	p.Version = h.Version
	p.GitLabName, p.GitLabURL = gitlab.Host, gitlab.String()
	p.Demo, p.ReadOnly = h.SandboxURL, h.ReadOnly
	if skew := h.GitLab.ClockSkew(); skew.Exceeds(agent.ClockTolerance) {
		p.ClockOff = skew.Ahead.Abs()
	}
	sessionID := ""
	if state.session != nil {
		sessionID = state.session.ID
		p.Mark, p.MarkCookie = markOf(sessionID), h.Cookie.Name+markCookie
		p.Rotating = h.Fleet.Rotating(viewerOf(state.session))
		p.User = &views.User{Name: state.session.User.Name, Username: state.session.User.Username}
	}
	h.keepMark(w, r, p.Mark)
	p.SignOutNonce = h.nonces.issue(sessionID, h.urls.Logout())
	p.PreferencesNonce = h.nonces.issue(sessionID, h.urls.Preferences())
	p.Watched = h.Alerts != nil
	if !isFragment(r) {
		p.Notice, p.Alerts = h.takeFlash(w, r), h.alertCount(r)
	}
	return p
}

// projectPage is the chrome of everything about projects and what is in them.
func (h *Handlers) projectPage(w http.ResponseWriter, r *http.Request, title string) views.Page {
	p := h.page(w, r, title)
	p.Section = "projects"
	return p
}

// agentPage is the chrome of what is about one agent, in the place from which the person came: back is
// the fleet, and empty for the projects.
func (h *Handlers) agentPage(w http.ResponseWriter, r *http.Request, title, back string) views.Page {
	p := h.projectPage(w, r, title)
	if back != "" {
		p.Section = "fleet"
	}
	return p
}

// barePage is the chrome that depends on no request.
func (h *Handlers) barePage(l *i18n.Printer, title string) views.Page {
	asset := func(name string) string { return h.urls.Static(h.Assets.URL(name)) }
	return views.Page{
		L: l, U: h.urls, Now: h.Now(), Title: title,
		CSS: asset("app.css"), JS: asset("app.js"), Icon: asset("icons.svg"), Favicon: asset("favicon.svg"),
	}
}

// prerenderPanicPage prepares the page for unexpected errors at start-up, so that it can be
// shown even when rendering is what is broken.
func (h *Handlers) prerenderPanicPage() error {
	l := i18n.For(i18n.English)
	page := h.barePage(l, l.T("errors.internal.title"))
	model := views.MessageModel{
		Heading: l.T("errors.internal.title"), Text: l.T("errors.internal.text"),
		Actions: []views.Action{{Text: l.T("errors.action.home"), URL: h.urls.Home()}},
	}
	var buffer bytes.Buffer
	err := views.MessagePage(page, model).Render(context.Background(), &buffer)
	h.panicPage = buffer.Bytes()
	return err
}

// writePanicPage answers with the prepared page.
func (h *Handlers) writePanicPage(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write(h.panicPage)
}
