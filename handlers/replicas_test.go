package handlers_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/fleet/scan"
)

// replica is a portal over the same database, with a memory of its own. What it returns sends all
// requests there from then on.
func (p *portal) replica() (use func()) {
	p.t.Helper()
	config := p.config // as it is by now
	config.Fleet = scan.New(scan.Config{Now: p.clock.Now, Log: slog.New(slog.DiscardHandler)})
	p.t.Cleanup(func() { _ = config.Fleet.Close(context.Background()) })
	handler := must(handlers.New(config))(p.t)
	return func() { p.current.Store(&handler) }
}

func TestAChangeIsSeenOnEveryReplicaAtOnce(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead, first, second := p.as("lead"), p.replica(), p.replica()
	shows := func(name string) bool { return strings.Contains(lead.get("/?wait=1").text("main"), name) }
	for _, use := range []func(){first, second} {
		if use(); !shows("idle") {
			t.Fatal("the agent is not listed")
		}
	}
	if got := lead.submit(p.agentPath(p.idle)+"/delete", url.Values{"confirm": {"idle"}}); got.status != http.StatusOK {
		t.Fatalf("the deletion = %d", got.status)
	}
	for name, use := range map[string]func(){"that made it": second, "beside it": first} {
		if use(); shows("idle") {
			t.Errorf("the replica %s shows what was there before the change", name)
		}
		before := p.gitlab.Calls("")
		if !shows("prod") || p.gitlab.Calls("") != before {
			t.Errorf("the replica %s reads more than once after it", name)
		}
	}
}
