package watch

import (
	"context"
	"fmt"
	"maps"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/watch/rules"
)

// memory is what the replica that watches knows, which is what the database holds and a little more.
type memory struct {
	agents map[int64]*known
	self   rules.Self
	readAt time.Time
	// failure is why the last reading was not whole.
	failure Failure
}

// known is one agent: its state, the state that is stored, and what metrics tell of it.
type known struct {
	state, stored rules.State
	figure        AgentFigure
}

// plan is what a reading leads to. Nothing of it counts before it is written.
type plan struct {
	agents map[int64]*known
	// newcomers are agents that were never read before. They lead to transitions and to nothing else: all
	// that is an alert is seen twice.
	newcomers []newcomer
	self      rules.Self
	readAt    time.Time
	rules.Outcome
	failure Failure
}

// newcomer is an agent that was never read before, and what is noted of it.
type newcomer struct {
	state       rules.State
	transitions []history.Transition
}

// Once takes the lease, reads the fleet once and keeps what that leads to. The error is ErrHeld, the
// database's or ctx's; then nothing was kept. What goes wrong with GitLab is no error: it is kept.
func (s *Service) Once(ctx context.Context) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := s.claim(ctx); err != nil {
		return err
	}
	if s.lost.Swap(false) {
		s.mem = nil
	}
	if s.mem == nil {
		loaded, err := s.load(ctx)
		if err != nil {
			return err
		}
		s.mem = loaded
	}
	r := s.look(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.addRevokedUses(ctx, r); err != nil {
		return err
	}
	p := s.conclude(r)
	if err := s.write(ctx, p); err != nil {
		s.mem = nil // what the database holds is read anew
		return err
	}
	s.mem.self, s.mem.readAt, s.mem.failure = p.self, p.readAt, p.failure
	maps.Copy(s.mem.agents, p.agents)
	s.figures.Store(s.mem.draw())
	return nil
}

// addRevokedUses adds what the portal saw of tokens that are revoked since.
func (s *Service) addRevokedUses(ctx context.Context, r *reading) error {
	if s.cfg.RevokedUses == nil {
		return nil
	}
	agents := make([]agent.Agent, 0, len(r.agents))
	for id := range r.agents {
		agents = append(agents, r.agents[id].Agent)
	}
	uses, err := s.cfg.RevokedUses(ctx, agents)
	if err != nil {
		return fmt.Errorf("ask when revoked tokens were used: %w", err)
	}
	for id, used := range uses {
		one := r.agents[id]
		one.RevokedUse = used
		r.agents[id] = one
	}
	return nil
}

// conclude applies the rules to what was read.
func (s *Service) conclude(r *reading) *plan {
	limits, at := s.cfg.Limits, r.began
	p := &plan{agents: make(map[int64]*known, len(r.agents)), readAt: s.mem.readAt, failure: r.failure}
	for id, a := range r.agents {
		p.see(limits, s.mem.agents[id], a, at)
	}
	for id, one := range s.mem.agents {
		if _, wasRead := r.agents[id]; wasRead || one.state.Gone() || !r.misses(one.state.ProjectID) {
			continue
		}
		next, outcome := limits.Miss(one.state, at)
		p.agents[id] = &known{state: next, stored: one.stored, figure: one.figure}
		p.Add(outcome)
	}
	self, outcome := limits.Judge(s.mem.self, r.how(), at)
	p.self = self
	p.Add(outcome)
	if r.failure == "" {
		p.readAt = at
	}
	return p
}

// see takes in one agent, of which nothing is known with nil.
func (p *plan) see(limits rules.Limits, before *known, a fleet.Agent, at time.Time) {
	if before == nil {
		before = new(known)
	}
	next, outcome := limits.See(before.state, *a.Project, a.Agent, at)
	one := &known{state: next, stored: before.stored, figure: figureOf(next, a, limits, at)}
	p.agents[a.ID] = one
	if !before.state.Known() {
		one.stored = next // by then
		p.newcomers = append(p.newcomers, newcomer{next, outcome.Transitions})
		return
	}
	p.Add(outcome)
}
