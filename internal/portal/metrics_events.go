package portal

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet/scan"
)

// What the parts of the portal tell the metrics.

// gitlab counts one request to GitLab.
func (m *metrics) gitlab(op string, status int, took time.Duration) {
	m.gitlabRequests.WithLabelValues(op, strconv.Itoa(status)).Inc()
	m.gitlabSeconds.WithLabelValues(op).Observe(took.Seconds())
}

// retried counts one read that could have been repeated.
func (m *metrics) retried(isRepeated bool) {
	result := "refused"
	if isRepeated {
		result = "repeated"
	}
	m.gitlabRetries.WithLabelValues(result).Inc()
}

// held counts one request to GitLab that was not sent.
func (m *metrics) held(reason string) { m.gitlabHeld.WithLabelValues(reason).Inc() }

// broke notes that a breaker opened or closed.
func (m *metrics) broke(breaker string, isOpen bool) {
	state := 0.0
	if isOpen {
		state = 1
	}
	m.gitlabBreakers.WithLabelValues(breaker).Set(state)
}

// refreshed counts one renewal of a person's GitLab tokens.
func (m *metrics) refreshed(result handlers.RefreshResult) {
	m.refreshes.WithLabelValues(string(result)).Inc()
}

// created counts one create of an agent token.
func (m *metrics) created(outcome activity.Outcome) {
	m.creates.WithLabelValues(string(outcome)).Inc()
}

// scanned counts one reading of a fleet.
func (m *metrics) scanned(outcome scan.Outcome) {
	source, reason := "graphql", outcome.Fallback.String()
	switch {
	case errors.Is(outcome.Err, context.Canceled):
		source, reason = "none", "stopped"
	case outcome.Err != nil:
		source, reason = "none", "failed"
	case outcome.Fallback != agent.FallbackNone:
		source = "rest"
	}
	m.fleetScans.WithLabelValues(source, reason).Inc()
}

// answered measures a request.
func (m *metrics) answered(o handlers.Observation) {
	code := strconv.Itoa(o.Status)
	switch o.Kind {
	case handlers.KindProbe:
		m.probes.WithLabelValues(o.Route, code).Inc()
	case handlers.KindStream:
		m.streams.Observe(o.Took.Seconds())
	case handlers.KindPage:
		m.requests.WithLabelValues(o.Method, o.Route, code).Observe(o.Took.Seconds())
	}
}

// count notes how many requests next is answering.
func (m *metrics) count(next http.Handler) http.Handler {
	return promhttp.InstrumentHandlerInFlight(m.inFlight, next)
}
