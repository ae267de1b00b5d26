package portal

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/watch"
)

// watchMetrics shows what the watch knows of the fleet. A replica that does not watch shows when it last
// did only, which is never: the others' figures are the ones that count.
type watchMetrics struct {
	figures  func() *watch.Figures
	byAgents bool

	lastSuccess, agents, attention, contact, token *prometheus.Desc
}

// newWatchMetrics shows figures; of each agent only if byAgents says so.
func newWatchMetrics(figures func() *watch.Figures, byAgents bool) *watchMetrics {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &watchMetrics{
		figures: figures, byAgents: byAgents,
		lastSuccess: describe("portal_watch_last_success_timestamp_seconds",
			"When the last reading of the watch began that was whole; 0 for none of this replica's. There without WATCH_TOKEN never."),
		agents: describe("portal_fleet_agents",
			"Agents that are watched, by status, on the replica that watches.", "status"),
		attention: describe("portal_fleet_attention",
			"Agents that are watched and need attention, by rule, on the replica that watches.", "kind"),
		contact: describe("portal_agent_last_contact_timestamp_seconds",
			"When an agent was last in contact, as far as GitLab tells; none for never. There with WATCH_AGENT_METRICS only.", "project", "agent"),
		token: describe("portal_agent_oldest_token_timestamp_seconds",
			"When the oldest active token of an agent was created. There with WATCH_AGENT_METRICS only.", "project", "agent"),
	}
}

// Describe is that of prometheus.Collector.
func (m *watchMetrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, one := range []*prometheus.Desc{m.lastSuccess, m.agents, m.attention, m.contact, m.token} {
		descriptions <- one
	}
}

// Collect is that of prometheus.Collector.
func (m *watchMetrics) Collect(found chan<- prometheus.Metric) {
	f := m.figures()
	if f == nil {
		found <- gauge(m.lastSuccess, 0)
		return
	}
	found <- gauge(m.lastSuccess, seconds(f.ReadAt))
	statuses, rules := map[agent.Status]int{}, map[agent.Rule]int{}
	for i := range f.Agents {
		one := &f.Agents[i]
		statuses[one.Status]++
		for _, rule := range one.Due {
			rules[rule]++
		}
		if m.byAgents {
			m.collectAgent(found, one)
		}
	}
	for _, status := range agent.Statuses() {
		found <- gauge(m.agents, float64(statuses[status]), string(status))
	}
	for _, rule := range agent.Rules() {
		if rule != agent.Unstored { // which the audit knows and the watch does not
			found <- gauge(m.attention, float64(rules[rule]), string(rule))
		}
	}
}

func (m *watchMetrics) collectAgent(found chan<- prometheus.Metric, one *watch.AgentFigure) {
	if !one.LastContact.IsZero() {
		found <- gauge(m.contact, seconds(one.LastContact), one.Project, one.Agent)
	}
	if !one.OldestToken.IsZero() {
		found <- gauge(m.token, seconds(one.OldestToken), one.Project, one.Agent)
	}
}

func gauge(what *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(what, prometheus.GaugeValue, value, labels...)
}

// seconds is a time as Prometheus writes it; 0 for none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
