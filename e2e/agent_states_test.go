//go:build e2e

package e2e

import (
	"fmt"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// agentStates are what the page of an agent says is wrong with it, a rotation from its first step to its
// end, and what was done meanwhile. The clock goes on by half an hour.
func (s *rotationStage) agentStates() []state {
	return append(s.troubleStates(), s.rotationStates()...)
}

// troubleStates are an agent's page for everything that keeps one from working.
func (s *rotationStage) troubleStates() []state {
	now := s.clock.Now()
	old := now.AddDate(0, -1, 0)
	agent := func(name string, tokens ...gitlabtest.Token) int64 {
		id := s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: name, CreatedBy: s.lead, CreatedAt: old})
		for i, token := range tokens {
			token.Agent, token.Name, token.CreatedBy = id, fmt.Sprintf("%s-%d", name, i), s.lead
			s.gitlab.AddToken(token)
		}
		return id
	}
	on := func(id int64, shown string) func(*tab) {
		return func(p *tab) {
			p.visit(s.agent(id))
			p.sees(p.Locator(".trouble" + shown))
		}
	}
	cut := agent("cut", gitlabtest.Token{CreatedAt: old, LastUsedAt: now.Add(-time.Hour)}, gitlabtest.Token{CreatedAt: old})
	awaited := agent("awaited", gitlabtest.Token{CreatedAt: now.Add(-time.Minute)})
	return []state{
		{"agent that is silent", on(agent("silent", gitlabtest.Token{CreatedAt: old, LastUsedAt: now.Add(-2 * time.Hour)}), " .diagnosis")},
		{"agent that never connected", on(agent("newborn", gitlabtest.Token{CreatedAt: old}), " a[href*='tab=connect']")},
		{"agent whose token was revoked", func(p *tab) {
			p.visit(s.agent(cut) + "/rotation") // which keeps when the token was used
			s.gitlab.RevokeToken(s.gitlab.Tokens(cut)[0].ID)
			on(cut, " .diagnosis")(p)
		}},
		{"agent without a token", on(s.idle, " a[href$='/tokens/new']")},
		{"agent that is awaited", on(awaited, " .live")},
		{"agent that came", func(p *tab) {
			token := s.gitlab.Tokens(awaited)[0].ID
			s.gitlab.KeepInUse(token, true)
			p.visit(fmt.Sprintf("%s?await=%d", s.agent(awaited), token))
			p.sees(p.Locator(".trouble.notice-success"))
		}},
		{"agent whose configuration is refused", func(p *tab) {
			p.visit(s.agents())
			p.click(p.link("torn"))
			p.sees(p.Locator("#agent-head .notice-danger"))
		}},
	}
}

// rotationStates are the steps of one rotation, in their order, and the lists that tell of it.
func (s *rotationStage) rotationStates() []state {
	created := s.clock.Now().AddDate(0, -3, 0)
	agent := s.gitlab.AddAgent(gitlabtest.Agent{Project: s.project, Name: "turning", CreatedBy: s.lead, CreatedAt: created})
	before := s.gitlab.AddToken(gitlabtest.Token{Agent: agent, Name: "first", CreatedBy: s.lead, CreatedAt: created, Live: true})
	var after int64
	looks := func(p *tab, shown string) {
		p.visit(s.agent(agent) + "/rotation")
		p.sees(p.Locator(shown))
	}
	const clock, revoke = "#clock", "#rotation a[href*='/revoke']"
	return []state{
		{"rotation: install", func(p *tab) {
			after = s.gitlab.AddToken(gitlabtest.Token{Agent: agent, Name: "second", CreatedBy: s.lead, CreatedAt: s.clock.Now()})
			looks(p, "[data-step] .steps")
		}},
		{"rotation: still used", func(p *tab) {
			s.clock.Advance(time.Minute)
			s.gitlab.KeepInUse(after, true)
			looks(p, "#rotation-title")
			s.clock.Advance(15 * time.Minute)
			looks(p, "#rotation .notice-warning")
		}},
		{"rotation: watch", func(p *tab) {
			s.gitlab.KeepInUse(before, false)
			s.clock.Advance(3 * time.Minute) // after which its connection is gone
			looks(p, clock)
		}},
		{"rotations under way", func(p *tab) { p.visit(s.url + "/rotations"); p.sees(p.Locator("#rotations")) }},
		{"rotation: ready", func(p *tab) { s.clock.Advance(11 * time.Minute); looks(p, revoke) }},
		{"rotation: the last dialog", func(p *tab) { p.click(p.Locator(revoke)); p.sees(p.Locator("#dialog .button-danger")) }},
		{"rotation: finished", func(p *tab) {
			p.click(p.Locator("#dialog .button-danger"))
			p.sees(p.Locator("#rotation .notice-success .buttons"))
		}},
		{"activity of a preset", func(p *tab) {
			p.visit(s.url + "/activity")
			p.click(p.Locator(".presets a").First())
			p.sees(p.Locator(".presets a[aria-current]"))
		}},
	}
}
