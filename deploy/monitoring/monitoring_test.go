// Package monitoring_test holds the alerts and the dashboard against what a running portal shows.
package monitoring_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// alert is a part of https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/.
type alert struct {
	Alert       string
	Expr        string
	Labels      map[string]string
	Annotations map[string]string
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []alert }
	}
	if err := yaml.Unmarshal([]byte(read(t, "alerts.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

func TestTheAlertsAreRaisedWhenTheyShouldBe(t *testing.T) {
	t.Parallel()
	if out, err := exec.CommandContext(t.Context(), "promtool", "test", "rules", "alerts_test.yaml").CombinedOutput(); err != nil {
		t.Errorf("promtool (of Debian's package prometheus): %v: %s", err, out)
	}
	tested := read(t, "alerts_test.yaml")
	for _, a := range alerts(t) {
		for _, what := range []string{"        alertname: " + a.Alert + "\n        exp_alerts:", "{eval_time: 115m, alertname: " + a.Alert + "}"} {
			if !strings.Contains(tested, what) {
				t.Errorf("alerts_test.yaml lacks %q", what)
			}
		}
	}
}

func TestEveryAlertSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for _, a := range alerts(t) {
		for _, name := range []string{"summary", "description", "action"} {
			if a.Annotations[name] == "" {
				t.Errorf("%s has no %s", a.Alert, name)
			}
		}
		if !regexp.MustCompile(`^(critical|warning|info)$`).MatchString(a.Labels["severity"]) {
			t.Errorf("%s has the severity %q", a.Alert, a.Labels["severity"])
		}
	}
}

// panel is a part of Grafana's model of dashboards.
type panel struct {
	ID         int
	Type       string
	Title      string
	Datasource struct{ UID string }
	GridPos    struct{ X, Y, W, H int }
	Targets    []struct{ Expr string }
}

func panels(t *testing.T) []panel {
	t.Helper()
	var dashboard struct{ Panels []panel }
	if err := json.Unmarshal([]byte(read(t, "dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	return dashboard.Panels
}

func TestTheDashboardIsLaidOut(t *testing.T) {
	t.Parallel()
	ids, taken := map[int]string{}, map[[2]int]string{}
	for _, p := range panels(t) {
		if other, is := ids[p.ID]; is || p.Title == "" {
			t.Errorf("%q and %q have the id %d", p.Title, other, p.ID)
		}
		ids[p.ID] = p.Title
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, is := taken[[2]int{x, y}]; is || x >= 24 {
					t.Fatalf("%q covers %q, or leaves the page", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type != "row" && (len(p.Targets) == 0 || p.Datasource.UID != "${datasource}") {
			t.Errorf("%q shows nothing, or not of the data source that was chosen", p.Title)
		}
	}
}

func TestEveryMetricThatIsAskedForExists(t *testing.T) {
	t.Parallel()
	shown := expose(t)
	asked := map[string]string{}
	for _, a := range alerts(t) {
		asked["alert "+a.Alert] = a.Expr
	}
	for _, p := range panels(t) {
		for _, target := range p.Targets {
			asked["panel "+p.Title+": "+target.Expr] = target.Expr
		}
	}
	for where, expr := range asked {
		found := selectors(expr)
		if len(found) == 0 {
			t.Errorf("%s asks for nothing", where)
		}
		for _, s := range found {
			s.expect(t, where, shown)
		}
	}
}

// ofPrometheus tells the labels that Prometheus itself adds to what it reads.
func ofPrometheus(label string) bool { return label == "job" || label == "instance" }

func (s selector) expect(t *testing.T, where string, shown metrics) {
	t.Helper()
	if s.metric == "up" { // of Prometheus itself
		return
	}
	labels, exists := shown[s.metric]
	if !exists {
		t.Errorf("%s: the portal does not show %s", where, s.metric)
		return
	}
	for label, value := range s.labels {
		values, exists := labels[label]
		switch {
		case ofPrometheus(label):
		case !exists:
			t.Errorf("%s: %s has no label %s", where, s.metric, label)
		case label != "code" && value != "" && !values[value]:
			t.Errorf("%s: the label %s of %s is never %q, of %v", where, label, s.metric, value, values)
		}
	}
}

// selector names a metric, and labels with the value that they have to have; "" if it is a pattern.
type selector struct {
	metric string
	labels map[string]string
}

var (
	selectorPattern = regexp.MustCompile(`\b([a-z_]+)\{([^}]*)\}`)
	matcherPattern  = regexp.MustCompile(`([a-z_]+)(=~|!~|!=|=)"([^"]*)"`)
	barePattern     = regexp.MustCompile(`\b(?:portal|process|go)_[a-z_]+\b(\{)?`)
	groupPattern    = regexp.MustCompile(`\bby \(([^)]*)\)`)
)

// selectors are those of an expression. Each of them names labels, and those that the expression groups by
// have to be there, too.
func selectors(expr string) (found []selector) {
	for _, m := range selectorPattern.FindAllStringSubmatch(expr, -1) {
		s := selector{m[1], map[string]string{}}
		for _, matcher := range matcherPattern.FindAllStringSubmatch(m[2], -1) {
			s.labels[matcher[1]] = ""
			if matcher[2] == "=" {
				s.labels[matcher[1]] = matcher[3]
			}
		}
		for _, group := range groupPattern.FindAllStringSubmatch(expr, -1) {
			for label := range strings.SplitSeq(group[1], ", ") {
				isOther := label == "le" && !strings.HasSuffix(s.metric, "_bucket") // another selector's, beside this one
				if _, is := s.labels[label]; !is && !isOther {
					s.labels[label] = ""
				}
			}
		}
		found = append(found, s)
	}
	for _, m := range barePattern.FindAllStringSubmatch(expr, -1) {
		if m[1] == "" {
			found = append(found, selector{metric: m[0] + ", which goes without its job"})
		}
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestTheDashboardShowsEveryMetricOfThePortal(t *testing.T) {
	t.Parallel()
	dashboard := read(t, "dashboard.json")
	for name := range expose(t) {
		name = regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if strings.HasPrefix(name, "portal_") && !strings.Contains(dashboard, name) {
			t.Errorf("no panel shows %s", name)
		}
	}
}
