package handlers_test

import (
	"regexp"
	"strconv"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestPagesSayWhatTheyTook(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	form := regexp.MustCompile(`^total;dur=\d+\.\d, gitlab;dur=\d+\.\d;desc="calls: (\d+)"$`)
	for _, path := range []string{p.agentPath(p.prod), "/help/keys", "/nothing"} {
		before := len(p.gitlab.Requests())
		got := lead.get(path).header.Get("Server-Timing")
		calls := strconv.Itoa(len(p.gitlab.Requests()) - before)
		if found := form.FindStringSubmatch(got); found == nil || found[1] != calls {
			t.Errorf("GET %s: Server-Timing is %q, want the %s calls that GitLab saw", path, got, calls)
		}
	}
	p.gitlab.Inject(gitlabtest.OpGetAgent, gitlabtest.BadGateway())
	if got := lead.get(p.agentPath(p.prod)).header.Get("Server-Timing"); !form.MatchString(got) {
		t.Errorf("a page that failed: Server-Timing is %q", got)
	}
}

func TestVisitorsLearnNoTimes(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, path := range []string{"/", "/nothing", "/healthz", "/readyz"} {
		if got := p.visitor().get(path).header.Get("Server-Timing"); got != "" {
			t.Errorf("GET %s by a visitor: Server-Timing is %q", path, got)
		}
	}
}
