package tokens_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/budget"
	"gitlab-agent-portal/internal/tokens"
)

func TestAPanicIsAnErrorOfItsOwnRun(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var log bytes.Buffer
	panics := func() time.Time { panic("glagent-canary") }
	b.service = tokens.New(b.nonces, b.audit, budget.NewChanges(nil, panics), slog.New(slog.NewJSONHandler(&log, nil)))
	if result, err := b.create(b.form(), "x"); err == nil || !result.Secret.IsZero() {
		t.Errorf("Create = %+v, %v; want an error", result, err)
	} else if strings.Contains(err.Error()+log.String(), "canary") || !strings.Contains(log.String(), "claim") {
		t.Errorf("the error %v and the log have to name the place and not the value: %s", err, log.String())
	}
	if err := b.service.Wait(t.Context()); err != nil {
		t.Errorf("Wait = %v", err)
	}
	if n := b.sim.Calls(gitlabtest.OpCreateToken); n != 0 {
		t.Errorf("GitLab saw %d creates, want none", n)
	}
}
