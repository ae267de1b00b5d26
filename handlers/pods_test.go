package handlers_test

import (
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// podsTab is what the tab says of an agent to somebody, in a language.
func (p *portal) podsTab(as, language string, agent int64) *answer {
	b := p.as(as)
	b.header.Set("Accept-Language", language)
	return b.get(p.agentPath(agent) + "?tab=pods")
}

func TestPodsAreListedWithGitLabsWarnings(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	id := p.runs("torn", "17.2.0", "17.2.0", "18.5.1")
	page := p.podsTab("lead", "en", id)
	if n := page.doc.Find("#agent-tab tbody tr").Length(); n != 3 {
		t.Fatalf("%d pods are listed: %s", n, page.text("#agent-tab"))
	}
	said := page.text("#agent-tab")
	for _, want := range []string{
		"GitLab warns of 2 pods’ versions", "The agent is outdated: it is at 17.2.0, GitLab at 18.5.1.",
		"The pods have different versions", "Connected are 17.2.0, 18.5.1.", "torn-agent-v2-", "gitlab-agent-torn", "f00dfeedbee",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q: %s", want, said)
		}
	}
	if n := page.doc.Find("#agent-tab [data-due=update_needed]").Length(); n != 2 {
		t.Errorf("%d pods need an update, want 2", n)
	}
	if zh := p.podsTab("lead", "zh-CN", id).text("#agent-tab"); !strings.Contains(zh, "各 Pod 的版本不一致") || !strings.Contains(zh, "GitLab 对 2 个 Pod 的版本发出警告") {
		t.Errorf("in Chinese it says %q", zh)
	}
}

func TestPodsThatAreNotToldAreNotNone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, as string
		change   func(p *portal)
		want     string
	}{
		{"nothing is connected", "lead", func(*portal) {}, "No pod is connected"},
		{"to a Developer", "dev", func(*portal) {}, "to Maintainers only"},
		{"in an archived project", "lead", func(p *portal) { p.gitlab.ArchiveProject(p.project, true) }, "a project that takes no changes"},
		{"without an agent server", "lead", func(p *portal) { p.gitlab.Configure(func(s *gitlabtest.Settings) { s.KASDisabled = true }) }, "GitLab did not say which pods are connected"},
		{"without GraphQL", "lead", func(p *portal) { p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true }) }, "GitLab did not say which pods are connected"},
		{"of an instance without them", "lead", func(p *portal) {
			p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"ClusterAgent.connections"} })
		}, "GitLab did not say which pods are connected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			tt.change(p)
			page := p.podsTab(tt.as, "en", p.idle)
			if got := page.text("#agent-tab"); page.status != 200 || !strings.Contains(got, tt.want) || tt.name != "nothing is connected" && strings.Contains(got, "No pod") {
				t.Errorf("%d: it says %q, want %q", page.status, got, tt.want)
			}
		})
	}
}

func TestAGitLabThatDoesNotWarnIsNotTakenForContent(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"ConnectedAgent.warnings"} })
	got := p.podsTab("lead", "en", p.runs("late", "17.2.0")).text("#agent-tab")
	if !strings.Contains(got, "17.2.0") || !strings.Contains(got, "does not say whether a version needs an update") {
		t.Errorf("it says %q", got)
	}
}
