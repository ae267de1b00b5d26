package handlers

import (
	"encoding/json"
	"errors"
	"net/http"

	"gitlab-agent-portal/internal/i18n"
)

// exportedProblem is what a program is told of a problem; openapi.json explains the fields.
type exportedProblem struct {
	// Error is the stable name of the problem.
	Error   string `json:"error"`
	Message string `json:"message"`
	// Parameter is the name of the one that is wrong.
	Parameter string `json:"parameter,omitzero"`
	// GitLabMessage is GitLab's own sentence, of a refusal that it explains.
	GitLabMessage string `json:"gitlab_message,omitzero"`
	RetryAfter    int    `json:"retry_after,omitzero"` // seconds
	RequestID     string `json:"request_id"`
}

// writeProblem tells a program of a problem.
func (h *Handlers) writeProblem(w http.ResponseWriter, r *http.Request, p problem) error {
	state, wrong := stateOf(r), new(parameterError)
	answer := exportedProblem{
		Error: p.id, Message: sentenceOf(state.printer, p),
		GitLabMessage: p.said, RetryAfter: p.seconds(), RequestID: state.id,
	}
	if errors.As(state.err, &wrong) {
		answer.Parameter = wrong.name
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	if challenge := challengeOf(p); challenge != "" {
		header.Set("WWW-Authenticate", challenge)
	}
	w.WriteHeader(p.status)
	_, err = w.Write(append(body, '\n'))
	return err
}

// sentenceOf is what a page says of a problem in its title and its text. Those that speak of buttons and
// tabs have a text for programs.
func sentenceOf(l *i18n.Printer, p problem) string {
	text := l.T("errors."+p.id+".text", "Seconds", p.seconds())
	switch p.id {
	case errMethodNotAllowed.id:
		text = l.T("errors.method.program")
	case errTooManyPages.id:
		text = l.T("errors.too_many_pages.program", "Seconds", p.seconds())
	}
	return l.T("api.problem", "Title", l.T("errors."+p.id+".title"), "Text", text)
}

// challengeOf is what RFC 6750 has a program told of its token; empty where it is not to blame.
func challengeOf(p problem) string {
	const realm = `Bearer realm="GitLab Agent Portal"`
	switch {
	case p.id == errTokenMissing.id:
		return realm
	case p.id == errTokenScope.id:
		return realm + `, error="insufficient_scope", scope="read_api"`
	case p.status == http.StatusUnauthorized:
		return realm + `, error="invalid_token"`
	default:
		return ""
	}
}

// parameterError names a parameter of the address that cannot be read.
type parameterError struct{ name string }

func (e *parameterError) Error() string { return "the parameter " + e.name + " cannot be read" }

// wrongParameter is the refusal of an address because of one of its parameters.
func wrongParameter(name string) error { return errWrongParameter.because(&parameterError{name}) }
