package handlers

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"al.essio.dev/pkg/shellescape"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

// secretName is the Kubernetes secret that the snippets create and the chart reads
// (config.secretName of the chart gitlab-agent; the token is its key "token").
const secretName = "gitlab-agent-token"

// maxNamespaceName is how much of an agent's name GitLab's own page uses in the namespace,
// whose name Kubernetes limits to 63 characters.
const maxNamespaceName = 50

// metadataTimeout is how long a page waits for what only its install steps need.
const metadataTimeout = 2 * time.Second

// loadConnect reads how a cluster reaches the instance. Without an answer the page says so:
// a new token must not wait for it.
func (h *Handlers) loadConnect(r *http.Request, s *session, agent string) views.ConnectModel {
	ctx, cancel := context.WithTimeout(r.Context(), metadataTimeout)
	defer cancel()
	metadata, err := s.gitlab.Metadata(ctx)
	if err != nil {
		h.Log.WarnContext(r.Context(), "reading GitLab's metadata", "error", err)
		return views.ConnectModel{}
	}
	return h.connectModel(printer(r), metadata, agent)
}

func (h *Handlers) connectModel(l *i18n.Printer, metadata gitlabapi.Metadata, agent string) views.ConnectModel {
	model := views.ConnectModel{
		Known: true, KASEnabled: metadata.KAS.Enabled && metadata.KAS.ExternalURL != "", KASAddress: metadata.KAS.ExternalURL,
	}
	if model.KASEnabled {
		model.Steps = h.installSteps(l, metadata.KAS, agent)
	}
	return model
}

// namespaceOf is where the agent is installed.
func namespaceOf(agent string) string {
	return "gitlab-agent-" + strings.TrimRight(agent[:min(len(agent), maxNamespaceName)], "-")
}

// installSteps installs an agent with Helm. The token is read from the terminal, so that it
// is neither on the page, nor in the shell's history, nor in the release's values.
func (h *Handlers) installSteps(l *i18n.Printer, kas gitlabapi.KAS, agent string) []views.Snippet {
	namespace := shellescape.Quote(namespaceOf(agent))
	secret := fmt.Sprintf(`kubectl create namespace %[1]s --dry-run=client -o yaml | kubectl apply -f -
printf 'Paste the token and press Enter: '; read -rs T; echo
printf %%s "$T" | kubectl create secret generic %[2]s --namespace %[1]s --from-file=token=/dev/stdin
unset T`, namespace, secretName)
	helm := strings.Join(append([]string{
		"helm repo add gitlab " + shellescape.Quote(h.HelmRepoURL) + "\nhelm repo update gitlab\nhelm upgrade --install " + shellescape.Quote(agent) + " gitlab/gitlab-agent",
		"--namespace " + namespace,
	}, helmValues(kas)...), " \\\n  ")
	return []views.Snippet{
		{ID: "install-secret", Title: l.T("connect.secret.title"), Text: l.T("connect.secret.text"), Code: secret},
		{ID: "install-helm", Title: l.T("connect.helm.title"), Text: l.T("connect.helm.text"), Code: helm},
	}
}

// helmValues are the settings of the chart. The image follows the version of the agent
// server, as GitLab supports agents of the same minor version.
func helmValues(kas gitlabapi.KAS) []string {
	var values []string
	if version := strings.TrimPrefix(kas.Version, "v"); version != "" {
		values = append(values, "--set image.tag="+shellescape.Quote("v"+version))
	}
	return append(values,
		"--set config.secretName="+secretName,
		"--set config.kasAddress="+shellescape.Quote(kas.ExternalURL))
}

// uninstallSteps remove from a cluster what GitLab does not when an agent is deleted.
func uninstallSteps(l *i18n.Printer, agent string) []views.Snippet {
	namespace := shellescape.Quote(namespaceOf(agent))
	return []views.Snippet{{
		ID: "uninstall", Title: l.T("connect.uninstall.title"), Text: l.T("connect.uninstall.text"),
		Code: fmt.Sprintf("helm uninstall %s --namespace %s\nkubectl delete namespace %s", shellescape.Quote(agent), namespace, namespace),
	}}
}
