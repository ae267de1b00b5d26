package gitlabtest

// Grants is whom GitLab lets use an agent: what it made of the agent's configuration file.
type Grants struct {
	// CI and User are projects; those in groups that were granted are among them.
	CI, User []int64
	// UserStored says that people are let in at all.
	UserStored bool
}

// SetGrants has GitLab take in an agent's configuration, as it does a minute or two after a push
// while the agent is connected.
func (s *Server) SetGrants(agent int64, g Grants) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := must(s.agents, agent, "agent")
	a.CIAccess, a.UserAccess, a.UserAccessStored = g.CI, g.User, g.UserStored
}
