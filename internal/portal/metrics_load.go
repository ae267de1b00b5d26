package portal

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/session"
)

// load is how many people the portal serves, and how long their calls wait for each other.
type load struct {
	now       func() time.Time
	slotWaits *prometheus.HistogramVec
	sessions  prometheus.Gauge
}

// newLoad registers the metrics of load.
func newLoad(registry *prometheus.Registry, now func() time.Time) *load {
	l := &load{
		now: now,
		slotWaits: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "portal_gitlab_slot_wait_seconds",
			Help:    "How long a request to GitLab waited for others of the portal's, by what it is for (read, change, renewal, sign_in). Those of a fleet's reading wait as a whole; see portal_fleet_scan_wait_seconds.",
			Buckets: secondsBuckets(),
		}, []string{"lane"}),
		sessions: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "portal_sessions",
			Help: "Sessions that had not ended when what has expired was last deleted, on all replicas together.",
		}),
	}
	registry.MustRegister(l.slotWaits, l.sessions)
	for lane := range gitlabapi.LaneAdmitted {
		l.slotWaits.WithLabelValues(lane.String())
	}
	return l
}

// countSessions counts anew.
func (l *load) countSessions(ctx context.Context, sessions *session.Store) error {
	n, err := sessions.Count(ctx)
	if err == nil {
		l.sessions.Set(float64(n))
	}
	return err
}

// admit measures how long calls wait for next.
func (l *load) admit(next gitlabapi.Admission) gitlabapi.Admission {
	return func(ctx context.Context, call gitlabapi.Call) (func(), error) {
		if call.Lane == gitlabapi.LaneAdmitted {
			return next(ctx, call)
		}
		started := l.now()
		done, err := next(ctx, call)
		l.slotWaits.WithLabelValues(call.Lane.String()).Observe(l.now().Sub(started).Seconds())
		return done, err
	}
}
