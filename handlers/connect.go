package handlers

import (
	"net/http"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/parallel"
	"gitlab-agent-portal/internal/snippets"
	"gitlab-agent-portal/views"
)

// loadConnectTab says how cluster and GitLab find each other.
func (h *Handlers) loadConnectTab(r *http.Request, s *session, found agentread.ProjectAgent, around agentread.Around) (model views.ConnectModel, err error) {
	var from receiver
	if found.Agent.Receptive {
		err = parallel.Guard(func() error { from = h.loadReceiver(r, s, found); return nil })
		if err != nil {
			return model, err
		}
	}
	kas, known := h.toldKAS(r, around.KAS, around.KASErr)
	form, place := h.placeForm(r, s, found)
	if known {
		model = h.connectModel(printer(r), connection{kas: kas, receiver: from, place: place}, found)
	}
	h.addReceiver(r, &model, from, found)
	if model.PlaceForm = form; model.Wrong() {
		model.Variants = nil
	}
	return model, nil
}

// loadConnect reads how a cluster reaches the instance, for the page of a new token: what a receptive
// agent needs beside its token is on the agent's own page.
func (h *Handlers) loadConnect(r *http.Request, s *session, found agentread.ProjectAgent, place agent.Place) views.ConnectModel {
	kas, known := h.loadKAS(r, s)
	if !known {
		return views.ConnectModel{}
	}
	return h.connectModel(printer(r), connection{kas: kas, receiver: receiver{why: receiverElsewhere}, place: place}, found)
}

// loadKAS reads what the instance says of its agent server. Without an answer the page says so: a
// new token must not wait for it.
func (h *Handlers) loadKAS(r *http.Request, s *session) (kas gitlabapi.KAS, known bool) {
	kas, err := s.read.KAS(r.Context())
	return h.toldKAS(r, kas, err)
}

// toldKAS is what the instance said, and whether it did; the log is told why not.
func (h *Handlers) toldKAS(r *http.Request, kas gitlabapi.KAS, err error) (gitlabapi.KAS, bool) {
	if err != nil {
		h.Log.WarnContext(r.Context(), "reading GitLab's metadata", "error", err)
	}
	return kas, err == nil
}

// connection is how a cluster and GitLab find each other, and where in the cluster the agent is.
type connection struct {
	kas      gitlabapi.KAS
	receiver receiver
	place    agent.Place
}

func (h *Handlers) connectModel(l *i18n.Printer, how connection, found agentread.ProjectAgent) views.ConnectModel {
	receptive := found.Agent.Receptive
	model := views.ConnectModel{
		Known: true, Place: how.place, Receptive: receptive, KASEnabled: how.kas.Enabled && (receptive || how.kas.ExternalURL != ""),
	}
	switch {
	case !model.KASEnabled:
		return model
	case receptive:
		model.Receiver, model.Notices = snippets.Visible(how.receiver.URL), how.receiver.notices(l)
	default:
		h.addKAS(l, &model, how.kas.ExternalURL)
	}
	params := h.installParams(how, found)
	for _, variant := range params.Variants() {
		model.Variants = append(model.Variants, connectVariant(l, params, variant))
	}
	return model
}

// addKAS adds the agent server's address, or what is wrong with it.
func (h *Handlers) addKAS(l *i18n.Printer, model *views.ConnectModel, address string) {
	problem := snippets.CheckKAS(address)
	if problem != snippets.KASSenseless {
		model.KASAddress = address
	}
	if problem != "" {
		model.Notices = append(model.Notices, views.Notice{
			Kind:  views.NoticeWarning,
			Title: l.T("connect.kas." + string(problem) + ".title"),
			Text:  l.T("connect.kas."+string(problem)+".text", "Address", snippets.Visible(address)),
		})
	}
	if h.PrivateCA {
		model.CAFile = snippets.CAFile
	}
}

// installParams is what the instructions for an agent depend on.
func (h *Handlers) installParams(how connection, found agentread.ProjectAgent) snippets.Params {
	return snippets.Params{
		Agent: found.Agent.Name, AgentID: found.Agent.ID, ProjectID: found.Project.ID, ProjectPath: found.Project.Path,
		GitLabURL: h.GitLab.BaseURL().String(), KASAddress: how.kas.ExternalURL, KASVersion: how.kas.Version,
		ChartRepo: h.HelmRepoURL, Image: h.AgentImage, PrivateCA: h.PrivateCA,
		Namespace: how.place.Namespace, Release: how.place.Release, SecretName: how.place.Secret,
		First:     found.Agent.UseKnown() && found.Agent.LastContact().IsZero(),
		Receptive: found.Agent.Receptive, JWTPublicKey: how.receiver.PublicKey,
	}
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
	case snippets.ExternalSecrets:
		model.Name = "External Secrets"
	case snippets.SealedSecrets:
		model.Name = "Sealed Secrets"
	case snippets.SOPS:
		model.Name = "SOPS"
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
func uninstallSteps(l *i18n.Printer, place agent.Place) []views.Snippet {
	params := snippets.Params{Namespace: place.Namespace, Release: place.Release, SecretName: place.Secret}
	var steps []views.Snippet
	for _, step := range params.Uninstall() {
		steps = append(steps, snippet(l, "", step))
	}
	return steps
}
