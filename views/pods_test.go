package views

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
)

// podStates are the tab Pods in every state.
func podStates() []state {
	tab := func(m PodsModel) AgentModel {
		one := testAgent()
		one.Tab, one.Pods = TabPods, m
		return one
	}
	hostile := Pod{Name: hostileName, Namespace: hostileName, Version: hostileName, Commit: hostileName, Since: testNow().Add(-time.Hour), Warned: true}
	list := []state{
		both("agent, its pods", AgentPage, AgentTab, tab(PodsModel{
			Pods: []Pod{hostile, {Version: "18.5.1", Since: testNow()}}, Warnings: []PodWarning{{Text: hostileName, Pods: 1}}, KnowsWarnings: true,
		})),
		both("agent, its pods at a GitLab that does not warn", AgentPage, AgentTab, tab(PodsModel{Pods: []Pod{{Name: "a", Version: "18.5.1", Since: testNow()}}})),
		both("agent without pods", AgentPage, AgentTab, tab(PodsModel{KnowsWarnings: true})),
	}
	for _, reason := range []fleet.Untold{fleet.UntoldRole, fleet.UntoldReadOnly, fleet.UntoldUnanswered} {
		list = append(list, both("agent whose pods are not told: "+string(reason), AgentPage, AgentTab, tab(PodsModel{Untold: reason})))
	}
	return list
}

// useStates are the tab Use it in every state.
func useStates() []state {
	snippet := testSteps()[0]
	tab := func(granted Granted, change func(*UseModel)) AgentModel {
		one := testAgent()
		part := UsePart{Steps: []Snippet{snippet}, Granted: granted}
		grant := snippet
		grant.ID, grant.Title, grant.Text = "grant", "YAML", ""
		part.Grant = &grant
		pipelines := part
		pipelines.Steps, pipelines.Grant = []Snippet{{ID: "job", Title: "A job", Code: "deploy: {}"}}, nil
		one.Tab, one.Use = TabUse, UseModel{
			Known: true, KASEnabled: true, ProxyURL: "https://kas.example.com", TokenForm: "pat:1:<token>", CAFile: "gitlab-ca.pem", Context: "shop/payments:prod",
			Config: hostileConfig(), People: part, Pipelines: pipelines,
		}
		change(&one.Use)
		return one
	}
	return []state{
		both("agent, how to use it", AgentPage, AgentTab, tab(GrantedSome, func(*UseModel) {})),
		both("agent that nobody may use", AgentPage, AgentTab, tab(GrantedNobody, func(m *UseModel) { m.Config = ConfigModel{State: ConfigAbsent, Path: hostileName} })),
		both("agent whose use depends on an administrator", AgentPage, AgentTab, tab(GrantedDepends, func(m *UseModel) { m.ProxyURL = "" })),
		both("agent whose use is not known", AgentPage, AgentTab, tab(GrantedUnknown, func(m *UseModel) { m.Known, m.Config = false, ConfigModel{State: ConfigUnknown} })),
		both("agent at a GitLab without agent server", AgentPage, AgentTab, tab(GrantedSome, func(m *UseModel) { m.KASEnabled = false })),
	}
}

func TestAPartOfTheCommitIsShown(t *testing.T) {
	t.Parallel()
	for commit, want := range map[string]string{"": "", "f00d": "f00d", "0123456789abcdef": "0123456789a"} {
		if got := (Pod{Commit: commit}).shortCommit(); got != want {
			t.Errorf("%q is shown as %q, want %q", commit, got, want)
		}
	}
}

func TestAGrantThatIsNotListedCountsToo(t *testing.T) {
	t.Parallel()
	grant := func(effect ConfigEffect) ConfigGrant { return ConfigGrant{Verdict: ConfigVerdict{Effect: effect}} }
	for name, tt := range map[string]struct {
		state  ConfigState
		access ConfigAccess
		want   Granted
	}{
		"no file":                 {ConfigAbsent, ConfigAccess{}, GrantedNobody},
		"an empty one":            {ConfigPresent, ConfigAccess{}, GrantedNobody},
		"all are dropped":         {ConfigPresent, ConfigAccess{Grants: []ConfigGrant{grant(EffectNo)}, More: 3, MoreDropped: 3}, GrantedNobody},
		"one that is not listed":  {ConfigPresent, ConfigAccess{Grants: []ConfigGrant{grant(EffectNo)}, More: 3, MoreDropped: 2}, GrantedSome},
		"one of several":          {ConfigPresent, ConfigAccess{Grants: []ConfigGrant{grant(EffectDepends), grant(EffectNo), grant(EffectYes)}}, GrantedSome},
		"only the instance":       {ConfigPresent, ConfigAccess{Grants: []ConfigGrant{grant(EffectDepends)}}, GrantedDepends},
		"a file that is refused":  {ConfigBroken, ConfigAccess{}, GrantedUnknown},
		"a file that nobody sees": {ConfigForbidden, ConfigAccess{}, GrantedUnknown},
	} {
		if got := GrantedBy(ConfigModel{State: tt.state}, tt.access); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestAListThatIsBeingReadDoesNotSayThatVersionsAreMissing(t *testing.T) {
	t.Parallel()
	m := testFleet()
	if got := m.untoldReasons(i18n.For(i18n.English)); len(got) == 0 {
		t.Error("nothing says why versions are missing")
	}
	m.Partial = true
	if got := m.untoldReasons(i18n.For(i18n.English)); len(got) != 0 {
		t.Errorf("while the list is read it says %q", got)
	}
}
