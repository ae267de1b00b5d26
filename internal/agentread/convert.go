package agentread

import (
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
)

// projectOf is a project as GraphQL tells of it: that GitLab takes no changes, but seldom why, and
// nothing of the feature Infrastructure.
func (s *Service) projectOf(d gitlabapi.ProjectDetail) agent.Project {
	p := agent.Project{
		ID: d.ID, Name: d.Name, Path: d.FullPath, DefaultBranch: d.DefaultBranch, Archived: d.Archived, Maintains: d.AdminProject,
	}
	switch {
	case d.PushCode:
	case p.ScheduledForDeletion():
		p.Frozen = agent.AccessDeletion
	default:
		p.Frozen = agent.AccessFrozen
	}
	return s.withAccess(p)
}

// restProject is a project as REST tells of it. manages is what its list says, of the person and the
// project together: where their role alone would do, the project takes no changes.
func (s *Service) restProject(p gitlabapi.Project, manages bool) agent.Project {
	found := agent.Project{
		ID: p.ID, Name: p.Name, Path: p.PathWithNamespace, Description: p.Description, DefaultBranch: p.DefaultBranch,
		Archived: p.Archived, Maintains: manages || p.Role >= gitlabapi.Maintainer, Frozen: switchedOff(p),
	}
	if found.Frozen == "" && found.Maintains && !manages && !found.Archived {
		found.Frozen = agent.AccessAncestor
	}
	return s.withAccess(found)
}

// switchedOff is why a project takes no changes, as far as it says so itself.
func switchedOff(p gitlabapi.Project) agent.Access {
	switch {
	case p.ScheduledForDeletion:
		return agent.AccessDeletion
	case p.RepositoryOff:
		return agent.AccessRepository
	case p.InfrastructureOff:
		return agent.AccessInfrastructure
	default:
		return ""
	}
}

// withReason is a project that GraphQL told of, with why it takes no changes as REST has it.
func (s *Service) withReason(p agent.Project, read gitlabapi.Project) agent.Project {
	switch reason := switchedOff(read); {
	case reason != "":
		p.Frozen = reason
	case p.Frozen == agent.AccessFrozen && !p.Archived:
		p.Frozen = agent.AccessAncestor
	}
	return s.withAccess(p)
}

func (s *Service) withAccess(p agent.Project) agent.Project {
	p.SetAccess()
	if s.cfg.ReadOnly {
		p.Access = agent.AccessPortal
	}
	return p
}

// agentInUse is an agent as GraphQL tells of it, with its tokens and their use.
func agentInUse(d *gitlabapi.AgentDetail) agent.Agent {
	a, _ := agentIn(make([]agent.Token, 0, len(d.Tokens)), d)
	return a
}

// agentIn is agentInUse with its tokens at the end of room, which is returned with them: many agents
// can share one.
func agentIn(room []agent.Token, d *gitlabapi.AgentDetail) (agent.Agent, []agent.Token) {
	first := len(room)
	for i := range d.Tokens {
		token := &d.Tokens[i]
		room = append(room, agent.Token{
			ID: int64(token.ID), Name: token.Name, CreatedAt: token.CreatedAt, CreatedBy: makerOf(token.CreatedBy),
			LastUsedAt: token.LastUsedAt, UseKnown: true,
		})
	}
	return agent.Agent{
		ID: d.ID, Name: d.Name, CreatedAt: d.CreatedAt, CreatedBy: personOf(d.CreatedBy), Receptive: d.Receptive,
		Tokens: room[first:len(room):len(room)], TokenCount: d.TokenCount,
	}, room
}

func personOf(p gitlabapi.Person) agent.Person {
	return agent.Person{ID: int64(p.ID), Username: p.Username, Name: p.Name}
}

// makerOf is who created a token, as GraphQL tells of them.
func makerOf(p gitlabapi.Person) agent.Person {
	maker := personOf(p)
	if maker.Account = agent.Account(p.State); p == (gitlabapi.Person{}) {
		maker.Account = agent.AccountGone
	}
	return maker
}

// makerByREST is who created a token, by their number, which is all that REST knows of them: 0 once
// their account is gone.
func makerByREST(id int64) agent.Person {
	if id == 0 {
		return agent.Person{Account: agent.AccountGone}
	}
	return agent.Person{ID: id}
}

// AgentOf is an agent as REST tells of it, whose tokens are not known.
func AgentOf(a gitlabapi.Agent) agent.Agent {
	return agent.Agent{
		ID: a.ID, Name: a.Name, CreatedAt: seconds(a.CreatedAt), CreatedBy: agent.Person{ID: a.CreatedByUserID}, TokenCount: agent.Unread,
		Receptive: a.Receptive,
	}
}

// TokenOf is a token as REST lists it, whose use is not known.
func TokenOf(t gitlabapi.Token) agent.Token {
	return agent.Token{
		ID: t.ID, Name: t.Name, Description: t.Description, CreatedAt: seconds(t.CreatedAt), CreatedBy: makerByREST(t.CreatedByUserID),
	}
}

// TokenWithUse is a token as REST tells of it alone.
func TokenWithUse(t gitlabapi.TokenDetail) agent.Token {
	token := TokenOf(t.Token)
	token.LastUsedAt, token.UseKnown = seconds(t.LastUsedAt), true
	return token
}

// seconds cuts a time of REST's to whole seconds, as GraphQL tells it: the same use must not read
// as a later one.
func seconds(t time.Time) time.Time { return t.Truncate(time.Second) }
