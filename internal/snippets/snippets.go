// Package snippets writes the instructions that connect a cluster to GitLab, ready to be
// copied: commands and files for Helm, kubectl, Flux, Terraform and glab. None of them can
// hold a token, since none is given to this package: the commands read it from the terminal
// and everything else refers to the Kubernetes secret that they make.
//
// What they set is checked against the chart gitlab-agent: its values config.secretName,
// config.kasAddress, config.kasCaCert and image.tag, and the labels of its deployment.
package snippets

import "strings"

// SecretName is the Kubernetes secret that the commands create and the chart reads
// (config.secretName; the token is its key "token").
const SecretName = "gitlab-agent-token"

// CAFile is the file in which the commands expect the certificate of a private authority.
const CAFile = "gitlab-ca.pem"

// caName names the ConfigMap with that certificate, and caKey its key.
const (
	caName = "gitlab-ca"
	caKey  = "ca.crt"
)

const chart = "gitlab-agent"

// Lengths that others allow: Kubernetes 63 characters for a namespace, of which GitLab's own
// page spends 13 on "gitlab-agent-", and Helm 53 for a release.
const (
	maxNamespaceAgent = 50
	maxRelease        = 53
)

// Params is what the instructions depend on. Texts may hold anything: each is escaped for the
// language that it ends up in.
type Params struct {
	Agent       string
	AgentID     int64
	ProjectID   int64
	ProjectPath string // full path, such as "group/sub/project"
	GitLabURL   string // without a slash at the end
	KASAddress  string // what agents connect to, such as "wss://kas.example.com"
	KASVersion  string // with or without "v"; "": the chart's own choice of image stands
	ChartRepo   string
	// PrivateCA says that the agent has to be told whom to trust, by the file CAFile.
	PrivateCA bool
}

// Variant is one way of installing an agent.
type Variant string

// The variants.
const (
	Helm      Variant = "helm"
	Kubectl   Variant = "kubectl"
	Flux      Variant = "flux"
	Terraform Variant = "terraform"
	Values    Variant = "values"
	Glab      Variant = "glab"
)

// Variants lists all of them in the order in which they are offered.
func Variants() []Variant { return []Variant{Helm, Kubectl, Flux, Terraform, Values, Glab} }

// StepID says what a step is about.
type StepID string

// The steps.
const (
	StepSecret    StepID = "secret"    // the token becomes a Kubernetes secret
	StepCA        StepID = "ca"        // the certificate becomes a ConfigMap
	StepHelm      StepID = "helm"      // helm installs the agent
	StepFlux      StepID = "flux"      // a file for the repository that Flux watches
	StepTerraform StepID = "terraform" // a file for Terraform
	StepValues    StepID = "values"    // a file for Helm
	StepHelmFile  StepID = "helm_file" // helm installs the agent with that file
	StepCAValues  StepID = "ca_values" // the certificate becomes a values file
	StepGlab      StepID = "glab"      // glab does everything
	StepRestart   StepID = "restart"   // running agents read the new token
)

// Step is one thing to copy and run, or to copy into a file.
type Step struct {
	ID   StepID
	Code string // without a line end at the end
}

// Steps are those of a variant, in the order in which they are done.
func (p Params) Steps(v Variant) []Step {
	switch v {
	case Helm:
		return []Step{p.secret(), {StepHelm, p.helmWithFlags()}, Restart(p.Agent)}
	case Kubectl:
		return []Step{p.secret(), Restart(p.Agent)}
	case Flux:
		return append(p.secretAndCA(), Step{StepFlux, p.flux()}, Restart(p.Agent))
	case Terraform:
		return []Step{p.secret(), {StepTerraform, p.terraform()}, Restart(p.Agent)}
	case Values:
		return []Step{p.secret(), {StepValues, p.valuesFile()}, {StepHelmFile, p.helmWithFile()}, Restart(p.Agent)}
	case Glab:
		return p.glabSteps()
	default:
		return nil
	}
}

// Namespace is where an agent is installed, as GitLab's own page has it.
func Namespace(agent string) string {
	return "gitlab-agent-" + strings.TrimRight(cut(agent, maxNamespaceAgent), "-")
}

// Release is the Helm release of an agent: its name, as far as Helm takes it. It never looks
// like an option.
func Release(agent string) string {
	return strings.Trim(cut(agent, maxRelease), "-")
}

// cut is the beginning of text, of at most so many bytes.
func cut(text string, length int) string {
	return strings.ToValidUTF8(text[:min(len(text), length)], "")
}

// imageTag is the version of the agent that fits the agent server, as GitLab supports agents
// of the same minor version; "" leaves it to the chart. GitLab.com runs ahead of the released
// images.
func (p Params) imageTag() string {
	version := strings.TrimPrefix(p.KASVersion, "v")
	if version == "" || p.GitLabURL == "https://gitlab.com" {
		return ""
	}
	return "v" + version
}
