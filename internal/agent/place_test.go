package agent_test

import (
	"strings"
	"testing"

	"gitlab-agent-portal/internal/agent"
)

func TestGitLabsOwnPlaceIsProposedUnlessItWouldBeShared(t *testing.T) {
	t.Parallel()
	const hash = "-8dc97595"
	long := strings.Repeat("a", 49)
	for _, tt := range []struct {
		name, agent string
		taken       bool
		want        agent.Place
		reason      agent.PlaceReason
	}{
		{"a short name", "prod", false, agent.Place{Namespace: "gitlab-agent-prod", Release: "prod"}, ""},
		{"as long as fits", long + "a", false, agent.Place{Namespace: "gitlab-agent-" + long + "a", Release: long + "a"}, ""},
		{"what looks like an option", "--debug", false, agent.Place{Namespace: "gitlab-agent---debug", Release: "debug"}, ""},
		{"a name that another has", "prod", true, agent.Place{Namespace: "gitlab-agent-prod" + hash, Release: "prod" + hash}, agent.PlaceTaken},
		{"a name that is cut", long + "-b", false, agent.Place{Namespace: "gitlab-agent-" + long[:41] + hash, Release: long[:44] + hash}, agent.PlaceCut},
		{"a hyphen at the cut", long[:40] + "-" + long, false, agent.Place{Namespace: "gitlab-agent-" + long[:40] + hash, Release: long[:40] + "-aaa" + hash}, agent.PlaceCut},
		{"a cut name that another has", long + "-b", true, agent.Place{Namespace: "gitlab-agent-" + long[:41] + hash, Release: long[:44] + hash}, agent.PlaceTaken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.want.Secret = "gitlab-agent-token"
			got, reason := agent.Agent{ID: 7, Name: tt.agent}.ProposePlace(tt.taken)
			if got != tt.want || reason != tt.reason {
				t.Errorf("proposed %+v, %q\nwant     %+v, %q", got, reason, tt.want, tt.reason)
			}
			if got.Allowed() != got {
				t.Errorf("%+v is not allowed", got)
			}
		})
	}
}

func TestProposalsOfTwoAgentsOfOneNameDiffer(t *testing.T) {
	t.Parallel()
	one, _ := agent.Agent{ID: 7, Name: "prod"}.ProposePlace(true)
	other, _ := agent.Agent{ID: 8, Name: "prod"}.ProposePlace(true)
	if one.Namespace == other.Namespace || one.Release == other.Release {
		t.Errorf("both are installed at %+v", one)
	}
}

func TestAgentsSharePlaceByWhatGitLabMakesOfTheirNames(t *testing.T) {
	t.Parallel()
	fifty := strings.Repeat("a", 50)
	for _, tt := range []struct {
		name       string
		one, other agent.Agent
		want       bool
	}{
		{"the agent itself", agent.Agent{ID: 1, Name: "prod"}, agent.Agent{ID: 1, Name: "prod"}, false},
		{"the same name", agent.Agent{ID: 1, Name: "prod"}, agent.Agent{ID: 2, Name: "prod"}, true},
		{"another name", agent.Agent{ID: 1, Name: "prod"}, agent.Agent{ID: 2, Name: "prod-2"}, false},
		{"the same beginning", agent.Agent{ID: 1, Name: fifty}, agent.Agent{ID: 2, Name: fifty + "b"}, true},
	} {
		if got := tt.one.SharesPlace(tt.other); got != tt.want {
			t.Errorf("%s: shared %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestNamesOfAPlaceFollowKubernetesAndHelm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text                       string
		namespace, release, secret bool
	}{
		{"prod-eu-1", true, true, true},
		{"7", true, true, true},
		{"prod.eu", false, true, true},
		{"prod..eu", false, false, false},
		{"prod.-eu", false, false, false},
		{"-prod", false, false, false},
		{"prod-", false, false, false},
		{"Prod", false, false, false},
		{"prod eu", false, false, false},
		{"prod\n", false, false, false},
		{"prod_eu", false, false, false},
		{"", false, false, false},
		{strings.Repeat("a", 53), true, true, true},
		{strings.Repeat("a", 54), true, false, true},
		{strings.Repeat("a", 64), false, false, true},
		{strings.Repeat("a", 254), false, false, false},
	} {
		got := [3]bool{agent.NamespaceRule().Allows(tt.text), agent.ReleaseRule().Allows(tt.text), agent.SecretRule().Allows(tt.text)}
		if want := [3]bool{tt.namespace, tt.release, tt.secret}; got != want {
			t.Errorf("%q as namespace, release and secret: %v, want %v", tt.text, got, want)
		}
		whole := agent.Place{Namespace: tt.text, Release: tt.text, Secret: tt.text}
		if kept := whole.Allowed(); (kept.Namespace != "") != tt.namespace || (kept.Release != "") != tt.release || (kept.Secret != "") != tt.secret {
			t.Errorf("of %q is kept %+v", tt.text, kept)
		}
	}
}

func TestAChoiceLeavesTheRestToTheProposal(t *testing.T) {
	t.Parallel()
	got := agent.Place{Release: "mine"}.Or(agent.Place{Namespace: "n", Release: "r", Secret: "s"})
	if want := (agent.Place{Namespace: "n", Release: "mine", Secret: "s"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
