package handlers

import (
	"encoding/json"
	"errors"
	"net/http"
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
		Error: p.id, Message: state.printer.T("errors."+p.id+".text", "Seconds", p.seconds()),
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
