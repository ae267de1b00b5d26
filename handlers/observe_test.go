package handlers_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// line is a request's line in the log.
type line struct {
	Msg, Level, Path, Route string
	Took                    *float64 `json:"took_ms"`
	GitLab                  float64  `json:"gitlab_ms"`
	Calls                   int      `json:"gitlab_calls"`
}

// lineOf is the newest line of a path.
func (p *portal) lineOf(path string) line {
	p.t.Helper()
	var found line
	for text := range strings.Lines(p.logs.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err == nil && l.Msg == "request" && l.Path == path {
			found = l
		}
	}
	if found.Msg == "" {
		p.t.Fatalf("the log has no line of %s", path)
	}
	return found
}

func TestTheLogSaysOfARequestItsRouteAndWhatGitLabTook(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	for _, tt := range []struct {
		path, route, level string
		asksGitLab         bool
	}{
		{p.agentPath(p.prod), "/projects/{project}/agents/{agent}", "INFO", true},
		{"/help/status", "/help/status", "INFO", false},
		{"/nothing/here", "none", "INFO", false},
		{"/healthz", "/healthz", "DEBUG", false},
		{"/readyz", "/readyz", "DEBUG", false},
	} {
		lead.get(tt.path)
		got := p.lineOf(tt.path)
		if got.Route != tt.route || got.Level != tt.level || (got.Calls > 0) != tt.asksGitLab || got.Took == nil {
			t.Errorf("the line of %s is %+v, want route %s, level %s, calls of GitLab: %t", tt.path, got, tt.route, tt.level, tt.asksGitLab)
		}
	}
}

func TestAProbeThatFailsIsNews(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.stop() // the database
	p.stop = func() {}
	p.visitor().get("/readyz")
	if got := p.lineOf("/readyz"); got.Level == "DEBUG" || got.Level == "INFO" {
		t.Errorf("the line of a portal that is not ready has level %s, want it seen", got.Level)
	}
}
