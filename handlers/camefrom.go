package handlers

import (
	"net/http"
	"net/url"
	"time"

	"gitlab-agent-portal/internal/fleet"
)

const (
	fleetCookie = "-fleet"
	// fleetLifetime is how long the way back from an agent keeps the fleet's filter.
	fleetLifetime = 12 * time.Hour
)

// trail is the list from which a person came to an agent.
type trail struct {
	Person int64  `json:"p"`
	Agent  int64  `json:"a"`
	Query  string `json:"q"`
}

// cameFrom is the fleet as it was filtered when the person came from it to the agent of the address;
// empty if they did not. It lasts over the agent's tabs, forms and rotation. A filter too long for a
// cookie is forgotten.
func (h *Handlers) cameFrom(w http.ResponseWriter, r *http.Request, s *session) string {
	ref, err := pathAgent(r)
	if err != nil {
		return ""
	}
	if query, ok := h.fleetBehind(r); ok {
		if err := h.setSealed(w, h.Cookie.Name+fleetCookie, trail{s.User.ID, ref.Agent, query}, fleetLifetime); err != nil {
			h.Log.DebugContext(r.Context(), "keeping the way back to the fleet", "error", err)
		}
		return h.urls.Fleet(query)
	}
	var kept trail
	if h.readSealed(r, h.Cookie.Name+fleetCookie, &kept) && kept.Person == s.User.ID && kept.Agent == ref.Agent {
		return h.urls.Fleet(kept.Query)
	}
	return ""
}

// fleetBehind is the fleet's query where the browser says that the person followed a link there.
func (h *Handlers) fleetBehind(r *http.Request) (query string, ok bool) {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host || from.Path != h.urls.Home() {
		return "", false
	}
	return fleet.Parse(from.Query()).Values().Encode(), true
}
