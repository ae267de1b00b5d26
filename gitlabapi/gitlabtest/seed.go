package gitlabtest

import (
	"slices"
	"time"
)

// User is a person. Everything but Username may be left empty.
type User struct {
	// ID is the next free one when zero.
	ID       int64
	Username string
	// Name is the Username when empty.
	Name  string
	Email string
	// State is "active" when empty, and otherwise a value of GraphQL's UserState; "blocked" and "deactivated" people are refused.
	State string
	Admin bool
	// Bot is the account of a token of a group's, a project's or a service account's: nobody signs in as it.
	Bot bool
	// Auditor sees every project without being a member, but none of their agents.
	Auditor bool
	// External people see internal projects only as members.
	External  bool
	AvatarURL string
	// Locale is the preferred language, such as "zh_CN". Some of GitLab's error texts follow it.
	Locale string
	// Hint is said beside the name where the demo lets one choose who to be.
	Hint string
}

// Visibility says who may see a project or group without being a member.
type Visibility string

// The visibilities of GitLab. The empty one counts as Private.
const (
	Private  Visibility = "private"
	Internal Visibility = "internal"
	Public   Visibility = "public"
)

// Group is a group or subgroup of projects.
type Group struct {
	ID         int64
	Path       string
	Name       string
	Parent     int64
	Visibility Visibility
	Archived   bool
	// DeletionScheduled makes everything below read-only, as Archived does.
	DeletionScheduled bool
}

// Project is a project in a group, or in the personal namespace of Owner.
type Project struct {
	ID             int64
	Path           string
	Name           string
	Description    string
	Group          int64
	Owner          int64
	Visibility     Visibility
	Archived       bool
	CreatedAt      time.Time
	LastActivityAt time.Time
	// DeletionScheduled makes the project read-only. GitLab then often changes its path too.
	DeletionScheduled bool
	// RepositoryDisabled makes every change of agents 403; reading stays possible.
	RepositoryDisabled bool
	// InfrastructureDisabled does so too, and GraphQL does not tell of it.
	InfrastructureDisabled bool
	// PipelinesDisabled makes registering an agent 400 even for Maintainers.
	PipelinesDisabled bool
}

// Agent is a registered agent for Kubernetes.
type Agent struct {
	ID        int64
	Project   int64
	Name      string
	CreatedAt time.Time
	UpdatedAt time.Time
	// CreatedBy is the person's id; zero where GitLab no longer knows.
	CreatedBy int64
	Receptive bool
	// URLConfiguration is how GitLab reaches a receptive agent; nil while nobody has said it.
	URLConfiguration *URLConfiguration
	// CIAccess and UserAccess are projects that the agent is shared with by its configuration.
	CIAccess, UserAccess []int64
	// UserAccessStored says that its configuration lets people in, as it does where UserAccess has projects.
	UserAccessStored bool
	// AccessConfig is the JSON that GraphQL tells of these grants; empty for the least there can be.
	AccessConfig string
}

// Token is a token of an agent.
type Token struct {
	ID    int64
	Agent int64
	Name  string
	// Description is null on the wire when nil; new("…") makes one.
	Description *string
	CreatedAt   time.Time
	CreatedBy   int64
	// LastUsedAt is zero for a token that was never used.
	LastUsedAt time.Time
	Revoked    bool
	// Live makes the last use follow the clock, as if a cluster used the token all the time.
	Live bool
	// ConnectedAt is since when a cluster has been connected with the token; CreatedAt when zero.
	ConnectedAt time.Time
	// Versions are those of the pods that are connected while the token is in use; one pod of the
	// instance's version when empty.
	Versions []string
	// Secret is made by Settings.NewSecret when empty.
	Secret string
}

// AddUser adds a person and returns the id.
func (s *Server) AddUser(u User) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.ID = s.nextID("user", u.ID)
	u.Name = orElse(u.Name, u.Username)
	u.State = orElse(u.State, "active")
	u.Email = orElse(u.Email, u.Username+"@example.com")
	s.users[u.ID] = &u
	return u.ID
}

// RenameUser gives a person another username, as people do themselves; somebody else may take the old one.
func (s *Server) RenameUser(user int64, username string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.users, user, "user")
	s.users[user].Username = username
}

// AddGroup adds a group and returns the id.
func (s *Server) AddGroup(g Group) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.ID = s.nextID("namespace", g.ID)
	g.Name = orElse(g.Name, g.Path)
	s.groups[g.ID] = &g
	return g.ID
}

// AddProject adds a project and returns the id.
func (s *Server) AddProject(p Project) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.ID = s.nextID("project", p.ID)
	p.Name = orElse(p.Name, p.Path)
	p.Visibility = orElse(p.Visibility, Private)
	p.CreatedAt = orElse(p.CreatedAt, s.now())
	p.LastActivityAt = orElse(p.LastActivityAt, p.CreatedAt)
	s.projects[p.ID] = &p
	return p.ID
}

// AddMember makes a person a direct member of a project, or changes their level.
func (s *Server) AddMember(project, user int64, level AccessLevel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.projectMembers[membership{project, user}] = level
}

// RemoveMember ends a person's direct membership of a project.
func (s *Server) RemoveMember(project, user int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.projectMembers, membership{project, user})
}

// AddGroupMember makes a person a member of a group and so of everything below it, or changes
// their level.
func (s *Server) AddGroupMember(group, user int64, level AccessLevel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groupMembers[membership{group, user}] = level
}

// RemoveGroupMember ends a person's membership of a group.
func (s *Server) RemoveGroupMember(group, user int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groupMembers, membership{group, user})
}

// AddAgent adds an agent to a project that is there and returns the id.
func (s *Server) AddAgent(a Agent) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addAgent(a).ID
}

func (s *Server) addAgent(a Agent) *Agent {
	must(s.projects, a.Project, "project")
	a.ID = s.nextID("agent", a.ID)
	a.CreatedAt = orElse(a.CreatedAt, s.now())
	a.UpdatedAt = orElse(a.UpdatedAt, a.CreatedAt)
	s.agents[a.ID] = &a
	s.agentsIn[a.Project] = append(s.agentsIn[a.Project], &a)
	return &a
}

// AddToken adds a token to an agent that is there and returns the id. There is no limit here: an upgraded GitLab
// may hold more than two active tokens of an agent.
func (s *Server) AddToken(t Token) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addToken(t).ID
}

func (s *Server) addToken(t Token) *Token {
	agent := must(s.agents, t.Agent, "agent")
	t.ID = s.nextID("token", t.ID)
	t.CreatedAt = orElse(t.CreatedAt, s.now())
	if t.Secret == "" {
		t.Secret = s.settings.SecretPrefix + s.settings.NewSecret(t.ID, agent.Project)
	}
	s.issue("agent token", t.Secret)
	s.tokens[t.ID] = &t
	s.tokensOf[t.Agent] = append(s.tokensOf[t.Agent], &t)
	s.note(&t, t.CreatedBy, "token_created", t.CreatedAt)
	if !t.lastUsed(s.now()).IsZero() {
		s.note(&t, 0, "agent_connected", orElse(t.ConnectedAt, orElse(t.LastUsedAt, t.CreatedAt)))
	}
	return &t
}

// note adds a line to the agent's activity.
func (s *Server) note(t *Token, user int64, kind string, at time.Time) {
	s.events = append(s.events, event{agent: t.Agent, token: t.ID, user: user, kind: kind, at: at})
}

// orElse is value, or fallback when value is the zero value.
func orElse[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// sortedValues are the values of m that keep allows, ordered by compare.
func sortedValues[T any](m map[int64]*T, keep func(*T) bool, compare func(a, b *T) int) []*T {
	var out []*T
	for _, v := range m {
		if keep(v) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, compare)
	return out
}
