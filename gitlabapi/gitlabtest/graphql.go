package gitlabtest

import (
	"bytes"
	"context"
	_ "embed" // for the schema
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	graphql "github.com/graph-gophers/graphql-go"
	"github.com/vektah/gqlparser/v2/ast"
)

//go:embed schema.graphql
var graphqlSource string

// graphqlEngine holds what takes time to make, from the first query on. The server's lock guards it.
type graphqlEngine struct {
	// executable runs the queries of every call; the resolver of each one comes with its context.
	executable *graphql.Schema
	// known is the schema that queries are checked against, without the fields in lacking.
	known   *ast.Schema
	lacking []string
}

func (e *graphqlEngine) executableSchema() *graphql.Schema {
	if e.executable == nil {
		e.executable = graphql.MustParseSchema(graphqlSource, &rootResolver{},
			graphql.UseFieldResolvers(), graphql.MaxParallelism(1))
	}
	return e.executable
}

// knownSchema is the schema of an instance that lacks some fields, such as "Group.clusterAgents".
func (e *graphqlEngine) knownSchema(lacking []string) *ast.Schema {
	if e.known == nil || !slices.Equal(e.lacking, lacking) {
		e.known, e.lacking = schemaWithout(lacking), lacking
	}
	return e.known
}

// graphqlRequest is one query as the body carries it.
type graphqlRequest struct {
	Query         string         `json:"query"`
	Variables     map[string]any `json:"variables"`
	OperationName string         `json:"operationName"`
}

// graphqlBody is the answer to one query.
type graphqlBody struct {
	Data   json.RawMessage `json:"data,omitempty"`
	Errors []graphqlError  `json:"errors,omitempty"`
}

// graphqlRoute is POST /api/graphql, with one query or a list of them.
func graphqlRoute(c *call) (Answer, error) {
	if c.settings.GraphQLOff {
		return noRoute(c)
	}
	if err := c.graphqlAuthenticate(); err != nil {
		return Answer{}, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(c.body), []byte("[")) {
		batch, err := readGraphQL[[]graphqlRequest](c.body)
		return jsonAnswer(http.StatusOK, mapSlice(batch, c.runGraphQL)), err
	}
	single, err := readGraphQL[graphqlRequest](c.body)
	return jsonAnswer(http.StatusOK, c.runGraphQL(single)), err
}

// readGraphQL reads one query or a list of them.
func readGraphQL[T any](body []byte) (T, error) {
	var request T
	if err := json.Unmarshal(body, &request); err != nil {
		return request, refusal{graphqlErrors(http.StatusBadRequest, "The body is not JSON")}
	}
	return request, nil
}

// graphqlAuthenticate lets anonymous callers in. Unlike REST it has one answer for every credential
// that is no good, be it unknown, expired, revoked or too narrow.
func (c *call) graphqlAuthenticate() error {
	cred, presented, found := c.findCredential(c.req)
	if !presented {
		return nil
	}
	expired := !cred.expiresAt.IsZero() && !c.now().Before(cred.expiresAt)
	reads := slices.Contains(cred.scopes, "api") || slices.Contains(cred.scopes, "read_api")
	if !found || cred.revoked || expired || !reads {
		return refusal{graphqlErrors(http.StatusUnauthorized, "Invalid token")}
	}
	u := c.users[cred.user]
	if u.State != "active" {
		return refusal{graphqlErrors(http.StatusForbidden, "API not accessible for user")}
	}
	c.user = c.acting(u)
	return nil
}

// runGraphQL validates a query against what this instance knows, weighs it and executes it.
func (c *call) runGraphQL(request graphqlRequest) graphqlBody {
	if request.Query == "" {
		return graphqlBody{Errors: []graphqlError{{Message: "No query string was present"}}}
	}
	document, problems := c.validateGraphQL(request.Query)
	if problems != nil {
		return graphqlBody{Errors: problems}
	}
	operation := document.Operations.ForName(request.OperationName)
	if operation == nil {
		return graphqlBody{Errors: []graphqlError{{Message: "An operation name is required"}}}
	}
	cost := queryCost(operation, request.Variables)
	if problem := cost.problem(c.graphqlLimits()); problem != "" {
		return graphqlBody{Errors: []graphqlError{{Message: problem}}}
	}
	return c.executeGraphQL(request, operation, cost)
}

func (c *call) executeGraphQL(request graphqlRequest, operation *ast.OperationDefinition, cost cost) graphqlBody {
	resolver := &queryResolver{c: c, cost: cost, limit: c.graphqlLimits().complexity}
	ctx := context.WithValue(context.Background(), resolverKey{}, resolver)
	response := c.graphql.executableSchema().Exec(ctx, request.Query, operation.Name, request.Variables)
	body := graphqlBody{Data: response.Data}
	for _, problem := range response.Errors {
		body.Errors = append(body.Errors, graphqlError{Message: problem.Message, Path: problem.Path})
	}
	return body
}

// globalID is an id as GraphQL writes it, such as gid://gitlab/Project/20.
func globalID(kind string, id int64) string {
	return "gid://gitlab/" + kind + "/" + strconv.FormatInt(id, 10)
}

// The scalars of the schema that are text on the wire.
type (
	graphqlTime  struct{ time.Time }
	graphqlValue string
)

// ImplementsGraphQLType says which scalar of the schema this is.
func (graphqlTime) ImplementsGraphQLType(name string) bool { return name == "Time" }

// UnmarshalGraphQL is never called: no argument is a time.
func (*graphqlTime) UnmarshalGraphQL(any) error { return errOutputOnly }

// MarshalJSON writes the time as GraphQL does, in whole seconds.
func (t graphqlTime) MarshalJSON() ([]byte, error) {
	return json.Marshal(t.UTC().Format(time.RFC3339))
}

// ImplementsGraphQLType says which scalars of the schema this is.
func (graphqlValue) ImplementsGraphQLType(name string) bool {
	switch name {
	case "BigInt", "ClustersAgentID", "ClustersAgentTokenID":
		return true
	default:
		return false
	}
}

// UnmarshalGraphQL is never called: no argument is of these types.
func (*graphqlValue) UnmarshalGraphQL(any) error { return errOutputOnly }

// graphqlJSON is a value of any shape.
type graphqlJSON json.RawMessage

// ImplementsGraphQLType says which scalar of the schema this is.
func (graphqlJSON) ImplementsGraphQLType(name string) bool { return name == "JSON" }

// UnmarshalGraphQL is never called: no argument is such a value.
func (*graphqlJSON) UnmarshalGraphQL(any) error { return errOutputOnly }

// MarshalJSON writes the value as it is.
func (j graphqlJSON) MarshalJSON() ([]byte, error) { return j, nil }
