package handlers_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestV4APanicInAParallelReadIsAPage panics in the goroutines that pages and scans read in:
// without their guards the test itself would end.
func TestV4APanicInAParallelReadIsAPage(t *testing.T) {
	t.Parallel()
	var broken atomic.Value
	broken.Store("")
	p := newPortal(t, func(s *setUp) {
		s.observe = func(op string, _ int, _ time.Duration) {
			if op == broken.Load() {
				panic("glpat-canary")
			}
		}
	})
	p.addToken("new", time.Minute) // whose rotation asks for connections
	lead := p.as("lead")
	list := p.address("/projects/{project}/agents")
	for _, tt := range []struct {
		op, path string
		status   int
	}{
		{"list agents", list, http.StatusInternalServerError},
		{"get agent", p.agentPath(p.prod), http.StatusInternalServerError},
		{"read agents by GraphQL", list, http.StatusOK}, // the page does without, as the next ones do
		{"read an agent by GraphQL", p.agentPath(p.prod), http.StatusOK},
		{"read projects by GraphQL", "/projects", http.StatusOK},
		{"read agent activity", p.agentPath(p.prod) + "?tab=activity", http.StatusOK},
		{"read agents by GraphQL", "/rotations" + p.selection(p.prod), http.StatusOK},
		{"read agent connections", "/rotations" + p.selection(p.prod), http.StatusOK},
		{"get file", p.agentPath(p.prod) + "?tab=access", http.StatusInternalServerError},
		{"list memberships", "/?wait=1", http.StatusInternalServerError},
		{"read agents by GraphQL", "/?wait=1", http.StatusInternalServerError},
	} {
		broken.Store(tt.op)
		if got := lead.get(tt.path); got.status != tt.status || strings.Contains(got.body, "canary") || strings.Contains(got.body, "goroutine") || got.text("h1") == "" {
			t.Errorf("GET %s with a panic in %q = %d: %s", tt.path, tt.op, got.status, got.text("main"))
		}
	}
	if log := p.logs.String(); strings.Contains(log, "canary") || strings.Count(log, "a panic in a goroutine") < 8 {
		t.Errorf("the log has to tell where each panic was, and nothing more: %s", log)
	}
}
