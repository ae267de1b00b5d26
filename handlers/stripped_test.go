package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestListsBehindAProxyThatStripsHeadersAreComplete has GitLab's words about pages lost on the way.
func TestListsBehindAProxyThatStripsHeadersAreComplete(t *testing.T) {
	t.Parallel()
	for language, end := range map[string]string{"en": "The list ended on the page before.", "zh-CN": "列表在前面一页已经结束。"} {
		for _, graphQLOff := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, without GraphQL %v", language, graphQLOff), func(t *testing.T) {
				t.Parallel()
				p := newPortal(t)
				for i := range 148 { // with two that are there already: pages of 50 and of 100 are full
					p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: fmt.Sprintf("agent-%03d", i), CreatedBy: p.people["lead"]})
				}
				p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = graphQLOff })
				lead := p.as("lead")
				lead.header.Set("Accept-Language", language)
				p.gitlab.Inject("", gitlabtest.StrippedPages())
				list := p.address("/projects/{project}/agents")
				for number, want := range []int{50, 50, 50, 0} {
					got := lead.get(fmt.Sprintf("%s?page=%d", list, number+1))
					if got.status != http.StatusOK || len(statuses(got)) != want {
						t.Errorf("page %d = %d with %d agents, want %d", number+1, got.status, len(statuses(got)), want)
					}
					if hasNext := got.doc.Find("a[rel=next]").Length() == 1; hasNext != (want > 0) {
						t.Errorf("page %d leads on = %v", number+1, hasNext)
					}
					if isPast := strings.Contains(got.text("#agents"), end); isPast != (want == 0) {
						t.Errorf("page %d says %q", number+1, got.text("#agents"))
					}
				}
				if got := lead.get("/fleet.csv"); got.status != http.StatusOK || strings.Count(got.body, "\n") != 151 {
					t.Errorf("the export = %d with %d lines, want 150 agents and their header", got.status, strings.Count(got.body, "\n"))
				}
				if got := lead.get("/projects"); got.status != http.StatusOK || got.doc.Find("#projects tbody tr").Length() != 1 {
					t.Errorf("GET /projects = %d", got.status)
				}
				if got := lead.get("/projects?page=2"); !strings.Contains(got.text("#projects"), end) {
					t.Errorf("a page after the last project says %q", got.text("#projects"))
				}
			})
		}
	}
}
