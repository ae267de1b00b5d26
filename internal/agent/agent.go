package agent

import "time"

// Unread is the TokenCount of an agent whose tokens could not be read.
const Unread = -1

// Agent is an agent for Kubernetes as it is registered in a project.
type Agent struct {
	ID        int64
	Name      string
	CreatedAt time.Time
	CreatedBy Person
	// Tokens are the active ones, as far as they could be read.
	Tokens []Token
	// TokenCount is the number of active tokens, or Unread. It exceeds len(Tokens) only on
	// instances older than 16.2, which have no limit.
	TokenCount int
	// RevokedUse is when a token that is revoked since was last used, as far as the portal saw
	// that; zero where it did not look or saw none. GitLab tells of active tokens only.
	RevokedUse time.Time
	// Running is what runs as the agent, where somebody looked.
	Running Running
	// Config is what is known of the agent's configuration file, where somebody looked.
	Config ConfigState
	// Receptive says that GitLab connects to the agent and not the agent to GitLab (Enterprise
	// Edition, 17.4). It is false where GitLab does not tell.
	Receptive bool
}

// Token is an active token of an agent.
type Token struct {
	ID                int64
	Name, Description string
	CreatedAt         time.Time
	CreatedBy         Person
	// LastUsedAt is zero for never, and means nothing unless UseKnown. GitLab may be up to an
	// hour behind.
	LastUsedAt time.Time
	UseKnown   bool
}

// NeverUsed reports whether GitLab says that the token was never used.
func (t Token) NeverUsed() bool { return t.UseKnown && t.LastUsedAt.IsZero() }

// Person is an account at GitLab, by what is known of it: GraphQL tells names, REST the number.
// The zero value is somebody whom GitLab forgot.
type Person struct {
	ID             int64
	Username, Name string
	// Account is the state of the account, which only GraphQL tells, and only of who created tokens.
	Account Account
}

// TokensRead reports whether the agent's active tokens could be read.
func (a Agent) TokensRead() bool { return a.TokenCount >= 0 }

// UseKnown reports whether it is known when each of the active tokens was used last.
func (a Agent) UseKnown() bool {
	if !a.TokensRead() {
		return false
	}
	for i := range a.Tokens {
		if !a.Tokens[i].UseKnown {
			return false
		}
	}
	return true
}

// SetTokens gives the agent its active tokens, of which all could be read.
func (a *Agent) SetTokens(tokens []Token) { a.Tokens, a.TokenCount = tokens, len(tokens) }

// AtTokenLimit reports whether GitLab allows no further active token.
func (a Agent) AtTokenLimit() bool { return a.TokenCount >= MaxTokens }

// OverTokenLimit reports whether there are more active tokens than GitLab means to allow, as two
// creates at the same moment and GitLab before 16.2 leave them.
func (a Agent) OverTokenLimit() bool { return a.TokenCount > MaxTokens }

// Token returns the active token with the number, and whether there is one.
func (a Agent) Token(id int64) (Token, bool) {
	for _, token := range a.Tokens {
		if token.ID == id {
			return token, true
		}
	}
	return Token{}, false
}

// OldestToken is when the oldest of the tokens that could be read was created; zero without any.
func (a Agent) OldestToken() time.Time {
	var oldest time.Time
	for i := range a.Tokens {
		if created := a.Tokens[i].CreatedAt; oldest.IsZero() || created.Before(oldest) {
			oldest = created
		}
	}
	return oldest
}
