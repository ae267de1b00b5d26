package rules_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/alert"
)

func TestWhatIsDueIsSeenTwiceAndSoIsWhatIsOver(t *testing.T) {
	t.Parallel()
	token := func(change func(*agent.Token)) func(*play) {
		return func(p *play) { change(&p.agent.Tokens[0]) }
	}
	for kind, tt := range map[alert.Kind]struct{ begin, end, untold func(*play) }{
		alert.TokenDue: {
			token(func(t *agent.Token) { t.CreatedAt = start.Add(-80 * day) }), token(func(t *agent.Token) { t.CreatedAt = start }),
			func(p *play) { p.agent.TokenCount = agent.Unread },
		},
		alert.TokenOverdue: {
			token(func(t *agent.Token) { t.CreatedAt = start.Add(-91 * day) }), token(func(t *agent.Token) { t.CreatedAt = start }),
			func(p *play) { p.agent.TokenCount = agent.Unread },
		},
		alert.CreatorLeft: {
			token(func(t *agent.Token) { t.CreatedBy.Account = agent.AccountBlocked }), token(func(t *agent.Token) { t.CreatedBy.Account = agent.AccountActive }),
			token(func(t *agent.Token) { t.CreatedBy.Account = agent.AccountUnknown }),
		},
		alert.UpdateNeeded: {
			func(p *play) { p.agent.Running.Warned = true }, func(p *play) { p.agent.Running.Warned = false },
			func(p *play) { p.agent.Running = agent.Running{} },
		},
		alert.ConfigInvalid: {
			func(p *play) { p.agent.Config = agent.ConfigRefused }, func(p *play) { p.agent.Config = agent.ConfigAccepted },
			func(p *play) { p.agent.Config = agent.ConfigUnknown },
		},
		alert.TooMany: {
			func(p *play) { p.agent.TokenCount = 3 }, func(p *play) { p.agent.TokenCount = 1 },
			func(p *play) { p.agent.TokenCount = agent.Unread },
		},
		alert.NeverConnected: {
			token(func(t *agent.Token) { t.LastUsedAt = time.Time{} }), token(func(t *agent.Token) { t.LastUsedAt = start.Add(hour) }),
			token(func(t *agent.Token) { t.UseKnown = false }),
		},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			p, ago := newPlay(), minute
			if kind == alert.NeverConnected {
				ago = -1
			} else {
				p.read(ago)
			}
			tt.begin(p)
			p.read(ago)
			p.said = nil
			p.read(ago)
			p.want(t, "seen twice", "+"+string(kind))
			p.read(ago)
			p.want(t, "seen again", "")
			tt.untold(p)
			p.read(ago)
			p.read(ago)
			p.want(t, "not told", "")
			p.agent = newPlay().agent
			tt.end(p)
			p.read(minute)
			p.said = nil
			p.read(minute)
			p.want(t, "seen over twice", "-"+string(kind))
			if diff := cmp.Diff([]alert.Kind{}, p.state.Open); diff != "" {
				t.Errorf("still open:\n%s", diff)
			}
		})
	}
}

func TestAnArchivedProjectHasNoAlerts(t *testing.T) {
	t.Parallel()
	p := newPlay()
	p.agent.Tokens[0].CreatedAt = start.Add(-100 * day)
	p.read(minute)
	p.read(minute)
	p.want(t, "not archived", "registered token_created connected +token_overdue")
	p.project.Archived = true
	p.read(minute)
	p.read(minute)
	p.want(t, "archived", "-token_overdue")
}

func TestAlertsSaySinceWhenAndOfWhat(t *testing.T) {
	t.Parallel()
	p := newPlay()
	p.agent.Tokens[0].CreatedAt = start.Add(-80 * day)
	p.read(minute)
	p.now = p.now.Add(interval)
	_, outcome := p.See(p.state, p.project, p.agent, p.now)
	want := []alert.Alert{{
		Kind: alert.TokenDue, Subject: alert.Subject{ProjectID: 1, ProjectPath: "shop/web", AgentID: 7, AgentName: "prod"},
		Since: start.Add(10 * day), OpenedAt: p.now,
	}}
	if diff := cmp.Diff(want, outcome.Opened); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}
}
