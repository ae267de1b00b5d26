package gitlabapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// graphQLRequest is the body of a query.
type graphQLRequest struct {
	Query         string `json:"query"`
	OperationName string `json:"operationName"` // as in Query
	Variables     any    `json:"variables"`
}

// graphQLError is one entry of "errors" in an answer.
type graphQLError struct {
	Message string `json:"message"`
	Path    []any  `json:"path"` // names of fields and indices of lists
}

// query runs one GraphQL query (https://docs.gitlab.com/api/graphql/), which may
// be repeated like a GET. It returns what there is of data, and the errors beside
// it. Without data the error is ErrGraphQL: GitLab answers HTTP 200 to queries
// that it does not run.
func query[T any](ctx context.Context, c *Client, op string, q graphQLRequest) (*T, []graphQLError, error) {
	var reply struct {
		Data   *T             `json:"data"`
		Errors []graphQLError `json:"errors"`
	}
	r := request{op: op, method: http.MethodPost, path: "/api/graphql", json: q, repeatable: true}
	if _, err := c.do(ctx, r, &reply); err != nil {
		return nil, nil, graphQLMissing(err)
	}
	for i := range reply.Errors {
		reply.Errors[i].Message = clean(reply.Errors[i].Message, c.token)
	}
	if reply.Data == nil {
		return nil, nil, noData(op, reply.Errors)
	}
	return reply.Data, reply.Errors, nil
}

// graphQLMissing turns the 404 of an instance without GraphQL, or of a proxy that lets nobody to
// it, into ErrUnsupported.
func graphQLMissing(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Status == http.StatusNotFound {
		e.kind = ErrUnsupported
	}
	return err
}

// noData is the Error of a query that was not run.
func noData(op string, errs []graphQLError) *Error {
	e := &Error{Op: op, Status: http.StatusOK, kind: ErrGraphQL, detail: "no data"}
	messages := make([]string, 0, len(errs))
	for _, err := range errs {
		messages = append(messages, err.Message)
		e.kind = worse(e.kind, kindOfMessage(err.Message))
	}
	e.Message = bound(strings.Join(messages, "; "))
	return e
}

// kindOfMessage is what an error inside a 200 means. graphql-ruby and GitLab write these texts
// themselves, in English: only the last of them says that the instance does not know the query.
func kindOfMessage(text string) error {
	text = strings.ToLower(text)
	for _, known := range []struct {
		part string
		kind error
	}{
		{"exceeds max complexity", ErrTooComplex}, // "Query has complexity of 301, which exceeds max complexity of 250"
		{"timed out", ErrTimeout},                 // "Request timed out. Please try a less complex query or a smaller set of records."
		{"timeout", ErrTimeout},                   // "Timeout on validation of query"
		{"too many times", ErrRateLimited},        // "This endpoint has been requested too many times. Try again later."
		{"internal server error", ErrUnavailable},
		{"doesn't exist on type", ErrUnsupported},   // a field
		{"doesn't accept argument", ErrUnsupported}, // its argument
		{"isn't a defined input type", ErrUnsupported},
		{"no such type", ErrUnsupported},
	} {
		if strings.Contains(text, known.part) {
			return known.kind
		}
	}
	return ErrGraphQL
}

// worse is the more telling of two kinds: any but the one that says nothing.
func worse(a, b error) error {
	if a == ErrGraphQL { //nolint:errorlint // the others wrap it
		return b
	}
	return a
}
