package rules_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/watch/rules"
)

// chance is a play in which anything happens, and what must never happen is looked for.
type chance struct {
	*play
	t      *testing.T
	rng    *rand.Rand
	open   map[alert.Kind]bool
	opened map[alert.Kind]time.Time // when the last alert of the kind opened or was resolved
	last   time.Time                // of the transitions of the connection
	active []int64
	nextID int64
}

func TestWhateverHappensTheRulesKeepTheirPromises(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			c := &chance{play: newPlay(), t: t, rng: rand.New(rand.NewPCG(seed, 1)), open: map[alert.Kind]bool{}, opened: map[alert.Kind]time.Time{}, nextID: 71}
			for range 400 {
				c.now = c.now.Add(minute + time.Duration(c.rng.Int64N(int64(10*minute))))
				c.happen()
				c.look()
				if t.Failed() {
					return
				}
			}
		})
	}
}

// happen changes something at GitLab.
func (c *chance) happen() {
	tokens := slices.Clone(c.agent.Tokens)
	switch c.rng.IntN(12) {
	case 0:
		tokens = append(tokens, agent.Token{ID: c.nextID, CreatedAt: c.now, UseKnown: true})
		c.nextID++
	case 1:
		if len(tokens) > 1 {
			tokens = tokens[1:]
		}
	case 2:
		c.now = c.now.Add(time.Duration(c.rng.Int64N(int64(5 * day))))
	case 3:
		c.agent.Running.Warned = !c.agent.Running.Warned
	case 4:
		c.project.Archived = !c.project.Archived
	case 5, 6, 7, 8:
		tokens[0].LastUsedAt = c.now.Add(-time.Duration(c.rng.Int64N(int64(7 * minute))))
	case 9: // the cache is flushed
		for i := range tokens {
			if !tokens[i].LastUsedAt.IsZero() {
				tokens[i].LastUsedAt = tokens[i].LastUsedAt.Add(-55 * minute)
			}
		}
	}
	c.agent.SetTokens(tokens)
}

// look reads the agent, or fails to in some way.
func (c *chance) look() {
	switch c.rng.IntN(10) {
	case 0: // the reading failed
		return
	case 1:
		c.check(c.Miss(c.state, c.now))
	case 2:
		told := c.agent
		told.Tokens, told.TokenCount, told.Running = nil, agent.Unread, agent.Running{}
		before := c.state
		state, outcome := c.See(before, c.project, told, c.now)
		if before.Known() && !before.Gone() && !c.project.Archived && (len(outcome.Transitions)+len(outcome.Opened)+len(outcome.Resolved) > 0 || state.Status != before.Status) {
			c.t.Errorf("a reading that told nothing led to %+v", outcome)
		}
		c.check(state, outcome)
	default:
		c.check(c.See(c.state, c.project, c.agent, c.now))
	}
}

// check looks at what came out.
func (c *chance) check(state rules.State, outcome rules.Outcome) {
	for _, a := range outcome.Opened {
		if c.open[a.Kind] {
			c.t.Errorf("%s opened twice", a.Kind)
		}
		c.turned(a.Kind, true)
	}
	for _, a := range outcome.Resolved {
		if !c.open[a.Kind] {
			c.t.Errorf("%s was resolved and is not open", a.Kind)
		}
		if !state.Gone() {
			c.turned(a.Kind, false)
		}
		c.open[a.Kind] = false
	}
	for _, kind := range alert.Kinds() {
		if c.open[kind] != slices.Contains(state.Open, kind) {
			c.t.Errorf("the state has %v open, want %v", state.Open, c.open)
		}
	}
	for _, one := range outcome.Transitions {
		c.follow(one)
	}
	if state.Gone() && len(state.Open) > 0 {
		c.t.Errorf("an agent that is gone has %v open", state.Open)
	}
	c.state = state
}

// turned checks that nothing flaps: an alert changes no sooner than it takes to see a thing twice.
func (c *chance) turned(kind alert.Kind, isOpen bool) {
	if last, ok := c.opened[kind]; ok && c.now.Sub(last) < c.Apart {
		c.t.Errorf("%s changed again after %v", kind, c.now.Sub(last))
	}
	c.opened[kind], c.open[kind] = c.now, isOpen
}

func (c *chance) follow(one history.Transition) {
	if one.At.After(c.now) {
		c.t.Errorf("%v lies in the future", one)
	}
	switch {
	case one.Kind.OfConnection():
		if !one.At.After(c.last) {
			c.t.Errorf("%v at %v stands before the one at %v", one.Kind, one.At, c.last)
		}
		c.last = one.At
	case one.Kind == history.TokenCreated:
		if slices.Contains(c.active, one.TokenID) {
			c.t.Errorf("token %d was created twice", one.TokenID)
		}
		c.active = append(c.active, one.TokenID)
	case one.Kind == history.TokenRevoked:
		if !slices.Contains(c.active, one.TokenID) {
			c.t.Errorf("token %d was revoked and is not active", one.TokenID)
		}
		c.active = slices.DeleteFunc(c.active, func(id int64) bool { return id == one.TokenID })
	}
	if one.Kind == history.Gone {
		c.active = nil // which are known to be created again should it come back
	}
}
