package handlers_test

import (
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// commands are the snippets on a page.
func commands(page *answer) []string {
	var found []string
	page.doc.Find("main pre[id^=step-]").Each(func(_ int, code *goquery.Selection) {
		found = append(found, code.Text())
	})
	return found
}

func TestInstallStepsAreReadyToRun(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.KASExternalURL = "wss://kas.example.com/-/'; rm -rf /" })
	long := strings.Repeat("a", 49) + "-" + strings.Repeat("b", 13)
	agent := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: long})
	steps := commands(p.as("lead").get(p.agentPath(agent) + "?tab=connect"))
	if len(steps) != 2 {
		t.Fatalf("the Connect tab has %d snippets, want 2: %q", len(steps), steps)
	}
	for _, step := range steps {
		shell := exec.CommandContext(t.Context(), "bash", "-n")
		shell.Stdin = strings.NewReader(step)
		if out, err := shell.CombinedOutput(); err != nil {
			t.Errorf("bash does not parse a snippet: %v %s\n%s", err, out, step)
		}
		// GitLab's own page cuts the name at 50 characters; a namespace cannot end in a hyphen.
		if namespace := "gitlab-agent-" + strings.Repeat("a", 49); !strings.Contains(step, namespace) || strings.Contains(step, namespace+"-") {
			t.Errorf("a snippet names another namespace:\n%s", step)
		}
	}
	if helm := steps[1]; !strings.Contains(helm, `'wss://kas.example.com/-/'"'"'; rm -rf /'`) || !strings.Contains(helm, "config.secretName=gitlab-agent-token") || !strings.Contains(helm, "image.tag=v18.5.1") {
		t.Errorf("the Helm command:\n%s", helm)
	}
}

func TestNoSnippetHoldsTheSecret(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	got := p.as("lead").submit(p.agentPath(p.idle)+"/tokens/new", url.Values{"name": {"first"}})
	secret := secretIn(t, got)
	steps := commands(got)
	if len(steps) == 0 {
		t.Fatal("the reveal has no install steps")
	}
	for _, step := range steps {
		if strings.Contains(step, secret) {
			t.Errorf("a snippet holds the secret:\n%s", step)
		}
	}
}

func TestWithoutAnAgentServerThereIsNoCommand(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	tab := p.agentPath(p.prod) + "?tab=connect"
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.KASDisabled = true })
	off := lead.get(tab)
	p.gitlab.Inject(gitlabtest.OpMetadata, gitlabtest.Status(500))
	unknown := lead.get(tab)
	for name, page := range map[string]*answer{"switched off": off, "not known": unknown} {
		if page.status != 200 || len(commands(page)) != 0 {
			t.Errorf("with the agent server %s: %d with %q", name, page.status, commands(page))
		}
	}
	if off.text("main") == unknown.text("main") {
		t.Error("an agent server that is off reads like one that is not known")
	}
}
