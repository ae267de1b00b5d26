package handlers

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
	"gitlab-agent-portal/views"
)

// The parameters of the fleet page that say how to read, and not what to show.
const (
	paramWait    = "wait"    // answer when the list is there, or after a while: for browsers without script
	paramRefresh = "refresh" // read everything again
	paramRetry   = "retry"   // read the project with this id again
	paramAll     = "all"     // all rows that match on one page, for paper
)

// welcome is the first page for visitors.
func (h *Handlers) welcome(w http.ResponseWriter, r *http.Request) error {
	p := h.page(w, r, printer(r).T("titles.welcome"))
	next := h.fleetURL(fleet.Parse(r.URL.Query())) // a link to a part of the fleet leads there
	return h.render(w, r, http.StatusOK, views.WelcomePage(p, views.WelcomeModel{LoginURL: h.urls.Login(next)}), nil)
}

// fleetWait is how long a page waits for the list before it shows how far that is: long enough for
// most, and shorter than what anything on the way has patience for.
const fleetWait = 10 * time.Second

// fleetShow shows every agent that the person may see. The page never waits: what is not read
// yet comes over the stream of fleetProgress, and without a script over a page that does wait.
func (h *Handlers) fleetShow(w http.ResponseWriter, r *http.Request, s *session) error {
	values := r.URL.Query()
	query := fleet.Parse(values)
	switch {
	case values.Has(paramRefresh):
		h.Fleet.Refresh(fleetViewer(r, s))
		http.Redirect(w, r, h.fleetURL(query), http.StatusSeeOther) //nolint:gosec // the address is ours
		return nil
	case values.Has(paramRetry):
		return h.fleetRetry(w, r, s, query)
	}
	if err := h.checkScope(r, s); err != nil {
		return err
	}
	if isPoll(r) {
		return h.fleetLook(w, r, s, query)
	}
	view, err := h.fleetView(r, s, values.Has(paramWait))
	if err != nil {
		return scopeError(r, err)
	}
	return h.renderFleet(w, r, s, query, view)
}

// fleetView is what can be shown: at once for a page. A part of one, as for every letter of a
// search, begins nothing and takes what is there; only without anything it waits.
func (h *Handlers) fleetView(r *http.Request, s *session, wait bool) (scan.View, error) {
	h.mendFleet(r, s)
	return h.viewFor(r, s, fleetViewer(r, s), wait)
}

// viewFor is fleetView for a viewer that is not the address's.
func (h *Handlers) viewFor(r *http.Request, s *session, viewer scan.Viewer, wait bool) (scan.View, error) {
	if isFragment(r) {
		if view := h.Fleet.Cached(viewer); view.Snapshot != nil {
			return view, nil
		}
		wait = true
	}
	if !wait {
		return h.Fleet.Look(r.Context(), viewer, h.fleetSource(r, s))
	}
	ctx, cancel := context.WithTimeout(r.Context(), cmp.Or(h.FleetWait, fleetWait))
	defer cancel()
	snapshot, err := h.Fleet.Read(ctx, viewer, h.fleetSource(r, s), nil)
	if err != nil && ctx.Err() != nil && r.Context().Err() == nil { // it takes longer, and that is no error
		return h.Fleet.Look(r.Context(), viewer, h.fleetSource(r, s))
	}
	return scan.View{Snapshot: snapshot, Fresh: true}, err
}

// mendPatience is how long a page waits for what the person has just changed, so that it can show the list
// that they know with it.
const mendPatience = 5 * time.Second

func (h *Handlers) mendFleet(r *http.Request, s *session) {
	ctx, cancel := context.WithTimeout(r.Context(), mendPatience)
	defer cancel()
	h.Fleet.Mend(ctx, fleetViewer(r, s), h.fleetSource(r, s))
}

// fleetRetry reads one project again, unless the whole list is to come anyway.
func (h *Handlers) fleetRetry(w http.ResponseWriter, r *http.Request, s *session, query fleet.Query) error {
	view := h.Fleet.Cached(fleetViewer(r, s))
	if view.Snapshot != nil && !view.Partial {
		project, _ := strconv.ParseInt(r.URL.Query().Get(paramRetry), 10, 64) // 0 is nobody's project
		snapshot, err := h.Fleet.RetryProject(r.Context(), fleetViewer(r, s), h.fleetSource(r, s), project)
		if err != nil {
			return scopeError(r, err)
		}
		view = scan.View{Snapshot: snapshot, Fresh: true}
	}
	if !isFragment(r) {
		http.Redirect(w, r, h.fleetURL(query), http.StatusSeeOther) //nolint:gosec // the address is ours
		return nil
	}
	if !view.Fresh {
		var err error
		if view, err = h.fleetView(r, s, true); err != nil {
			return scopeError(r, err)
		}
	}
	return h.renderFleet(w, r, s, query, view)
}

func (h *Handlers) renderFleet(w http.ResponseWriter, r *http.Request, s *session, query fleet.Query, view scan.View) error {
	model, err := h.fleetModel(r, s, query, view)
	if err != nil {
		return err
	}
	p := h.page(w, r, views.FleetTitle(printer(r), model.Down))
	p.Section, p.Wide = "fleet", true
	if model.Scan != nil {
		p.WaitURL = model.Scan.WaitURL
	}
	if h.isFleetShown(w, r, p, &model) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return h.render(w, r, http.StatusOK, views.FleetPage(p, model), views.FleetFragment(p, model))
}

// fleetRows judges agents. Of their tokens those that the person sees are looked up in the audit,
// and no others, and the last contact of those agents of which GitLab knows none; a database that does not answer is no reason to show no fleet.
func (h *Handlers) fleetRows(ctx context.Context, agents []fleet.Agent) []fleet.Row {
	var unused, silent []agent.Agent
	for i := range agents {
		if agents[i].LastContact().IsZero() {
			silent = append(silent, agents[i].Agent)
		}
		if slices.ContainsFunc(agents[i].Tokens, agent.Token.NeverUsed) {
			unused = append(unused, agents[i].Agent)
		}
	}
	unstored, err := h.Tokens.Unstored(ctx, unused)
	if err != nil {
		h.Log.WarnContext(ctx, "looking for unstored tokens in a fleet", "error", err)
	}
	isUnstored := func(token int64) bool {
		one, is := unstored[token]
		return is && h.Now().Sub(one.At) >= storePatience
	}
	return fleet.Rows(agents, isUnstored, h.revokedUses(ctx, silent), h.Limits, h.Now())
}

// storePatience is how long whoever created a token may take to store it before everybody who sees its
// agent is told: until then they most likely have the page open that asks for it.
const storePatience = 10 * time.Minute

// enrich reads, for the rows on screen, what the scan could not tell of their tokens.
func (h *Handlers) enrich(r *http.Request, s *session, rows []fleet.Row) ([]fleet.Row, error) {
	if !slices.ContainsFunc(rows, func(row fleet.Row) bool { return !row.TokensRead() }) {
		return rows, nil
	}
	agents, err := h.Fleet.Enrich(r.Context(), fleetViewer(r, s), h.fleetSource(r, s), agentsOf(rows))
	if err != nil {
		return nil, err
	}
	return h.fleetRows(r.Context(), agents), nil
}

// agentsOf are the agents that rows show, in their order.
func agentsOf(rows []fleet.Row) []fleet.Agent {
	agents := make([]fleet.Agent, len(rows))
	for i := range rows {
		agents[i] = rows[i].Agent
	}
	return agents
}

// viewerOf is on whose behalf the fleet is read: the person, and the session that their GitLab
// token belongs to.
func viewerOf(s *session) scan.Viewer {
	return scan.Viewer{Person: s.User.ID, Grant: s.ID, Changes: s.Changes}
}

// fleetSource gives a scan the person's reader, renewed when its token has ended. A scan outlives
// the request r that began it, of which only the audit learns.
func (h *Handlers) fleetSource(r *http.Request, s *session) scan.Source {
	event := h.event(r, activity.Refresh)
	return func(ctx context.Context, refused error) (*agentread.Reader, error) {
		if refused == nil {
			return h.scanner(s), nil
		}
		renewed, err := h.refreshSession(ctx, s, event)
		if err != nil {
			return nil, err
		}
		s = renewed
		return h.scanner(s), nil
	}
}

// scanner is the person's reader for a scan, which shares its calls out by itself.
func (h *Handlers) scanner(s *session) *agentread.Reader {
	return h.Read.For(s.gitlab.Admitted(), s.User.ID)
}

// fleetURL is the page that shows query; extra are further parameters, names and values in
// turn.
func (h *Handlers) fleetURL(query fleet.Query, extra ...string) string {
	return h.urls.Fleet(fleetValues(query, extra...).Encode())
}

func fleetValues(query fleet.Query, extra ...string) url.Values {
	values := query.Values()
	for i := 0; i+1 < len(extra); i += 2 {
		values.Set(extra[i], extra[i+1])
	}
	return values
}
