package portal

import (
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
)

func TestAClockThatIsOffIsLoggedOncePerChangeAndMeasured(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	slow := func(p *Program) { p.Now = func() time.Time { return clock().Add(-10 * time.Minute) } }
	for name, tt := range map[string]struct {
		change func(*Program)
		logged int
		ahead  string
	}{
		"ten minutes behind": {slow, 1, "portal_gitlab_clock_ahead_seconds 600"},
		"the same":           {nil, 0, "portal_gitlab_clock_ahead_seconds "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			portal := startPortal(t, gitlab, tt.change, "METRICS_ADDR=127.0.0.1:0")
			b := newBrowser(t)
			b.signIn(portal.url, "lead")
			for range 3 {
				b.get(portal.url + "/projects")
			}
			const sentence = "the clocks of GitLab and the portal differ"
			if n := strings.Count(portal.output.String(), sentence); n != tt.logged {
				t.Errorf("the log says it %d times, want %d: %s", n, tt.logged, portal.output)
			}
			if tt.logged > 0 && !strings.Contains(portal.output.String(), `"level":"WARN","msg":"`+sentence) {
				t.Errorf("it is no warning: %s", portal.output)
			}
			metrics := newBrowser(t).get("http://" + portal.metrics(t) + "/metrics").body
			_, value, _ := strings.Cut(metrics, "\nportal_gitlab_clock_ahead_seconds ")
			value, _, _ = strings.Cut(value, "\n")
			if !strings.HasPrefix("portal_gitlab_clock_ahead_seconds "+value, tt.ahead) && !strings.HasPrefix(value, "599.") {
				t.Errorf("the metric is %q, want about %q", value, tt.ahead)
			}
		})
	}
}

func TestClocksThatAgreeAgainAreLogged(t *testing.T) {
	t.Parallel()
	out := new(output)
	w := &clockWatch{log: newLogger(out, 0), metrics: newMetrics()}
	for _, ahead := range []time.Duration{0, 5 * time.Minute, 5*time.Minute + time.Second, 7 * time.Minute, time.Second, 0, -3 * time.Minute} {
		w.observe(gitlabapi.ClockSkew{Ahead: ahead, Error: time.Second})
	}
	var said []string
	for line := range strings.Lines(out.String()) {
		_, ahead, isWarning := strings.Cut(line, `"gitlab_ahead":"`)
		ahead, _, _ = strings.Cut(ahead, `"`)
		if !isWarning {
			ahead = "agree"
		}
		said = append(said, ahead)
	}
	if got, want := strings.Join(said, " "), "5m0s 7m0s agree -3m0s"; got != want {
		t.Errorf("the log says %q, want %q", got, want)
	}
}
