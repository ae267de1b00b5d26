package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// inChinese makes a browser ask for Chinese.
func (b *browser) inChinese() *browser {
	b.header.Set("Accept-Language", "zh-CN")
	return b
}

func TestN10ARefusalIsReadForWhatItSays(t *testing.T) {
	t.Parallel()
	const blocked = "Your account has been blocked."
	tests := []struct {
		name     string
		fault    gitlabtest.Fault
		status   int
		en, zh   string
		sentence string // GitLab's own
	}{
		{"a blocked account", gitlabtest.Message(403, "403 Forbidden - "+blocked), 403, "account is blocked", "账户已被禁用", blocked},
		{"an account that waits for approval", gitlabtest.Message(403, "403 Forbidden - Your account is pending approval from your administrator and hence blocked."), 403, "waits for approval", "等待批准", "hence blocked."},
		{"terms of service", gitlabtest.Message(403, "403 Forbidden - You (@lead) must accept the Terms of Service in order to perform this action."), 403, "terms of service", "服务条款", "You (@lead) must accept"},
		{"an expired password", gitlabtest.Message(403, "403 Forbidden - Your password expired. Please access GitLab from a web browser to update your password."), 403, "password has expired", "密码已过期", "Your password expired."},
		{"an instance that is read-only", gitlabtest.Message(403, "You cannot perform write operations on a read-only instance"), 403, "takes no changes at the moment", "目前不接受更改", "read-only instance"},
		{"an address that is not allowed", gitlabtest.Message(403, "403 Forbidden - Your IP address is not allowed"), 403, "network address", "网络地址", "not allowed"},
		{"an address that is banned", gitlabtest.Reply(403, "text/plain", "Forbidden\n"), 403, "does not allow this", "不允许此操作", ""},
		{"a sentence that nobody knows", gitlabtest.Message(403, "403 Forbidden - 今天不行"), 403, "does not allow this", "不允许此操作", "今天不行"},
		{"no sentence", gitlabtest.Status(403), 403, "does not allow this", "不允许此操作", ""},
		{"a firewall", gitlabtest.Reply(403, "text/html", "<h1>Request blocked</h1>"), 502, "Something between", "某个系统", ""},
		{"a proxy's sign-in", gitlabtest.Reply(401, "text/html", "<form>"), 502, "Something between", "某个系统", ""},
		{"a default backend", gitlabtest.Reply(404, "text/html", "default backend - 404"), 502, "Something between", "某个系统", ""},
		{"a captive portal", gitlabtest.SignInPage(), 502, "Something between", "某个系统", ""},
		{"a redirect to another host", gitlabtest.RedirectTo("https://login.example.org/"), 502, "Something between", "某个系统", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			p.gitlab.Inject(gitlabtest.OpListAgents, tt.fault)
			got := lead.get(p.address("/projects/{project}/agents"))
			if got.status != tt.status || !strings.Contains(got.text("h1"), tt.en) || !strings.Contains(got.text("main"), tt.sentence) {
				t.Errorf("a read = %d %q, want %d with %q and %q", got.status, got.text("main"), tt.status, tt.en, tt.sentence)
			}
			if strings.Contains(got.text("main"), "Maintainer") {
				t.Errorf("a refused read asks for a Maintainer: %q", got.text("main"))
			}
			if n := p.gitlab.Calls(gitlabtest.OpRefreshToken); n != 0 {
				t.Errorf("the session was renewed %d times, want none", n)
			}
			if tt.status == http.StatusForbidden && got.doc.Find(`main a[href="`+p.gitlab.URL+`"]`).Length() != 1 {
				t.Errorf("no way to GitLab in %q", got.text("main"))
			}
			if zh := lead.inChinese().get(p.address("/projects/{project}/agents")); !strings.Contains(zh.text("h1"), tt.zh) {
				t.Errorf("in Chinese %q, want %q", zh.text("h1"), tt.zh)
			}
		})
	}
}

func TestN9TheLogNamesWhatAnsweredInGitLabsPlace(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.Reply(403, "text/html; charset=utf-8", "<h1>secret page</h1>"))
	lead.get(p.address("/projects/{project}/agents"))
	if log := p.logs.String(); !strings.Contains(log, "text/html; charset=utf-8") || strings.Contains(log, "secret page") {
		t.Errorf("the log has no content type, or the page: %s", log)
	}
}

func TestN10ARefusedChangeSaysWhyAsFarAsTheRightsTell(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		meanwhile func(p *portal)
		en, zh    string
	}{
		{"the role was lost", func(p *portal) { p.gitlab.AddMember(p.project, p.people["lead"], gitlabtest.Developer) }, "A Maintainer is needed", "需要维护者角色"},
		{"the project was archived", func(p *portal) { p.gitlab.ArchiveProject(p.project, true) }, "The project is archived", "项目已归档"},
		{"the group was archived", func(p *portal) { p.gitlab.ChangeGroup(p.shop, func(g *gitlabtest.Group) { g.Archived = true }) }, "A group above the project is archived", "上级群组已归档"},
		{"the project is to be deleted", func(p *portal) {
			p.gitlab.ChangeProject(p.project, func(one *gitlabtest.Project) { one.DeletionScheduled = true })
		}, "scheduled for deletion", "已计划删除"},
		{"the repository was switched off", func(p *portal) {
			p.gitlab.ChangeProject(p.project, func(one *gitlabtest.Project) { one.RepositoryDisabled = true })
		}, "repository is switched off", "仓库功能已关闭"},
		{"Infrastructure was switched off", func(p *portal) {
			p.gitlab.ChangeProject(p.project, func(one *gitlabtest.Project) { one.InfrastructureDisabled = true })
		}, "Infrastructure is switched off", "基础设施"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for name, read := range map[string]func(p *portal){
				"with GraphQL": func(*portal) {}, "without": func(p *portal) { p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true }) },
			} {
				p := newPortal(t)
				read(p)
				lead := p.as("lead")
				action, values := lead.form(p.agentPath(p.idle) + "/tokens/new")
				values.Set("name", "second")
				tt.meanwhile(p)
				got := lead.post(action, values)
				if got.status != http.StatusForbidden || !strings.Contains(got.text("h1"), tt.en) {
					t.Errorf("%s: %d %q, want 403 with %q", name, got.status, got.text("main"), tt.en)
				}
				if zh := lead.inChinese().get(p.agentPath(p.idle) + "/tokens/new"); tt.zh != "基础设施" && !strings.Contains(zh.text("h1"), tt.zh) {
					t.Errorf("%s: the form in Chinese says %q, want %q", name, zh.text("h1"), tt.zh)
				}
			}
		})
	}
}

func TestNobodyIsOfferedAChangeThatGitLabTakesFromNobody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  func(p *portal)
		why  string
	}{
		{"an archived group", func(p *portal) { p.gitlab.ChangeGroup(p.shop, func(g *gitlabtest.Group) { g.Archived = true }) }, "A group above this project is archived"},
		{"a group to be deleted", func(p *portal) {
			p.gitlab.ChangeGroup(p.shop, func(g *gitlabtest.Group) { g.Path, g.DeletionScheduled = "shop-deletion_scheduled-1", true })
		}, "scheduled for deletion"},
		{"a project to be deleted", func(p *portal) {
			p.gitlab.ChangeProject(p.project, func(one *gitlabtest.Project) { one.DeletionScheduled = true })
		}, "scheduled for deletion"},
		{"no repository", func(p *portal) {
			p.gitlab.ChangeProject(p.project, func(one *gitlabtest.Project) { one.RepositoryDisabled = true })
		}, "repository is switched off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			tt.set(p)
			lead := p.as("lead")
			for _, path := range []string{p.address("/projects/{project}/agents"), p.agentPath(p.prod)} {
				page := lead.get(path)
				if got := page.text("p.access"); !strings.Contains(got, tt.why) {
					t.Errorf("%s says %q, want %q", path, got, tt.why)
				}
				if n := page.doc.Find(`main a[href$="/new"], main a[href$="/delete"], main a[href$="/revoke"]`).Length(); n != 0 {
					t.Errorf("%s offers %d changes", path, n)
				}
			}
			if got := lead.get("/projects").text("main"); strings.Contains(got, "Can manage") || !strings.Contains(got, tt.why) {
				t.Errorf("the list of projects says %q, want %q", got, tt.why)
			}
			if got := lead.whole("").text("#fleet"); strings.Contains(got, "Rotate") {
				t.Errorf("the fleet offers a rotation: %q", got)
			}
		})
	}
}

func TestInfrastructureSwitchedOffIsToldWhereTheProjectWasRead(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.ChangeProject(p.project, func(one *gitlabtest.Project) { one.InfrastructureDisabled = true })
	lead := p.as("lead")
	if got := lead.get("/projects").text("main"); strings.Contains(got, "Can manage") || !strings.Contains(got, "Infrastructure") {
		t.Errorf("the list of projects, which REST tells, says %q", got)
	}
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	if got := lead.get(p.address("/projects/{project}/agents")).text("p.access"); !strings.Contains(got, "Infrastructure is switched off") {
		t.Errorf("the page says %q", got)
	}
}

func TestAnAccountThatIsNotActiveIsNotSignedIn(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]string{
		"blocked": "account is blocked", "ldap_blocked": "account is blocked", "banned": "account is blocked",
		"blocked_pending_approval": "waits for approval", "deactivated": "is deactivated",
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			// As JiHu does, which tells a blocked person who they are.
			p.gitlab.Inject(gitlabtest.OpCurrentUser, gitlabtest.Reply(200, "application/json", `{"id":1,"username":"lead","name":"Lead","state":"`+state+`"}`))
			b := p.visitor()
			got := b.signIn("/auth/login", "lead")
			if got.status != http.StatusForbidden || !strings.Contains(got.text("h1"), want) {
				t.Errorf("the callback = %d %q, want 403 %q", got.status, got.text("h1"), want)
			}
			if b.get("/projects").status != http.StatusSeeOther {
				t.Error("they are signed in")
			}
		})
	}
}

func TestN10AnAdministratorWhoIsAMemberOfNothingReadsHonestPages(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.people["boss"] = p.gitlab.AddUser(gitlabtest.User{Username: "boss", Admin: true})
	p.people["auditor"] = p.gitlab.AddUser(gitlabtest.User{Username: "auditor", Auditor: true})
	boss, list := p.as("boss"), p.address("/projects/{project}/agents")
	for _, path := range []string{"/projects", "/"} {
		if got := boss.get(path); path == "/projects" && (!strings.Contains(got.text("main"), "member of no project") || !strings.Contains(got.text("main"), "Administrators")) {
			t.Errorf("%s says %q", path, got.text("main"))
		}
	}
	if got := boss.get(list); got.status != http.StatusOK || got.doc.Find(`main a[href$="/agents/new"]`).Length() == 0 {
		t.Errorf("the agents of a project = %d, without a way to register one", got.status)
	}
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.AdminMode = true })
	if got := boss.get(list); got.status != http.StatusNotFound {
		t.Errorf("in Admin Mode = %d, want 404 as for every other outsider", got.status)
	}
	if got := p.as("auditor").get(list); got.status != http.StatusNotFound || !strings.Contains(got.text("main"), "auditors") {
		t.Errorf("an auditor reads %d %q", got.status, got.text("main"))
	}
}

func TestASecurityManagerSeesNoAgents(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.AddMember(p.project, p.people["outsider"], gitlabtest.SecurityManager)
	outsider := p.as("outsider")
	if got := outsider.get(p.address("/projects/{project}/agents")); got.status != http.StatusNotFound {
		t.Errorf("the agents = %d, want 404", got.status)
	}
	if got := outsider.get("/projects").text("main"); strings.Contains(got, "Payments") {
		t.Errorf("the project is listed: %q", got)
	}
}

func TestN9AWriteThatAFirewallAnsweredIsNotSaidToHaveChangedNothing(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	action, values := lead.form(p.agentPath(p.idle) + "/tokens/new")
	values.Set("name", "second")
	p.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Reply(403, "text/html", "<h1>blocked</h1>").AfterCommit())
	got := lead.post(action, values)
	if got.status != http.StatusBadGateway || !strings.Contains(got.text("main"), "second") {
		t.Errorf("creating = %d %q, want 502 and the token that was found", got.status, got.text("main"))
	}
}
