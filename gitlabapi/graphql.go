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

// graphQLMissing turns the 404 of an instance without GraphQL into ErrGraphQL.
func graphQLMissing(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Status == http.StatusNotFound {
		e.kind = ErrGraphQL
	}
	return err
}

// noData is the Error of a query that was not run.
func noData(op string, errs []graphQLError) *Error {
	e := &Error{Op: op, Status: http.StatusOK, kind: ErrGraphQL, detail: "no data"}
	messages := make([]string, 0, len(errs))
	for _, err := range errs {
		messages = append(messages, err.Message)
		// graphql-ruby's own text, not translated: "Query has complexity of 301,
		// which exceeds max complexity of 250".
		if strings.Contains(err.Message, "exceeds max complexity") {
			e.kind = ErrTooComplex
		}
	}
	e.Message = bound(strings.Join(messages, "; "))
	return e
}
