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
  %[2]s
  %[3]s |
    kubectl apply --server-side --force-conflicts --filename=-
)`, shellescape.Quote(p.Namespace), ask("the token"), p.manifest())}
}

// ask reads a line from the terminal, unseen, into the variable T.
func ask(what string) string {
	return "printf 'Paste " + what + ` and press Enter: ' && read -rs T && echo && test -n "$T" &&`
}

// manifest writes the secret with the token in T as YAML, and leaves the cluster alone.
func (p Params) manifest() string {
	return fmt.Sprintf(`printf %%s "$T" |
    kubectl create secret generic %[2]s --namespace %[1]s \
      --from-file=token=/dev/stdin --dry-run=client --output=yaml`, shellescape.Quote(p.Namespace), shellescape.Quote(p.SecretName))
}

// secretAndCA is secret, with a ConfigMap for those who cannot read the certificate from a file.
func (p Params) secretAndCA() []Step {
	if !p.trustsCA() {
		return []Step{p.secret()}
	}
	return []Step{p.secret(), {StepCA, command(
		"kubectl create configmap "+caName,
		[]string{"--namespace", p.Namespace},
		[]string{"--from-file=" + caKey + "=" + CAFile},
	)}}
}

// chartRef names the chart for helm: by itself in a repository of HTTP, and as a whole in a registry,
// which is no repository to helm (https://helm.sh/docs/topics/registries/).
func (p Params) chartRef() (ref string, options [][]string) {
	if p.isOCI() {
		return shellescape.Quote(p.ChartRepo + "/" + chart), nil
	}
	return chart, [][]string{{"--repo", p.ChartRepo}}
}

// isOCI reports whether the chart comes from a registry of containers.
func (p Params) isOCI() bool { return strings.HasPrefix(p.ChartRepo, "oci://") }

// helm is the command that installs the agent, or brings it up to date.
func (p Params) helm(options ...[]string) string {
	ref, all := p.chartRef()
	all = append(append(all, []string{"--namespace", p.Namespace}), options...)
	if p.trustsCA() {
		all = append(all, []string{"--set-file", "config.kasCaCert=" + CAFile})
	}
	return command("helm upgrade --install "+shellescape.Quote(p.Release)+" "+ref, all...)
}

// helmWithFlags sets each text as text, whatever it looks like.
func (p Params) helmWithFlags() string {
	var options [][]string
	for path, value := range p.chartValues().leaves("") {
		if flag, ok := value.(bool); ok {
			options = append(options, []string{"--set", fmt.Sprint(path, "=", flag)})
			continue
		}
		options = append(options, []string{"--set-string", path + "=" + escapeHelm(fmt.Sprint(value))})
	}
	return p.helm(options...)
}

func (p Params) helmWithFile() string { return p.helm([]string{"--values", "values.yaml"}) }

// escapeHelm keeps a value from ending early or becoming a list (helm.sh/helm/v3/pkg/strvals).
func escapeHelm(value string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `{`, `\{`, `}`, `\}`).Replace(value)
}

// glabValuesFile is what the steps for glab write.
const glabValuesFile = "gitlab-agent-values.yaml"

// glabSteps let GitLab's own tool do it. It makes a token and a secret of its own.
func (p Params) glabSteps() []Step {
	options := [][]string{
		{"--repo", p.GitLabURL + "/" + p.ProjectPath},
		{"--helm-repository-address", p.ChartRepo},
		{"--helm-release-name", p.Release},
		{"--helm-release-target-namespace", p.Namespace},
		{"--gitlab-agent-token-secret-name", p.SecretName},
	}
	var steps []Step
	if write := p.glabValues(); write != "" {
		steps = append(steps, Step{StepGlabValues, write})
		options = append(options, []string{"--helm-release-values", glabValuesFile})
	}
	return append(steps, Step{StepGlab, command("glab cluster agent bootstrap "+shellescape.Quote(p.Agent), options...)})
}

// glabValues writes the values that glab has no option for; "" where there are none.
func (p Params) glabValues() string {
	var writes []string
	if p.Image != "" {
		image := encode(fields{{"image", fields{{"repository", p.Image}}}})
		writes = append(writes, `printf '%s\n' `+shellescape.Quote(image)+";")
	}
	if p.trustsCA() {
		writes = append(writes, `echo 'config:'; echo '  kasCaCert: |'; sed 's/^/    /' `+CAFile+`;`)
	}
	if len(writes) == 0 {
		return ""
	}
	return "{ " + strings.Join(writes, " ") + " } > " + glabValuesFile
}

// restart makes running agents read the token anew: agentk reads the file once, at its start,
// and the chart restarts it by itself only when the token is among its values. The deployment
// is found by the chart's label, as its name changed from version to version (-v1, -v2). Other
// agents in the namespace restart too, one pod after the other, which loses no connection for long.
func (p Params) restart() Step {
	return Step{StepRestart, command(
		"kubectl rollout restart deployment",
		[]string{"--namespace", p.Namespace},
		[]string{"--selector", "app.kubernetes.io/name=" + chart},
	)}
}

// inspect lists what is in the namespace.
func (p Params) inspect() Step {
	namespace := shellescape.Quote(p.Namespace)
	return Step{StepInspect, fmt.Sprintf("helm list --namespace %[1]s\nkubectl get all --namespace %[1]s", namespace)}
}

// uninstall removes the agent and its secret from the namespace, and nothing else.
func (p Params) uninstall() Step {
	namespace := shellescape.Quote(p.Namespace)
	return Step{StepUninstall, fmt.Sprintf("helm uninstall %[2]s --namespace %[1]s\nkubectl delete secret %[3]s --namespace %[1]s",
		namespace, shellescape.Quote(p.Release), shellescape.Quote(p.SecretName))}
}

func (p Params) deleteNamespace() Step {
	return Step{StepNamespace, "kubectl delete namespace " + shellescape.Quote(p.Namespace)}
}
