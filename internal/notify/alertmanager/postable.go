package alertmanager

import (
	"maps"
	"strings"
	"time"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/notify/message"
)

// postable is an alert as Alertmanager takes it.
type postable struct {
	Labels       labels            `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
}

// labels are by which Alertmanager knows an alert. They stay the same for as long as it lasts: what may
// change, such as who looks after it, is an annotation.
type labels struct {
	Name     string `json:"alertname"`
	Kind     string `json:"kind"`
	Severity string `json:"severity"`
	Instance string `json:"instance"`
	Group    string `json:"group,omitempty"`
	Project  string `json:"project,omitempty"`
	Agent    string `json:"agent,omitempty"`
}

func (w Words) labels(a alert.Alert) labels {
	return labels{
		Name: nameOf(a.Kind), Kind: string(a.Kind), Severity: string(a.Kind.Severity()), Instance: w.Instance,
		Group: a.Group(), Project: a.ProjectPath, Agent: a.AgentName,
	}
}

// nameOf is the kind as alerts are usually called: GitLabAgentNeverConnected.
func nameOf(kind alert.Kind) string {
	var b strings.Builder
	b.WriteString("GitLabAgent")
	for word := range strings.SplitSeq(string(kind), "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// postable puts an alert into the words of both languages. One that is open ends, for all that Alertmanager
// knows, at a time that moves on while it is sent.
func (w Words) postable(a alert.Alert, now, ends time.Time) postable {
	p := postable{Labels: w.labels(a), StartsAt: a.OpenedAt, EndsAt: ends, GeneratorURL: w.Links.Of(a)}
	if !a.Open() {
		p.EndsAt = a.ResolvedAt
	}
	p.Annotations = map[string]string{"url": p.GeneratorURL}
	maps.Copy(p.Annotations, annotations(w.printer(i18n.English), a, ""))
	maps.Copy(p.Annotations, annotations(w.printer(i18n.Chinese), a, "_zh_CN"))
	if a.Acknowledged(now) {
		p.Annotations["acknowledged_by"], p.Annotations["acknowledged_until"] = a.By, a.Until.UTC().Format(time.RFC3339)
	}
	return p
}

func (w Words) printer(lang i18n.Lang) *i18n.Printer {
	if w.JiHu {
		return i18n.For(lang).JiHu()
	}
	return i18n.For(lang)
}

func annotations(p *i18n.Printer, a alert.Alert, suffix string) map[string]string {
	return map[string]string{
		"summary" + suffix:     message.One(p, a),
		"description" + suffix: p.Sentences(message.When(p, a), message.Advice(p, a.Kind)),
	}
}
