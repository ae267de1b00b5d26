package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// environment gives the agent prod an environment in a project, and returns its number.
func (p *portal) environment(project int64, name string) int64 {
	return p.gitlab.AddEnvironment(gitlabtest.Environment{Project: project, Name: name, Agent: p.prod, Namespace: "ns-" + name})
}

// addProject adds a project of the group shop, in which the person has a role.
func (p *portal) addProject(path string, level gitlabtest.AccessLevel) int64 {
	id := p.gitlab.AddProject(gitlabtest.Project{Path: path, Group: p.shop})
	p.gitlab.AddMember(id, p.people["lead"], level)
	return id
}

func (p *portal) dependentsPath(agent int64) string { return p.agentPath(agent) + "/dependents" }

func TestEnvironmentsOfTheAgentsOwnProjectAndOfGrantedOnesAreListed(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]string{
		"of a project that pipelines are granted": "ci_access: {projects: [{id: shop/web}]}",
		"of a group that pipelines are granted":   "ci_access: {groups: [{id: shop}]}",
		"of a project that people are granted":    "user_access: {access_as: {agent: {}}, projects: [{id: SHOP/web}]}",
		"of what is granted twice":                "{ci_access: {groups: [{id: shop}], projects: [{id: shop/web}]}, user_access: {access_as: {agent: {}}, groups: [{id: shop}]}}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.configure(config)
			web := p.addProject("web", gitlabtest.Reporter)
			live := p.environment(p.project, "live")
			qa := p.environment(web, "qa")
			p.gitlab.AddEnvironment(gitlabtest.Environment{Project: web, Name: "without"})
			p.gitlab.AddEnvironment(gitlabtest.Environment{Project: web, Name: "of another", Agent: p.idle})
			p.gitlab.AddEnvironment(gitlabtest.Environment{Project: web, Name: "stopped", Agent: p.prod, State: "stopped"})
			page := p.as("lead").get(p.dependentsPath(p.prod))
			rows := page.lines("tbody tr")
			want := []string{"liveshop/paymentsns-live–", "qa" + group(config) + "/webns-qa–"}
			slices.Sort(rows)
			if diff := cmp.Diff(want, rows); diff != "" {
				t.Errorf("environments (-want +got):\n%s", diff)
			}
			if said := page.text("main"); !strings.Contains(said, "2 environments get their Kubernetes view") || !strings.Contains(said, "Looked at in 2 projects") {
				t.Errorf("it reads %q", said)
			}
			for _, link := range []string{fmt.Sprint("/shop/payments/-/environments/", live), fmt.Sprint("/", group(config), "/web/-/environments/", qa)} {
				if !slices.Contains(p.links(page, "tbody"), link) {
					t.Errorf("links %q, want %s", p.links(page, "tbody"), link)
				}
			}
		})
	}
}

// group is how a configuration spells the group.
func group(config string) string {
	if strings.Contains(config, "SHOP") {
		return "SHOP"
	}
	return "shop"
}

func TestWhatWasNotLookedAtForEnvironmentsIsSaid(t *testing.T) {
	t.Parallel()
	many := make([]string, 25)
	for i := range many {
		many[i] = fmt.Sprintf("{id: shop/p%02d}", i)
	}
	for _, tt := range []struct {
		name, config string
		change       func(p *portal)
		says         string
	}{
		{"a project that is not shown", "ci_access: {projects: [{id: shop/secret}]}", func(p *portal) {
			p.gitlab.AddProject(gitlabtest.Project{Path: "secret", Group: p.shop})
		}, "GitLab shows you no environments of: shop/secret"},
		{"a project in which the person is a Guest", "ci_access: {projects: [{id: shop/web}]}", func(p *portal) {
			p.addProject("web", gitlabtest.Guest)
		}, "GitLab shows you no environments of: shop/web"},
		{"a group that is not there", "ci_access: {groups: [{id: shop/nothing}]}", nil, "GitLab shows you no environments of: shop/nothing"},
		{"more projects than are looked at", "ci_access: {projects: [" + strings.Join(many, ",") + "]}", func(p *portal) {
			for i := range many {
				p.addProject(fmt.Sprintf("p%02d", i), gitlabtest.Reporter)
			}
		}, "Looked at in 20 projects.Only the first 20 projects that may use the agent were looked at"},
		{"a large group", "ci_access: {groups: [{id: shop}]}", func(p *portal) {
			for i := range 25 {
				p.addProject(fmt.Sprintf("p%02d", i), gitlabtest.Reporter)
			}
			p.gitlab.AddGroupMember(p.shop, p.people["lead"], gitlabtest.Reporter)
		}, "Only the first 20 projects that may use the agent were looked at"},
		{"more environments than are read", "", func(p *portal) {
			for i := range 201 {
				p.gitlab.AddEnvironment(gitlabtest.Environment{Project: p.project, Name: fmt.Sprint("review-", i)})
			}
		}, "Only the first environments were looked at in: shop/payments"},
		{"the whole instance", "ci_access: {instance: {}}", nil, "The configuration names the whole instance"},
		{"a configuration that is broken", "ci_access: [", nil, "GitLab does not accept the agent’s configuration"},
		{"a configuration that is not to be had", "", func(p *portal) {
			p.gitlab.Inject(gitlabtest.OpRawFile, gitlabtest.Status(http.StatusInternalServerError))
		}, "GitLab did not answer with the agent’s configuration"},
		{"a configuration that one may not read", "", func(p *portal) {
			p.gitlab.ChangeProject(p.project, func(g *gitlabtest.Project) { g.RepositoryDisabled = true })
		}, "You may not read the agent’s configuration"},
		{"environments that are not to be had", "", func(p *portal) {
			p.gitlab.Inject(gitlabtest.OpListEnvironments, gitlabtest.Status(http.StatusInternalServerError))
		}, "GitLab did not answer for: shop/payments"},
		{"a group that is not to be had", "ci_access: {groups: [{id: shop}]}", func(p *portal) {
			p.gitlab.Inject(gitlabtest.OpListGroupProjects, gitlabtest.Status(http.StatusInternalServerError))
		}, "GitLab did not answer for: shop"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			if tt.config != "" {
				p.configure(tt.config)
			}
			if tt.change != nil {
				tt.change(p)
			}
			page := p.as("lead").get(p.dependentsPath(p.prod))
			said := page.text("main")
			if page.status != http.StatusOK || !strings.Contains(said, tt.says) || !strings.Contains(said, "was found") {
				t.Errorf("%d: it reads %q, want %q, and that none was found", page.status, said, tt.says)
			}
			if strings.Contains(said, "No environment gets its") {
				t.Errorf("it claims that there is none: %q", said)
			}
		})
	}
}

func TestGrantsThatGitLabDropsAreNotFollowed(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.configure("ci_access: {projects: [{id: other/app}, {id: nogroup}], groups: [{id: other}]}")
	page := p.as("lead").get(p.dependentsPath(p.prod))
	if got := page.text("main"); !strings.Contains(got, "No environment gets its Kubernetes view from this agent. Looked at in 1 project.") {
		t.Errorf("it reads %q", got)
	}
	if n := p.gitlab.Calls(gitlabtest.OpListEnvironments) + p.gitlab.Calls(gitlabtest.OpListGroupProjects); n != 1 {
		t.Errorf("GitLab was asked %d times for environments and groups, want once", n)
	}
}

func TestPagesLoadWhatDependsOnAnAgentOnceTheyAreThere(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.environment(p.project, "live")
	lead := p.as("lead")
	for path, want := range map[string]string{
		p.agentPath(p.prod):              "1 environment gets its Kubernetes view from this agent.",
		p.agentPath(p.prod) + "/delete":  "1 environment loses its Kubernetes view.",
		p.revokePath(p.prodToken):        "1 environment has no Kubernetes view while the agent is not connected.",
		p.rotationPath(p.prod) + "?none": "",
	} {
		p.gitlab.ResetCounters()
		place := lead.get(path).doc.Find(".dependents[hx-get]")
		if n := p.gitlab.Calls(gitlabtest.OpListEnvironments); n != 0 {
			t.Errorf("%s waits for %d lists of environments", path, n)
		}
		if want == "" {
			continue
		}
		address := place.AttrOr("hx-get", "")
		if link := place.Find("a").AttrOr("href", ""); link == "" || link != address {
			t.Errorf("%s leads without a script to %q, and with one to %q", path, link, address)
		}
		fragment := lead.htmx(place.AttrOr("id", "")).get(address)
		if got := fragment.text(".dependents"); !strings.Contains(got, want) || fragment.doc.Find("main").Length() != 0 {
			t.Errorf("%s loads %q, want %q", path, got, want)
		}
		if page := lead.get(address); !strings.Contains(page.text("main tbody"), "live") {
			t.Errorf("without a script %s leads to %d: %s", path, page.status, page.text("main"))
		}
	}
	if got := lead.get(p.revokePath(p.addToken("fresh", 0))).doc.Find(".dependents").Length(); got != 0 {
		t.Error("a token that is not in use has environments")
	}
}

func TestAfterADeletionThePageNamesTheEnvironmentsThatLostTheAgent(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"en": "1 environment lost its Kubernetes view. Choose another agent in its settings.", "zh-CN": "1 个环境已失去 Kubernetes 视图"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			live := p.environment(p.project, "live")
			lead := p.as("lead")
			lead.header.Set("Accept-Language", lang)
			deleted := lead.submit(p.agentPath(p.prod)+"/delete", url.Values{"confirm": {"prod"}})
			if got := deleted.text(".dependents"); !strings.Contains(got, want) {
				t.Errorf("%d: the page says %q, want %q", deleted.status, got, want)
			}
			if got := p.links(deleted, ".dependents"); len(got) != 1 || got[0] != fmt.Sprint("/shop/payments/-/environments/", live) {
				t.Errorf("links %q", got)
			}
			other := lead.submit(p.agentPath(p.idle)+"/delete", url.Values{"confirm": {"idle"}})
			if other.status != http.StatusOK || other.doc.Find(".dependents").Length() != 0 {
				t.Errorf("of an agent without environments it says %q", other.text(".dependents"))
			}
		})
	}
}

func TestADeletionDoesNotDependOnWhatDependsOnTheAgent(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Inject(gitlabtest.OpListEnvironments, gitlabtest.Status(http.StatusInternalServerError))
	p.gitlab.Inject(gitlabtest.OpRawFile, gitlabtest.Cut())
	deleted := p.as("lead").submit(p.agentPath(p.prod)+"/delete", url.Values{"confirm": {"prod"}})
	if deleted.status != http.StatusOK || !strings.Contains(deleted.text(".dependents"), "GitLab did not answer for: shop/payments") {
		t.Errorf("%d: %s", deleted.status, deleted.text("main"))
	}
	if len(p.gitlab.Agents(p.project)) != 1 {
		t.Error("the agent is not deleted")
	}
}

func TestNobodySeesWhatDependsOnAnAgentThatIsNotTheirs(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.environment(p.project, "live")
	if got := p.as("outsider").get(p.dependentsPath(p.prod)); got.status != http.StatusNotFound || strings.Contains(got.body, "ns-live") {
		t.Errorf("an outsider gets %d: %s", got.status, got.text("main"))
	}
	if got := p.as("dev").get(p.dependentsPath(p.prod)); got.status != http.StatusOK || !strings.Contains(got.text("tbody"), "live") {
		t.Errorf("a Developer gets %d: %s", got.status, got.text("main"))
	}
}
