package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/watch/rules"
)

const (
	minute   = time.Minute
	hour     = time.Hour
	day      = 24 * hour
	interval = 5 * minute
)

var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// limits are those of a portal that nobody configured.
func limits() rules.Limits {
	return rules.NewLimits(agent.NewThresholds(90*day, 30*day, 90*day), interval)
}

// play is one agent that is read again and again.
type play struct {
	rules.Limits
	state   rules.State
	now     time.Time
	project agent.Project
	agent   agent.Agent
	// said is what became of it, a word each.
	said []string
}

// newPlay has an agent with one token, which was used a minute ago.
func newPlay() *play {
	p := &play{Limits: limits(), now: start, project: agent.Project{ID: 1, Path: "shop/web"}}
	p.agent = agent.Agent{ID: 7, Name: "prod", CreatedAt: start.Add(-10 * day), Running: agent.Running{Known: true, Versions: []string{"18.5.0"}}}
	p.agent.SetTokens([]agent.Token{{
		ID: 70, CreatedAt: start.Add(-10 * day), CreatedBy: agent.Person{ID: 3, Account: agent.AccountActive}, LastUsedAt: start.Add(-minute), UseKnown: true,
	}})
	return p
}

// read lets an interval go by and reads the agent, whose token was used so long ago; negative for as it is.
func (p *play) read(ago time.Duration) {
	p.now = p.now.Add(interval)
	if ago >= 0 {
		p.agent.Tokens[0].LastUsedAt = p.now.Add(-ago)
	}
	p.take(p.See(p.state, p.project, p.agent, p.now))
}

// reads reads the agent for a while as it is.
func (p *play) reads(how time.Duration) {
	for until := p.now.Add(how); p.now.Before(until); {
		p.read(-1)
	}
}

func (p *play) miss() {
	p.now = p.now.Add(interval)
	p.take(p.Miss(p.state, p.now))
}

func (p *play) take(state rules.State, outcome rules.Outcome) {
	p.state = state
	for _, t := range outcome.Transitions {
		p.said = append(p.said, t.Kind.String())
	}
	for _, a := range outcome.Opened {
		p.said = append(p.said, "+"+string(a.Kind))
	}
	for _, a := range outcome.Resolved {
		p.said = append(p.said, "-"+string(a.Kind))
	}
}

// want checks what was said since the last time.
func (p *play) want(t *testing.T, when, want string) {
	t.Helper()
	if got := strings.Join(p.said, " "); got != want {
		t.Errorf("%s: said %q, want %q", when, got, want)
	}
	p.said = nil
}

func TestAnAgentThatFallsSilentIsTold(t *testing.T) {
	t.Parallel()
	p := newPlay()
	p.read(minute)
	p.want(t, "at first", "registered token_created connected")
	p.reads(15 * minute)
	p.want(t, "seen silent for less than it takes one that is connected to come forward", "")
	p.reads(5 * minute)
	p.want(t, "seen silent for long enough", "not_connected")
	p.reads(5 * minute)
	p.want(t, "before ALERT_DISCONNECTED", "")
	p.reads(10 * minute)
	p.want(t, "after ALERT_DISCONNECTED", "+disconnected")
	p.reads(100 * day)
	p.want(t, "long after", "+idle +token_due +token_overdue -token_due")
	p.read(minute)
	p.want(t, "back", "connected")
	p.read(minute)
	p.want(t, "seen back twice", "-disconnected -idle")
}

func TestTransitionsHaveGitLabsTimes(t *testing.T) {
	t.Parallel()
	p := newPlay()
	p.read(minute)
	p.read(minute)
	silent := p.agent.Tokens[0].LastUsedAt
	var got []history.Transition
	for range 8 {
		p.now = p.now.Add(interval)
		state, outcome := p.See(p.state, p.project, p.agent, p.now)
		p.state, got = state, append(got, outcome.Transitions...)
	}
	want := []history.Transition{{AgentID: 7, At: silent, Kind: history.NotConnected}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fallen silent (-want +got):\n%s", diff)
	}
	p.now = p.now.Add(interval)
	p.agent.Tokens[0].LastUsedAt = p.now.Add(-2 * minute)
	_, outcome := p.See(p.state, p.project, p.agent, p.now)
	want = []history.Transition{{AgentID: 7, At: p.now.Add(-2 * minute), Kind: history.Connected}}
	if diff := cmp.Diff(want, outcome.Transitions); diff != "" {
		t.Errorf("back (-want +got):\n%s", diff)
	}
}

func TestAFlushOfGitLabsCacheFakesNothing(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]int{"of an agent that was read before": 3, "of one that is read for the first time": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlay()
			for range before {
				p.read(minute)
			}
			p.said = nil
			known := p.state.LastContact
			p.read(55 * minute) // the database's value, up to 55 minutes old
			p.read(58 * minute)
			if before > 0 {
				p.want(t, "the time has fallen", "")
			}
			if p.state.LastContact.Before(known) {
				t.Errorf("the last contact is %v, and was known to be %v", p.state.LastContact, known)
			}
			p.read(minute) // the agent has come forward
			for range 20 {
				p.read(minute)
			}
			for _, said := range p.said {
				if said == "not_connected" || said == "+disconnected" {
					t.Errorf("said %v, of an agent that was connected all the while", p.said)
				}
			}
		})
	}
}

func TestWhatWasSilentWhenTheWatchBeganIsTold(t *testing.T) {
	t.Parallel()
	p := newPlay()
	p.agent.Tokens[0].LastUsedAt = start.Add(-10 * hour)
	p.reads(5 * minute)
	p.want(t, "at first", "registered token_created")
	p.reads(10 * minute)
	p.want(t, "seen silent for long enough", "not_connected +disconnected")

	stale := newPlay()
	stale.agent.Tokens[0].LastUsedAt = start.Add(-200 * day)
	stale.reads(2 * hour)
	stale.want(t, "stale for long", "registered token_created +idle not_connected")
}

func TestWhatCannotBeReadChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPlay()
	p.read(minute)
	p.reads(40 * minute)
	p.want(t, "silent", "registered token_created connected not_connected +disconnected")
	before := p.state
	p.agent.Tokens[0].UseKnown = false
	p.reads(2 * hour)
	p.want(t, "the use of its token is not known", "")
	p.agent.Tokens, p.agent.TokenCount = nil, agent.Unread
	p.reads(2 * hour)
	p.want(t, "its tokens are not known", "")
	if diff := cmp.Diff(before, p.state); diff != "" {
		t.Errorf("the state has changed (-want +got):\n%s", diff)
	}
}

func TestAnAgentThatIsGoneIsGoneWithItsAlerts(t *testing.T) {
	t.Parallel()
	p := newPlay()
	p.read(minute)
	p.reads(40 * minute)
	p.said = nil
	p.miss()
	p.want(t, "missed once", "")
	p.read(-1)
	p.miss()
	p.want(t, "missed once again", "")
	p.miss()
	p.want(t, "missed twice", "gone -disconnected")
	p.miss()
	p.want(t, "and again", "")
	p.read(minute)
	p.want(t, "it is there again", "token_created connected")
}

func TestALongGapIsUnknown(t *testing.T) {
	t.Parallel()
	p := newPlay()
	p.read(minute)
	p.said = nil
	p.now = p.now.Add(50 * minute)
	p.read(minute)
	p.want(t, "nobody looked for less than an hour", "")
	p.now = p.now.Add(3 * hour)
	p.read(minute)
	p.want(t, "nobody looked for three hours", "unknown connected")
	p.now = p.now.Add(3 * hour)
	p.agent.Tokens[0].LastUsedAt = p.state.LastContact
	p.reads(30 * minute)
	p.want(t, "silent all the while", "not_connected +disconnected")
}

func TestTokensThatComeAndGo(t *testing.T) {
	t.Parallel()
	p := newPlay()
	p.read(minute)
	p.said = nil
	first := p.agent.Tokens[0]
	second := agent.Token{ID: 71, CreatedAt: p.now, CreatedBy: first.CreatedBy, UseKnown: true}
	p.agent.SetTokens([]agent.Token{first, second})
	p.read(minute)
	p.want(t, "a second one", "token_created")
	p.agent.SetTokens([]agent.Token{second})
	p.read(-1)
	p.want(t, "the first is revoked", "token_revoked")
	p.reads(40 * minute)
	p.want(t, "and nobody uses the second", "not_connected +disconnected")
	p.agent.TokenCount = 3 // an old GitLab lists a few only
	p.agent.Tokens = p.agent.Tokens[:0]
	p.read(-1)
	p.want(t, "not all are listed", "")
}
