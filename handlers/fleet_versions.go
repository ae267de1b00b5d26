package handlers

import (
	"net/http"
	"strings"

	"gitlab-agent-portal/internal/fleetlist"
	"gitlab-agent-portal/views"
)

// fleetVersions tells the versions of the agents on a page, which GitLab answers slowly and to
// Maintainers only: the page asks for them when it is there.
func (h *Handlers) fleetVersions(w http.ResponseWriter, r *http.Request, s *session) error {
	versions := views.FleetVersions{}
	if view := h.Fleet.Cached(viewerOf(s)); view.Snapshot != nil {
		chosen := fleetlist.Select(h.fleetRows(r.Context(), view.Snapshot.Agents), fleetlist.Parse(r.URL.Query()))
		found, err := h.Fleet.Versions(r.Context(), viewerOf(s), h.fleetSource(r, s), agentsOf(view.Snapshot, chosen.Rows))
		if err != nil {
			return err
		}
		for agent, all := range found {
			if len(all) > 0 {
				versions[agent] = strings.Join(all, ", ")
			}
		}
	}
	return h.render(w, r, http.StatusOK, nil, views.FleetVersionList(versions))
}
