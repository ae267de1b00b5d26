package handlers

import (
	"net/http"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/parallel"
	"gitlab-agent-portal/internal/snippets"
	"gitlab-agent-portal/views"
)

// loadConnectTab reads how a cluster connects and what the agent's configuration file says, in
// parallel.
func (h *Handlers) loadConnectTab(r *http.Request, s *session, found agentread.ProjectAgent) (views.ConnectModel, error) {
	var config views.ConfigModel
	group := new(parallel.Group)
	group.Go(func() error {
		config = h.loadConfig(r, s, found)
		return nil
	})
	model := h.loadConnect(r, s, found)
	if err := group.Wait(); err != nil {
		return views.ConnectModel{}, err
	}
	model.Config = &config
	return model, nil
}

// loadConnect reads how a cluster reaches the instance. Without an answer the page says so:
// a new token must not wait for it.
func (h *Handlers) loadConnect(r *http.Request, s *session, found agentread.ProjectAgent) views.ConnectModel {
	kas, err := s.read.KAS(r.Context())
	if err != nil {
		h.Log.WarnContext(r.Context(), "reading GitLab's metadata", "error", err)
		return views.ConnectModel{}
	}
	return h.connectModel(printer(r), kas, found)
}

func (h *Handlers) connectModel(l *i18n.Printer, kas gitlabapi.KAS, found agentread.ProjectAgent) views.ConnectModel {
	model := views.ConnectModel{Known: true, KASEnabled: kas.Enabled && kas.ExternalURL != "", KASAddress: kas.ExternalURL}
	if !model.KASEnabled {
		return model
	}
	if h.PrivateCA {
		model.CAFile = snippets.CAFile
	}
	params := snippets.Params{
		Agent: found.Agent.Name, AgentID: found.Agent.ID, ProjectID: found.Project.ID, ProjectPath: found.Project.Path,
		GitLabURL: h.GitLab.BaseURL().String(), KASAddress: kas.ExternalURL, KASVersion: kas.Version,
		ChartRepo: h.HelmRepoURL, PrivateCA: h.PrivateCA,
	}
	for _, variant := range snippets.Variants() {
		model.Variants = append(model.Variants, connectVariant(l, params, variant))
	}
	return model
}

// connectVariant puts words to a way of installing an agent.
func connectVariant(l *i18n.Printer, params snippets.Params, variant snippets.Variant) views.ConnectVariant {
	id := string(variant)
	model := views.ConnectVariant{ID: id, Name: id, Text: l.T("connect.variant." + id)}
	switch variant {
	case snippets.Helm:
		model.Name = "Helm"
	case snippets.Flux:
		model.Name = "Flux"
	case snippets.Terraform:
		model.Name = "Terraform"
	case snippets.Values:
		model.Name = "values.yaml"
	case snippets.Glab:
		model.Warning = &views.Notice{
			Kind: views.NoticeWarning, Title: l.T("connect.glab_warning.title"), Text: l.T("connect.glab_warning.text"),
		}
	case snippets.Kubectl:
	}
	for _, step := range params.Steps(variant) {
		model.Steps = append(model.Steps, snippet(l, id+"-", step))
	}
	return model
}

// snippet puts words to a step.
func snippet(l *i18n.Printer, prefix string, step snippets.Step) views.Snippet {
	id := string(step.ID)
	return views.Snippet{
		ID: prefix + id, Title: l.T("connect.step." + id + ".title"), Text: l.T("connect.step." + id + ".text"), Code: step.Code,
	}
}

// uninstallSteps remove from a cluster what GitLab does not when an agent is deleted.
func uninstallSteps(l *i18n.Printer, agent string) []views.Snippet {
	return []views.Snippet{{
		ID: "uninstall", Title: l.T("connect.uninstall.title"), Text: l.T("connect.uninstall.text"), Code: snippets.Uninstall(agent),
	}}
}
