package handlers_test

import (
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestGitLabsWordOnAGrantIsShown has a file that grants, and what GitLab says of it.
func TestGitLabsWordOnAGrantIsShown(t *testing.T) {
	t.Parallel()
	const file = "ci_access:\n  projects: [{id: shop/web, access_as: {ci_job: {}}, default_namespace: web}, {id: shop/payments}]\n  groups: [{id: shop}, {id: shop/hidden}]\n" +
		"user_access:\n  access_as: {user: {}}\n  projects: [{id: shop/web}]\n"
	for _, tt := range []struct {
		name   string
		level  gitlabtest.AccessLevel // in the project that is granted
		grants func(web int64) gitlabtest.Grants
		setUp  func(*portal)
		en, zh []string
		not    string
	}{
		{
			"which it took", gitlabtest.Developer,
			func(web int64) gitlabtest.Grants {
				return gitlabtest.Grants{CI: []int64{web}, User: []int64{web}, UserStored: true}
			}, nil,
			[]string{
				"Project shop/web default namespace web acts as the job (ci_job) In effect GitLab lists the agent there.", "Project shop/payments In effect Pipelines of the agent’s own project may always use it.",
				"Group shop As the file tells", "Group shop/hidden Not visible to you", "they act as themselves. Project shop/web In effect GitLab lists the agent there.",
			},
			[]string{"项目 shop/web 默认命名空间 web 以作业身份操作（ci_job） 生效 GitLab 在该项目中列出了此代理。", "群组 shop/hidden 对您不可见"},
			"Not in effect",
		},
		{
			"which it did not take", gitlabtest.Developer, func(int64) gitlabtest.Grants { return gitlabtest.Grants{UserStored: true} }, nil,
			[]string{"(ci_job) Not in effect GitLab does not list the agent there.", "themselves. Project shop/web Not in effect"},
			[]string{"未生效"},
			"Unknown",
		},
		{
			"which it tells a Developer only", gitlabtest.Reporter, func(web int64) gitlabtest.Grants { return gitlabtest.Grants{CI: []int64{web}} }, nil,
			[]string{"(ci_job) Unknown GitLab tells this only to people from Developer up in that project."},
			[]string{"未知"},
			"Not in effect",
		},
		{
			"of which the person sees nothing", gitlabtest.NoAccess, func(int64) gitlabtest.Grants { return gitlabtest.Grants{} }, nil,
			[]string{"(ci_job) Not visible to you", "themselves. Project shop/web Not visible to you"},
			[]string{"对您不可见"},
			"lists the agent there",
		},
		{
			"which it does not tell", gitlabtest.Developer, func(web int64) gitlabtest.Grants { return gitlabtest.Grants{CI: []int64{web}} },
			func(p *portal) { p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true }) },
			[]string{"Project shop/web default namespace web acts as the job (ci_job) Unknown", "GitLab did not say which grants it took"},
			[]string{"GitLab 未说明采用了哪些授权"},
			"In effect",
		},
		{
			"which an older one does not know", gitlabtest.Developer, func(web int64) gitlabtest.Grants { return gitlabtest.Grants{CI: []int64{web}} },
			func(p *portal) {
				p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"Project.ciAccessAuthorizedAgents"} })
			},
			[]string{"(ci_job) Unknown", "GitLab did not say which grants it took"},
			[]string{"未知"},
			"In effect",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			web := p.gitlab.AddProject(gitlabtest.Project{Path: "web", Group: p.shop})
			p.gitlab.AddGroup(gitlabtest.Group{Path: "hidden", Parent: p.shop})
			if tt.level != gitlabtest.NoAccess {
				p.gitlab.AddMember(web, p.people["dev"], tt.level)
			}
			p.gitlab.SetGrants(p.prod, tt.grants(web))
			p.configure(file)
			if tt.setUp != nil {
				tt.setUp(p)
			}
			for language, want := range map[string][]string{"en": tt.en, "zh-CN": tt.zh} {
				page, said := p.configPanel("dev", language)
				for _, part := range want {
					if page.status != 200 || !strings.Contains(said, part) || strings.Contains(said, tt.not) {
						t.Errorf("%d: it reads %q, want %q and not %q", page.status, said, part, tt.not)
					}
				}
			}
		})
	}
}

// An administrator can allow what is outside of the top-level group: then GitLab says so.
func TestAGrantOutsideThatGitLabTookIsInEffect(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	other := p.gitlab.AddProject(gitlabtest.Project{Path: "web", Group: p.gitlab.AddGroup(gitlabtest.Group{Path: "platform"})})
	p.gitlab.AddMember(other, p.people["dev"], gitlabtest.Developer)
	p.configure("ci_access: {projects: [{id: platform/web}]}\n")
	if _, said := p.configPanel("dev", "en"); !strings.Contains(said, "Project platform/web Dropped It is outside shop") {
		t.Errorf("it reads %q", said)
	}
	p.gitlab.SetGrants(p.prod, gitlabtest.Grants{CI: []int64{other}})
	if _, said := p.configPanel("dev", "en"); !strings.Contains(said, "Project platform/web In effect GitLab lists the agent there.") {
		t.Errorf("it reads %q", said)
	}
}

// However many grants there are, GitLab is asked once.
func TestManyGrantsAreOneQuery(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.configure("ci_access: {groups: [" + manyGroups(60) + "]}")
	b := p.as("dev")
	p.gitlab.ResetCounters()
	page := b.get(p.agentPath(p.prod) + "?tab=access")
	if n := p.gitlab.Calls(gitlabtest.OpGraphQL); n != 3 || strings.Count(page.text(".config"), "Not visible to you") != 10 || strings.Count(page.text(".config"), "Unknown") != 40 {
		t.Errorf("%d queries: %s", n, page.text(".config"))
	}
}
