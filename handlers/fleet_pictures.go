package handlers

import (
	"gitlab-agent-portal/internal/agentstatus"
	"gitlab-agent-portal/internal/fleetlist"
	"gitlab-agent-portal/views"
)

// maxGroupBars is for how many groups the picture has a bar of their own.
const maxGroupBars = 5

// fleetPictures draws what the filters leave.
func (h *Handlers) fleetPictures(query fleetlist.Query, rows []fleetlist.Row) views.FleetPictures {
	pictures := views.FleetPictures{MaxAge: h.Limits.MaxAge, TooOldURL: h.fleetURL(query.WithAttention(agentstatus.TooOld.String()))}
	for _, bar := range fleetlist.GroupBars(rows, maxGroupBars) {
		pictures.Groups = append(pictures.Groups, h.fleetGroupBar(query, bar))
	}
	for _, bar := range fleetlist.AgeBars(rows, h.Limits.MaxAge, h.Now()) {
		pictures.Ages = append(pictures.Ages, views.FleetAgeBar{From: bar.From, To: bar.To, Tokens: bar.Tokens, TooOld: bar.TooOld})
	}
	return pictures
}

// fleetGroupBar draws one group, or without links the groups that have no bar of their own.
func (h *Handlers) fleetGroupBar(query fleetlist.Query, bar fleetlist.GroupBar) views.FleetGroupBar {
	drawn := views.FleetGroupBar{Group: bar.Group, Total: bar.Total}
	ofGroup := query.WithGroup(bar.Group)
	if bar.Group != "" {
		drawn.URL = h.fleetURL(ofGroup)
	}
	for _, status := range agentstatus.Statuses() {
		segment := views.FleetSegment{Status: statusWord(status), Count: bar.Status[status.String()]}
		if bar.Group != "" {
			segment.URL = h.fleetURL(ofGroup.WithStatus(status.String()))
		}
		drawn.Segments = append(drawn.Segments, segment)
	}
	return drawn
}
