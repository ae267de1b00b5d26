package snippets

import (
	"fmt"

	"al.essio.dev/pkg/shellescape"
)

// What the steps write, or have written, as files. The names hold nothing that somebody chose.
func (p Params) externalFile() string { return fmt.Sprintf("gitlab-agent-%d.external.yaml", p.AgentID) }

func (p Params) sealedFile() string { return fmt.Sprintf("gitlab-agent-%d.sealed.yaml", p.AgentID) }
func (p Params) sopsFile() string   { return fmt.Sprintf("gitlab-agent-%d.sops.yaml", p.AgentID) }

// storePrefix is where in the secret store the tokens of agents lie, and storeName what the cluster's
// ClusterSecretStore is called: the steps say to put one's own in their place.
const (
	storePrefix = "gitlab-agents/"
	storeName   = "vault"
)

// storeKey is where in the secret store the agent's token lies.
func (p Params) storeKey() string { return fmt.Sprintf("%s%s-%d", storePrefix, p.Agent, p.AgentID) }

// store puts the token into Vault, or OpenBao, which read "-" from their input: there it is neither
// among the arguments of a process nor in a file.
func (p Params) store() Step {
	return Step{StepStore, fmt.Sprintf(`(
  %s
  printf %%s "$T" | vault kv put -mount=secret %s token=-
)`, ask("the token"), shellescape.Quote(p.storeKey()))}
}

// externalSecret is https://external-secrets.io/latest/api/externalsecret/.
type externalSecret struct {
	RefreshInterval string          `yaml:"refreshInterval"`
	SecretStoreRef  reference       `yaml:"secretStoreRef"`
	Target          secretTarget    `yaml:"target"`
	Data            []externalValue `yaml:"data"`
}

type secretTarget struct {
	Name string `yaml:"name"`
}

type externalValue struct {
	SecretKey string    `yaml:"secretKey"`
	RemoteRef remoteRef `yaml:"remoteRef"`
}

type remoteRef struct {
	Key      string `yaml:"key"`
	Property string `yaml:"property"`
}

// externalSecret has the operator make the secret, and follow what is in the store.
func (p Params) externalSecret() string {
	return encode(
		resource{"external-secrets.io/v1", "ExternalSecret", metadata{p.SecretName, p.Namespace}, externalSecret{
			RefreshInterval: "1h", SecretStoreRef: reference{"ClusterSecretStore", storeName}, Target: secretTarget{p.SecretName},
			Data: []externalValue{{"token", remoteRef{p.storeKey(), "token"}}},
		}},
	)
}

// seal encrypts the secret for the cluster alone (https://github.com/bitnami-labs/sealed-secrets). The
// plain one goes from program to program and is never in a file.
func (p Params) seal() Step {
	return Step{StepSeal, fmt.Sprintf(`(
  set -o pipefail
  %s
  %s |
    kubeseal --format=yaml > %s
)`, ask("the token"), p.manifest(), p.sealedFile())}
}

// encrypt is seal with SOPS (https://getsops.io/docs/), for whom .sops.yaml names for such a file. Only
// values are encrypted, so that Kubernetes' names stay to be read.
func (p Params) encrypt() Step {
	return Step{StepEncrypt, fmt.Sprintf(`(
  set -o pipefail
  %s
  %s |
    sops encrypt --input-type=yaml --output-type=yaml --filename-override=%[3]s \
      --encrypted-regex='^(data|stringData)$' /dev/stdin > %[3]s
)`, ask("the token"), p.manifest(), p.sopsFile())}
}

// apply makes the namespace, and in it what a file says.
func (p Params) apply(file string) Step {
	return Step{StepApply, p.createNamespace() + " &&\n  kubectl apply --filename=" + file}
}

// decrypt makes the namespace, and in it the secret, as Flux does by itself where it is told to
// decrypt.
func (p Params) decrypt() Step {
	return Step{StepDecrypt, p.createNamespace() + " &&\n  sops decrypt " + p.sopsFile() +
		" |\n    kubectl apply --server-side --force-conflicts --filename=-"}
}

// createNamespace succeeds where the namespace is there, too.
func (p Params) createNamespace() string {
	return "kubectl create namespace " + shellescape.Quote(p.Namespace) + ` --dry-run=client --output=yaml |
  kubectl apply --filename=-`
}
