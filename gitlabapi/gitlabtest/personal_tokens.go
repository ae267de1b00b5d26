package gitlabtest

// RevokePersonalToken revokes a personal, project or group access token by its secret, as its owner does.
func (s *Server) RevokePersonalToken(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.personalTokens[secret]
	if t == nil {
		panic("gitlabtest: there is no such personal token")
	}
	t.Revoked = true
}
