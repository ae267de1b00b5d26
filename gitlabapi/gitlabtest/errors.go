package gitlabtest

import (
	"fmt"
	"net/http"
	"strings"
)

// GitLab refuses in seven shapes, and the shape tells who refused: its helpers ("message"), the
// parameter validation of its API framework ("error"), the token check, the record validation, the
// two rate limiters and GraphQL. See lib/api/helpers.rb and lib/api/api_guard.rb.

type messageBody struct {
	Message any `json:"message"`
}

type errorBody struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
	Scope       string `json:"scope,omitempty"`
	State       string `json:"state,omitempty"`
}

// refuse is what GitLab's helpers answer: the message is the whole text, status included.
func refuse(status int, message string) error {
	return refusal{jsonAnswer(status, messageBody{message})}
}

// refuseStatus is refuse with the status's own phrase as the message.
func refuseStatus(status int) error {
	return refuse(status, fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// refuseParameters is the parameter validation's 400.
func refuseParameters(problems ...string) error {
	return refusal{jsonAnswer(http.StatusBadRequest, errorBody{Error: strings.Join(problems, ", ")})}
}

// refuseRecord is the 400 of a record that may not be saved. GitLab puts the list of sentences
// into its message by string interpolation, hence the brackets and quotes of a Ruby array.
func refuseRecord(sentences []string) error {
	quoted := make([]string, len(sentences))
	for i, sentence := range sentences {
		quoted[i] = `"` + strings.ReplaceAll(sentence, `"`, `\"`) + `"`
	}
	return refuseRule("[" + strings.Join(quoted, ", ") + "]")
}

// refuseRule is the 400 of a service that will not do what is asked.
func refuseRule(reason string) error {
	return refuse(http.StatusBadRequest, "400 Bad request - "+reason)
}

// errRecordNotFound is the 404 of a missing record. It spells "found" in lower case, unlike the
// 404 of a missing project, because it comes from another place in GitLab.
func errRecordNotFound() error { return refuse(http.StatusNotFound, "404 Not found") }

// errNotFound is the 404 that names what was looked for.
func errNotFound(what string) error {
	return refuse(http.StatusNotFound, "404 "+what+" Not Found")
}

// errNoRoute is the 404 of a path that GitLab does not know.
func errNoRoute() error {
	return refusal{jsonAnswer(http.StatusNotFound, errorBody{Error: "404 Not Found"})}
}

// errMalformedBody is the 400 for a body that is not what its content type says.
func errMalformedBody() error {
	return refuseParameters("\nProblem:\n  message body does not match declared format" +
		"\nResolution:\n  when specifying application/json as content-type, you must pass valid" +
		" application/json in the request's 'body'\n")
}

// errDeadToken is the 401 for a token that was good once; the description alone tells a client
// whether a refresh can help.
func errDeadToken(description string) error {
	a := jsonAnswer(http.StatusUnauthorized, errorBody{Error: "invalid_token", Description: description})
	return refusal{a.with("WWW-Authenticate",
		`Bearer realm="Protected by OAuth 2.0", error="invalid_token", error_description="`+description+`"`)}
}

func errTokenExpired() error {
	return errDeadToken("Token is expired. You can either do re-authorization or token refresh.")
}

func errTokenRevoked() error {
	return errDeadToken("Token was revoked. You have to re-authorize from the user.")
}

// errScope is the 403 of a token whose scope is too small. It lists every scope that the endpoint
// knows, also those that would not help for this method.
func errScope(known string) error {
	return refusal{jsonAnswer(http.StatusForbidden, errorBody{
		Error:       "insufficient_scope",
		Description: "The request requires higher privileges than provided by the access token.",
		Scope:       known,
	})}
}
