package handlers_test

import (
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agentconfig"
)

// configure gives the agent prod a configuration file.
func (p *portal) configure(content string) {
	p.gitlab.AddFile(gitlabtest.File{Project: p.project, Path: agentconfig.Path("prod"), Content: content})
}

// links are the addresses of the links in a part of a page, below GitLab.
func (p *portal) links(page *answer, selector string) []string {
	var found []string
	page.doc.Find(selector + " a").Each(func(_ int, a *goquery.Selection) {
		found = append(found, strings.TrimPrefix(a.AttrOr("href", ""), p.gitlab.URL))
	})
	return found
}

func TestTheConfigurationFileIsShown(t *testing.T) {
	t.Parallel()
	const file = "/shop/payments/-/blob/main/.gitlab/agents/prod/config.yaml"
	for _, tt := range []struct {
		name, content string
		text, not     string
		links         []string
	}{
		{"empty", "", "only pipelines of the agent’s own project", "", []string{file}},
		{
			"with grants",
			"ci_access:\n  projects: [{id: shop/web, environments: [prod, qa], protected_branches_only: true}, {id: '../evil?'}]\nuser_access:\n  groups: [{id: shop}]\n",
			"Project shop/web only in prod, qa only from protected branches", "",
			[]string{file, "/shop/web", "/shop"},
		},
		{"with a mistake", "ci_access:\n  projects:\n    - shop/web\n", "Line 3: ci_access.projects must be a mapping", "Nobody", []string{file}},
		{"that is no YAML", "ci_access: [\n", "This is not valid YAML. did not find", "Nobody", []string{file}},
		{"with nothing but a list", "- a\n", "Line 1: The file must be a mapping", "Nobody", []string{file}},
		{"with a hostile key", "ci_access: {groups: [{id: \"<script>alert(1)</script>\"}]}\n", "Group <script>alert(1)</script>", "", []string{file}},
		{"too large to parse", strings.Repeat("#", agentconfig.MaxSize+1), "larger than 128 KiB", "Nobody", []string{file}},
		{"too large to fetch", strings.Repeat("#", 1<<20+1), "larger than 128 KiB", "Nobody", []string{file}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.configure(tt.content)
			page := p.as("dev").get(p.agentPath(p.prod) + "?tab=connect")
			said := page.text(".config")
			if page.status != 200 || !strings.Contains(said, tt.text) || tt.not != "" && strings.Contains(said, tt.not) {
				t.Errorf("%d: it reads %q, want %q and not %q", page.status, said, tt.text, tt.not)
			}
			if got := p.links(page, ".config"); strings.Join(got, " ") != strings.Join(tt.links, " ") {
				t.Errorf("links %q, want %q", got, tt.links)
			}
		})
	}
}

func TestManyGrantsAreCounted(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.configure("ci_access:\n  groups:\n" + strings.Repeat("    - id: shop\n", 60))
	page := p.as("dev").get(p.agentPath(p.prod) + "?tab=connect")
	if n := page.doc.Find(".config li").Length(); n != 51 || !strings.Contains(page.text(".config"), "and 10 more") {
		t.Errorf("%d lines: %s", n, page.text(".config"))
	}
}

func TestManyEnvironmentsAreCounted(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.configure("ci_access: {groups: [{id: shop, environments: [" + strings.Repeat("qa, ", 60) + "qa]}]}\n")
	said := p.as("dev").get(p.agentPath(p.prod) + "?tab=connect").text(".config")
	if n := strings.Count(said, "qa"); n != 50 || !strings.Contains(said, "qa, and 11 more") {
		t.Errorf("%d environments: %s", n, said)
	}
}

func TestAMissingConfigurationFileLeadsToItsMaking(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	tab := p.agentPath(p.prod) + "?tab=connect"
	dev := p.as("dev")
	const create = "/shop/payments/-/new/main?file_name=.gitlab%2Fagents%2Fprod%2Fconfig.yaml"
	for _, state := range []string{"an empty repository", "a repository with other files"} {
		page := dev.get(tab)
		if got := p.links(page, ".config"); len(got) != 1 || got[0] != create {
			t.Errorf("%s: links %q, want %q", state, got, create)
		}
		p.gitlab.AddFile(gitlabtest.File{Project: p.project, Path: "README.md", Content: "x"})
	}
}

func TestWhatCannotBeReadOfTheConfigurationFileIsSaid(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault gitlabtest.Fault
		text  string
	}{
		"not allowed":       {gitlabtest.Status(403), "You may not read this project’s repository"},
		"GitLab has a pain": {gitlabtest.Status(500), "GitLab did not send it in time"},
		"a sign-in page":    {gitlabtest.SignInPage(), "GitLab did not send it in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.gitlab.Inject(gitlabtest.OpRawFile, tt.fault)
			page := p.as("dev").get(p.agentPath(p.prod) + "?tab=connect")
			if said := page.text(".config"); page.status != 200 || !strings.Contains(said, tt.text) || len(p.links(page, ".config")) != 0 {
				t.Errorf("%d: it reads %q, want %q and no link", page.status, said, tt.text)
			}
			if len(commands(page)) == 0 {
				t.Error("the install steps are gone")
			}
		})
	}
}

// A slow answer is not waited for longer than the page says, and the tab with the tokens does not ask.
func TestASlowConfigurationFileIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.timeouts = gitlabapi.Timeouts{Header: time.Hour, Read: time.Hour} })
	gate := gitlabtest.NewGate()
	p.gitlab.Inject(gitlabtest.OpRawFile, gitlabtest.Hold(gate))
	page := p.as("dev").get(p.agentPath(p.prod) + "?tab=connect")
	gate.Open()
	if said := page.text(".config"); page.status != 200 || !strings.Contains(said, "GitLab did not send it in time") {
		t.Errorf("%d: it reads %q", page.status, said)
	}
	p.gitlab.ResetCounters()
	if p.as("dev").get(p.agentPath(p.prod)); p.gitlab.Calls(gitlabtest.OpRawFile) != 0 {
		t.Error("the tab with the tokens asks for the file")
	}
}
