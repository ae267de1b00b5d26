package portal

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet/scan"
)

// metrics are what Prometheus reads, on a listener of their own. Labels are bounded: names of
// operations, methods and status codes, never people or projects.
type metrics struct {
	registry       *prometheus.Registry
	requests       *prometheus.HistogramVec
	gitlabRequests *prometheus.CounterVec
	gitlabSeconds  *prometheus.HistogramVec
	refreshes      *prometheus.CounterVec
	creates        *prometheus.CounterVec
	usageMissing   prometheus.Counter
	fleetScans     *prometheus.CounterVec
	clockAhead     prometheus.Gauge
	auditLogFailed prometheus.Counter
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "portal_http_request_duration_seconds",
			Help: "How long the portal took to answer, by method and status code.",
		}, []string{"method", "code"}),
		gitlabRequests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portal_gitlab_requests_total",
			Help: "Requests to GitLab, by operation and status code (0: no answer).",
		}, []string{"op", "code"}),
		gitlabSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "portal_gitlab_request_duration_seconds",
			Help: "How long GitLab took to answer, by operation.",
		}, []string{"op"}),
		refreshes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portal_oauth_refresh_total",
			Help: "Renewals of people's GitLab tokens, by result.",
		}, []string{"result"}),
		creates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portal_tokens_created_total",
			Help: "Creates of agent tokens that were sent to GitLab, by outcome.",
		}, []string{"outcome"}),
		usageMissing: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "portal_usage_missing_total",
			Help: "Pages that went without GraphQL's answer on the use of tokens, or without a part of it.",
		}),
		fleetScans: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portal_fleet_scans_total",
			Help: "Readings of a fleet, by source (graphql; rest: a part or all of it without GraphQL; none: there is no list) and why it was not graphql.",
		}, []string{"source", "reason"}),
		clockAhead: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "portal_gitlab_clock_ahead_seconds",
			Help: "How far GitLab's clock is ahead of the portal's, by the Date of its answers; negative: behind. Beyond a minute, statuses are doubtful.",
		}),
		auditLogFailed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "portal_audit_log_failures_total",
			Help: "Rows of the audit that could not be written to AUDIT_LOG. They are in the database.",
		}),
	}
	this := thisBuild()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "portal_build_info", Help: "What the portal was built from; always 1.",
		ConstLabels: prometheus.Labels{"version": this.version, "revision": this.revision, "goversion": runtime.Version()},
	})
	info.Set(1)
	m.registry.MustRegister(info, m.requests, m.gitlabRequests, m.gitlabSeconds, m.refreshes, m.creates, m.usageMissing, m.fleetScans, m.clockAhead, m.auditLogFailed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// gitlab counts one request to GitLab.
func (m *metrics) gitlab(op string, status int, took time.Duration) {
	m.gitlabRequests.WithLabelValues(op, strconv.Itoa(status)).Inc()
	m.gitlabSeconds.WithLabelValues(op).Observe(took.Seconds())
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

// observe measures the requests that next answers. Methods that HTTP does not know share one
// label.
func (m *metrics) observe(next http.Handler) http.Handler {
	return promhttp.InstrumentHandlerDuration(m.requests, next)
}

// handler shows the metrics.
func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}
