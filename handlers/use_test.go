package handlers_test

import (
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

const (
	peopleIn    = "user_access: {access_as: {agent: {}}, projects: [{id: shop/payments}]}\n"
	pipelinesIn = "ci_access: {groups: [{id: shop}]}\n"
)

func TestUseItFollowsTheConfiguration(t *testing.T) {
	t.Parallel()
	const (
		glab, grantUsers = "glab cluster agent update-kubeconfig", "user_access:"
		job, grantJobs   = "kubectl config use-context shop/payments:prod", "ci_access:"
	)
	for _, tt := range []struct {
		name, config string
		want, not    []string
		says         string
	}{
		{"without a file", "", []string{job, grantUsers, grantJobs}, []string{glab}, "Nobody can use the cluster from a computer"},
		{"that lets people in", peopleIn, []string{glab, job, grantJobs}, []string{grantUsers}, "Project shop/payments In effect"},
		{"that lets pipelines in", pipelinesIn, []string{job, grantUsers}, []string{glab, grantJobs}, "Group shop As the file tells"},
		{"that lets both in", peopleIn + pipelinesIn, []string{glab, job}, []string{grantUsers, grantJobs}, ""},
		{"whose grants are dropped", "user_access: {access_as: {agent: {}}, groups: [{id: other}]}\n", []string{job, grantUsers}, []string{glab}, "Nobody can use the cluster"},
		{"that leaves it to an administrator", "ci_access: {instance: {}}\n", []string{job, grantUsers}, []string{glab, grantJobs}, "depends on an administrator"},
		{"that is refused", "surprise: 1\n", []string{glab, job}, []string{grantUsers, grantJobs}, "from a computer is not known"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			if tt.config != "" {
				p.configure(tt.config)
			}
			if strings.HasPrefix(tt.config, peopleIn) {
				p.takesPeople()
			}
			page := p.as("dev").get(p.agentPath(p.prod) + "?tab=use")
			code := page.text("#agent-tab pre")
			for _, want := range tt.want {
				if !strings.Contains(code, want) {
					t.Errorf("there is no %q: %s", want, code)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(code, not) {
					t.Errorf("there is %q: %s", not, code)
				}
			}
			if got := page.text("#agent-tab"); page.status != 200 || !strings.Contains(got, tt.says) {
				t.Errorf("%d: it says %q, want %q", page.status, got, tt.says)
			}
		})
	}
}

// letsPeopleIn has the configuration of prod let people in.
func (p *portal) letsPeopleIn() {
	p.t.Helper()
	p.configure(peopleIn)
	p.takesPeople()
}

// takesPeople has GitLab take the grant to people.
func (p *portal) takesPeople() {
	p.gitlab.SetGrants(p.prod, gitlabtest.Grants{User: []int64{p.project}, UserStored: true})
}

func TestUseItNamesWhatPlainKubectlNeeds(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.privateCA = true })
	p.letsPeopleIn()
	page := p.as("dev").get(p.agentPath(p.prod) + "?tab=use")
	for selector, want := range map[string]string{
		"#use-proxy": strings.Replace(p.gitlab.URL, "http:", "https:", 1) + "/-/kubernetes-agent/k8s-proxy/", "#use-context": "shop/payments:prod",
		"#step-cluster": "--certificate-authority=gitlab-ca.pem", "#step-login": "pat:", "#step-kubeconfig": "GITLAB_HOST=" + p.gitlab.URL + " ",
		"#agent-tab": "gitlab-ca.pem",
	} {
		if got := page.text(selector); !strings.Contains(got, want) {
			t.Errorf("%s reads %q, want %q", selector, got, want)
		}
	}
	if n := page.doc.Find("#agent-tab [data-copy]").Length(); n != page.doc.Find("#agent-tab pre").Length() || n < 6 {
		t.Errorf("%d things can be copied of %d", n, page.doc.Find("#agent-tab pre").Length())
	}
}

func TestUseItSaysWhatGitLabDoesNotTell(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(p *portal)
		want   string
	}{
		{"no agent server", func(p *portal) { p.gitlab.Configure(func(s *gitlabtest.Settings) { s.KASDisabled = true }) }, "agent server (KAS) is off"},
		{"no metadata", func(p *portal) { p.gitlab.Inject(gitlabtest.OpMetadata, gitlabtest.Status(404)) }, "did not describe its agent server"},
		{"a proxy without sense", func(p *portal) {
			p.gitlab.Inject(gitlabtest.OpMetadata, gitlabtest.Reply(200, "application/json", `{"version":"18.5.1","kas":{"enabled":true,"externalUrl":"wss://kas.example.com","externalK8sProxyUrl":"javascript:alert(1)","version":"18.5.1"}}`))
		}, "does not say where its proxy for plain kubectl is"},
		{"a GitLab before 17.6", func(p *portal) {
			p.gitlab.Inject(gitlabtest.OpMetadata, gitlabtest.Reply(200, "application/json", `{"version":"17.5.0","kas":{"enabled":true,"externalUrl":"wss://kas.example.com","version":"17.5.0"}}`))
		}, "does not say where its proxy for plain kubectl is"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.letsPeopleIn()
			tt.change(p)
			page := p.as("dev").get(p.agentPath(p.prod) + "?tab=use")
			got := page.text("#agent-tab")
			if page.status != 200 || !strings.Contains(got, tt.want) || !strings.Contains(got, "glab cluster agent update-kubeconfig") || strings.Contains(got, "kubectl config set-cluster") {
				t.Errorf("%d: it says %q, want %q", page.status, got, tt.want)
			}
		})
	}
}
