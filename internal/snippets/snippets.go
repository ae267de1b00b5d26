// Package snippets writes the instructions that connect a cluster to GitLab, ready to be
// copied: commands and files for Helm, kubectl, Flux, Terraform, secret stores and glab; and that let
// people and pipelines use the cluster then. None of them can
// hold a token, since none is given to this package: the commands read it from the terminal
// and everything else refers to the Kubernetes secret that they make.
//
// What they set is checked against the chart gitlab-agent: its values config.secretName,
// config.kasAddress, config.kasCaCert, config.receptive.enabled, config.api.jwtPublicKey,
// image.repository and image.tag, and the labels of its deployment.
package snippets

// CAFile is the file in which the commands expect the certificate of a private authority.
const CAFile = "gitlab-ca.pem"

// caName names the ConfigMap with that certificate, and caKey its key.
const (
	caName = "gitlab-ca"
	caKey  = "ca.crt"
)

const chart = "gitlab-agent"

// Params is what the instructions depend on. Texts may hold anything: each is escaped for the
// language that it ends up in, and what nobody can see is taken out of it.
type Params struct {
	Agent       string
	AgentID     int64
	ProjectID   int64
	ProjectPath string // full path, such as "group/sub/project"
	GitLabURL   string // without a slash at the end
	KASAddress  string // what agents connect to, such as "wss://kas.example.com"
	KASVersion  string // as GitLab says it; "": the chart's own choice of image stands
	ChartRepo   string // of http, https or oci
	Image       string // where to get the agent's image, without a tag; "": where the chart gets it
	// Namespace and Release are where the agent is installed, and SecretName is the Kubernetes
	// secret there that the commands make and the chart reads (its key is "token").
	Namespace, Release, SecretName string
	// First says that the agent was never connected, so that nothing runs yet that would have to read
	// the token anew.
	First bool
	// PrivateCA says that the agent has to be told whom to trust, by the file CAFile.
	PrivateCA bool
	// Receptive says that GitLab connects to the agent, which knows GitLab by JWTPublicKey, as
	// GitLab writes it; "" where that is not known.
	Receptive    bool
	JWTPublicKey string
	// ProxyURL is where kubectl reaches the cluster through GitLab, such as
	// "https://kas.example.com/k8s-proxy"; "" where GitLab does not say.
	ProxyURL string
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

	// These keep the token elsewhere than in the cluster alone, and install with Helm.
	ExternalSecrets Variant = "external_secrets"
	SealedSecrets   Variant = "sealed_secrets"
	SOPS            Variant = "sops"
)

// Variants lists, in the order in which they are offered, those that can be written down. Only
// Kubectl does without knowing how GitLab and the agent find each other: a chart that is installed
// again without its address or its key would cut off an agent that is connected. GitLab's glab
// knows no receptive agents.
func (p Params) Variants() []Variant {
	switch {
	case p.Receptive && p.JWTPublicKey == "", !p.Receptive && CheckKAS(p.KASAddress) == KASSenseless:
		return []Variant{Kubectl}
	case p.Receptive:
		return []Variant{Helm, Kubectl, Flux, Terraform, Values, ExternalSecrets, SealedSecrets, SOPS}
	default:
		return []Variant{Helm, Kubectl, Flux, Terraform, Values, ExternalSecrets, SealedSecrets, SOPS, Glab}
	}
}

// StepID says what a step is about.
type StepID string

// The steps.
const (
	StepSecret     StepID = "secret"      // the token becomes a Kubernetes secret
	StepCA         StepID = "ca"          // the certificate becomes a ConfigMap
	StepHelm       StepID = "helm"        // helm installs the agent
	StepFlux       StepID = "flux"        // a file for the repository that Flux watches
	StepTerraform  StepID = "terraform"   // a file for Terraform
	StepValues     StepID = "values"      // a file for Helm
	StepHelmFile   StepID = "helm_file"   // helm installs the agent with that file
	StepGlabValues StepID = "glab_values" // what glab has no option for becomes a values file
	StepGlab       StepID = "glab"        // glab does everything
	StepRestart    StepID = "restart"     // running agents read the new token
	StepPods       StepID = "pods"        // what the agent's pods are doing
	StepLogs       StepID = "logs"        // what they logged
	StepInspect    StepID = "inspect"     // what is in the namespace
	StepUninstall  StepID = "uninstall"   // the agent and its secret are removed
	StepNamespace  StepID = "namespace"   // the namespace is removed

	StepStore    StepID = "store"    // the token is put into a secret store
	StepExternal StepID = "external" // a file that has the store's value become a secret
	StepSeal     StepID = "seal"     // the token becomes a file that only the cluster can read
	StepEncrypt  StepID = "encrypt"  // the token becomes a file that SOPS can read
	StepApply    StepID = "apply"    // a file becomes the secret
	StepDecrypt  StepID = "decrypt"  // an encrypted file becomes the secret

	StepKubeconfig StepID = "kubeconfig" // glab lets kubectl use the cluster
	StepLogin      StepID = "login"      // a personal access token is kept in a file
	StepCluster    StepID = "cluster"    // kubectl is told of the cluster and that file
	StepJob        StepID = "job"        // a job that uses the cluster
	StepGrantUsers StepID = "grant_user" // what lets people in
	StepGrantJobs  StepID = "grant_ci"   // what lets pipelines of other projects in
)

// Step is one thing to copy and run, or to copy into a file.
type Step struct {
	ID   StepID
	Code string // without a line end at the end
}

// Steps are those of a variant, in the order in which they are done.
func (p Params) Steps(v Variant) []Step {
	if p.First && v != Kubectl { // which is for agents that are installed already
		return withoutRestart(p.steps(v))
	}
	return p.steps(v)
}

func (p Params) steps(v Variant) []Step {
	p = p.visible()
	switch v {
	case Helm:
		return []Step{p.secret(), {StepHelm, p.helmWithFlags()}, p.restart()}
	case Kubectl:
		return []Step{p.secret(), p.restart()}
	case Flux:
		return append(p.secretAndCA(), Step{StepFlux, p.flux()}, p.restart())
	case Terraform:
		return []Step{p.secret(), {StepTerraform, p.terraform()}, p.restart()}
	case Values:
		return []Step{p.secret(), {StepValues, p.valuesFile()}, {StepHelmFile, p.helmWithFile()}, p.restart()}
	case ExternalSecrets:
		return []Step{p.store(), {StepExternal, p.externalSecret()}, p.apply(p.externalFile()), {StepHelm, p.helmWithFlags()}, p.restart()}
	case SealedSecrets:
		return []Step{p.seal(), p.apply(p.sealedFile()), {StepHelm, p.helmWithFlags()}, p.restart()}
	case SOPS:
		return []Step{p.encrypt(), p.decrypt(), {StepHelm, p.helmWithFlags()}, p.restart()}
	case Glab:
		return p.glabSteps()
	default:
		return nil
	}
}

// Uninstall removes the agent from its cluster: a look at what else is there comes first, and the
// namespace, which takes everything in it along, last.
func (p Params) Uninstall() []Step {
	p = p.visible()
	return []Step{p.inspect(), p.uninstall(), p.deleteNamespace()}
}
