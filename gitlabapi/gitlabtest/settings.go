package gitlabtest

import "time"

// Settings are the ways in which one GitLab instance differs from another. A Server starts as an
// ordinary current instance of the Enterprise Edition.
type Settings struct {
	// CommunityEdition leaves out is_receptive and the group field clusterAgents.
	CommunityEdition bool
	// Version is what /metadata and /version say; 18.5.1 by default.
	Version string

	// KASDisabled makes /metadata say so and GraphQL connections fail, as an instance without the
	// agent server does. Agents and tokens can be managed all the same.
	KASDisabled bool
	// KASUnreachable makes GraphQL connections fail as they do while the agent server is down.
	KASUnreachable bool
	// KASExternalURL is the agent server's address in /metadata; derived from the server's own
	// address when empty.
	KASExternalURL string

	// ReceptiveAgents is the switch without which nobody can ask for url_configurations; off as on
	// a new instance.
	ReceptiveAgents bool

	// AdminMode takes from administrators, who act by tokens here, all rights but those of their own
	// roles. /user goes on to say that they are administrators.
	AdminMode bool

	// NoTokenLimit lets an agent have any number of active tokens, as GitLab before 16.1 did.
	NoTokenLimit bool
	// SecretPrefix is put in front of every agent token's secret, as an administrator can set it.
	SecretPrefix string
	// NewSecret makes the secret of an agent token; ClassicSecret by default.
	NewSecret func(token, project int64) string
	// ListsLastUsed puts last_used_at into the list of tokens, which no GitLab does yet.
	ListsLastUsed bool
	// ListsSecrets puts the secret into lists and single tokens, which no GitLab must ever do: for
	// proving that a client drops it.
	ListsSecrets bool

	// LinkHost replaces the host in Link headers, as on an instance with a wrong external URL.
	LinkHost string
	// EchoSecrets adds the request's credentials and body to every error text.
	EchoSecrets bool
	// GraphQLOff answers every GraphQL request with 404.
	GraphQLOff bool
	// GraphQLLacks names fields that this instance does not know, such as "ClusterAgent.tokens".
	GraphQLLacks []string
	// GraphQLErrors are messages by project: the agents of such a project are null in GraphQL, with
	// an error beside the data.
	GraphQLErrors map[int64]string
	// GitalyErrors are messages by project: folders of its repository are null in GraphQL, with that
	// error.
	GitalyErrors map[int64]string
	// TokenType is the token_type of OAuth answers; "Bearer" by default.
	TokenType string
	// AccessTokenLifetime is how long OAuth access tokens work; two hours by default.
	AccessTokenLifetime time.Duration
	// OmitScope leaves scope out of OAuth answers, as GitLab's documentation shows them.
	OmitScope bool

	// CountLimit is the number of rows above which lists carry no totals; 10,000 by default.
	CountLimit int
	// ComplexityLimit is the cost that a GraphQL query may have; 250 by default, and 50 more for
	// administrators.
	ComplexityLimit int
}

func defaultSettings() Settings {
	return Settings{
		Version:         "18.5.1",
		NewSecret:       ClassicSecret,
		TokenType:       "Bearer",
		CountLimit:      10_000,
		ComplexityLimit: 250,

		AccessTokenLifetime: accessTokenLifetime,
	}
}

// Configure changes the settings while the server runs.
func (s *Server) Configure(change func(*Settings)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.settings)
}
