package gitlabtest

import (
	"errors"
	"slices"
	"time"
)

// contactWindow is how long a connection is still counted after its token was used last.
const contactWindow = 90 * time.Second

// Names of the errors that GitLab passes on from the agent server as they are.
var (
	errKASDisabled    = errors.New("Gitlab::Kas::Client::ConfigurationError")
	errKASUnreachable = errors.New("GRPC::Unavailable")
)

type connectedAgentResolver struct {
	ConnectedAt  graphqlTime
	ConnectionID graphqlValue
	Metadata     agentMetadataResolver
	Warnings     *[]agentWarningResolver
}

type agentMetadataResolver struct{ Version, Commit, PodName, PodNamespace string }

type agentWarningResolver struct{ Version agentVersionWarningResolver }

type agentVersionWarningResolver struct{ Message string }

// Connections are asked of the agent server: without it they are null, with an error beside them.
func (r *agentResolver) Connections(args pageArgs) (*connection[*connectedAgentResolver], error) {
	switch {
	case r.c.settings.KASDisabled:
		return nil, errKASDisabled
	case r.c.settings.KASUnreachable:
		return nil, errKASUnreachable
	}
	var connected []*Token
	if r.administers() {
		connected = slices.DeleteFunc(r.c.activeTokens(r.a.ID), func(t *Token) bool {
			return r.c.now().Sub(t.lastUsed(r.c.now())) > contactWindow
		})
	}
	return connect(r.c.pods(connected), args, r.connected)
}

func (r *agentResolver) connected(p pod) *connectedAgentResolver {
	return &connectedAgentResolver{
		ConnectedAt:  graphqlTime{orElse(p.token.ConnectedAt, p.token.CreatedAt)},
		ConnectionID: connectionNumber(p),
		Metadata:     r.metadata(p),
		Warnings:     r.warnings(p),
	}
}

type activityEventResolver struct {
	RecordedAt graphqlTime
	Kind       string
	Level      string
	User       *personResolver
	AgentToken *tokenResolver
}

// ActivityEvents are newest first.
func (r *agentResolver) ActivityEvents(args pageArgs) (*connection[*activityEventResolver], error) {
	var events []event
	if r.administers() {
		events = r.c.agentEvents(r.a.ID)
	}
	return connect(events, args, func(e event) *activityEventResolver {
		return &activityEventResolver{
			RecordedAt: graphqlTime{e.at}, Kind: e.kind, Level: "info",
			User: r.c.person(e.user), AgentToken: r.c.tokenResolver(r.c.tokens[e.token]),
		}
	})
}

// maxActivity is how many events GitLab keeps of an agent.
const maxActivity = 200

func (st *store) agentEvents(agent int64) []event {
	var events []event
	for _, e := range st.events {
		if e.agent == agent {
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return b.at.Compare(a.at) })
	return events[:min(len(events), maxActivity)]
}
