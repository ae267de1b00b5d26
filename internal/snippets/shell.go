package snippets

import (
	"fmt"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// command is a command line with one option a line, each a flag and its value or a flag alone.
func command(start string, options ...[]string) string {
	lines := make([]string, 0, len(options)+1)
	lines = append(lines, start)
	for _, option := range options {
		words := option[:1:1]
		for _, value := range option[1:] {
			words = append(words, shellescape.Quote(value))
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return strings.Join(lines, " \\\n  ")
}

// secret reads the token from the terminal, so that it is neither on the page, nor in the
// shell's history, nor among the arguments of a process. It is one command in parentheses:
// what is pasted is read by the shell as a whole before the prompt can take a line of it for
// the token, and the variable ends with it. It replaces a secret that is there, on the server's
// side, which unlike the client's leaves no copy of the token in an annotation.
func (p Params) secret() Step {
	return Step{StepSecret, fmt.Sprintf(`(
  kubectl create namespace %[1]s --dry-run=client --output=yaml |
    kubectl apply --filename=- &&
  printf 'Paste the token and press Enter: ' && read -rs T && echo && test -n "$T" &&
  printf %%s "$T" |
    kubectl create secret generic %[2]s --namespace %[1]s \
      --from-file=token=/dev/stdin --dry-run=client --output=yaml |
    kubectl apply --server-side --force-conflicts --filename=-
)`, shellescape.Quote(Namespace(p.Agent)), SecretName)}
}

// secretAndCA is secret, with a ConfigMap for those who cannot read the certificate from a file.
func (p Params) secretAndCA() []Step {
	if !p.PrivateCA {
		return []Step{p.secret()}
	}
	return []Step{p.secret(), {StepCA, command(
		"kubectl create configmap "+caName,
		[]string{"--namespace", Namespace(p.Agent)},
		[]string{"--from-file=" + caKey + "=" + CAFile},
	)}}
}

// helm is the command that installs the agent, or brings it up to date.
func (p Params) helm(options ...[]string) string {
	options = append([][]string{{"--repo", p.ChartRepo}, {"--namespace", Namespace(p.Agent)}}, options...)
	if p.PrivateCA {
		options = append(options, []string{"--set-file", "config.kasCaCert=" + CAFile})
	}
	return command("helm upgrade --install "+shellescape.Quote(Release(p.Agent))+" "+chart, options...)
}

// helmWithFlags sets each value as text, whatever it looks like.
func (p Params) helmWithFlags() string {
	var options [][]string
	set := func(name, value string) {
		options = append(options, []string{"--set-string", name + "=" + escapeHelm(value)})
	}
	if tag := p.imageTag(); tag != "" {
		set("image.tag", tag)
	}
	set("config.secretName", SecretName)
	set("config.kasAddress", p.KASAddress)
	return p.helm(options...)
}

func (p Params) helmWithFile() string { return p.helm([]string{"--values", "values.yaml"}) }

// escapeHelm keeps a value from ending early or becoming a list (helm.sh/helm/v3/pkg/strvals).
func escapeHelm(value string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `{`, `\{`, `}`, `\}`).Replace(value)
}

// glabSteps let GitLab's own tool do it. It makes a token of its own.
func (p Params) glabSteps() []Step {
	options := [][]string{
		{"--repo", p.GitLabURL + "/" + p.ProjectPath},
		{"--helm-repository-address", p.ChartRepo},
		{"--helm-release-name", Release(p.Agent)},
		{"--helm-release-target-namespace", Namespace(p.Agent)},
	}
	var steps []Step
	if p.PrivateCA {
		const file = "gitlab-ca-values.yaml"
		steps = append(steps, Step{
			StepCAValues,
			`{ echo 'config:'; echo '  kasCaCert: |'; sed 's/^/    /' ` + CAFile + `; } > ` + file,
		})
		options = append(options, []string{"--helm-release-values", file})
	}
	return append(steps, Step{StepGlab, command("glab cluster agent bootstrap "+shellescape.Quote(p.Agent), options...)})
}

// Restart makes running agents read the token anew: agentk reads the file once, at its start,
// and the chart restarts it by itself only when the token is among its values. The deployment
// is found by the chart's label, as its name changed from version to version (-v1, -v2).
func Restart(agent string) Step {
	return Step{StepRestart, command(
		"kubectl rollout restart deployment",
		[]string{"--namespace", Namespace(agent)},
		[]string{"--selector", "app.kubernetes.io/name=" + chart},
	)}
}

// Uninstall removes an agent from its cluster, with its secret.
func Uninstall(agent string) string {
	namespace := shellescape.Quote(Namespace(agent))
	return fmt.Sprintf("helm uninstall %s --namespace %s\nkubectl delete namespace %s", shellescape.Quote(Release(agent)), namespace, namespace)
}
