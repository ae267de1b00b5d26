package handlers

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"

	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/fleet/scan"
	"gitlab-agent-portal/views"
)

// fleetLook answers a list that looks by itself whether there is news. It is read again unless that was
// done just now; what takes too long comes with the next look.
func (h *Handlers) fleetLook(w http.ResponseWriter, r *http.Request, s *session, query fleet.Query) error {
	h.mendFleet(r, s)
	ctx, cancel := context.WithTimeout(r.Context(), cmp.Or(h.FleetWait, fleetWait))
	defer cancel()
	snapshot, err := h.Fleet.Read(ctx, fleetViewer(r, s), h.fleetSource(r, s), nil)
	switch {
	case err != nil && ctx.Err() != nil:
		w.Header().Set(headerTag, r.Header.Get(headerTag))
		w.WriteHeader(http.StatusNoContent)
		return nil
	case err != nil:
		return scopeError(r, err)
	}
	return h.renderFleet(w, r, s, query, scan.View{Snapshot: snapshot, Fresh: true})
}

// behindAges are the points in time behind what is shown as "just now": of an agent that is connected,
// they are others with every look.
var behindAges = regexp.MustCompile(`datetime="[^"]*" title="[^"]*"`)

// isFleetShown reports whether the list that asks shows the same already, but for its age, and tags it
// with what it shows.
func (h *Handlers) isFleetShown(w http.ResponseWriter, r *http.Request, p views.Page, model *views.FleetModel) bool {
	if !model.Read || model.Scan != nil {
		return false
	}
	ageless := *model
	ageless.ReadAt = p.Now
	var shown bytes.Buffer
	if err := views.FleetFragment(p, ageless).Render(r.Context(), &shown); err != nil {
		return false // which the answer itself will tell
	}
	hash := sha256.Sum256(behindAges.ReplaceAll(shown.Bytes(), nil))
	model.Tag = hex.EncodeToString(hash[:8])
	w.Header().Set(headerTag, model.Tag)
	return r.Header.Get(headerTag) == model.Tag
}
