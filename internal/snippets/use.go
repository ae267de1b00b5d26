package snippets

import (
	"fmt"
	"strconv"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// Context is what the cluster is called in the kubeconfig that GitLab gives to jobs
// (https://docs.gitlab.com/user/clusters/agent/ci_cd_workflow/).
func (p Params) Context() string {
	p = p.visible()
	return p.ProjectPath + ":" + p.Agent
}

// People let somebody use the cluster from their computer: with glab, or with plain kubectl and a
// personal access token where GitLab says where its proxy is
// (https://docs.gitlab.com/user/clusters/agent/user_access/).
func (p Params) People() []Step {
	p = p.visible()
	steps := []Step{{StepKubeconfig, p.glabKubeconfig()}}
	if p.ProxyURL != "" {
		steps = append(steps, Step{StepLogin, p.keepToken()}, Step{StepCluster, p.kubeconfig()})
	}
	return steps
}

// glabKubeconfig is the command of GitLab's own page. glab gets a token whenever kubectl needs one.
func (p Params) glabKubeconfig() string {
	return "GITLAB_HOST=" + shellescape.Quote(p.GitLabURL) + " " + command(
		"glab cluster agent update-kubeconfig",
		[]string{"--repo", p.ProjectPath},
		[]string{"--agent", strconv.FormatInt(p.AgentID, 10)},
		[]string{"--use-context"},
	)
}

// entry is what the kubeconfig calls cluster, person and context.
func (p Params) entry() string { return fmt.Sprintf("gitlab-agent-%d", p.AgentID) }

// tokenFile is where a personal access token is kept, as GitLab's proxy wants to have it.
func (p Params) tokenFile() string { return `"$HOME/.kube/` + p.entry() + `.token"` }

// TokenForm is what GitLab's proxy takes for a personal access token.
func (p Params) TokenForm() string { return fmt.Sprintf("pat:%d:<personal access token>", p.AgentID) }

// keepToken reads a personal access token from the terminal into a file that its owner alone may
// read: an argument of kubectl could be seen by everybody on the computer.
func (p Params) keepToken() string {
	return fmt.Sprintf(`(
  umask 077 && mkdir -p "$HOME/.kube" &&
  %s
  printf 'pat:%d:%%s' "$T" > %s
)`, ask("a personal access token"), p.AgentID, p.tokenFile())
}

// kubeconfig tells kubectl of GitLab's proxy and of that file, and chooses them.
func (p Params) kubeconfig() string {
	name := p.entry()
	cluster := []string{"kubectl config set-cluster " + name + " --server=" + shellescape.Quote(p.ProxyURL)}
	if p.PrivateCA {
		cluster = append(cluster, "--certificate-authority="+CAFile, "--embed-certs=true")
	}
	return strings.Join([]string{
		strings.Join(cluster, " \\\n    "),
		"kubectl config set users." + name + ".tokenFile " + p.tokenFile(),
		"kubectl config set-context " + name + " --cluster=" + name + " --user=" + name,
		"kubectl config use-context " + name,
	}, " &&\n  ")
}

// job is https://docs.gitlab.com/ci/yaml/.
type job struct {
	Deploy jobSpec `yaml:"deploy"`
}

type jobSpec struct {
	Image        string   `yaml:"image"`
	BeforeScript []string `yaml:"before_script"`
	Script       []string `yaml:"script"`
}

// Job is the least that uses the cluster in a pipeline.
func (p Params) Job() Step {
	return Step{StepJob, encode(job{jobSpec{
		Image: "debian:stable-slim",
		BeforeScript: []string{
			"apt-get update",
			"apt-get install --yes --no-install-recommends ca-certificates kubernetes-client",
			"kubectl config use-context " + shellescape.Quote(p.Context()),
		},
		Script: []string{"kubectl get pods"},
	}})}
}

// grants are what stands in an agent's configuration file
// (https://docs.gitlab.com/user/clusters/agent/work_with_agent/).
type grants struct {
	CI   *granted `yaml:"ci_access,omitempty"`
	User *granted `yaml:"user_access,omitempty"`
}

type granted struct {
	AccessAs *accessAs `yaml:"access_as,omitempty"`
	Projects []grant   `yaml:"projects"`
}

type accessAs struct {
	Agent struct{} `yaml:"agent"`
}

type grant struct {
	ID string `yaml:"id"`
}

// GrantUsers lets members of the agent's own project in, with the rights of the agent, as every
// edition of GitLab can.
func (p Params) GrantUsers() Step {
	p = p.visible()
	return Step{StepGrantUsers, encode(grants{User: &granted{AccessAs: new(accessAs), Projects: []grant{{p.ProjectPath}}}})}
}

// GrantJobs lets pipelines of another project of the same group in.
func (p Params) GrantJobs() Step {
	p = p.visible()
	group, _, _ := strings.Cut(p.ProjectPath, "/")
	return Step{StepGrantJobs, encode(grants{CI: &granted{Projects: []grant{{group + "/path/to/project"}}}})}
}
