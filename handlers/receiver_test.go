package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// receiver is an agent that GitLab connects to, as configuration says.
func (p *portal) receiver(configuration *gitlabtest.URLConfiguration) int64 {
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.ReceptiveAgents = true })
	return p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: "inbound", Receptive: true, URLConfiguration: configuration})
}

const receiverKey = "MCowBQYDK2VwAyEAr3cEpt1veAgentsKnowGitLabByThis="

func TestAReceptiveAgentHasStepsOfItsOwn(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.privateCA = true })
	id := p.receiver(&gitlabtest.URLConfiguration{URL: "grpcs://agents.example.com:8443", PublicKey: receiverKey})
	inLanguages(t, p.as("lead"), func(t *testing.T, b *browser, lang string) {
		t.Helper()
		page := b.get(p.agentPath(id) + "?tab=connect")
		steps := commands(page)
		if code := steps["helm-helm"]; !strings.Contains(code, "--set config.receptive.enabled=true") || !strings.Contains(code, "config.api.jwtPublicKey="+receiverKey) {
			t.Errorf("%s: the Helm command reads\n%s", lang, code)
		}
		for step, code := range steps {
			if strings.Contains(code, "kasAddress") || strings.Contains(code, "gitlab-ca") {
				t.Errorf("%s: %s tells the agent where to connect to:\n%s", lang, step, code)
			}
		}
		if steps["glab-glab"] != "" || page.doc.Find("#kas-address, .variant-note, #agent-tab > .notice").Length() != 0 {
			t.Errorf("%s: the page speaks of connecting to GitLab: %s", lang, page.text("#agent-tab"))
		}
		if got := page.text("#receiver"); got != "grpcs://agents.example.com:8443" {
			t.Errorf("%s: GitLab connects to %q", lang, got)
		}
	})
}

func TestWhatIsMissingForAReceptiveAgentIsSaid(t *testing.T) {
	t.Parallel()
	known := &gitlabtest.URLConfiguration{URL: "grpc://agents.example.com", PublicKey: receiverKey}
	for _, tt := range []struct {
		name, as string
		with     *gitlabtest.URLConfiguration
		change   func(p *portal)
		en, zh   string
		asked    int
	}{
		{"to a Developer", "dev", known, func(*portal) {}, "is shown to Maintainers only", "仅向维护者显示", 0},
		{"without a configuration", "lead", nil, func(*portal) {}, "nobody has given it a URL configuration yet", "尚未为它添加 URL 配置", 1},
		{"with the switch off", "lead", known, func(p *portal) {
			p.gitlab.Configure(func(s *gitlabtest.Settings) { s.ReceptiveAgents = false })
		}, "has switched receptive agents off", "管理员已关闭接收式代理", 1},
		{"with a certificate", "lead", &gitlabtest.URLConfiguration{URL: "grpcs://agents.example.com", ClientCert: "Q0VSVA=="}, func(*portal) {}, "shows it a client certificate", "并出示客户端证书", 1},
		{"without an answer", "lead", known, func(p *portal) {
			p.gitlab.Inject(gitlabtest.OpListURLConfigurations, gitlabtest.Status(400))
		}, "did not say in time by which key", "未能及时提供公钥", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			id := p.receiver(tt.with)
			tt.change(p)
			inLanguages(t, p.as(tt.as), func(t *testing.T, b *browser, lang string) {
				t.Helper()
				p.gitlab.ResetCounters()
				page := b.get(p.agentPath(id) + "?tab=connect")
				want := map[string]string{"en": tt.en, "zh-CN": tt.zh}[lang]
				if got := page.text("#agent-tab > .notice"); page.status != http.StatusOK || !strings.Contains(got, want) || got == "" {
					t.Errorf("%s: %d: %q, want %q in it", lang, page.status, got, want)
				}
				if got := page.doc.Find(".variant-tabs input").Map(func(_ int, input *goquery.Selection) string { return input.AttrOr("value", "") }); !slices.Equal(got, []string{"kubectl"}) {
					t.Errorf("%s: the ways to install are %q", lang, got)
				}
				if got := p.gitlab.Calls(gitlabtest.OpListURLConfigurations); got != tt.asked {
					t.Errorf("%s: asked %d times, want %d", lang, got, tt.asked)
				}
			})
		})
	}
}

func TestReceptiveAgentsAreMarked(t *testing.T) {
	t.Parallel()
	for name, edition := range map[string]func(*gitlabtest.Settings){
		"GraphQL tells": func(*gitlabtest.Settings) {}, "REST tells": func(s *gitlabtest.Settings) { s.GraphQLOff = true },
	} {
		p := newPortal(t)
		id := p.receiver(nil)
		p.gitlab.Configure(edition)
		inLanguages(t, p.as("lead"), func(t *testing.T, b *browser, lang string) {
			t.Helper()
			want := map[string]string{"en": "Receptive", "zh-CN": "接收式"}[lang]
			for page, path := range map[string]string{"the fleet": "/?wait=1", "the list": strings.TrimSuffix(p.agentPath(0), "/0"), "its own page": p.agentPath(id)} {
				if got := b.get(path).text("[data-receptive]"); got != want {
					t.Errorf("where %s, %s: on %s stands %q, want %q", name, lang, page, got, want)
				}
			}
			if got := b.get(p.agentPath(p.prod)).text("[data-receptive]"); got != "" {
				t.Errorf("an ordinary agent is marked %q", got)
			}
			help := b.get("/help/status").text(".status-list")
			if advice := map[string]string{"en": "that GitLab can reach the agent’s address", "zh-CN": "GitLab 能否访问代理的地址"}[lang]; !strings.Contains(help, advice) {
				t.Errorf("%s: the help gives no advice for receptive agents", lang)
			}
		})
	}
}

func TestOnlyTheConnectTabOfAReceptiveAgentCostsACallMore(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	id := p.receiver(&gitlabtest.URLConfiguration{URL: "grpc://agents.example.com", PublicKey: receiverKey})
	lead := p.as("lead")
	for query, want := range map[string][2]int{"": {3, 3}, "?tab=activity": {3, 3}, "?tab=connect": {3, 5}} {
		p.gitlab.ResetCounters()
		lead.get(p.agentPath(id) + query)
		graphQL := p.gitlab.Calls(gitlabtest.OpGraphQL)
		if got := [2]int{graphQL, len(p.gitlab.Requests()) - graphQL}; got != want {
			t.Errorf("%q costs %v calls, want %v: %v", query, got, want, p.callsByOp())
		}
	}
	p.gitlab.ResetCounters()
	created := lead.submit(p.agentPath(id)+"/tokens/new", url.Values{"name": {"first"}})
	if got := p.gitlab.Calls(gitlabtest.OpListURLConfigurations); got != 0 {
		t.Errorf("the new token waits for %d calls", got)
	}
	if steps := commands(created); len(steps) != 2 || steps["kubectl-secret"] == "" || !strings.Contains(created.text("[data-reveal]"), "on the agent’s page, under Connect") {
		t.Errorf("beside the new token stand %q", steps)
	}
}
