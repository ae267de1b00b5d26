package handlers_test

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// refuses gives an agent of the project a configuration file that GitLab refuses.
func (p *portal) refuses(agent string) {
	p.gitlab.AddFile(gitlabtest.File{Project: p.project, Path: ".gitlab/agents/" + agent + "/config.yaml", Content: "ci_acces: {}\n"})
}

// awaitBadge looks at the fleet until a badge of a kind is in the row of an agent: files are read after the list.
func (b *browser) awaitBadge(agent, kind string) *answer {
	b.p.t.Helper()
	for {
		page := b.whole("")
		if badge(page, agent, kind).Length() > 0 {
			return page
		}
		if err := b.p.t.Context().Err(); err != nil {
			b.p.t.Fatal(err)
		}
	}
}

func TestAConfigurationThatIsRefusedIsABadgeAFilterAndACount(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.refuses("prod")
	lead := p.as("lead")
	page := lead.awaitBadge("prod", "config_invalid")
	if got, want := badge(page, "prod", "config_invalid"), p.agentPath(p.prod)+"?tab=access"; got.Text() != "Configuration refused" || got.AttrOr("href", "") != want {
		t.Errorf("the badge says %q and leads to %q, want %q", got.Text(), got.AttrOr("href", ""), want)
	}
	if got := page.text(".filters [data-kind=config_invalid]"); got != "Configuration refused 1" {
		t.Errorf("the filter reads %q", got)
	}
	if got := agentsShown(lead.whole("attention=config_invalid")); !slices.Equal(got, []string{"prod"}) {
		t.Errorf("the filter shows %v", got)
	}
	if got := p.as("dev").awaitBadge("prod", "config_invalid"); badge(got, "prod", "config_invalid").Is("a") {
		t.Error("a Developer is led to what they may not change")
	}
	if got := lead.get(p.agentPath(p.prod) + "?tab=access").text("main"); !strings.Contains(got, "refuses the whole file") {
		t.Errorf("the tab says %q", got)
	}
}

func TestTheRuleOfConfigurationsIsExplainedInBothLanguages(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for lang, want := range map[string]string{"en": "Configuration refused", "zh-CN": "配置被拒绝"} {
		lead := p.as("lead")
		lead.post("/preferences", url.Values{"lang": {lang}})
		if got := lead.get("/help/status").text("main"); !strings.Contains(got, want) {
			t.Errorf("%s: the help does not say %q", lang, want)
		}
	}
}

func TestTheExportsSayWhatGitLabMakesOfConfigurations(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.refuses("prod")
	lead := p.as("lead")
	lead.awaitBadge("prod", "config_invalid")
	told := func() map[string]string {
		var document struct {
			Agents []struct {
				Agent     string
				Config    *string
				Attention []string
			}
		}
		if err := json.Unmarshal([]byte(lead.get("/fleet.json").body), &document); err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for _, a := range document.Agents {
			all[a.Agent] = "null"
			if a.Config != nil {
				all[a.Agent] = *a.Config
			}
			if (all[a.Agent] == "refused") != slices.Contains(a.Attention, "config_invalid") {
				t.Errorf("%s needs attention for %v", a.Agent, a.Attention)
			}
		}
		return all
	}
	if got, want := told(), map[string]string{"prod": "refused", "idle": "none"}; !maps.Equal(got, want) {
		t.Errorf("the JSON has %v, want %v", got, want)
	}
	var cells []string
	for _, row := range must(csv.NewReader(strings.NewReader(lead.get("/fleet.csv?bom=0&sort=agent").body)).ReadAll())(t) {
		cells = append(cells, row[len(row)-1])
	}
	if want := []string{"config", "none", "refused"}; !slices.Equal(cells, want) {
		t.Errorf("the CSV ends with %q, want %q", cells, want)
	}
	p.gitlab.Configure(func(s *gitlabtest.Settings) {
		s.GitalyErrors = map[int64]string{p.project: "14:connections to all backends failing"}
	})
	p.fleet.Drop(p.people["lead"])
	if got, want := told(), map[string]string{"prod": "null", "idle": "null"}; !maps.Equal(got, want) {
		t.Errorf("the JSON has %v of a repository that is down, want %v", got, want)
	}
}

func TestACorrectedConfigurationIsNotSaidToBeRefused(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.refuses("prod")
	lead := p.as("lead")
	lead.awaitBadge("prod", "config_invalid")
	if got := lead.post(lead.draft("ci_access: {}\n", nil)); got.status != http.StatusSeeOther {
		t.Fatalf("the commit = %d %q", got.status, got.text("main"))
	}
	if got := badge(lead.whole(""), "prod", "config_invalid"); got.Length() != 0 {
		t.Errorf("the badge says %q", got.Text())
	}
}
