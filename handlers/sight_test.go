package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/alert"
)

// A list of everything, or of a group, has projects of which everybody sees that they are there, and only
// their Developers the agents.
func TestWhatTheWatchSawOfAProjectWhoseAgentsAreNotReadIsNoOutsidersToSee(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]gitlabtest.Fault{
		"failing": gitlabtest.Status(http.StatusInternalServerError), "limited": gitlabtest.Throttled(time.Second), "hidden": gitlabtest.Status(http.StatusNotFound),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			group := p.gitlab.AddGroup(gitlabtest.Group{Path: "open", Visibility: gitlabtest.Public})
			project := p.gitlab.AddProject(gitlabtest.Project{Path: "website", Group: group, Visibility: gitlabtest.Public})
			p.gitlab.AddMember(project, p.people["lead"], gitlabtest.Maintainer)
			one := p.about(alert.Disconnected, p.gitlab.AddAgent(gitlabtest.Agent{Project: project, Name: "concealed"}))
			one.ProjectID, one.ProjectPath, one.AgentName = project, "open/website", "concealed"
			p.opens(one)
			gone := p.seen(999, "concealed", 10*days)
			gone.ProjectID, gone.ProjectPath, gone.GoneAt = project, "open/website", p.ago(days)
			p.sees(gone)
			p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
			p.gitlab.Inject(gitlabtest.OpListAgents, failure.ForProject(project))
			dev := p.as("dev")
			for _, query := range []string{"?scope=everything", "?scope=group:open"} {
				for _, path := range []string{"/alerts.json", "/history.csv", "/history", "/report", "/report.csv"} {
					if got := dev.get(path + query); got.status != http.StatusOK || strings.Contains(got.body, "concealed") {
						t.Errorf("GET %s%s = %d: %.500s", path, query, got.status, got.body)
					}
				}
			}
		})
	}
}

func TestAlertsOfAProjectOutOfSightAreOutOfSight(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.opens(p.about(alert.Disconnected, p.prod))
	lead := p.as("lead")
	if got := alertsShown(lead.alertsOf("")); len(got) != 1 {
		t.Fatalf("the list has %v, want the alert", got)
	}
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	p.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.Status(http.StatusNotFound).ForProject(p.project))
	p.fleet.Drop(p.people["lead"])
	if got := alertsShown(lead.alertsOf("")); len(got) != 0 {
		t.Errorf("the list tells of a project that GitLab does not show: %v", got)
	}
	if got := lead.get("/projects").text(".nav-count [aria-hidden]"); got != "" {
		t.Errorf("the navigation counts %s alerts of it", got)
	}
	if got := lead.get("/alerts.json"); strings.Contains(got.body, "prod") {
		t.Errorf("the export tells of it: %s", got.body)
	}
}
