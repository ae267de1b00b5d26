package handlers_test

import (
	"fmt"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestAConfigurationWithoutAnAgentIsOfferedForRegistration(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for _, path := range []string{"prod/config.yaml", "eu-1/config.yaml", "us-1/a/b", "No-Name/config.yaml", "README.md"} {
		p.gitlab.AddFile(gitlabtest.File{Project: p.project, Path: ".gitlab/agents/" + path})
	}
	list := p.address("/projects/{project}/agents")
	lead := p.as("lead")
	page := lead.get(list)
	if got := page.text(".unregistered ul"); got != "eu-1Register agent eu-1us-1Register agent us-1" {
		t.Errorf("offered are %q", got)
	}
	form := lead.get(page.doc.Find(".unregistered a").First().AttrOr("href", ""))
	if name := form.doc.Find("#name").AttrOr("value", ""); name != "eu-1" {
		t.Errorf("the form names %q", name)
	}
	if dev := p.as("dev").get(list); dev.doc.Find(".unregistered").Length() != 0 {
		t.Error("a Developer is offered what they may not do")
	}
	p.gitlab.Inject(gitlabtest.OpListTree, gitlabtest.BadGateway())
	if page := lead.get(list); page.status != 200 || page.doc.Find(".unregistered").Length() != 0 {
		t.Errorf("without the folders the list is %d", page.status)
	}
}

// A list of several pages does not say which agents there are, so nothing is offered.
func TestALongListOffersNoConfigurations(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.AddFile(gitlabtest.File{Project: p.project, Path: ".gitlab/agents/zz/config.yaml"})
	for i := range 60 {
		p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: fmt.Sprintf("c-%d", i)})
	}
	p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: "zz"})
	if page := p.as("lead").get(p.address("/projects/{project}/agents")); strings.Contains(page.body, "unregistered") {
		t.Error("agents of later pages are offered for registration")
	}
}
