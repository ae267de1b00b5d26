package handlers_test

import (
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/snippets"
)

// commands are the snippets on a page, by their ids.
func commands(page *answer) map[string]string {
	found := map[string]string{}
	page.doc.Find("main pre[id^=step-]").Each(func(_ int, code *goquery.Selection) {
		found[strings.TrimPrefix(code.AttrOr("id", ""), "step-")] = code.Text()
	})
	return found
}

func TestInstallStepsAreReadyToRun(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	const address = "wss://kas.example.com/-/';$(touch$IFS-x)/"
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.KASExternalURL = address })
	name := strings.Repeat("a", 49) + "b"
	agent := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: name})
	page := p.as("lead").get(p.agentPath(agent) + "?tab=connect")
	params := snippets.Params{
		Agent: name, AgentID: agent, ProjectID: p.project, ProjectPath: "shop/payments", GitLabURL: p.gitlab.URL,
		KASAddress: address, KASVersion: "18.5.1", ChartRepo: "https://charts.gitlab.io",
		Namespace: "gitlab-agent-" + name, Release: name, SecretName: "gitlab-agent-token", First: true,
	}
	got, want := commands(page), 0
	for _, variant := range params.Variants() {
		if page.doc.Find(`.variant-tabs input[value="`+string(variant)+`"]`).Length() != 1 {
			t.Errorf("%s is not among the tabs", variant)
		}
		for _, step := range params.Steps(variant) {
			want++
			id := string(variant) + "-" + string(step.ID)
			if got[id] != step.Code {
				t.Errorf("%s reads\n%s\nwant\n%s", id, got[id], step.Code)
			}
		}
	}
	if len(got) != want {
		t.Errorf("the page has %d snippets, want %d", len(got), want)
	}
	shell := exec.CommandContext(t.Context(), "bash", "-n")
	shell.Stdin = strings.NewReader(got["helm-helm"])
	if out, err := shell.CombinedOutput(); err != nil {
		t.Errorf("bash does not parse the Helm command: %v %s", err, out)
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
	if repo := p.gitlab.URL + "/shop/payments"; !strings.Contains(steps["glab-glab"], repo) {
		t.Errorf("glab is not told of %s:\n%s", repo, steps["glab-glab"])
	}
	if p.gitlab.Calls(gitlabtest.OpRawFile) != 0 {
		t.Error("the reveal waits for the configuration file")
	}
}

func TestAPrivateAuthorityIsPassedOn(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.privateCA = true })
	page := p.as("lead").get(p.agentPath(p.prod) + "?tab=connect")
	if note := page.text(".variant-note"); !strings.Contains(note, snippets.CAFile) {
		t.Errorf("the note reads %q", note)
	}
	for _, id := range []string{"helm-helm", "flux-ca", "terraform-terraform", "values-helm_file", "glab-glab_values"} {
		if step := commands(page)[id]; !strings.Contains(step, snippets.CAFile) {
			t.Errorf("%s does not use the certificate:\n%s", id, step)
		}
	}
}

func TestAMirrorOfTheImageIsPassedOn(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.agentImage = "registry.example.com/mirror/agentk" })
	page := p.as("lead").get(p.agentPath(p.prod) + "?tab=connect")
	for _, id := range []string{"helm-helm", "flux-flux", "terraform-terraform", "values-values", "glab-glab_values"} {
		if step := commands(page)[id]; !strings.Contains(step, "registry.example.com/mirror/agentk") {
			t.Errorf("%s does not use the image:\n%s", id, step)
		}
	}
}

func TestTheOperatorIsToldOfTheAgentServersAddress(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	for _, tt := range []struct {
		address, en, zh string
		variants        int
		shown           string
	}{
		{"ws://example.org//gitlab-/kubernetes-agent/", "cannot be right", "地址有误", 1, ""},
		{"https://kas.example.com", "cannot be right", "地址有误", 1, ""},
		{"wss://\u202ekas.example.com", "cannot be right", "地址有误", 1, ""},
		{"ws://kas.example.com", "is not encrypted", "未加密", 9, "ws://kas.example.com"},
		{"wss://gitlab.example.com/-/kubernetes-agent", "lacks a slash", "缺少斜杠", 9, "wss://gitlab.example.com/-/kubernetes-agent"},
		{"wss://gitlab.example.com/-/kubernetes-agent/", "", "", 9, "wss://gitlab.example.com/-/kubernetes-agent/"},
	} {
		p.gitlab.Configure(func(s *gitlabtest.Settings) { s.KASExternalURL = tt.address })
		inLanguages(t, lead, func(t *testing.T, b *browser, lang string) {
			t.Helper()
			page := b.get(p.agentPath(p.prod) + "?tab=connect")
			want := map[string]string{"en": tt.en, "zh-CN": tt.zh}[lang]
			notices := page.doc.Find("#agent-tab > .notice")
			if got := notices.Text(); (notices.Length() > 0) != (want != "") || !strings.Contains(got, want) || strings.ContainsRune(got, '\u202e') {
				t.Errorf("%s, of %q: the notice reads %q, want %q", lang, tt.address, got, want)
			}
			if got := page.doc.Find(".variant-tabs input").Length(); got != tt.variants {
				t.Errorf("%s, of %q: %d ways to install, want %d", lang, tt.address, got, tt.variants)
			}
			if got := page.text("#kas-address"); got != tt.shown {
				t.Errorf("%s: copied is %q, want %q", lang, got, tt.shown)
			}
			for id, code := range commands(page) {
				if tt.shown == "" && strings.Contains(code, "example.") {
					t.Errorf("%s: %s has the address:\n%s", lang, id, code)
				}
			}
		})
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
		if page.status != 200 || len(commands(page)) != 0 || page.doc.Find(".variants").Length() != 0 {
			t.Errorf("with the agent server %s: %d with %q", name, page.status, commands(page))
		}
	}
	if off.text("main") == unknown.text("main") {
		t.Error("an agent server that is off reads like one that is not known")
	}
}
