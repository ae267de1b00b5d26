package portal

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/fleet/scan"
)

// metrics are what Prometheus reads, on a listener of their own. Labels are bounded: names of
// operations, methods and status codes, never people or projects.
type metrics struct {
	registry       *prometheus.Registry
	requests       *prometheus.HistogramVec
	inFlight       prometheus.Gauge
	streams        prometheus.Histogram
	probes         *prometheus.CounterVec
	swept          prometheus.Counter
	sweepFailed    prometheus.Counter
	sweptAt        prometheus.Gauge
	gitlabRequests *prometheus.CounterVec
	gitlabSeconds  *prometheus.HistogramVec
	gitlabRetries  *prometheus.CounterVec
	gitlabHeld     *prometheus.CounterVec
	gitlabBreakers *prometheus.GaugeVec
	refreshes      *prometheus.CounterVec
	creates        *prometheus.CounterVec
	usageMissing   prometheus.Counter
	fleetScans     *prometheus.CounterVec
	fleetWaits     prometheus.Histogram
	clockAhead     prometheus.Gauge
	auditLogFailed prometheus.Counter
	messages       *messageMetrics
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "portal_http_request_duration_seconds",
			Help:    "How long the portal took to answer, by method, route and status code (499: the client left), without streams and probes.",
			Buckets: secondsBuckets(),
		}, []string{"method", "route", "code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "portal_http_requests_in_flight",
			Help: "Requests that are being answered, streams and probes included.",
		}),
		streams: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "portal_http_stream_duration_seconds",
			Help:    "How long streams of a scan's progress were open.",
			Buckets: []float64{1, 5, 15, 30, 60, 120, 300, 600},
		}),
		probes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portal_probes_total",
			Help: "Probes that were answered, by route and status code.",
		}, []string{"route", "code"}),
		swept: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "portal_sweep_deleted_total",
			Help: "Rows that were deleted because their time was over.",
		}),
		sweepFailed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "portal_sweep_failures_total",
			Help: "Attempts at deleting what has expired that failed.",
		}),
		sweptAt: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "portal_sweep_last_success_timestamp_seconds",
			Help: "When everything that has expired was last deleted; 0 for not yet.",
		}),
		gitlabRequests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portal_gitlab_requests_total",
			Help: "Requests to GitLab, by operation and status code (0: no answer).",
		}, []string{"op", "code"}),
		gitlabSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "portal_gitlab_request_duration_seconds",
			Help:    "How long GitLab took to answer, by operation.",
			Buckets: secondsBuckets(),
		}, []string{"op"}),
		gitlabRetries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portal_gitlab_retries_total",
			Help: "Reads that failed and could have been repeated, by result (repeated; refused: the budget of retries was spent).",
		}, []string{"result"}),
		gitlabHeld: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portal_gitlab_requests_held_total",
			Help: "Requests to GitLab that were not sent, by reason (down: a breaker was open; maintenance, limit: GitLab had asked to come back later).",
		}, []string{"reason"}),
		gitlabBreakers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "portal_gitlab_breaker_open",
			Help: "Whether requests to GitLab are held back because it did not answer the last ones, by breaker (instance: all; token: those for tokens of people's).",
		}, []string{"breaker"}),
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
		fleetWaits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "portal_fleet_scan_wait_seconds",
			Help:    "How long readings of a fleet waited for their turn.",
			Buckets: secondsBuckets(),
		}),
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
	m.registry.MustRegister(info, m.requests, m.inFlight, m.streams, m.probes, m.swept, m.sweepFailed, m.sweptAt, m.gitlabRequests, m.gitlabSeconds, m.gitlabRetries, m.gitlabHeld, m.gitlabBreakers, m.refreshes, m.creates, m.usageMissing, m.fleetScans, m.fleetWaits, m.clockAhead, m.auditLogFailed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.messages = newMessageMetrics(m.registry)
	m.startAtZero()
	return m
}

// secondsBuckets reach as far as the slowest answers do: a create may take a minute.
func secondsBuckets() []float64 {
	return []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30, 45, 60}
}

// startAtZero makes every series that is known beforehand be there before its first event: one that
// appears with the value 1 has no increase to be alerted by.
func (m *metrics) startAtZero() {
	for _, result := range []handlers.RefreshResult{handlers.RefreshOK, handlers.RefreshRefused, handlers.RefreshFailed} {
		m.refreshes.WithLabelValues(string(result))
	}
	for _, outcome := range activity.Outcomes() {
		if outcome != activity.Pending {
			m.creates.WithLabelValues(string(outcome))
		}
	}
	for _, result := range []string{"repeated", "refused"} {
		m.gitlabRetries.WithLabelValues(result)
	}
	for _, reason := range []string{gitlabapi.HeldDown, gitlabapi.HeldMaintenance, gitlabapi.HeldLimit} {
		m.gitlabHeld.WithLabelValues(reason)
	}
	for _, breaker := range []string{gitlabapi.BreakerInstance, gitlabapi.BreakerToken} {
		m.gitlabBreakers.WithLabelValues(breaker)
	}
	m.fleetScans.WithLabelValues("none", "stopped")
	m.fleetScans.WithLabelValues("none", "failed")
	m.fleetScans.WithLabelValues("graphql", agent.FallbackNone.String())
	for reason := agent.FallbackPartial; reason <= agent.FallbackUnsupported; reason++ {
		m.fleetScans.WithLabelValues("rest", reason.String())
	}
}

// watch shows the database's pools. One that is there under two names is shown once.
func (m *metrics) watch(db *database.DB) {
	m.registry.MustRegister(collectors.NewDBStatsCollector(db.Read.DB, "read"), collectors.NewDBStatsCollector(db.Reports.DB, "reports"))
	if db.Write.DB != db.Read.DB { // one pool on PostgreSQL
		m.registry.MustRegister(collectors.NewDBStatsCollector(db.Write.DB, "write"))
	}
}

// watchFleet shows what stats say at the moment.
func (m *metrics) watchFleet(stats func() scan.Stats) {
	gauge := func(name, help string, value func(scan.Stats) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(stats()) }))
	}
	counter := func(name, help string, value func(scan.Stats) float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return value(stats()) }))
	}
	gauge("portal_fleet_cache_bytes", "What the fleets that are kept take.", func(s scan.Stats) float64 { return float64(s.Bytes) })
	gauge("portal_fleet_cache_limit_bytes", "What they may take: FLEET_CACHE_SIZE.", func(s scan.Stats) float64 { return float64(s.Capacity) })
	gauge("portal_fleet_cache_entries", "Fleets that are kept.", func(s scan.Stats) float64 { return float64(s.Viewers) })
	gauge("portal_fleet_scans_waiting", "Readings of a fleet that wait for their turn.", func(s scan.Stats) float64 { return float64(s.Waiting) })
	counter("portal_fleet_cache_evictions_total", "Fleets that made room for others.", func(s scan.Stats) float64 { return float64(s.Evicted) })
	counter("portal_fleet_cache_refusals_total", "Fleets that were not kept because the cache was full of such as were used within 30 s: FLEET_CACHE_SIZE is too small.", func(s scan.Stats) float64 { return float64(s.Refused) })
}

// scanWaited notes how long a reading of a fleet has waited for its turn.
func (m *metrics) scanWaited(waited time.Duration) { m.fleetWaits.Observe(waited.Seconds()) }
