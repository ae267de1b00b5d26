package handlers_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/database/databasetest"
)

// about is an alert about an agent of the seeded project that opens now.
func (p *portal) about(kind alert.Kind, agent int64) alert.Alert {
	p.t.Helper()
	one := alert.Alert{Kind: kind, Since: p.clock.Now().Add(-2 * time.Hour), OpenedAt: p.clock.Now()}
	if !kind.OfWatch() {
		one.Subject = alert.Subject{ProjectID: p.project, ProjectPath: "shop/payments", AgentID: agent, AgentName: p.agentName(agent)}
	}
	return one
}

// agentName is the name of an agent of the seeded project; one that is not there was called "removed".
func (p *portal) agentName(id int64) string {
	for _, one := range p.gitlab.Agents(p.project) {
		if one.ID == id {
			return one.Name
		}
	}
	return "removed"
}

// opens has the watch find something, and returns its number.
func (p *portal) opens(one alert.Alert) int64 {
	p.t.Helper()
	changes := p.watchSaw([]alert.Alert{one}, nil)
	if len(changes) != 1 {
		p.t.Fatalf("opening %+v changed %+v", one, changes)
	}
	return changes[0].ID
}

// ends has the watch find that something is over.
func (p *portal) ends(one alert.Alert) {
	p.t.Helper()
	one.ResolvedAt = p.clock.Now()
	if changes := p.watchSaw(nil, []alert.Alert{one}); len(changes) != 1 {
		p.t.Fatalf("resolving %+v changed %+v", one, changes)
	}
}

func (p *portal) watchSaw(opened, resolved []alert.Alert) []alert.Change {
	p.t.Helper()
	tx := must(p.db.Write.BeginTx(context.WithoutCancel(p.t.Context()), nil))(p.t)
	changes := must(p.alerts.Save(p.t.Context(), tx, opened, resolved))(p.t)
	if err := tx.Commit(); err != nil {
		p.t.Fatal(err)
	}
	return changes
}

// another adds a project with one agent, which lead maintains, and an alert about it.
func (p *portal) another(group, path, agent string) (project int64) {
	project = p.gitlab.AddProject(gitlabtest.Project{Path: path, Group: p.gitlab.AddGroup(gitlabtest.Group{Path: group})})
	p.gitlab.AddMember(project, p.people["lead"], gitlabtest.Maintainer)
	id := p.gitlab.AddAgent(gitlabtest.Agent{Project: project, Name: agent})
	one := p.about(alert.Idle, id)
	one.ProjectID, one.ProjectPath, one.AgentName = project, group+"/"+path, agent
	p.opens(one)
	return project
}

func alertPath(id int64, end string) string {
	return "/alerts/" + strconv.FormatInt(id, 10) + "/" + end
}

// alertsOf is the list as a browser without script gets it in the end.
func (b *browser) alertsOf(query string) *answer {
	b.p.t.Helper()
	if query != "" {
		query = "&" + query
	}
	got := b.get("/alerts?wait=1" + query)
	if got.status != http.StatusOK {
		b.p.t.Fatalf("GET /alerts?wait=1%s = %d: %s", query, got.status, got.text("main"))
	}
	return got
}

// alertsShown are the alerts of a list, in its order, each as its kind and what it is about.
func alertsShown(page *answer) []string {
	shown := []string{}
	for _, row := range page.doc.Find("table.alerts tbody tr").EachIter() {
		about := row.Find("td.wide").First().Find("a, bdi, span").First()
		shown = append(shown, row.Find(".alert-kind").Text()+": "+strings.TrimSpace(about.Text()))
	}
	return shown
}

// alertRow is the row of an alert.
func alertRow(page *answer, id int64) *goquery.Selection {
	return page.doc.Find("#alert-" + strconv.FormatInt(id, 10))
}

// folded is visible text with its white space folded.
func folded(s *goquery.Selection) string { return strings.Join(strings.Fields(s.Text()), " ") }

func TestPeopleSeeTheAlertsOfTheirOwnProjectsAndOfNoOther(t *testing.T) {
	t.Parallel()
	for name, engine := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t, func(s *setUp) { s.engine = engine })
			p.opens(p.about(alert.Disconnected, p.prod))
			p.another("secret", "vault", "concealed")
			p.opens(p.about(alert.WatchTokenDue, 0))
			for person, want := range map[string][]string{
				"lead":     {"Watch token expires: The watch itself", "Token idle: concealed"},
				"dev":      {"Watch token expires: The watch itself"},
				"outsider": {"Watch token expires: The watch itself"},
			} {
				if person != "outsider" {
					want = slices.Insert(want, 0, "Lost contact: prod")
				}
				b := p.as(person)
				if diff := cmp.Diff(want, alertsShown(b.alertsOf(""))); diff != "" {
					t.Errorf("%s sees (-want +got):\n%s", person, diff)
				}
				badge := b.get("/projects").text(".nav-count [aria-hidden]")
				if badge != strconv.Itoa(len(want)) {
					t.Errorf("the navigation of %s counts %q alerts, want %d", person, badge, len(want))
				}
			}
			dev := p.as("dev")
			for _, query := range []string{"agent=1&kind=idle", "group=secret", "kind=idle", "severity=info"} {
				if page := dev.alertsOf(query); strings.Contains(page.body, "concealed") || len(alertsShown(page)) != 0 {
					t.Errorf("?%s shows dev %v", query, alertsShown(page))
				}
			}
		})
	}
}
