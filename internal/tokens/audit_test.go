package tokens_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/tokens"
)

func (b *bench) actor() tokens.Actor {
	return tokens.Actor{ID: b.lead, Name: "lead", IP: "192.0.2.7", RequestID: "request"}
}

func (b *bench) revoke(token int64) error {
	return b.service.Revoke(b.t.Context(), b.gitlab, tokens.RevokeRequest{
		Actor: b.actor(), Project: b.project, Agent: b.agent, Token: token,
		Shown: audit.Target{ProjectID: b.project, ProjectPath: "group/shop", AgentID: b.agent, AgentName: "prod", TokenID: token, TokenName: "t"},
	})
}

func (b *bench) remove() error {
	return b.service.Delete(b.t.Context(), b.gitlab, tokens.DeleteRequest{
		Actor: b.actor(), Project: b.project, ProjectPath: "group/shop", Agent: b.agent, AgentName: "prod",
	})
}

// rows are the audit's actions and outcomes, oldest first, of claims too.
func (b *bench) rows() []string {
	b.t.Helper()
	page, err := b.audit.Page(b.t.Context(), audit.Filter{Projects: []int64{0, b.project}}, 0, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	rows := make([]string, len(page))
	for i, event := range page {
		rows[len(page)-1-i] = string(event.Action) + " " + string(event.Outcome)
	}
	return rows
}

func TestEveryChangeLeavesItsRow(t *testing.T) {
	t.Parallel()
	lost := gitlabtest.Cut().AfterCommit()
	create := func(b *bench) { _, _ = b.create(b.form(), "second") }
	register := func(b *bench) { _, _ = b.register(b.form(), "staging") }
	revoke := func(b *bench) { _ = b.revoke(b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "t"})) }
	remove := func(b *bench) { _ = b.remove() }
	fault := func(op string, f gitlabtest.Fault) func(*bench) {
		return func(b *bench) { b.sim.Inject(op, f) }
	}
	tests := []struct {
		name  string
		setUp func(*bench)
		act   func(*bench)
		want  []string
	}{
		{"a create", nil, create, []string{"token_create ok"}},
		{"a form that is sent a second time", nil, func(b *bench) {
			form := b.form()
			_, _ = b.create(form, "second")
			_, _ = b.create(form, "second")
		}, []string{"token_create ok", "token_create refused"}},
		{"a create that GitLab refuses", fault(gitlabtest.OpCreateToken, gitlabtest.Status(http.StatusForbidden)), create, []string{"token_create refused"}},
		{"a create at the limit", func(b *bench) {
			b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "one"})
			b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "two"})
		}, create, []string{"token_create refused"}},
		{"a create whose answer is lost", fault(gitlabtest.OpCreateToken, lost), create, []string{"token_create unknown", "reconciled ok"}},
		{"a create that is lost", fault(gitlabtest.OpCreateToken, gitlabtest.Cut()), create, []string{"token_create unknown", "reconciled failed"}},
		{"a registration with its first token", nil, register, []string{"agent_register ok", "token_create ok"}},
		{"a registration of a name that is taken", func(b *bench) {
			b.sim.AddAgent(gitlabtest.Agent{Project: b.project, Name: "staging"})
		}, register, []string{"agent_register refused"}},
		{"a registration whose answer is lost", fault(gitlabtest.OpRegisterAgent, lost), register, []string{"agent_register unknown", "reconciled ok", "token_create ok"}},
		{"a registration that is lost", fault(gitlabtest.OpRegisterAgent, gitlabtest.Cut()), register, []string{"agent_register unknown", "reconciled failed"}},
		{"a revocation", nil, revoke, []string{"token_revoke ok"}},
		{"a revocation whose answer is lost", fault(gitlabtest.OpRevokeToken, lost), revoke, []string{"token_revoke unknown", "reconciled ok"}},
		{"a deletion", nil, remove, []string{"agent_delete ok"}},
		{"a deletion that is lost", fault(gitlabtest.OpDeleteAgent, gitlabtest.Cut()), remove, []string{"agent_delete unknown", "reconciled failed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if tt.setUp != nil {
				tt.setUp(b)
			}
			tt.act(b)
			if diff := cmp.Diff(tt.want, b.rows()); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingStartsThatCannotBeAudited(t *testing.T) {
	t.Parallel()
	acts := map[string]func(*bench) error{
		"a create":       func(b *bench) error { _, err := b.create(b.form(), "second"); return err },
		"a registration": func(b *bench) error { _, err := b.register(b.form(), "staging"); return err },
		"a revocation":   func(b *bench) error { return b.revoke(b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "t"})) },
		"a deletion":     func(b *bench) error { return b.remove() },
	}
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.database.Exec(t, `ALTER TABLE audit RENAME TO nowhere`)
			var notAudited *tokens.NotAuditedError
			if err := act(b); !errors.As(err, &notAudited) || notAudited.Cause == nil {
				t.Errorf("got %v, want a NotAuditedError with its cause", err)
			}
			for _, op := range []string{gitlabtest.OpCreateToken, gitlabtest.OpRegisterAgent, gitlabtest.OpRevokeToken, gitlabtest.OpDeleteAgent} {
				if calls := b.sim.Calls(op); calls != 0 {
					t.Errorf("GitLab saw %d calls to %s, want none", calls, op)
				}
			}
		})
	}
}
