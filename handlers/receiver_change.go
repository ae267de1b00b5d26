package handlers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/snippets"
	"gitlab-agent-portal/internal/tokens"
	"gitlab-agent-portal/views"
)

// receiverAsk is the form that says how GitLab is to reach an agent, or why it cannot be said.
func (h *Handlers) receiverAsk(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	model := h.receiverForm(found, &views.ReceiverFormModel{From: originOf(r)})
	current, err := s.read.Receivers(r.Context(), found)
	switch {
	case errors.Is(err, gitlabapi.ErrNotFound):
		model.Unavailable = true
	case err != nil:
		return err
	case len(current) > 0:
		model.Current = snippets.Visible(current[0].URL)
	}
	return h.renderForm(w, r, s, http.StatusOK, model)
}

// receiverForm fills in what the form says of the agent.
func (h *Handlers) receiverForm(found agentread.ProjectAgent, form *views.ReceiverFormModel) *views.ReceiverFormModel {
	form.Project, form.AgentID, form.AgentName = h.projectView(found.Project), found.Agent.ID, found.Agent.Name
	return form
}

// receiverCreate makes an agent receptive.
func (h *Handlers) receiverCreate(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	model, configuration := typedReceiver(printer(r), r)
	h.receiverForm(found, model)
	form, err := h.checkForm(r, s, &model.Form)
	if err != nil {
		return err
	}
	if model.Wrong() {
		return h.receiverAgain(w, r, s, model, configuration)
	}
	err = h.change(r, s, func(ctx context.Context, gitlab *gitlabapi.Client) error {
		return h.Tokens.CreateReceiver(ctx, gitlab, tokens.ReceiverRequest{
			Form: form, Project: found.Project.ID, ProjectPath: found.Project.Path, Agent: found.Agent.ID, AgentName: found.Agent.Name,
			Configuration: configuration,
		})
	})
	if err != nil {
		return h.receiverRefused(w, r, s, model, configuration, err)
	}
	h.setFlash(w, r, flash{Kind: views.NoticeSuccess, ID: "receiver_created", Args: map[string]string{"Agent": found.Agent.Name}})
	h.redirect(w, r, model.Back(h.urls))
	return nil
}

// receiverRefused says what kept GitLab from taking an address.
func (h *Handlers) receiverRefused(w http.ResponseWriter, r *http.Request, s *session, model *views.ReceiverFormModel, typed gitlabapi.NewURLConfiguration, err error) error {
	var used *tokens.UsedError
	switch {
	case errors.As(err, &used): // the page that follows says what there is
		stateOf(r).err = err
		h.redirect(w, r, model.Back(h.urls))
		return nil
	case errors.Is(err, gitlabapi.ErrInvalid):
		stateOf(r).err = err
		model.Notice = refusalNotice(printer(r), err)
		return h.receiverAgain(w, r, s, model, typed)
	case errors.Is(err, gitlabapi.ErrNotFound):
		stateOf(r).err = err
		model.Unavailable = true
		return h.renderForm(w, r, s, http.StatusUnprocessableEntity, model)
	default:
		return err
	}
}

// receiverAgain shows the form again with everything that was typed but the key, which has to be given
// once more: it appears in no answer.
func (h *Handlers) receiverAgain(w http.ResponseWriter, r *http.Request, s *session, model *views.ReceiverFormModel, typed gitlabapi.NewURLConfiguration) error {
	if !typed.ClientKey.IsZero() && model.ClientKey.Error == "" {
		model.ClientKey.Error = printer(r).T("receiver.key.again")
	}
	return h.renderForm(w, r, s, http.StatusUnprocessableEntity, model)
}

// typedReceiver reads the form and says what is wrong with it.
func typedReceiver(l *i18n.Printer, r *http.Request) (*views.ReceiverFormModel, gitlabapi.NewURLConfiguration) {
	text := func(name string) string {
		return strings.TrimSpace(strings.ReplaceAll(r.PostFormValue(name), "\r\n", "\n"))
	}
	typed := gitlabapi.NewURLConfiguration{
		URL: text("url"), ClientCert: text("client_cert"), ClientKey: gitlabapi.NewSecret(text("client_key")), CACert: text("ca_cert"), TLSHost: text("tls_host"),
	}
	model := &views.ReceiverFormModel{
		Address: views.Field{Value: typed.URL, Error: addressProblem(l, typed.URL)}, TLSHost: views.Field{Value: typed.TLSHost},
		CACert: certificateField(typed.CACert), ClientCert: certificateField(typed.ClientCert), From: originOf(r),
	}
	if typed.TLSHost != "" && (len(typed.TLSHost) > views.MaxTLSHost || !hostPattern.MatchString(typed.TLSHost)) {
		model.TLSHost.Error = l.T("receiver.tls_host.invalid")
	}
	if typed.CACert != "" && !isCertificates(typed.CACert) {
		model.CACert.Error = l.T("receiver.cert.invalid")
	}
	keyProblems(l, model, typed)
	return model, typed
}

// certificateField keeps what was typed for a certificate, unless it holds a key.
func certificateField(text string) views.Field {
	if strings.Contains(text, "PRIVATE KEY") {
		return views.Field{}
	}
	return views.Field{Value: text}
}

var hostPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

// addressProblem says what is wrong with the address of an agent, or nothing.
func addressProblem(l *i18n.Printer, address string) string {
	if address == "" {
		return l.T("receiver.url.empty")
	}
	at, err := url.Parse(address)
	if err != nil || at.Scheme != "grpc" && at.Scheme != "grpcs" || at.Hostname() == "" || at.User != nil ||
		strings.Trim(at.Path, "/") != "" || at.RawQuery != "" || at.Fragment != "" || len(address) > views.MaxReceiverURL {
		return l.T("receiver.url.invalid")
	}
	return ""
}

// keyProblems says what is wrong with a certificate and its key, which go together.
func keyProblems(l *i18n.Printer, model *views.ReceiverFormModel, typed gitlabapi.NewURLConfiguration) {
	hasCert, hasKey := typed.ClientCert != "", !typed.ClientKey.IsZero()
	switch {
	case hasCert && !isCertificates(typed.ClientCert):
		model.ClientCert.Error = l.T("receiver.cert.invalid")
	case hasCert && !hasKey:
		model.ClientKey.Error = l.T("receiver.key.missing")
	case hasKey && !hasCert:
		model.ClientCert.Error = l.T("receiver.cert.missing")
	case hasCert:
		if _, err := tls.X509KeyPair([]byte(typed.ClientCert), []byte(typed.ClientKey.Reveal())); err != nil {
			model.ClientKey.Error = l.T("receiver.key.invalid") // the error may quote the key
		}
	}
}

// isCertificates reports whether text is PEM of certificates and of nothing else.
func isCertificates(text string) bool {
	rest, n := []byte(text), 0
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return n > 0 && strings.TrimSpace(string(rest)) == ""
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil || block.Type != "CERTIFICATE" {
			return false
		}
		n++
	}
}

// receiverDeleteAsk asks whether GitLab is to forget how it reaches an agent.
func (h *Handlers) receiverDeleteAsk(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	current, err := s.read.Receiver(r.Context(), found)
	model := h.receiverDeleteForm(r, found, current)
	if model.Gone = errors.Is(err, gitlabapi.ErrNotFound); err != nil && !model.Gone {
		return err
	}
	return h.renderForm(w, r, s, http.StatusOK, model)
}

// receiverDelete makes an agent whose name was typed an ordinary one again.
func (h *Handlers) receiverDelete(w http.ResponseWriter, r *http.Request, s *session) error {
	found, err := h.manageableAgent(r, s)
	if err != nil {
		return err
	}
	model := h.receiverDeleteForm(r, found, gitlabapi.URLConfiguration{URL: textParam(r, "url")})
	model.Confirm = confirmField(r, found.Agent.Name)
	if _, err := h.checkForm(r, s, &model.Form); err != nil {
		return err
	}
	if model.Wrong() {
		return h.renderForm(w, r, s, http.StatusUnprocessableEntity, model)
	}
	current, err := s.read.Receiver(r.Context(), found)
	if err != nil {
		return err
	}
	if now := snippets.Visible(current.URL); now != model.Address { // whoever typed the name has seen another one
		l := printer(r)
		model.Address = now
		model.Notice = &views.Notice{Kind: views.NoticeWarning, Title: l.T("receiver.delete.other.title"), Text: l.T("receiver.delete.other.text")}
		return h.renderForm(w, r, s, http.StatusUnprocessableEntity, model)
	}
	err = h.change(r, s, func(ctx context.Context, gitlab *gitlabapi.Client) error {
		return h.Tokens.DeleteReceiver(ctx, gitlab, tokens.ReceiverDeleteRequest{
			Actor: h.actor(r, s), Project: found.Project.ID, ProjectPath: found.Project.Path,
			Agent: found.Agent.ID, AgentName: found.Agent.Name, Configuration: current.ID,
		})
	})
	if err != nil {
		return err
	}
	h.setFlash(w, r, flash{Kind: views.NoticeSuccess, ID: "receiver_deleted", Args: map[string]string{"Agent": found.Agent.Name}})
	h.redirect(w, r, model.Back(h.urls))
	return nil
}

func (h *Handlers) receiverDeleteForm(r *http.Request, found agentread.ProjectAgent, current gitlabapi.URLConfiguration) *views.ReceiverDeleteModel {
	return &views.ReceiverDeleteModel{
		Project: h.projectView(found.Project), AgentID: found.Agent.ID, AgentName: found.Agent.Name,
		Address: snippets.Visible(current.URL), From: originOf(r),
	}
}
