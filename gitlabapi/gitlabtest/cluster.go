package gitlabtest

import "time"

// connectionGap is the silence after which GitLab notes a new connection in an agent's activity.
const connectionGap = time.Hour

// UseToken plays a cluster in which agentk connects with this secret once. It returns the token,
// and false when no active token has the secret: agentk would log "Unauthenticated".
func (s *Server) UseToken(secret string) (Token, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		if t.Secret == secret && !t.Revoked {
			s.touch(t, s.now())
			return *t, true
		}
	}
	return Token{}, false
}

// TouchToken sets when a token was used last; the zero time makes it never used.
func (s *Server) TouchToken(token int64, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touch(must(s.tokens, token, "token"), at)
}

// ConnectToken sets since when a cluster has been connected with the token.
func (s *Server) ConnectToken(token int64, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.tokens, token, "token").ConnectedAt = since
}

// KeepInUse says whether a cluster uses the token all the time from now on, so that its last use
// follows the clock.
func (s *Server) KeepInUse(token int64, live bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepInUse(must(s.tokens, token, "token"), live)
}

func (s *Server) keepInUse(t *Token, live bool) {
	switch {
	case live && !t.Live:
		s.touch(t, s.now())
		t.ConnectedAt = s.now()
	case !live:
		t.LastUsedAt = t.lastUsed(s.now())
	}
	t.Live = live
}

// cutOff ends the use of an agent's tokens as if it had ended some time ago.
func (s *Server) cutOff(agent int64, ago time.Duration) {
	for _, t := range s.activeTokens(agent) {
		if t.Live {
			s.keepInUse(t, false)
			t.LastUsedAt = s.now().Add(-ago)
		}
	}
}

func (s *Server) touch(t *Token, at time.Time) {
	if at.Sub(t.lastUsed(s.now())) > connectionGap {
		t.ConnectedAt = at
		s.note(t, 0, "agent_connected", at)
	}
	t.LastUsedAt = at
}

// Agents are the agents of a project by name, as they are at present.
func (s *Server) Agents(project int64) []Agent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return mapSlice(s.projectAgents(project), func(a *Agent) Agent { return *a })
}

// Tokens are all tokens of an agent in the order of their making, the revoked ones too, as they
// are at present.
func (s *Server) Tokens(agent int64) []Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	return mapSlice(s.tokensOf[agent], func(t *Token) Token {
		out := *t
		out.LastUsedAt = t.lastUsed(s.now())
		return out
	})
}
