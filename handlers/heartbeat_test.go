package handlers_test

import (
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestAStreamIsNeverSilentForLong(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.config.Heartbeat = time.Millisecond
	p.replica()()
	lead, gate := p.as("lead"), gitlabtest.NewGate()
	p.gitlab.Inject("", gitlabtest.Hold(gate).ForUser("lead"))
	events := lead.opens()
	for range 3 {
		events.until(": still reading")
	}
	gate.Open()
	events.until("event: done")
}
