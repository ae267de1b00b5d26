package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
)

// selectable are the values of the boxes in the fleet.
func selectable(page *answer) []string {
	return page.doc.Find("form.selection input[name=agent]").Map(func(_ int, box *goquery.Selection) string { return box.AttrOr("value", "") })
}

// badge is the badge of a kind in the row of an agent.
func badge(page *answer, agent, kind string) *goquery.Selection {
	return page.doc.Find("table.fleet tbody tr:has(th:contains('" + agent + "')) .badge[data-due=" + kind + "]")
}

func TestAgentsOfTheFleetAreSelectedForRotation(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	foreign := p.gitlab.AddProject(gitlabtest.Project{Path: "read-only"})
	p.gitlab.AddMember(foreign, p.people["lead"], gitlabtest.Developer)
	p.gitlab.AddAgent(gitlabtest.Agent{Project: foreign, Name: "theirs"})
	lead := p.as("lead")
	page := lead.whole("")
	refs := selectable(page)
	if want := []string{fmt.Sprintf("%d.%d", p.project, p.idle), fmt.Sprintf("%d.%d", p.project, p.prod)}; !slices.Equal(refs, want) {
		t.Fatalf("the boxes are %q, want %q: what the person manages", refs, want)
	}
	form := page.doc.Find("form.selection")
	selection := "?" + url.Values{"agent": refs}.Encode()
	if lines := lead.get(form.AttrOr("action", "") + selection).lines("tbody tr"); len(lines) != 2 || !strings.Contains(lines[1], "Ready to rotate") {
		t.Errorf("the first button leads to %q", lines)
	}
	unused := form.Find("button[formaction]").AttrOr("formaction", "")
	if got := lead.get(unused + selection); got.status != http.StatusOK || got.doc.Find("form.days input[name=agent]").Length() != 2 {
		t.Errorf("the second button leads to %d: %s", got.status, got.text("main"))
	}
	for address, want := range map[string]string{form.AttrOr("action", ""): "No rotation is under way", unused: "No agents chosen"} {
		if got := lead.get(address + "?"); got.status != http.StatusOK || !strings.Contains(got.text("main"), want) {
			t.Errorf("with nothing selected, %s = %d: %s", address, got.status, got.text("main"))
		}
	}
	if got := selectable(p.as("dev").whole("")); len(got) != 0 {
		t.Errorf("a Developer is offered %q", got)
	}
}

func TestBadgesLeadToWhereOneActs(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	const day = 24 * time.Hour
	agents := map[string]int64{}
	add := func(name string, tokens ...gitlabtest.Token) {
		agents[name] = p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: name})
		for _, token := range tokens {
			token.Agent = agents[name]
			p.gitlab.AddToken(token)
		}
	}
	ago := func(d time.Duration) time.Time { return p.clock.Now().Add(-d) }
	add("aged", gitlabtest.Token{Name: "t", CreatedAt: ago(200 * day), LastUsedAt: ago(time.Minute)})
	add("asleep", gitlabtest.Token{Name: "t", CreatedAt: ago(60 * day), LastUsedAt: ago(40 * day)})
	add("halfway", gitlabtest.Token{Name: "a", CreatedAt: ago(60 * day), LastUsedAt: ago(time.Minute)}, gitlabtest.Token{Name: "b", CreatedAt: ago(20 * day), LastUsedAt: ago(time.Minute)})
	add("unborn", gitlabtest.Token{Name: "t", CreatedAt: ago(3 * day)})
	agents["idle"] = p.idle
	page, readers := p.as("lead").whole(""), p.as("dev").whole("")
	tests := []struct{ agent, kind, leads string }{
		{"aged", "too_old", "/rotation"},
		{"asleep", "idle", ""}, // it is not connected: it is looked at
		{"halfway", "unfinished", "/rotation"},
		{"unborn", "never_used", "?tab=connect"},
		{"idle", "no_token", "/tokens/new"},
	}
	for _, tt := range tests {
		if got, want := badge(page, tt.agent, tt.kind).AttrOr("href", ""), p.agentPath(agents[tt.agent])+tt.leads; got != want {
			t.Errorf("the badge %s of %s leads to %q, want %q", tt.kind, tt.agent, got, want)
		}
		if theirs := badge(readers, tt.agent, tt.kind); theirs.Length() != 1 || theirs.Is("a") {
			t.Errorf("to a Developer the badge %s is shown %d times, as a link: %t", tt.kind, theirs.Length(), theirs.Is("a"))
		}
	}
}

func TestTheFleetNamesTokensThatNobodyStored(t *testing.T) {
	t.Parallel()
	for name, graphQLOff := range map[string]bool{"by GraphQL": false, "by REST, for the rows on screen": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = graphQLOff })
			lead := p.as("lead")
			if count(lead.whole(""), "not_stored") != "" {
				t.Error("before anything is created, a token is not stored")
			}
			revealed := lead.submit(p.agentPath(p.idle)+"/tokens/new", url.Values{"name": {"lost"}})
			p.clock.Advance(10*time.Minute - time.Second)
			if badge(lead.whole(""), "idle", "not_stored").Length() != 0 {
				t.Error("it alarms before ten minutes are over")
			}
			p.clock.Advance(time.Second)
			page := lead.whole("")
			if got := badge(page, "idle", "not_stored"); got.AttrOr("href", "") != p.agentPath(p.idle) || got.Text() != "Token not stored" {
				t.Fatalf("the row says %s", page.text("table.fleet"))
			}
			if offered := lead.get(p.agentPath(p.idle)).doc.Find(".notice.unstored a[href$='/revoke']").Length(); offered != 1 {
				t.Error("where the badge leads, no revocation is offered")
			}
			if badge(page, "prod", "not_stored").Length() != 0 {
				t.Error("the row of another agent says so too")
			}
			if !graphQLOff && (count(page, "not_stored") != "1" || !slices.Equal(agentsShown(lead.whole("attention=not_stored")), []string{"idle"})) {
				t.Errorf("the filter counts %q", count(page, "not_stored"))
			}
			if got := badge(p.as("dev").whole(""), "idle", "not_stored"); got.Length() != 1 || got.Is("a") {
				t.Error("a Developer is not told, or is offered something")
			}
			if got := p.as("outsider").whole("").text("main"); strings.Contains(got, "Token not stored") {
				t.Errorf("an outsider reads %s", got)
			}
			form := revealed.doc.Find("form[action$='/stored']")
			lead.post(form.AttrOr("action", ""), hiddenFields(form))
			if again := lead.whole(""); badge(again, "idle", "not_stored").Length() != 0 || len(agentsShown(again)) != 2 {
				t.Error("it says so after somebody has stored it")
			}
		})
	}
}

// A portal that dies during a create leaves a token that is known by its name and creator only.
func TestTheFleetRecognisesATokenWhoseCreateNobodyEnded(t *testing.T) {
	t.Parallel()
	for name, graphQLOff := range map[string]bool{"by GraphQL": false, "by REST": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = graphQLOff })
			lead := p.as("lead")
			must(p.auditLog.Begin(t.Context(), audit.Event{
				Action: activity.TokenCreate, ActorID: p.people["lead"], ActorName: "lead",
				Target: audit.Target{ProjectID: p.project, AgentID: p.idle, TokenName: "lost"},
			}))(t)
			p.gitlab.AddToken(gitlabtest.Token{Agent: p.idle, Name: "lost", CreatedBy: p.people["dev"], CreatedAt: p.clock.Now()})
			p.clock.Advance(3 * time.Minute)
			if badge(lead.whole(""), "idle", "not_stored").Length() != 0 {
				t.Error("somebody else's token of the same name is taken for it")
			}
			p.gitlab.AddToken(gitlabtest.Token{Agent: p.idle, Name: "lost", CreatedBy: p.people["lead"], CreatedAt: p.clock.Now()})
			p.clock.Advance(10 * time.Minute)
			if badge(lead.whole(""), "idle", "not_stored").Length() != 1 {
				t.Error("the fleet does not say so")
			}
		})
	}
}

func TestWithoutTheAuditThereIsAFleet(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	lead.submit(p.agentPath(p.idle)+"/tokens/new", url.Values{"name": {"lost"}})
	p.breakAudit()
	if page := lead.whole(""); page.status != http.StatusOK || len(agentsShown(page)) != 2 || badge(page, "idle", "not_stored").Length() != 0 {
		t.Errorf("GET / = %d: %s", page.status, page.text("main"))
	}
}
