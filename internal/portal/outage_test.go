package portal

import (
	"net/http"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestMetricsTellWhatIsHeldBackFromGitLab(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil, "METRICS_ADDR=127.0.0.1:0")
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	lines := func() string { return newBrowser(t).get("http://" + portal.metrics(t) + "/metrics").body }
	before := lines()
	for _, line := range []string{
		`portal_gitlab_breaker_open{breaker="instance"} 0`, `portal_gitlab_breaker_open{breaker="token"} 0`,
		`portal_gitlab_retries_total{result="repeated"} 0`, `portal_gitlab_requests_held_total{reason="down"} 0`,
	} {
		if !strings.Contains(before, line+"\n") {
			t.Errorf("at the start the metrics lack %s", line)
		}
	}
	gitlab.Inject("", gitlabtest.BadGateway())
	for status := http.StatusOK; status != http.StatusServiceUnavailable && t.Context().Err() == nil; {
		status = b.get(portal.url + "/projects").status
	}
	after := lines()
	if !strings.Contains(after, `portal_gitlab_breaker_open{breaker="instance"} 1`+"\n") {
		t.Error("the metrics do not tell of the open breaker")
	}
	for _, none := range []string{`portal_gitlab_retries_total{result="repeated"} 0`, `portal_gitlab_requests_held_total{reason="down"} 0`} {
		if strings.Contains(after, none+"\n") {
			t.Errorf("while GitLab is down the metrics still say %s", none)
		}
	}
}
