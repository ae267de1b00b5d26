package handlers

import (
	"net/http"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/snippets"
	"gitlab-agent-portal/views"
)

// loadUse says whom the agent's configuration lets in and where GitLab's proxy is.
func (h *Handlers) loadUse(r *http.Request, s *session, found agentread.ProjectAgent, around agentread.Around) (model views.UseModel) {
	kas, known := h.toldKAS(r, around.KAS, around.KASErr)
	return h.useModel(printer(r), found, h.accessModel(r, s, found, around), kas, known, s.home(found.Project).Personal)
}

// useModel puts words to it. A project of a person's own can let no other project in.
func (h *Handlers) useModel(l *i18n.Printer, found agentread.ProjectAgent, config views.ConfigModel, kas gitlabapi.KAS, known, personal bool) views.UseModel {
	params := h.installParams(connection{kas: kas}, found)
	params.ProxyURL = ""
	if snippets.IsProxy(kas.ProxyURL) {
		params.ProxyURL = kas.ProxyURL
	}
	model := views.UseModel{
		Known: known, KASEnabled: kas.Enabled, ProxyURL: snippets.Visible(params.ProxyURL), TokenForm: params.TokenForm(),
		Context: params.Context(), Config: config,
		People:    views.UsePart{Granted: views.GrantedBy(config, config.User), Grant: useSnippet(l, params.GrantUsers())},
		Pipelines: views.UsePart{Granted: views.GrantedBy(config, config.CI), Steps: []views.Snippet{*useSnippet(l, params.Job())}},
	}
	for _, step := range params.People() {
		model.People.Steps = append(model.People.Steps, *useSnippet(l, step))
	}
	if h.PrivateCA {
		model.CAFile = snippets.CAFile
	}
	if !personal {
		model.Pipelines.Grant = useSnippet(l, params.GrantJobs())
	}
	return model
}

// useSnippet puts words to a step of using a cluster.
func useSnippet(l *i18n.Printer, step snippets.Step) *views.Snippet {
	id := string(step.ID)
	return &views.Snippet{ID: id, Title: l.T("use.step." + id + ".title"), Text: l.T("use.step." + id + ".text"), Code: step.Code}
}
