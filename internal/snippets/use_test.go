package snippets

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agentconfig"
)

// proxied is normal where GitLab says where its proxy is.
func proxied() Params {
	p := normal()
	p.ProxyURL = "https://kas.example.com/k8s-proxy"
	return p
}

// usage are all steps that use a cluster.
func (p Params) usage() []Step {
	return slices.Concat(p.People(), []Step{p.Job(), p.GrantUsers(), p.GrantJobs()})
}

func TestShellsParseWhatUsesACluster(t *testing.T) {
	t.Parallel()
	for name, p := range inputs() {
		p.ProxyURL = p.KASAddress
		for _, s := range p.People() {
			for _, shell := range []string{"sh", "bash", "zsh"} {
				parser := exec.CommandContext(t.Context(), shell, "-n")
				parser.Stdin = strings.NewReader(s.Code)
				if out, err := parser.CombinedOutput(); err != nil {
					t.Errorf("%s, %s: %v %s\n%s", name, shell, err, out, s.Code)
				}
			}
		}
	}
}

func TestGlabIsToldWhichAgentOfWhichGitLab(t *testing.T) {
	t.Parallel()
	for name, p := range inputs() {
		seen := p.visible()
		term := newTerminal(t)
		term.paste(p.People()[0].Code, "true")
		want := [][]string{{"glab", "cluster", "agent", "update-kubeconfig", "--repo", seen.ProjectPath, "--agent", "7", "--use-context"}}
		if diff := cmp.Diff(want, term.calls()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if steps := normal().People(); len(steps) != 1 {
		t.Errorf("without a proxy there are %d steps, want that of glab alone", len(steps))
	}
}

// cluster is GitLab's proxy before a cluster, as far as kubectl asks it here.
func cluster(t *testing.T, folder string) (address string, asked *atomic.Pointer[http.Request]) {
	t.Helper()
	asked = new(atomic.Pointer[http.Request])
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r)
		_, _ = w.Write([]byte(`{"major":"1","minor":"34","gitVersion":"v1.34.0"}`))
	}))
	t.Cleanup(server.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(folder, CAFile), authority, 0o600); err != nil {
		t.Fatal(err)
	}
	return server.URL + "/k8s-proxy/", asked
}

// TestKubectlReachesTheClusterWithTheTypedToken runs the steps with the real kubectl, in both shells
// that they are meant for.
func TestKubectlReachesTheClusterWithTheTypedToken(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			p := normal()
			address, asked := cluster(t, folder)
			p.ProxyURL = address
			steps := p.People()[1:]
			run := exec.CommandContext(t.Context(), shell)
			run.Dir, run.Env = folder, []string{"HOME=" + folder, "PATH=/usr/local/bin:/usr/bin:/bin"}
			run.Stdin = strings.NewReader(steps[0].Code + "\n" + typed + "\n" + steps[1].Code + "\nkubectl version --output=json\n")
			if out, err := run.CombinedOutput(); err != nil {
				t.Fatalf("running it: %v\n%s", err, out)
			}
			r := asked.Load()
			if r == nil || r.URL.Path != "/k8s-proxy/version" || r.Header.Get("Authorization") != "Bearer pat:7:"+typed {
				t.Fatalf("the proxy was asked %+v", r)
			}
			file := filepath.Join(folder, ".kube", "gitlab-agent-7.token")
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the token is in %v, %v; want its owner to be the only one who reads it", info, err)
			}
			if config, err := os.ReadFile(filepath.Join(folder, ".kube", "config")); err != nil || strings.Contains(string(config), "canary") {
				t.Errorf("the kubeconfig holds the token: %s, %v", config, err)
			}
		})
	}
}

// TestKubectlWritesTheSecretThatTheChartReads runs the commands that need no cluster with the real
// kubectl.
func TestKubectlWritesTheSecretThatTheChartReads(t *testing.T) {
	t.Parallel()
	p := normal()
	for code, want := range map[string]object{
		"T='" + strings.ReplaceAll(typed, "'", `'\''`) + "'\n" + p.manifest(): {
			"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": "gitlab-agent-token", "namespace": "gitlab-agent-production-eu"},
			"data": object{"token": "Z2xhZ2VudC1jYW5hcnkuYV9iLVxuJEhPTUVgaWRgIiclcyo="},
		},
		"kubectl create namespace " + p.Namespace + " --dry-run=client --output=yaml": {
			"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": "gitlab-agent-production-eu"}, "spec": object{}, "status": object{},
		},
	} {
		run := exec.CommandContext(t.Context(), "bash", "-c", code)
		run.Dir, run.Env = t.TempDir(), []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
		out, err := run.Output()
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		var got object
		decode(t, string(out), &got)
		if metadata, ok := got["metadata"].(object); ok {
			delete(metadata, "creationTimestamp") // null in some versions
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestAJobChoosesTheContextThatGitLabGivesIt(t *testing.T) {
	t.Parallel()
	for name, p := range inputs() {
		var got struct {
			Deploy struct {
				Image        string
				BeforeScript []string `yaml:"before_script"`
				Script       []string
			}
		}
		decode(t, p.Job().Code, &got)
		before := got.Deploy.BeforeScript
		if len(before) == 0 || len(got.Deploy.Script) == 0 || got.Deploy.Image == "" {
			t.Fatalf("%s: the job is %+v", name, got)
		}
		term := newTerminal(t)
		term.paste(before[len(before)-1], "true")
		seen := p.visible()
		if diff := cmp.Diff([][]string{{"kubectl", "config", "use-context", seen.ProjectPath + ":" + seen.Agent}}, term.calls()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsToBeGrantedIsWhatGitLabTakes(t *testing.T) {
	t.Parallel()
	p := normal()
	for _, s := range []Step{p.GrantUsers(), p.GrantJobs()} {
		config, problems := agentconfig.Parse([]byte(s.Code))
		if len(problems) > 0 {
			t.Fatalf("%s is refused: %+v\n%s", s.ID, problems, s.Code)
		}
		judged := agentconfig.Judge(config, agentconfig.Home{Project: p.ProjectPath})
		granted := slices.Concat(judged.CI.Projects, judged.User.Projects)
		if len(granted) != 1 || granted[0].Verdict != agentconfig.VerdictInEffect {
			t.Errorf("%s grants %+v", s.ID, granted)
		}
	}
}
