package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/fleet"
)

const (
	// alertsPerPiece is how many alerts an answer holds unless it is asked for another number, and
	// maxAlerts how many at most.
	alertsPerPiece = 100
	maxAlerts      = 500
)

// exportedAlerts is a piece of the list of alerts; openapi.json explains the fields.
type exportedAlerts struct {
	exportedHead
	State  string          `json:"state"`
	Alerts []exportedAlert `json:"alerts"`
	// NextBefore continues the list; nil at its end.
	NextBefore *int64 `json:"next_before"`
}

type exportedAlert struct {
	ID       int64          `json:"id"`
	Kind     alert.Kind     `json:"kind"`
	Severity alert.Severity `json:"severity"`
	// What it is about is nil for the watch itself.
	ProjectID       *int64           `json:"project_id"`
	Project         *string          `json:"project"`
	AgentID         *int64           `json:"agent_id"`
	Agent           *string          `json:"agent"`
	Since           *time.Time       `json:"since"`
	OpenedAt        time.Time        `json:"opened_at"`
	ResolvedAt      *time.Time       `json:"resolved_at"`
	Acknowledgement *exportedConsent `json:"acknowledgement"`
}

// exportedConsent is who looks after an alert.
type exportedConsent struct {
	By    string    `json:"by"`
	At    time.Time `json:"at"`
	Until time.Time `json:"until"`
	Note  string    `json:"note"`
}

// alertsJSON exports what the watch tells of the projects that GitLab shows the caller, and of itself.
func (h *Handlers) alertsJSON(w http.ResponseWriter, r *http.Request, s *session) error {
	if h.Alerts == nil {
		return errWatchOff
	}
	query, err := alertQuery(r.URL.Query())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), exportWait)
	defer cancel()
	snapshot, err := h.Fleet.Read(ctx, fleetViewer(r, s), h.fleetSource(r, s), nil)
	if err != nil {
		return scopeError(r, err)
	}
	query.Projects = projectsIn(snapshot.InSight(fleetScope(r)), fleet.Parse(r.URL.Query()).Group)
	found, more, err := h.Alerts.List(r.Context(), query)
	if err != nil {
		return err
	}
	body, err := json.Marshal(exportAlerts(exportHead(fleetScope(r), snapshot), query, found, more))
	if err != nil {
		return fmt.Errorf("encoding the alerts: %w", err)
	}
	h.startExport(w, "application/json", "gitlab-alerts", "json", snapshot)
	if _, err := h.paced(w).Write(append(body, '\n')); err != nil {
		abort(r, fmt.Errorf("exporting alerts: %w", err))
	}
	return nil
}

// alertQuery reads which alerts an address asks for. Unlike a page, a program is told of what makes no
// sense: it may act on what is not in the list.
func alertQuery(values url.Values) (query alerts.Query, err error) {
	number := func(name string, otherwise, most int64) (n int64) {
		if !values.Has(name) {
			return otherwise
		}
		n, trouble := strconv.ParseInt(values.Get(name), 10, 64)
		if trouble != nil || n < 1 || n > most {
			err = wrongParameter(name)
		}
		return n
	}
	query.Agent, query.Before, query.Limit = number("agent", 0, math.MaxInt64), number("before", 0, math.MaxInt64), int(number("limit", alertsPerPiece, maxAlerts))
	query.Kind = alert.Kind(values.Get("kind"))
	if query.Kind != "" && !slices.Contains(alert.Kinds(), query.Kind) {
		err = wrongParameter("kind")
	}
	switch values.Get("state") {
	case "", "open":
	case "resolved":
		query.Resolved = true
	default:
		err = wrongParameter("state")
	}
	return query, err
}

func exportAlerts(head exportedHead, query alerts.Query, found []alert.Alert, more bool) exportedAlerts {
	exported := exportedAlerts{exportedHead: head, State: "open", Alerts: []exportedAlert{}}
	if query.Resolved {
		exported.State = "resolved"
	}
	for i := range found {
		exported.Alerts = append(exported.Alerts, exportAlert(&found[i]))
	}
	if more {
		exported.NextBefore = &found[len(found)-1].ID
	}
	return exported
}

func exportAlert(a *alert.Alert) exportedAlert {
	exported := exportedAlert{
		ID: a.ID, Kind: a.Kind, Severity: a.Kind.Severity(), Since: known(a.Since), OpenedAt: a.OpenedAt.UTC(), ResolvedAt: known(a.ResolvedAt),
	}
	if !a.Kind.OfWatch() {
		exported.ProjectID, exported.Project, exported.AgentID, exported.Agent = &a.ProjectID, &a.ProjectPath, &a.AgentID, &a.AgentName
	}
	if ack := a.Acknowledgement; !ack.At.IsZero() {
		exported.Acknowledgement = &exportedConsent{By: ack.By, At: ack.At.UTC(), Until: ack.Until.UTC(), Note: ack.Note}
	}
	return exported
}
