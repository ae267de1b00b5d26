package agent_test

import (
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
)

func TestStatusFollowsTheNewestUse(t *testing.T) {
	t.Parallel()
	const old = 1000 * time.Hour
	unknown := agent.Token{CreatedAt: noon().Add(-old)}
	seen := func(ago time.Duration, a agent.Agent) agent.Agent {
		a.RevokedUse = noon().Add(-ago)
		return a
	}
	tests := []struct {
		name  string
		agent agent.Agent
		want  agent.Status
		last  time.Duration // before noon; negative: no contact
	}{
		{"no token at all", of(), agent.StatusNeverConnected, -1},
		{"a token that was never used", of(unused(time.Hour)), agent.StatusNeverConnected, -1},
		{"used just now", of(token(old, 0)), agent.StatusConnected, 0},
		{"used one second less than eight minutes ago", of(token(old, 8*time.Minute-time.Second)), agent.StatusConnected, 8*time.Minute - time.Second},
		{"used exactly eight minutes ago", of(token(old, 8*time.Minute)), agent.StatusNotConnected, 8 * time.Minute},
		{"the newest of several uses counts", of(token(old, 9*time.Hour), token(old, time.Minute), unused(time.Hour)), agent.StatusConnected, time.Minute},
		{"nobody could be asked about tokens", agent.Agent{TokenCount: agent.Unread}, agent.StatusUnknown, -1},
		{"nobody could be asked about the use", of(unknown), agent.StatusUnknown, -1},
		{"the use of one of two is not known", of(token(old, 0), unknown), agent.StatusUnknown, -1},
		{"seen with a token since revoked, and no other", seen(time.Minute, of()), agent.StatusNotConnected, time.Minute},
		{"seen with a token since revoked, and one never used", seen(time.Hour, of(unused(time.Hour))), agent.StatusNotConnected, time.Hour},
		{"seen with a token since revoked, and one in use", seen(time.Hour, of(token(old, time.Minute))), agent.StatusConnected, time.Minute},
		{"seen with a token since revoked, and nobody could be asked about others", seen(time.Hour, of(unknown)), agent.StatusUnknown, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var last time.Time
			if tt.last >= 0 {
				last = noon().Add(-tt.last)
			}
			if got, contact := tt.agent.Status(noon()), tt.agent.LastContact(); got != tt.want || !contact.Equal(last) {
				t.Errorf("status %v, last contact %v; want %v, %v", got, contact, tt.want, last)
			}
		})
	}
	if got := of(token(old, -time.Minute)).Status(noon()); got != agent.StatusConnected {
		t.Errorf("with a clock of GitLab's that runs ahead the agent is %v", got)
	}
}

func TestNamesFollowGitLabsRule(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"a": true, "7": true, "prod-eu--1": true, "0prod": true,
		"": false, "-a": false, "a-": false, "Prod": false, "a_b": false, "a.b": false, " a": false, "a\n": false, "ä": false,
	} {
		if got := agent.FollowsNameRule(name); got != want {
			t.Errorf("%q follows the rule: %v, want %v", name, got, want)
		}
	}
	if !agent.FollowsNameRule(strings.Repeat("a", agent.MaxName+1)) {
		t.Error("the rule judges the length, which has a message of its own")
	}
}

func TestLimitOfActiveTokens(t *testing.T) {
	t.Parallel()
	for count, want := range map[int][2]bool{agent.Unread: {}, 0: {}, 1: {}, 2: {true, false}, 3: {true, true}} {
		a := agent.Agent{TokenCount: count}
		if got := [2]bool{a.AtTokenLimit(), a.OverTokenLimit()}; got != want {
			t.Errorf("%d tokens are at and over the limit: %v, want %v", count, got, want)
		}
	}
}

func TestOldestToken(t *testing.T) {
	t.Parallel()
	if got := of().OldestToken(); !got.IsZero() {
		t.Errorf("without tokens the oldest is of %v", got)
	}
	if got, want := of(token(day, 0), token(9*day, 0), unused(2*day)).OldestToken(), noon().Add(-9*day); !got.Equal(want) {
		t.Errorf("the oldest is of %v, want %v", got, want)
	}
}

func TestAccessFollowsFromWhatIsKnownOfAProject(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		project agent.Project
		want    agent.Access
	}{
		{"a Maintainer", agent.Project{Maintains: true}, agent.AccessManage},
		{"anybody else", agent.Project{}, agent.AccessRole},
		{"a Maintainer of an archived project", agent.Project{Maintains: true, Archived: true, Frozen: agent.AccessFrozen}, agent.AccessArchived},
		{"anybody else in an archived project", agent.Project{Archived: true}, agent.AccessArchived},
		{"a Maintainer below an archived group", agent.Project{Maintains: true, Frozen: agent.AccessFrozen}, agent.AccessFrozen},
		{"anybody else below an archived group", agent.Project{Frozen: agent.AccessFrozen}, agent.AccessRole},
	} {
		tt.project.SetAccess()
		manages := tt.want == agent.AccessManage
		if got := tt.project.Access; got != tt.want || got.CanManage() != manages || tt.project.ShowsConnections() != manages {
			t.Errorf("%s has access %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestGroupOfAProject(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"shop/web/api": "shop/web", "shop/api": "shop", "api": "", "": ""} {
		if got := (agent.Project{Path: path}).Group(); got != want {
			t.Errorf("the group of %q is %q, want %q", path, got, want)
		}
	}
}
