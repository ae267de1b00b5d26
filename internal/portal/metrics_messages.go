package portal

import (
	"github.com/prometheus/client_golang/prometheus"

	"gitlab-agent-portal/internal/notify"
)

// messageMetrics are about what people and Alertmanager are told of alerts.
type messageMetrics struct {
	total   *prometheus.CounterVec
	waiting *prometheus.GaugeVec
}

func newMessageMetrics(registry *prometheus.Registry) *messageMetrics {
	m := &messageMetrics{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portal_messages_total",
			Help: "Messages about alerts, by kind of target and outcome (failed: is tried again; dropped: given up after a day). To Alertmanager, one is all alerts, once a minute.",
		}, []string{"target", "outcome"}),
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "portal_messages_waiting",
			Help: "Changes of alerts that wait to be told to the routes of NOTIFY_FILE, by kind of target, on all replicas together.",
		}, []string{"target"}),
	}
	registry.MustRegister(m.total, m.waiting)
	for _, target := range notify.Targets() {
		for _, outcome := range notify.Outcomes() {
			if target == notify.TargetAlertmanager && outcome == notify.Dropped {
				continue
			}
			m.total.WithLabelValues(target, string(outcome))
		}
		if target != notify.TargetAlertmanager {
			m.waiting.WithLabelValues(target)
		}
	}
	return m
}

// observe counts what became of a message.
func (m *messageMetrics) observe(target string, outcome notify.Outcome) {
	m.total.WithLabelValues(target, string(outcome)).Inc()
}

// observeWaiting notes how many changes wait.
func (m *messageMetrics) observeWaiting(target string, changes int64) {
	m.waiting.WithLabelValues(target).Set(float64(changes))
}
