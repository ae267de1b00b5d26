package rotation_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/rotation"
)

// world is a GitLab with one agent, its clusters, and people who look at its rotation. What is
// true in the clusters is known here, and to GitLab only by the uses of tokens that it noted.
type world struct {
	t      *testing.T
	random *rand.Rand
	now    time.Time
	nextID int64
	tokens map[int64]*noted
	// pods are the running agentk's, each with the token it uses once a minute.
	pods     []pod
	readings []rotation.Reading
	blind    bool // GitLab does not tell when tokens were used
	drop     int64
	seen     map[rotation.Phase]int
}

type pod struct {
	token int64
	since time.Time
}

// noted is what GitLab keeps of a token: the last use in its cache, and in its database, which
// it writes every 40 to 55 minutes.
type noted struct {
	created, cached, stored time.Time
	unstored                bool
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	w := &world{
		t: t, random: rand.New(rand.NewPCG(seed, 0)), now: noon, tokens: map[int64]*noted{}, seen: map[rotation.Phase]int{},
	}
	if seed%7 != 0 {
		w.pods = []pod{{w.create(), w.now}}
		w.pass(90 * time.Minute)
	}
	return w
}

func (w *world) create() int64 {
	w.nextID++
	w.tokens[w.nextID] = &noted{created: w.now, unstored: w.random.IntN(3) == 0}
	return w.nextID
}

// pass lets time go by, in which every pod uses its token again and again, and at the end.
func (w *world) pass(d time.Duration) {
	step := max(time.Minute, d/240)
	for end := w.now.Add(d); ; {
		for _, pod := range w.pods {
			token := w.tokens[pod.token]
			if token == nil {
				continue // agentk would log: Unauthenticated
			}
			token.cached = w.now
			if w.now.Sub(token.stored) >= 40*time.Minute+time.Duration(w.random.IntN(15))*time.Minute {
				token.stored = w.now
			}
		}
		if !w.now.Before(end) {
			return
		}
		w.now = w.now.Add(min(step, end.Sub(w.now)))
	}
}

// ids are the active tokens, oldest first.
func (w *world) ids() []int64 { return slices.Sorted(maps.Keys(w.tokens)) }

// look is what the portal does for everyone who looks: it derives the state and notes a reading.
func (w *world) look() rotation.State {
	w.t.Helper()
	facts := rotation.Facts{Now: w.now, Readings: w.readings, Drop: w.drop}
	for _, id := range w.ids() {
		token := w.tokens[id]
		facts.Tokens = append(facts.Tokens, agent.Token{
			ID: id, CreatedAt: token.created, LastUsedAt: token.cached, UseKnown: !w.blind,
		})
		if token.unstored {
			facts.Unstored = append(facts.Unstored, id)
		}
	}
	if w.random.IntN(2) == 0 {
		facts.ConnectionsKnown = true
		for _, pod := range w.pods {
			facts.ConnectedAt = append(facts.ConnectedAt, pod.since)
		}
	}
	state := rotation.Of(facts)
	for _, token := range facts.Tokens {
		if token.UseKnown {
			w.readings = append(w.readings, rotation.Reading{TokenID: token.ID, At: w.now, LastUsedAt: token.LastUsedAt})
		}
	}
	w.seen[state.Phase]++
	w.judge(state)
	return state
}

// judge holds a state against what is true in the clusters.
func (w *world) judge(state rotation.State) {
	w.t.Helper()
	for _, offer := range state.Offers {
		inUse := slices.ContainsFunc(w.pods, func(p pod) bool { return p.token == offer.TokenID })
		if inUse && !offer.Guarded {
			w.t.Fatalf("%s offers to revoke token %d without the guard, and a cluster uses it: %+v", state.Phase, offer.TokenID, state)
		}
		if offer.TokenID == state.Old && state.Phase != rotation.Quiet {
			w.t.Fatalf("%s offers to revoke the old token: %+v", state.Phase, state)
		}
	}
	creates := state.Phase == rotation.NoToken || state.Phase == rotation.Start
	if len(state.Offers) == 0 && !state.Phase.Waits() && !creates {
		w.t.Fatalf("%s has no way out: %+v", state.Phase, state)
	}
}

// happen does one thing that people, clusters or GitLab do.
func (w *world) happen() {
	ids := w.ids()
	switch w.random.IntN(13) {
	case 0, 1:
		if len(ids) < 2 || w.random.IntN(6) == 0 { // more than two only before 16.2
			w.create()
		}
	case 2, 3: // a pod starts again with some token
		if len(w.pods) > 0 && len(ids) > 0 {
			w.pods[w.random.IntN(len(w.pods))] = pod{ids[w.random.IntN(len(ids))], w.now}
			w.pass(0)
		}
	case 4: // another replica, with any token
		if len(w.pods) < 3 && len(ids) > 0 {
			w.pods = append(w.pods, pod{ids[w.random.IntN(len(ids))], w.now})
			w.pass(0)
		}
	case 5:
		if len(w.pods) > 1 {
			w.pods = w.pods[1:]
		}
	case 6: // GitLab's cache is flushed; nobody looks before what is in use is noted again
		for _, token := range w.tokens {
			token.cached = token.stored
		}
		w.pass(time.Minute)
	case 7:
		w.blind = !w.blind && w.random.IntN(3) == 0
	case 8:
		if w.drop = 0; len(ids) > 0 && w.random.IntN(2) == 0 {
			w.drop = ids[w.random.IntN(len(ids))]
		}
	case 9, 10: // somebody does what is offered without the guard
		if offers := w.look().Offers; len(offers) > 0 && !offers[0].Guarded {
			w.revoke(offers[0].TokenID)
		}
	case 11:
		w.pass(time.Duration(w.random.IntN(5*days)) * time.Minute)
	default:
		w.pass(time.Duration(15+w.random.IntN(40*60)) * time.Second)
	}
}

func (w *world) revoke(id int64) {
	delete(w.tokens, id)
}

// finish does what the page says until the agent has one token that is in use, and fails if that
// does not come to an end.
func (w *world) finish() {
	w.t.Helper()
	w.blind, w.drop = false, 0
	for range 60 {
		state := w.look()
		switch state.Phase {
		case rotation.Start:
			return
		case rotation.NoToken:
			w.create()
		case rotation.Choose, rotation.TooMany:
			w.revoke(state.Proposed)
		case rotation.NeverUsed, rotation.Install, rotation.Unstored:
			w.pods = []pod{{state.New, w.now}}
		case rotation.StillUsed, rotation.Watch:
			for i := range w.pods {
				if w.pods[i].token != state.New {
					w.pods[i] = pod{state.New, w.now}
				}
			}
			if len(w.pods) == 0 {
				w.pods = []pod{{state.New, w.now}}
			}
		case rotation.Quiet:
			w.revoke(state.Old)
		}
		w.pass(5 * time.Minute)
	}
	w.t.Fatalf("no way out of %+v", w.look())
}

// TestNoSequenceOfEventsOffersTheTokenInUse lets things happen at random. Whatever they are, a
// token that a cluster uses is never on offer without the guard; every phase comes up; and from
// everywhere the page leads to one token in use.
func TestNoSequenceOfEventsOffersTheTokenInUse(t *testing.T) {
	t.Parallel()
	seen := map[rotation.Phase]int{}
	for seed := range uint64(200) {
		w := newWorld(t, seed)
		for range 80 {
			w.happen()
			if w.random.IntN(3) > 0 {
				w.look()
			}
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		w.finish()
		for phase, n := range w.seen {
			seen[phase] += n
		}
	}
	for _, phase := range []rotation.Phase{
		rotation.Unknown, rotation.NoToken, rotation.NeverUsed, rotation.Start, rotation.Choose, rotation.TooMany,
		rotation.Install, rotation.Unstored, rotation.StillUsed, rotation.Watch, rotation.Quiet,
	} {
		if seen[phase] == 0 {
			t.Errorf("%s never came up", phase)
		}
	}
	t.Logf("looks by phase: %v", seen)
}
