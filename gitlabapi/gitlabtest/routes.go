package gitlabtest

import (
	"net/http"
	"slices"
)

// The operations, as faults and counters name them.
const (
	OpListAgents    = "list agents"
	OpGetAgent      = "get agent"
	OpRegisterAgent = "register agent"
	OpDeleteAgent   = "delete agent"
	OpListTokens    = "list tokens"
	OpGetToken      = "get token"
	OpCreateToken   = "create token"
	OpRevokeToken   = "revoke token"

	OpListURLConfigurations  = "list url configurations"
	OpCreateURLConfiguration = "create url configuration"
	OpDeleteURLConfiguration = "delete url configuration"

	OpListEnvironments  = "list environments"
	OpListGroups        = "list groups"
	OpGetGroup          = "get group"
	OpListGroupProjects = "list group projects"

	OpCurrentUser  = "current user"
	OpGetUser      = "get user"
	OpGetOwnToken  = "get own token"
	OpListProjects = "list projects"
	OpGetProject   = "get project"
	OpGetMember    = "get member"
	OpRawFile      = "raw file"
	OpMetadata     = "metadata"
	OpVersion      = "version"
	OpGraphQL      = "graphql"

	OpAuthorize    = "authorize"
	OpDecide       = "decide"
	OpOAuthToken   = "oauth token"
	OpExchangeCode = "exchange code"
	OpRefreshToken = "refresh token"
	OpOAuthRevoke  = "oauth revoke"
	OpTokenInfo    = "token info"

	OpPage       = "page"
	OpSandbox    = "sandbox"
	OpUseToken   = "use token"
	OpUnexpected = "unexpected"
)

// route is one address of the server and what happens there.
type route struct {
	op      string
	pattern string
	// scopes are those that the token check knows here; none means that the route does its own check.
	scopes string
	params []param
	handle func(*call) (Answer, error)
}

// The scopes of most routes, and of those that tell of people and of the server.
const (
	anyScope  = "api read_api"
	userScope = "api read_api read_user"
)

// routes is the whole table of addresses.
func routes() []route {
	project, agent, token := param{name: "id"}, integerParam("agent_id").require(), integerParam("token_id").require()
	const (
		agents = "/api/v4/projects/{id}/cluster_agents"
		tokens = agents + "/{agent_id}/tokens"
	)
	return append([]route{
		{OpListAgents, "GET " + agents, anyScope, paged(project), listAgents},
		{OpGetAgent, "GET " + agents + "/{agent_id}", anyScope, []param{project, agent}, getAgent},
		{OpRegisterAgent, "POST " + agents, anyScope, []param{project, textParam("name").require()}, registerAgent},
		{OpDeleteAgent, "DELETE " + agents + "/{agent_id}", anyScope, []param{project, agent}, deleteAgent},
		{OpListTokens, "GET " + tokens, anyScope, paged(project, agent), listTokens},
		{OpGetToken, "GET " + tokens + "/{token_id}", anyScope, []param{project, agent, token}, getToken},
		{OpCreateToken, "POST " + tokens, anyScope, []param{
			project, agent, textParam("name").require(), textParam("description"),
		}, createToken},
		{OpRevokeToken, "DELETE " + tokens + "/{token_id}", anyScope, []param{project, agent, token}, revokeToken},

		{
			OpListEnvironments, "GET /api/v4/projects/{id}/environments", anyScope,
			paged(project, textParam("states").oneOf("available", "stopping", "stopped")),
			listEnvironments,
		},

		{OpCurrentUser, "GET /api/v4/user", userScope, nil, currentUser},
		{OpGetOwnToken, "GET /api/v4/personal_access_tokens/self", allScopes, nil, getOwnToken},
		{OpGetUser, "GET /api/v4/users/{id}", userScope, []param{integerParam("id").require()}, getUser},
		{OpListProjects, "GET /api/v4/projects", anyScope, projectListParams(), listProjects},
		{OpGetProject, "GET /api/v4/projects/{id}", anyScope, []param{project}, getProject},
		{
			OpGetMember, "GET /api/v4/projects/{id}/members/all/{user_id}", anyScope,
			[]param{project, integerParam("user_id").require()},
			getMember,
		},
		{
			OpRawFile, "GET /api/v4/projects/{id}/repository/files/{file_path}/raw", anyScope + " read_repository",
			[]param{project, textParam("file_path").require(), textParam("ref")},
			rawFile,
		},
		{OpMetadata, "GET /api/v4/metadata", userScope, nil, metadata},
		{OpVersion, "GET /api/v4/version", userScope, nil, metadata},
	}, slices.Concat(urlConfigurationRoutes(), groupRoutes(), repositoryRoutes(), otherRoutes())...)
}

// otherRoutes are the addresses outside of the REST API.
func otherRoutes() []route {
	return []route{
		{op: OpGraphQL, pattern: "POST /api/graphql", handle: graphqlRoute},

		{op: OpOAuthToken, pattern: "POST /oauth/token", handle: oauthGrant},
		{op: OpOAuthRevoke, pattern: "POST /oauth/revoke", handle: oauthRevoke},
		{op: OpTokenInfo, pattern: "GET /oauth/token/info", handle: oauthTokenInfo},
		{op: OpAuthorize, pattern: "GET /oauth/authorize", handle: authorizePage},
		{op: OpDecide, pattern: "POST /oauth/authorize", handle: authorizeDecision},

		{op: OpSandbox, pattern: "GET /sandbox", handle: sandboxPage},
		{op: OpUseToken, pattern: "POST /sandbox", handle: sandboxAct},
		{op: OpPage, pattern: "GET /{path...}", handle: sitePage},
	}
}

// unexpectedRoute stands for every address that is not in the table.
func unexpectedRoute() route { return route{op: OpUnexpected, handle: noRoute} }

// noRoute is GitLab's answer to an address that it does not have.
func noRoute(c *call) (Answer, error) {
	if isAPI(c.req) {
		return Answer{}, errNoRoute()
	}
	return textAnswer(http.StatusNotFound, "404 Not Found"), nil
}
