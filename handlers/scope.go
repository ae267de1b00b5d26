package handlers

import (
	"errors"
	"net/http"
	"net/url"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

const paramScope = "scope"

// fleetViewer is on whose behalf the fleet of the address is read, and of which projects.
func fleetViewer(r *http.Request, s *session) scan.Viewer { return viewerOf(s).In(fleetScope(r)) }

// fleetScope is the scope of the address.
func fleetScope(r *http.Request) agent.Scope {
	return fleet.Parse(url.Values{paramScope: {r.URL.Query().Get(paramScope)}}).Scope
}

// fleetScopes are the scopes to choose from. GitLab decides what each of them holds for the person.
func (h *Handlers) fleetScopes(l *i18n.Printer, scope agent.Scope) []views.FleetScope {
	group := views.FleetScope{Text: l.T("scope.group"), URL: h.urls.Groups("", 1)}
	if path := scope.Group(); path != "" {
		group.On, group.Group = true, path
	}
	return []views.FleetScope{
		{Text: l.T("scope.mine"), URL: h.urls.FleetIn(agent.ScopeMine), On: scope == agent.ScopeMine},
		group,
		{Text: l.T("scope.everything"), URL: h.urls.FleetIn(agent.ScopeEverything), On: scope == agent.ScopeEverything},
	}
}

// checkScope finds out, before a page begins to read a group, whether there is such a group for the
// person. What GitLab cannot tell now the reading will.
func (h *Handlers) checkScope(r *http.Request, s *session) error {
	group := fleetScope(r).Group()
	if view := h.Fleet.Cached(fleetViewer(r, s)); group == "" || view.Snapshot != nil || view.Scanning {
		return nil
	}
	_, err := s.read.Group(r.Context(), group)
	switch {
	case errors.Is(err, gitlabapi.ErrNotFound), errors.Is(err, gitlabapi.ErrUnauthorized):
		return scopeError(r, err)
	case err != nil:
		h.Log.WarnContext(r.Context(), "looking for a group", "error", err)
	}
	return nil
}

// scopeError is an error of reading the fleet of the address. That a group is not found has words of
// its own, the same whether it does not exist or is not the person's to see.
func scopeError(r *http.Request, err error) error {
	if errors.Is(err, gitlabapi.ErrNotFound) && fleetScope(r).Group() != "" {
		return errNoSuchGroup.because(err)
	}
	return err
}

// groupList lists the groups that GitLab shows the person, to choose one whose agents to see.
func (h *Handlers) groupList(w http.ResponseWriter, r *http.Request, s *session) error {
	query := textParam(r, "q")
	found, err := s.read.Groups(r.Context(), query, pageParam(r))
	if err != nil {
		return err
	}
	model := views.GroupsModel{
		Query: query, Pager: pagerOf(found, func(page int) string { return h.urls.Groups(query, page) }),
	}
	for _, group := range found.Items {
		model.Groups = append(model.Groups, views.GroupRow{
			Name: group.Name, Path: group.FullPath, URL: h.urls.FleetIn(agent.ScopeGroup(group.FullPath)),
		})
	}
	p := h.page(w, r, printer(r).T("titles.groups"))
	p.Section = "fleet"
	return h.render(w, r, http.StatusOK, views.GroupsPage(p, model), views.GroupsTable(p, model))
}
