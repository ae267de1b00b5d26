package gitlabtest

import (
	"errors"
	"slices"
	"strconv"
	"time"

	graphql "github.com/graph-gophers/graphql-go"
)

// projectResolver answers the fields of Project.
type projectResolver struct {
	c *call
	p *Project
}

func (r *projectResolver) ID() graphql.ID       { return graphql.ID(globalID("Project", r.p.ID)) }
func (r *projectResolver) Name() string         { return r.p.Name }
func (r *projectResolver) FullPath() graphql.ID { return graphql.ID(r.c.fullPath(r.p)) }
func (r *projectResolver) WebURL() string       { return r.c.base() + "/" + r.c.fullPath(r.p) }
func (r *projectResolver) Archived() bool       { return r.p.Archived }

type accessLevelResolver struct{ IntegerValue int32 }

func (r *projectResolver) MaxAccessLevel() *accessLevelResolver {
	if r.c.user == nil {
		return &accessLevelResolver{}
	}
	return &accessLevelResolver{int32(r.c.memberLevel(r.c.user, r.p))}
}

type permissionsResolver struct{ AdminProject, PushCode bool }

// UserPermissions follow app/policies/project_policy.rb.
func (r *projectResolver) UserPermissions() permissionsResolver {
	if r.c.user == nil {
		return permissionsResolver{}
	}
	return permissionsResolver{
		AdminProject: r.c.user.Admin || r.c.memberLevel(r.c.user, r.p) >= Maintainer,
		PushCode:     r.c.canPush(r.c.user, r.p),
	}
}

// readable are the project's agents, none for people who may not read agents.
func (r *projectResolver) readable() []*Agent {
	if r.c.user == nil || !r.c.canReadAgents(r.c.user, r.p) {
		return nil
	}
	return r.c.projectAgents(r.p.ID)
}

// ClusterAgent finds an agent by its name.
func (r *projectResolver) ClusterAgent(args struct{ Name string }) (*agentResolver, error) {
	if err := r.agentsTrouble(); err != nil {
		return nil, err
	}
	for _, a := range r.readable() {
		if a.Name == args.Name {
			return &agentResolver{r.c, a}, nil
		}
	}
	return nil, nil //nolint:nilnil // GraphQL's null
}

// agentsTrouble is the error that the settings want beside the null of the project's agents.
func (r *projectResolver) agentsTrouble() error {
	if message := r.c.settings.GraphQLErrors[r.p.ID]; message != "" {
		return errors.New(message)
	}
	return nil
}

// ClusterAgents is an empty list, not null, for people who may not read agents.
func (r *projectResolver) ClusterAgents(args pageArgs) (*connection[*agentResolver], error) {
	if err := r.agentsTrouble(); err != nil {
		return nil, err
	}
	return connect(r.readable(), args, r.c.agentResolver)
}

type authorizationResolver struct {
	Agent  *agentResolver
	Config *graphqlJSON
}

// sharedAgents are the agents that are shared with this project; null for people who may not read agents.
func (r *projectResolver) sharedAgents(args pageArgs, config string, with func(*Agent) bool) (*connection[*authorizationResolver], error) {
	if r.c.user == nil || !r.c.canReadAgents(r.c.user, r.p) {
		return nil, nil //nolint:nilnil // GraphQL's null
	}
	return connect(sortedValues(r.c.agents, with, byName), args, func(a *Agent) *authorizationResolver {
		settings := graphqlJSON(orElse(a.AccessConfig, config))
		return &authorizationResolver{Agent: r.c.agentResolver(a), Config: &settings}
	})
}

// CiAccessAuthorizedAgents are those that pipelines of the project may use: its own too, which need
// no grant (app/finders/clusters/agents/authorizations/ci_access/finder.rb).
func (r *projectResolver) CiAccessAuthorizedAgents(args pageArgs) (*connection[*authorizationResolver], error) {
	return r.sharedAgents(args, "{}", func(a *Agent) bool { return a.Project == r.p.ID || slices.Contains(a.CIAccess, r.p.ID) })
}

func (r *projectResolver) UserAccessAuthorizedAgents(args pageArgs) (*connection[*authorizationResolver], error) {
	return r.sharedAgents(args, `{"access_as":{"agent":{}}}`, func(a *Agent) bool { return slices.Contains(a.UserAccess, r.p.ID) })
}

// groupResolver answers the fields of Group.
type groupResolver struct {
	c *call
	g *Group
}

func (r *groupResolver) ID() graphql.ID       { return graphql.ID(globalID("Group", r.g.ID)) }
func (r *groupResolver) Name() string         { return r.g.Name }
func (r *groupResolver) FullPath() graphql.ID { return graphql.ID(r.c.groupPath(r.g.ID)) }

// ClusterAgents are those of the group and of everything below it, for its Developers.
func (r *groupResolver) ClusterAgents(args pageArgs) (*connection[*agentResolver], error) {
	var found []*Agent
	if u := r.c.user; u != nil && (u.Admin || r.c.groupLevel(u, r.g.ID) >= Developer) {
		found = sortedValues(r.c.agents,
			func(a *Agent) bool { return r.c.inGroup(r.c.projects[a.Project], r.g.ID) },
			byName)
	}
	return connect(found, args, r.c.agentResolver)
}

// inGroup says whether the project is somewhere below the group.
func (st *store) inGroup(p *Project, group int64) bool {
	for g := st.groups[p.Group]; g != nil; g = st.groups[g.Parent] {
		if g.ID == group {
			return true
		}
	}
	return false
}

// agentResolver answers the fields of ClusterAgent.
type agentResolver struct {
	c *call
	a *Agent
}

func (c *call) agentResolver(a *Agent) *agentResolver { return &agentResolver{c, a} }

func (r *agentResolver) ID() graphqlValue               { return graphqlValue(globalID("Clusters::Agent", r.a.ID)) }
func (r *agentResolver) Name() string                   { return r.a.Name }
func (r *agentResolver) CreatedAt() graphqlTime         { return graphqlTime{r.a.CreatedAt} }
func (r *agentResolver) UpdatedAt() graphqlTime         { return graphqlTime{r.a.UpdatedAt} }
func (r *agentResolver) CreatedByUser() *personResolver { return r.c.person(r.a.CreatedBy) }
func (r *agentResolver) IsReceptive() bool              { return r.a.Receptive }

func (r *agentResolver) project() *Project { return r.c.projects[r.a.Project] }

func (r *agentResolver) Project() *projectResolver {
	if !r.c.sees(r.project()) {
		return nil
	}
	return &projectResolver{r.c, r.project()}
}

func (r *agentResolver) WebPath() string {
	return "/" + r.c.fullPath(r.project()) + "/-/cluster_agents/" + r.a.Name
}

func (r *agentResolver) UserAccessAuthorizations() *authorizationResolver {
	if len(r.a.UserAccess) == 0 && !r.a.UserAccessStored {
		return nil
	}
	config := graphqlJSON(`{"access_as":{"agent":{}}}`)
	return &authorizationResolver{Agent: r, Config: &config}
}

// Tokens are the active ones; GraphQL no more than REST tells of the revoked.
func (r *agentResolver) Tokens(args pageArgs) (*connection[*tokenResolver], error) {
	return connect(r.c.activeTokens(r.a.ID), args, r.c.tokenResolver)
}

// administers says whether the caller may see the agent's connections and activity.
func (r *agentResolver) administers() bool {
	return r.c.user != nil && r.c.canAdminCluster(r.c.user, r.project())
}

// tokenResolver answers the fields of ClusterAgentToken.
type tokenResolver struct {
	c *call
	t *Token
}

func (c *call) tokenResolver(t *Token) *tokenResolver { return &tokenResolver{c, t} }

func (r *tokenResolver) ID() graphqlValue {
	return graphqlValue(globalID("Clusters::AgentToken", r.t.ID))
}
func (r *tokenResolver) Name() string                   { return r.t.Name }
func (r *tokenResolver) Description() *string           { return r.t.Description }
func (r *tokenResolver) CreatedAt() graphqlTime         { return graphqlTime{r.t.CreatedAt} }
func (r *tokenResolver) CreatedByUser() *personResolver { return r.c.person(r.t.CreatedBy) }
func (r *tokenResolver) ClusterAgent() *agentResolver {
	return r.c.agentResolver(r.c.agents[r.t.Agent])
}
func (r *tokenResolver) LastUsedAt() *graphqlTime { return timeOrNull(r.t.lastUsed(r.c.now())) }

func (r *tokenResolver) Status() string {
	if r.t.Revoked {
		return "REVOKED"
	}
	return "ACTIVE"
}

func timeOrNull(t time.Time) *graphqlTime {
	if t.IsZero() {
		return nil
	}
	return &graphqlTime{t}
}

// connectionNumber is the agent server's number of a connection, too large for a GraphQL Int.
func connectionNumber(p pod) graphqlValue {
	return graphqlValue(strconv.FormatInt(1<<40+p.token.ID+int64(p.number)<<32, 10))
}
