package handlers

import (
	"net/http"
	"net/url"
	"strconv"

	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleetlist"
	"gitlab-agent-portal/views"
)

// The parameters of the fleet page that say how to read, and not what to show.
const (
	paramWait    = "wait"    // answer only when the list is there: for browsers without script
	paramRefresh = "refresh" // read everything again
	paramRetry   = "retry"   // read the project with this id again
)

// home is the first page: an invitation for visitors, the fleet for everybody else.
func (h *Handlers) home(w http.ResponseWriter, r *http.Request) error {
	s, err := h.loadSession(w, r)
	if err != nil {
		return err
	}
	if s != nil {
		return h.serveSignedIn(w, r, s, h.fleetShow)
	}
	p := h.page(w, r, printer(r).T("titles.welcome"))
	return h.render(w, r, http.StatusOK, views.WelcomePage(p, views.WelcomeModel{LoginURL: h.urls.Login("")}), nil)
}

// fleetShow shows every agent that the person may see. The page never waits: what is not read
// yet comes over the stream of fleetProgress, and without a script over a page that does wait.
func (h *Handlers) fleetShow(w http.ResponseWriter, r *http.Request, s *session) error {
	values := r.URL.Query()
	query := fleetlist.Parse(values)
	switch {
	case values.Has(paramRefresh):
		h.Fleet.Refresh(viewerOf(s))
		http.Redirect(w, r, h.fleetURL(query), http.StatusSeeOther) //nolint:gosec // the address is ours
		return nil
	case values.Has(paramRetry):
		return h.fleetRetry(w, r, s, query)
	}
	view, err := h.fleetView(r, s, values.Has(paramWait))
	if err != nil {
		return err
	}
	return h.renderFleet(w, r, s, query, view)
}

// fleetView is what can be shown: at once for a page. A part of one, as for every letter of a
// search, begins nothing and takes what is there; only without anything it waits.
func (h *Handlers) fleetView(r *http.Request, s *session, wait bool) (fleet.View, error) {
	if isFragment(r) {
		if view := h.Fleet.Cached(viewerOf(s)); view.Snapshot != nil {
			return view, nil
		}
		wait = true
	}
	if !wait {
		return h.Fleet.Look(r.Context(), viewerOf(s), h.fleetSource(r, s))
	}
	snapshot, err := h.Fleet.Read(r.Context(), viewerOf(s), h.fleetSource(r, s), nil)
	return fleet.View{Snapshot: snapshot, Fresh: true}, err
}

// fleetRetry reads one project again.
func (h *Handlers) fleetRetry(w http.ResponseWriter, r *http.Request, s *session, query fleetlist.Query) error {
	project, _ := strconv.ParseInt(r.URL.Query().Get(paramRetry), 10, 64) // 0 is nobody's project
	snapshot, err := h.Fleet.RetryProject(r.Context(), viewerOf(s), h.fleetSource(r, s), project)
	if err != nil {
		return err
	}
	if !isFragment(r) {
		http.Redirect(w, r, h.fleetURL(query), http.StatusSeeOther) //nolint:gosec // the address is ours
		return nil
	}
	return h.renderFleet(w, r, s, query, fleet.View{Snapshot: snapshot, Fresh: true})
}

func (h *Handlers) renderFleet(w http.ResponseWriter, r *http.Request, s *session, query fleetlist.Query, view fleet.View) error {
	model, err := h.fleetModel(r, s, query, view)
	if err != nil {
		return err
	}
	p := h.page(w, r, printer(r).T("titles.fleet"))
	p.Section = "fleet"
	if model.Scan != nil {
		p.WaitURL = model.Scan.WaitURL
	}
	return h.render(w, r, http.StatusOK, views.FleetPage(p, model), views.FleetFragment(p, model))
}

// fleetURL is the page that shows query; extra are further parameters, names and values in
// turn.
func (h *Handlers) fleetURL(query fleetlist.Query, extra ...string) string {
	return h.urls.Fleet(fleetValues(query, extra...).Encode())
}

func fleetValues(query fleetlist.Query, extra ...string) url.Values {
	values := query.Values()
	for i := 0; i+1 < len(extra); i += 2 {
		values.Set(extra[i], extra[i+1])
	}
	return values
}
