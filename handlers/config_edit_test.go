package handlers_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agentconfig"
)

const (
	grantsShop = "ci_access:\n  groups:\n    - id: shop\n"
	grantsMore = grantsShop + "    - id: shop/web\n"
)

// editor is the address of the editor of prod's configuration file.
func (p *portal) editor() string { return p.agentPath(p.prod) + "/configuration" }

// written is prod's configuration file on a branch.
func (p *portal) written(branch string) string {
	content, _ := p.gitlab.FileOn(p.project, branch, agentconfig.Path("prod"))
	return content
}

// draft is the editor's form with a text typed in, and the difference looked at as a person without a
// script does: with "Check".
func (b *browser) draft(content string, fields url.Values) (action string, values url.Values) {
	b.p.t.Helper()
	action, values = b.form(b.p.editor())
	values.Set("content", content)
	values.Set("message", "Let them in")
	maps.Copy(values, fields)
	checked := b.post(action+"/check", values)
	form := checked.doc.Find("#form form").First()
	if checked.status != http.StatusOK || form.Length() == 0 {
		b.p.t.Fatalf("a check = %d: %s", checked.status, checked.text("main"))
	}
	maps.Copy(values, hiddenFields(form))
	return action, values
}

func TestAChangedConfigurationIsCommitted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		who, was, content string
		level             gitlabtest.AccessLevel // who may push to the default branch
		fields            url.Values
		merges            bool
	}{
		"to the default branch":             {"lead", grantsShop, grantsMore, gitlabtest.Maintainer, nil, false},
		"by a Developer who may push":       {"dev", grantsShop, grantsMore, gitlabtest.Developer, nil, false},
		"with a merge request if protected": {"dev", grantsShop, grantsMore, gitlabtest.Maintainer, nil, true},
		"with a merge request by choice":    {"lead", grantsShop, grantsMore, gitlabtest.Maintainer, url.Values{"propose": {"1"}}, true},
		"as the first file of a repository": {"lead", "", grantsShop, gitlabtest.Maintainer, nil, false},
		"with the line ends that it had":    {"lead", "ci_access: {}\r\n# a\r\n", "ci_access: {}\r\n# b\r\n", gitlabtest.Maintainer, nil, false},
		"of the largest size":               {"lead", grantsShop, "#" + strings.Repeat("€", agentconfig.MaxSize/3), gitlabtest.Maintainer, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			if tt.was != "" {
				p.configure(tt.was)
			}
			p.gitlab.ProtectBranch(p.project, "main", tt.level)
			b := p.as(tt.who)
			action, values := b.draft(tt.content, tt.fields)
			p.gitlab.ResetCounters()
			rows := p.added(func() {
				got := b.post(action, values)
				if merged := strings.Contains(got.text("#form"), "waits in a merge request"); merged != tt.merges {
					t.Errorf("POST = %d: %s", got.status, got.text("main"))
				}
				if !tt.merges && (got.status != http.StatusSeeOther || !strings.Contains(b.get(got.header.Get("Location")).text(".notice"), "was committed to main")) {
					t.Errorf("POST = %d to %s", got.status, got.header.Get("Location"))
				}
			})
			branch := "main"
			if tt.merges {
				if p.written("main") != tt.was {
					t.Error("the default branch was changed")
				}
				branch = p.gitlab.Branches(p.project)[0]
			}
			if got := p.written(branch); got != tt.content {
				t.Errorf("on %s the file has %d bytes: %.200q", branch, len(got), got)
			}
			if n, want := len(rows), map[bool]int{false: 1, true: 2}[tt.merges]; n != want || !strings.Contains(rows[0], string(activity.ConfigCommit)) {
				t.Errorf("the audit has %q", rows)
			}
			if commits := p.gitlab.Calls(gitlabtest.OpCreateCommit); commits != 1 {
				t.Errorf("%d commits were sent", commits)
			}
		})
	}
}

func TestAFormIsCommittedOnce(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.configure(grantsShop)
	lead := p.as("lead")
	for _, fields := range []url.Values{nil, {"propose": {"1"}}} {
		action, values := lead.draft(p.written("main")+"# more\n", fields)
		p.gitlab.ResetCounters()
		lead.post(action, values)
		again := lead.post(action, values)
		if n := p.gitlab.Calls(gitlabtest.OpCreateCommit); n != 1 || again.status == http.StatusOK && again.text("#form") == "" {
			t.Errorf("%d commits were sent; the second answer is %d: %s", n, again.status, again.text("main"))
		}
	}
}

func TestNothingIsCommittedUnseenOrUnfit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		content string
		fields  url.Values
		says    string
	}{
		"without a look at the difference": {grantsMore, url.Values{"checked": {"x"}}, "Look at the difference"},
		"without a change":                 {grantsShop, nil, "Nothing is changed."},
		"without a message":                {grantsMore, url.Values{"message": {" "}}, "A commit needs a message."},
		"that GitLab would refuse":         {"ci_access: [\n", nil, "GitLab would refuse this file, so it is not written."},
		"that is no text":                  {grantsMore + "\x00", nil, "characters that are no text"},
		"that is too large":                {strings.Repeat("#", agentconfig.MaxSize+1), nil, "larger than 128 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.configure(grantsShop)
			lead := p.as("lead")
			action, values := lead.draft(tt.content, nil)
			maps.Copy(values, tt.fields)
			got := lead.post(action, values)
			typed, _ := strings.CutPrefix(got.doc.Find("#content").Text(), "\n")
			if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.text("#form"), tt.says) || !strings.HasPrefix(typed, strings.TrimRight(tt.content, "\x00")[:10]) {
				t.Errorf("POST = %d, want %q and the text: %.600s", got.status, tt.says, got.text("#form"))
			}
			if n := p.gitlab.Calls(gitlabtest.OpCreateCommit); n != 0 || p.written("main") != grantsShop {
				t.Errorf("%d commits were sent", n)
			}
		})
	}
}

// What somebody else wrote meanwhile is never overwritten, also if they are faster by a moment.
func TestAChangeOfSomebodyElseIsKept(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.configure(grantsShop)
	lead := p.as("lead")
	action, values := lead.draft(grantsMore, nil)
	p.configure("# theirs\n")
	got := lead.post(action, values)
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.text("#form-notice"), "Somebody changed the file meanwhile") || p.written("main") != "# theirs\n" {
		t.Fatalf("POST = %d: %s", got.status, got.text("#form"))
	}
	if diff := got.text(".diff"); !strings.Contains(diff, "# theirs") || !strings.Contains(diff, "shop/web") {
		t.Errorf("the difference is %q", diff)
	}
	maps.Copy(values, hiddenFields(got.doc.Find("#form form").First()))
	if again := lead.post(action, values); again.status != http.StatusSeeOther || p.written("main") != grantsMore {
		t.Errorf("after a look POST = %d: %s", again.status, again.text("#form"))
	}
}

func TestWhatGitLabRefusesIsSaidAndNothingTypedIsLost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault  gitlabtest.Fault
		status int
		says   string
	}{
		"a rule":       {gitlabtest.Reply(400, "application/json", `{"message":"Commit message does not follow the pattern"}`), 422, "Commit message does not follow the pattern"},
		"the right":    {gitlabtest.Status(403), 422, "GitLab does not let you push there"},
		"a throttle":   {gitlabtest.ThrottledWith("30"), 503, "GitLab is limiting requests"},
		"an outage":    {gitlabtest.BadGateway(), 502, "It is not known whether the commit was made"},
		"a cut answer": {gitlabtest.Cut(), 502, "It is not known whether the commit was made"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.configure(grantsShop)
			lead := p.as("lead")
			action, values := lead.draft(grantsMore, nil)
			p.gitlab.Inject(gitlabtest.OpCreateCommit, tt.fault)
			got := lead.post(action, values)
			if got.status != tt.status || !strings.Contains(got.text("#form-notice"), tt.says) || !strings.Contains(got.doc.Find("#content").Text(), grantsMore) {
				t.Errorf("POST = %d, want %d and %q: %s", got.status, tt.status, tt.says, got.text("main"))
			}
			if n := p.gitlab.Calls(gitlabtest.OpCreateCommit); n != 1 {
				t.Errorf("%d commits were sent", n)
			}
		})
	}
}

// A commit whose answer was lost is found by its content, and its merge request by its branch.
func TestALostAnswerIsLookedInto(t *testing.T) {
	t.Parallel()
	for _, op := range []string{gitlabtest.OpCreateCommit, gitlabtest.OpCreateMergeRequest} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.configure(grantsShop)
			lead := p.as("lead")
			action, values := lead.draft(grantsMore, url.Values{"propose": {"1"}})
			p.gitlab.Inject(op, gitlabtest.Cut().AfterCommit())
			got := lead.post(action, values)
			if got.status != http.StatusOK || !strings.Contains(got.text("#form"), "Merge request !1") {
				t.Errorf("POST = %d: %s", got.status, got.text("main"))
			}
			if commits, merges := p.gitlab.Calls(gitlabtest.OpCreateCommit), p.gitlab.Calls(gitlabtest.OpCreateMergeRequest); commits != 1 || merges != 1 {
				t.Errorf("%d commits and %d merge requests were sent", commits, merges)
			}
		})
	}
}

func TestACommitWithoutItsMergeRequestIsSaid(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.configure(grantsShop)
	dev := p.as("dev")
	action, values := dev.draft(grantsMore, nil)
	p.gitlab.Inject(gitlabtest.OpCreateMergeRequest, gitlabtest.Status(403))
	got := dev.post(action, values)
	branch := p.gitlab.Branches(p.project)[0]
	if got.status != http.StatusOK || !strings.Contains(got.text("#form"), "without a merge request") || p.written(branch) != grantsMore {
		t.Errorf("POST = %d: %s", got.status, got.text("main"))
	}
	if link := got.doc.Find("#form a.external").AttrOr("href", ""); !strings.HasSuffix(link, "/shop/payments/-/merge_requests/new?merge_request%5Bsource_branch%5D="+branch) {
		t.Errorf("the link leads to %s", link)
	}
}

// While somebody types, the text is checked without a call to GitLab.
func TestTypingIsCheckedWithoutAskingGitLab(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.configure(grantsShop)
	dev := p.as("dev")
	action, values := dev.form(p.editor())
	for content, want := range map[string][]string{
		grantsShop:          {"Nothing is changed yet.", "GitLab would take this file.", "Group shop No objection"},
		grantsMore:          {"added: - id: shop/web", "Group shop/web No objection"},
		"ci_access: [\n":    {"removed: groups:", "GitLab refuses the whole file", "Line 2"},
		"user_access: {}\n": {"GitLab most likely refuses the whole file", "user_access.access_as is missing"},
		"ci_access: {groups: [{id: platform}]}\n": {"Group platform Dropped It is outside shop"},
	} {
		values.Set("content", content)
		p.gitlab.ResetCounters()
		got := dev.htmx("config-check").post(action+"/check", values)
		said := strings.Join(strings.Fields(got.doc.Find("#config-check").Text()), " ")
		for _, part := range want {
			if got.status != http.StatusOK || !strings.Contains(said, part) {
				t.Errorf("%q is checked with %d: %s, want %q", content, got.status, said, part)
			}
		}
		if n := len(p.gitlab.Requests()); n != 0 || len(got.body) > 20_000 || strings.Contains(got.body, "<html") {
			t.Errorf("%d calls, %d bytes", n, len(got.body))
		}
	}
}

func TestAGrantIsWrittenIntoTheText(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.configure("# ours\n" + grantsShop)
	dev := p.as("dev")
	for name, tt := range map[string]struct {
		fields url.Values
		text   string
		says   string
	}{
		"a project":            {url.Values{"grant_list": {"ci"}, "grant_kind": {"project"}, "grant_path": {"shop/web"}, "grant_environments": {"qa, prod,"}, "grant_protected": {"1"}}, "# ours\n" + grantsShop + "  projects:\n    - id: shop/web\n      environments:\n        - qa\n        - prod\n      protected_branches_only: true\n", ""},
		"people":               {url.Values{"grant_list": {"user"}, "grant_kind": {"group"}, "grant_path": {"/shop/"}}, "# ours\n" + grantsShop + "user_access:\n  access_as:\n    agent: {}\n  groups:\n    - id: shop\n", ""},
		"what is there":        {url.Values{"grant_kind": {"group"}, "grant_path": {"shop"}}, "", "The file grants this already."},
		"no path":              {url.Values{"grant_kind": {"group"}, "grant_path": {"<b>"}}, "", "This is not the path of a group or project."},
		"a group as a project": {url.Values{"grant_kind": {"project"}, "grant_path": {"shop"}}, "", "A project’s path begins with its group or person."},
	} {
		action, values := dev.form(p.editor())
		values.Set("content", p.written("main"))
		values.Set("add", "1")
		maps.Copy(values, tt.fields)
		got := dev.post(action+"/check", values)
		text := strings.TrimPrefix(got.doc.Find("#content").Text(), "\n")
		if tt.text == "" {
			tt.text = p.written("main")
		}
		if got.status != http.StatusOK || text != tt.text || !strings.Contains(got.text("#grant_path-error"), tt.says) {
			t.Errorf("%s: %d, %q and %q, want %q and %q", name, got.status, text, got.text("#grant_path-error"), tt.text, tt.says)
		}
	}
	if n := p.gitlab.Calls(gitlabtest.OpCreateCommit); n != 0 {
		t.Errorf("%d commits were sent", n)
	}
}

func TestGranteesAreFoundBelowTheTopLevelGroup(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	web := p.gitlab.AddGroup(gitlabtest.Group{Path: "web", Parent: p.shop})
	p.gitlab.AddProject(gitlabtest.Project{Path: "frontend", Group: web})
	p.gitlab.AddGroupMember(p.shop, p.people["lead"], gitlabtest.Maintainer)
	for query, want := range map[string]string{
		"?grant_kind=project&grant_path=front":    "shop/web/frontend",
		"?grant_kind=project&grant_path=shop/pay": "shop/payments",
		"?grant_kind=group":                       "shop shop/web",
		"?grant_kind=group&grant_path=nothing":    "shop",
	} {
		page := p.as("lead").get(p.editor() + "/grantees" + query)
		var found []string
		for _, option := range page.doc.Find("option").EachIter() {
			found = append(found, option.AttrOr("value", ""))
		}
		if page.status != http.StatusOK || strings.Join(found, " ") != want {
			t.Errorf("%s finds %q, want %q", query, found, want)
		}
	}
}

func TestWhoMayNotPushIsShownNoEditor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		setUp func(*setUp)
		frost func(*portal)
	}{
		"a portal that reads":   {func(s *setUp) { s.readOnly = true }, func(*portal) {}},
		"an archived project":   {func(*setUp) {}, func(p *portal) { p.gitlab.ArchiveProject(p.project, true) }},
		"one without a GraphQL": {func(s *setUp) { s.readOnly = true }, func(p *portal) { p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true }) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, tt.setUp)
			p.configure(grantsShop)
			tt.frost(p)
			dev := p.as("dev")
			tab := dev.get(p.agentPath(p.prod) + "?tab=access")
			if tab.status != http.StatusOK || !strings.Contains(tab.text(".config"), "Group shop") || strings.Contains(tab.body, p.editor()) {
				t.Errorf("the tab = %d: %s", tab.status, tab.text(".config"))
			}
			for _, got := range []*answer{dev.get(p.editor()), dev.post(p.editor(), url.Values{"content": {grantsMore}})} {
				if got.status != http.StatusForbidden {
					t.Errorf("%d: %s", got.status, got.text("main"))
				}
			}
			if n := p.gitlab.Calls(gitlabtest.OpCreateCommit); n != 0 {
				t.Errorf("%d commits were sent", n)
			}
		})
	}
}

func TestAFileThatIsNoTextIsNotEdited(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"\xff\xfe", "a: \x01\n", strings.Repeat("#", agentconfig.MaxSize+1)} {
		p := newPortal(t)
		p.configure(content)
		if got := p.as("lead").get(p.editor()); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.text("main"), "cannot be edited here") || got.doc.Find("textarea").Length() != 0 {
			t.Errorf("%.10q: %d %s", content, got.status, got.text("main"))
		}
	}
}
