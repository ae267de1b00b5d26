package handlers_test

import (
	"fmt"
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

// configPanel is what the Connect tab says of the configuration file of prod in a language.
func (p *portal) configPanel(username, language string) (page *answer, said string) {
	b := p.as(username)
	b.header.Set("Accept-Language", language)
	page = b.get(p.agentPath(p.prod) + "?tab=access")
	return page, page.text(".config")
}

func TestTheConfigurationFileIsShown(t *testing.T) {
	t.Parallel()
	const file, edit = "/shop/payments/-/blob/main/.gitlab/agents/prod/config.yaml", "/projects/1/agents/1/configuration"
	for _, tt := range []struct {
		name, content string
		en, zh, not   string
		links         []string
	}{
		{"empty", "", "only pipelines of the agent’s own project", "仅代理所在项目的流水线可使用", "as this file tells", []string{file, edit}},
		{
			"with grants",
			"ci_access:\n  projects: [{id: shop/web, environments: [prod, qa], protected_branches_only: true}, {id: '../evil?'}]\nuser_access:\n  access_as: {agent: {}}\n  groups: [{id: shop}]\n",
			"Project shop/web only in prod, qa only from protected branches and tags Not visible to you", "项目 shop/web 仅限环境 prod、qa 仅限受保护的分支和标签 对您不可见", "",
			[]string{file, edit, "/shop/web", "/shop"},
		},
		{
			"with people", "user_access: {access_as: {agent: {}}, groups: [{id: shop}]}\n",
			"Members of these, from Developer up, may use it from their computers (user_access)It also switches on GitLab’s dashboard for Kubernetes for them. In the cluster they act as the agent. Group shop Not in effect GitLab lets nobody use the agent from their computer yet.",
			"以下群组和项目中开发者及以上角色的成员可在自己的电脑上使用代理（user_access）这还会为他们启用 GitLab 的 Kubernetes 仪表盘。 他们在集群中以代理的身份操作。 群组 shop 未生效", "",
			[]string{file, edit, "/shop"},
		},
		{"with a repeated key", "ci_access: {}\nci_access: {groups: [{id: shop}]}\n", "GitLab takes the last one Line 2: ci_access was there before", "只采用最后一个 第 2 行：ci_access 前面已经出现过", "refuse", []string{file, edit, "/shop"}},
		{"with a hostile path", "ci_access: {groups: [{id: \"<script>alert(1)</script>\"}]}\n", "Group <script>alert(1)</script> Dropped", "群组 <script>alert(1)</script> 被忽略", "", []string{file, edit}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.configure(tt.content)
			for language, want := range map[string]string{"en": tt.en, "zh-CN": tt.zh} {
				page, said := p.configPanel("dev", language)
				if page.status != 200 || !strings.Contains(said, want) || tt.not != "" && strings.Contains(said, tt.not) {
					t.Errorf("%d: it reads %q, want %q and not %q", page.status, said, want, tt.not)
				}
				if got := p.links(page, ".config"); strings.Join(got, " ") != strings.Join(tt.links, " ") {
					t.Errorf("links %q, want %q", got, tt.links)
				}
			}
		})
	}
}

func TestARefusedConfigurationFileLetsNobodyIn(t *testing.T) {
	t.Parallel()
	const likely, sure = "GitLab most likely refuses the whole fileUntil it is corrected, the agent goes on with the last version", "GitLab refuses the whole fileUntil it is corrected, the agent goes on with the last version"
	for _, tt := range []struct{ name, content, title, en, zh string }{
		{"with a key that nobody knows", "ci_access:\n  groups:\n    - id: shop\n      environment: [a]\n", likely, "Line 4: ci_access.groups.environment is not a key that the agent server (KAS) knows, as of GitLab 19.5.", "第 4 行：截至 GitLab 19.5，代理服务器（KAS）不支持键 ci_access.groups.environment。"},
		{"with a key of an earlier GitLab", "gitops: {}\n", likely, "Line 1: gitops has not been a key since GitLab 18.0.", "第 1 行：自 GitLab 18.0 起，gitops 不再是有效的键。"},
		{"with the instance for people", "user_access:\n  instance: {}\n", likely, "Line 2: user_access.instance is not a key", "不支持键 user_access.instance"},
		{"with a mistake", "ci_access:\n  projects:\n    - shop/web\n", sure, "Line 3: ci_access.projects must be a mapping", "第 3 行：ci_access.projects 必须是映射"},
		{"with several", "future: 1\nci_access:\n  groups:\n    - id: 1\n", sure, "Line 1: future is not a key that the agent server (KAS) knows, as of GitLab 19.5.Line 4: ci_access.groups.id must be a string.", "第 4 行：ci_access.groups.id 必须是字符串"},
		{"with a hundred", strings.Repeat("? [a]\n: b\n", 110), sure, "and 80 more", "另有 80 个"},
		{"without an id", "ci_access:\n  groups:\n    - default_namespace: a\n", sure, "Line 3: ci_access.groups.id is missing or empty.", "第 3 行：ci_access.groups.id 缺失或为空。"},
		{"with an identity without braces", "user_access:\n  access_as:\n    agent:\n", sure, "Line 3: user_access.access_as must have one of these keys, with {} as its value if nothing else: agent, user.", "必须包含以下键之一，没有其他内容时值写作 {}：agent, user。"},
		{"with two identities", "user_access: {access_as: {agent: {}, user: {}}}\n", sure, "Line 1: user_access.access_as must have only one of these keys: agent, user.", "只能包含以下键之一：agent, user。"},
		{"with a word for a number", "remote_development: {workspaces_quota: many}\n", sure, "remote_development.workspaces_quota must be a whole number.", "必须是整数"},
		{"with minutes", "container_scanning: {scanner_timeout: 5m}\n", sure, "container_scanning.scanner_timeout must be a number of seconds, such as 90s.", "必须是秒数，例如 90s。"},
		{"with another level", "observability: {logging: {level: loud}}\n", sure, "observability.logging.level must be one of: info, debug, warn, error.", "必须是以下之一：info, debug, warn, error。"},
		{"that is no YAML", "ci_access: [\n", sure, "This is not valid YAML. did not find", "不是有效的 YAML。 did not find"},
		{"with nothing but a list", "- a\n", sure, "Line 1: The file must be a mapping", "第 1 行：文件 必须是映射"},
		{"with a hostile key", "\"<b>\\u202e\": 1\n", likely, "Line 1: <b>\ufffd is not a key", "不支持键 <b>\ufffd"},
		{"too large to parse", strings.Repeat("#", agentconfig.MaxSize+1), likely, "larger than 128 KiB", "超过 128 KiB"},
		{"too large to fetch", strings.Repeat("#", 1<<20+1), likely, "larger than 128 KiB", "超过 128 KiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.configure(tt.content)
			page, said := p.configPanel("dev", "en")
			if page.status != 200 || !strings.Contains(said, tt.title) || !strings.Contains(said, tt.en) || strings.Contains(said, "Nobody") || strings.Contains(said, "In effect") {
				t.Errorf("%d: it reads %q, want %q and %q and no grants", page.status, said, tt.title, tt.en)
			}
			if _, said := p.configPanel("dev", "zh-CN"); !strings.Contains(said, "拒绝整个文件") || !strings.Contains(said, tt.zh) {
				t.Errorf("it reads %q, want %q", said, tt.zh)
			}
		})
	}
}

func TestEachGrantSaysWhatGitLabMakesOfIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, content, en, zh string }{
		{
			"a group outside, for pipelines", "ci_access: {groups: [{id: platform}]}",
			"Group platform Dropped It is outside shop, the top-level group or personal namespace of the agent’s project. GitLab drops it without a message, unless an administrator allows instance-level authorization (from GitLab 18.1).",
			"群组 platform 被忽略 它不在代理所在项目的顶级群组或个人命名空间 shop 之内。除非管理员启用实例级授权（自 GitLab 18.1 起），否则 GitLab 会忽略它，且没有提示。",
		},
		{"a project outside, for people", "user_access: {access_as: {user: {}}, projects: [{id: platform/web}]}", "Project platform/web Dropped It is outside shop", "自 GitLab 18.4 起"},
		{
			"the instance", "ci_access: {instance: {}}",
			"Everything on this GitLab Needs an administrator This counts only where an administrator allows instance-level authorization (from GitLab 17.11), which the portal cannot see.",
			"此 GitLab 上的全部项目 需管理员允许 仅当管理员启用实例级授权时才生效（自 GitLab 17.11 起）",
		},
		{
			"people without access_as", "user_access: {groups: [{id: shop}]}",
			"user_access.access_as is missing",
			"GitLab 很可能拒绝整个文件",
		},
		{"a group among the projects", "ci_access: {projects: [{id: shop}]}", "Project shop Dropped This is not the path of a project", "项目 shop 被忽略 这不是项目的路径"},
		{"a path that comes again", "ci_access: {projects: [{id: shop/a}, {id: shop/a}]}", "Project shop/a Dropped The same path comes again further down in the list, and the last one counts.Project shop/a Not visible to you", "同一路径在列表后面再次出现"},
		{"more than GitLab takes", "ci_access: {groups: [" + manyGroups(502) + "]}", "and 452 more (2 of them dropped) GitLab takes only the first 500 groups and the first 500 projects.", "另有 452 个 （其中 2 个被忽略） GitLab 只采用前 500 个群组和前 500 个项目。"},
		{"a file that grants", "ci_access: {groups: [{id: shop}]}", "A change takes a minute or two, and only while the agent is connected.", "更改需要一两分钟，并且仅在代理已连接时生效。"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.configure(tt.content)
			for language, want := range map[string]string{"en": tt.en, "zh-CN": tt.zh} {
				if _, said := p.configPanel("dev", language); !strings.Contains(said, want) {
					t.Errorf("it reads %q, want %q", said, want)
				}
			}
		})
	}
}

// manyGroups are grants to so many groups of the project's top-level group.
func manyGroups(n int) string {
	var grants strings.Builder
	for i := range n {
		fmt.Fprintf(&grants, "{id: shop/%d}, ", i)
	}
	return grants.String()
}

// A person's own namespace is known by their name; what somebody else's is, nobody tells.
func TestAPersonalNamespaceGrantsToItself(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	toys := p.gitlab.AddProject(gitlabtest.Project{Path: "toys", Name: "Toys", Owner: p.people["lead"]})
	p.gitlab.AddMember(toys, p.people["dev"], gitlabtest.Developer)
	agent := p.gitlab.AddAgent(gitlabtest.Agent{Project: toys, Name: "home"})
	p.gitlab.AddFile(gitlabtest.File{Project: toys, Path: agentconfig.Path("home"), Content: "ci_access: {groups: [{id: lead}], projects: [{id: lead/other}]}\n"})
	address := fmt.Sprintf("/projects/%d/agents/%d?tab=access", toys, agent)
	for username, want := range map[string]string{
		"lead": "Group lead Dropped The agent’s project is in a personal namespace: it can grant to itself only.Project lead/other Dropped",
		"dev":  "Group lead Not visible to you GitLab shows you nothing of that path.",
	} {
		if said := p.as(username).get(address).text(".config"); !strings.Contains(said, want) {
			t.Errorf("%s reads %q, want %q", username, said, want)
		}
	}
}

func TestManyGrantsAreCounted(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.configure("ci_access:\n  groups:\n" + strings.Repeat("    - id: shop\n", 59) + "    - id: shop/a\n")
	page := p.as("dev").get(p.agentPath(p.prod) + "?tab=access")
	if n := page.doc.Find(".config li").Length(); n != 51 || !strings.Contains(page.text(".config"), "and 10 more") {
		t.Errorf("%d lines: %s", n, page.text(".config"))
	}
}

func TestManyEnvironmentsAreCounted(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.configure("ci_access: {groups: [{id: shop, environments: [" + strings.Repeat("qa, ", 60) + "qa]}]}\n")
	said := p.as("dev").get(p.agentPath(p.prod) + "?tab=access").text(".config")
	if n := strings.Count(said, "qa"); n != 50 || !strings.Contains(said, "qa, and 11 more") {
		t.Errorf("%d environments: %s", n, said)
	}
}

func TestAMissingConfigurationFileLeadsToItsMaking(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	tab := p.agentPath(p.prod) + "?tab=access"
	dev := p.as("dev")
	const create = "/projects/1/agents/1/configuration"
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
			page := p.as("dev").get(p.agentPath(p.prod) + "?tab=access")
			if said := page.text(".config"); page.status != 200 || !strings.Contains(said, tt.text) || len(p.links(page, ".config")) != 0 {
				t.Errorf("%d: it reads %q, want %q and no link", page.status, said, tt.text)
			}
		})
	}
}

// A slow answer is not waited for longer than the page says, on any tab.
func TestASlowConfigurationFileIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.timeouts = gitlabapi.Timeouts{Header: time.Hour, Read: time.Hour} })
	gate := gitlabtest.NewGate()
	p.gitlab.Inject(gitlabtest.OpRawFile, gitlabtest.Hold(gate))
	page, tokens := p.as("dev").get(p.agentPath(p.prod)+"?tab=access"), p.as("dev").get(p.agentPath(p.prod))
	gate.Open()
	if tokens.status != 200 || tokens.doc.Find("#tokens").Length() != 1 {
		t.Errorf("the tab with the tokens = %d", tokens.status)
	}
	if said := page.text(".config"); page.status != 200 || !strings.Contains(said, "GitLab did not send it in time") {
		t.Errorf("%d: it reads %q", page.status, said)
	}
}
