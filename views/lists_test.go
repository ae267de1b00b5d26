package views

import (
	"bytes"
	"compress/gzip"
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

func TestProjects(t *testing.T) {
	t.Parallel()
	p := testPage(i18n.English)
	m := ProjectsModel{Query: "sh", Pager: Pager{Total: 61}, Projects: []agent.Project{
		{ID: 20, Name: "checkout", Path: "shop/checkout", Description: "Takes money", Access: agent.AccessManage},
		{ID: 21, Name: "catalogue", Path: "shop/catalogue"},
		{ID: 22, Name: "old", Path: "shop/old", Archived: true},
	}}
	page := render(t, ProjectsPage(p, m))
	search := page.Find(`form[role="search"]`)
	wantAttr(t, search, "input", "value", "sh")
	for attribute, want := range map[string]string{
		"action": "/portal/projects", "hx-get": "/portal/projects", "hx-target": "#projects", "hx-swap": "outerHTML",
		"hx-trigger": "input changed delay:200ms, submit", "hx-replace-url": "true", "hx-sync": "this:replace",
	} {
		if got := search.AttrOr(attribute, ""); got != want {
			t.Errorf("%s = %q, want %q", attribute, got, want)
		}
	}
	rows := page.Find("tbody tr")
	for i, want := range []string{"Can manage", "Read-only", "Archived"} {
		wantText(t, rows.Eq(i), "td:last-child", want)
	}
	wantAttr(t, rows.Eq(0), "a", "href", "/portal/projects/20/agents")
	wantText(t, page.Selection, "[data-announce]", "61 projects")
}

func TestProjectsWithoutRows(t *testing.T) {
	t.Parallel()
	p := testPage(i18n.English)
	none := render(t, ProjectsTable(p, ProjectsModel{}))
	wantText(t, none.Selection, "#projects .empty", "at least the Developer role")
	wantAttr(t, none.Selection, ".empty a", "href", "https://gitlab.example.com")
	notFound := render(t, ProjectsTable(p, ProjectsModel{Query: "<b>"}))
	wantText(t, notFound.Selection, "#projects .empty", "Nothing was found for “<b>”")
	wantAttr(t, notFound.Selection, ".empty a", "href", "/portal/projects")
	wantText(t, notFound.Selection, "[data-announce]", "0 projects")
}

func TestAgentsShowsEachStatus(t *testing.T) {
	t.Parallel()
	p := testPage(i18n.English)
	m := AgentsModel{Project: testProject(), Agents: testAgents()}
	rows := render(t, AgentsTable(p, m)).Find("#agents tbody tr")
	tests := []struct {
		status, contact, tokens, creator string
		icon                             IconName
	}{
		{"Connected", "2 minutes ago", "2", "Mara Lindqvist", IconConnected},
		{"Not connected", "3 hours ago", "1", "<script>", IconNotConnected},
		{"Never connected", "Never", "0", "Unknown user", IconNever},
		{"Unknown", "Unknown", "Unknown", "Unknown user", IconUnknown},
	}
	for i, want := range tests {
		row := rows.Eq(i)
		wantText(t, row, "td:nth-child(2)", want.status)
		wantAttr(t, row, "use", "href", "/portal/static/icons.svg#"+string(want.icon))
		wantText(t, row, "td:nth-child(3)", want.contact)
		wantText(t, row, "td:nth-child(4)", want.tokens)
		wantText(t, row, "td:nth-child(5)", want.creator)
		wantAttr(t, row, "td:nth-child(6) time", "title", "2026-01-28 03:07 UTC")
	}
	wantAttr(t, rows.Eq(0), "th a", "href", "/portal/projects/20/agents/1")
	wantAttr(t, rows.Eq(0), "td:nth-child(3) time", "datetime", "2026-11-24T03:05:00Z")
	wantText(t, rows.Eq(2), "th", longName)
}

// register is the link to the form, which opens as a dialog where there is a script.
const register = `a[href="/portal/projects/20/agents/new"][hx-get="/portal/projects/20/agents/new"][hx-target="#dialog-body"]`

func TestAgentsOffersWhatThePersonMayDo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		access    agent.Access
		agents    []agent.Agent
		registers int
		text      string
	}{
		"a manager registers":                   {agent.AccessManage, testAgents(), 1, ""},
		"a manager registers the first":         {agent.AccessManage, nil, 1, "Register one, then install it"},
		"a reader is told why not":              {agent.AccessRole, testAgents(), 0, "you need the Maintainer role"},
		"a reader of an empty project":          {agent.AccessRole, nil, 0, "A Maintainer can register one"},
		"an archived project cannot be changed": {agent.AccessArchived, nil, 0, "is archived"},
		"a project that nobody may change":      {agent.AccessFrozen, testAgents(), 0, "takes no changes"},
		"a portal that only reads says so":      {agent.AccessPortal, testAgents(), 0, "This portal is read-only"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document := render(t, AgentsPage(testPage(i18n.English), AgentsModel{Project: testProject().with(test.access), Agents: test.agents}))
			wantCount(t, document.Selection, register, test.registers)
			wantText(t, document.Selection, "main", test.text)
			members := 0
			if test.access == agent.AccessRole {
				members = 1
			}
			wantCount(t, document.Selection, `a[href="`+testProject().membersURL()+`"]`, members)
		})
	}
}

func TestAgentsSaysThatDetailsAreMissing(t *testing.T) {
	t.Parallel()
	m := AgentsModel{Project: testProject(), Agents: testAgents()[:3]}
	wantCount(t, render(t, AgentsTable(testPage(i18n.English), m)).Selection, ".notice", 0)
	m.Agents = testAgents()
	wantText(t, render(t, AgentsTable(testPage(i18n.English), m)).Selection, ".notice-warning", "Some details are missing")
}

// The budget of the page of fifty agents is 14,600 bytes, which fit the first round trip.
func TestFiftyAgentsFitTheBudget(t *testing.T) {
	t.Parallel()
	for _, lang := range []i18n.Lang{i18n.English, i18n.Chinese} {
		m := AgentsModel{Project: testProject(), Agents: many(50), Pager: Pager{Next: "?page=2", Page: 1, Pages: 2}}
		var compressed bytes.Buffer
		zip := gzip.NewWriter(&compressed)
		if err := AgentsPage(testPage(lang), m).Render(t.Context(), zip); err != nil {
			t.Fatal(err)
		}
		if err := zip.Close(); err != nil {
			t.Fatal(err)
		}
		if size := compressed.Len(); size > 14_600 {
			t.Errorf("%s: %d bytes, want at most 14600", lang, size)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	l := i18n.For(i18n.English)
	shanghai := time.FixedZone("+08", 8*3600)
	moment := testNow().In(shanghai)
	wantText(t, render(t, Moment(l, moment)).Selection, `time[datetime="2026-11-24T03:07:00Z"]:not([title])`, "2026-11-24 03:07 UTC")
	if got, want := render(t, Day(l, moment.Add(16*time.Hour))).Find(`time[title="2026-11-24 19:07 UTC"]`).Text(), "2026-11-24 UTC"; got != want {
		t.Errorf("Day() reads %q, want %q", got, want)
	}
	wantText(t, render(t, Ago(l, moment.Add(-time.Hour), moment)).Selection, `time[datetime="2026-11-24T03:07:00Z"]:not([title])`, "2026-11-24 03:07 UTC")
	wantText(t, render(t, Ago(l, moment.Add(time.Hour), moment)).Selection, `time[title="2026-11-24 03:07 UTC"]`, "1 hour ago")
}

func BenchmarkAgentsPage(b *testing.B) {
	p := testPage(i18n.English)
	m := AgentsModel{Project: testProject(), Agents: many(50), Pager: Pager{Next: "?page=2", Page: 1, Pages: 2}}
	var buffer bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		buffer.Reset()
		if err := AgentsPage(p, m).Render(b.Context(), &buffer); err != nil {
			b.Fatal(err)
		}
	}
}
