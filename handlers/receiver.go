package handlers

import (
	"errors"
	"net/http"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/snippets"
	"gitlab-agent-portal/views"
)

// receiver is how GitLab reaches a receptive agent.
type receiver struct {
	gitlabapi.URLConfiguration
	// why says why there is no public key; empty where there is one.
	why receiverGap
}

// receiverGap is why it is not known how GitLab proves to an agent who it is. Its text is its name in
// the catalogue.
type receiverGap string

const (
	receiverForbidden   receiverGap = "forbidden"   // for Maintainers only
	receiverMissing     receiverGap = "missing"     // nobody said it, or the instance's switch is off
	receiverCertificate receiverGap = "certificate" // by a certificate, which GitLab does not tell
	receiverUnknown     receiverGap = "unknown"     // GitLab did not answer
	receiverElsewhere   receiverGap = "elsewhere"   // not asked for here
)

// loadReceiver asks GitLab, where the person may, how it reaches a receptive agent.
func (h *Handlers) loadReceiver(r *http.Request, s *session, found agentread.ProjectAgent) receiver {
	configuration, err := s.read.Receiver(r.Context(), found)
	read := receiver{URLConfiguration: configuration}
	switch {
	case errors.Is(err, gitlabapi.ErrForbidden):
		read.why = receiverForbidden
	case errors.Is(err, gitlabapi.ErrNotFound):
		read.why = receiverMissing
	case err != nil:
		h.Log.WarnContext(r.Context(), "reading how GitLab reaches a receptive agent", "error", err)
		read.why = receiverUnknown
	case configuration.PublicKey == "":
		read.why = receiverCertificate
	}
	return read
}

// addReceiver adds what else is known of how GitLab reaches an agent, and what the person can do about it.
func (h *Handlers) addReceiver(r *http.Request, model *views.ConnectModel, from receiver, found agentread.ProjectAgent) {
	l := printer(r)
	if from.TLSHost != "" {
		model.ReceiverFacts = append(model.ReceiverFacts, l.T("receiver.facts.tls_host", "Host", snippets.Visible(from.TLSHost)))
	}
	if from.HasCA {
		model.ReceiverFacts = append(model.ReceiverFacts, l.T("receiver.facts.ca"))
	}
	if !found.Project.Access.CanManage() {
		return
	}
	origin := originOf(r)
	switch {
	case from.URL != "":
		model.ReceiverDeleteURL = origin.On(h.urls.ReceiverDelete(found.Project.ID, found.Agent.ID))
	case !found.Agent.Receptive || from.why == receiverMissing:
		model.ReceiverURL = origin.On(h.urls.Receiver(found.Project.ID, found.Agent.ID))
	}
}

// notices say why most ways to install a receptive agent are missing.
func (r receiver) notices(l *i18n.Printer) []views.Notice {
	if r.why == "" {
		return nil
	}
	return []views.Notice{{
		Kind: views.NoticeInfo, Title: l.T("connect.receptive.incomplete"), Text: l.T("connect.receptive." + string(r.why)),
	}}
}
