//go:build unix

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab-agent-portal/internal/database/pgtest"
)

// soakSettings say who does what for how long.
type soakSettings struct {
	people, actions        int
	duration, pause, renew time.Duration
	faults                 float64
	attacks                string
	timed                  bool
}

// renewedAhead is how long before its end the portal renews a token.
const renewedAhead = time.Minute

// soak lets people use two portals on one PostgreSQL for a while, over a GitLab that fails now
// and then and whose tokens end soon, and for half of the time beside those who would cost them
// dearly. It fails if anybody lost a session, got two tokens of one form or was refused a revocation,
// and if pages become slow or memory large under attack.
func soak(ctx context.Context, args []string, out io.Writer) error {
	var s soakSettings
	flags := flag.NewFlagSet("bench soak", flag.ContinueOnError)
	flags.IntVar(&s.people, "people", 50, "people who use the portals at once")
	flags.DurationVar(&s.duration, "duration", 10*time.Minute, "how long they do")
	flags.BoolVar(&s.timed, "timed", true, "fail if the attacked pages are slow, which other work on the machine can cause too")
	flags.IntVar(&s.actions, "actions", 2000, "actions after which a person stops earlier")
	flags.DurationVar(&s.pause, "pause", time.Second, "pause between the actions of a person, on average")
	flags.DurationVar(&s.renew, "renew", 20*time.Second, "how often each session's GitLab token is renewed")
	flags.Float64Var(&s.faults, "faults", 0.05, "share of GitLab's answers that go wrong")
	flags.StringVar(&s.attacks, "attacks", "", "only those of the attacks whose names contain this; none for none of them")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	database, err := pgtest.Create(ctx)
	if err != nil {
		return err
	}
	scene := new(scene)
	defer func() { scene.stop() }()
	if err := scene.soakUp(ctx, s, database.URL); err != nil {
		return err
	}
	return scene.soak(ctx, s, out)
}

// soakUp starts GitLab and two portals that are reached by one address and share a database.
func (sc *scene) soakUp(ctx context.Context, s soakSettings, database string) error {
	for range 2 {
		portal, err := startPortal(ctx, "")
		if err != nil {
			return err
		}
		sc.portals = append(sc.portals, portal)
	}
	public := sc.portals[0].url
	var err error
	if sc.gitlab, err = start(ctx, "", roleGitLab); err != nil {
		return err
	}
	sc.facts, err = call[Facts](ctx, sc.gitlab, "Start", Organisation{
		Agents: s.people, People: s.people, Callbacks: []string{public + "/auth/callback"}, TokenLifetime: renewedAhead + s.renew, Attackers: true,
	})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, portal := range sc.portals { // at once, so that both find an empty database
		group.Go(func() error {
			_, err := call[None](ctx, portal.child, "Start", append(sc.environ(public, database), "TRUSTED_PROXIES=127.0.0.0/8"))
			return err
		})
	}
	return group.Wait()
}

// soak lets the people live, for half of the time under attack, and reports.
func (sc *scene) soak(ctx context.Context, s soakSettings, out io.Writer) error {
	o := outcome{tally: &tally{errors: map[string]int{}}}
	visitors, err := sc.visitors(ctx, s, o.tally)
	if err != nil {
		return err
	}
	if o.attacks, err = sc.attacks(ctx, s.attacks); err != nil {
		return err
	}
	if o.before, err = sc.rest(ctx); err != nil {
		return err
	}
	begun := clock()
	if err := sc.live(ctx, s, visitors, o); err != nil {
		return err
	}
	o.took = clock().Sub(begun)
	if err := sc.lastLook(ctx, visitors); err != nil {
		return err
	}
	if o.after, err = sc.rest(ctx); err != nil {
		return err
	}
	if o.count, err = call[Count](ctx, sc.gitlab, "Count", None{}); err != nil {
		return err
	}
	return o.report(out, s)
}

// live lets everybody live over a GitLab that fails now and then. The attack comes in the middle, so
// that whatever else the machine does meets the calm before and after it as well.
func (sc *scene) live(ctx context.Context, s soakSettings, visitors []*visitor, o outcome) error {
	if _, err := call[None](ctx, sc.gitlab, "Misbehave", s.faults); err != nil {
		return err
	}
	for _, phase := range []struct {
		part     int // of how many of the whole this is one
		attacked bool
	}{{4, false}, {2, true}, {4, false}} {
		o.tally.phase(phase.attacked && len(o.attacks) > 0)
		attacks := o.attacks
		if !phase.attacked {
			attacks = nil
		}
		if err := liveFor(ctx, s.duration/time.Duration(phase.part), s, visitors, attacks); err != nil {
			return err
		}
	}
	_, err := call[None](ctx, sc.gitlab, "Misbehave", 0.0)
	return err
}

// liveFor lets everybody live for a while, beside the attackers.
func liveFor(ctx context.Context, duration time.Duration, s soakSettings, visitors []*visitor, attacks []*attack) error {
	ctx, stop := context.WithTimeout(ctx, duration)
	defer stop()
	attacking, giveUp := context.WithCancel(ctx)
	var attackers sync.WaitGroup
	attackers.Go(func() { launch(attacking, attacks) })
	group, lives := errgroup.WithContext(ctx)
	for _, v := range visitors {
		group.Go(func() error { return v.live(lives, s.actions, s.pause) })
	}
	err := group.Wait()
	giveUp()
	attackers.Wait()
	return err
}

// lastLook finds out who is still signed in.
func (sc *scene) lastLook(ctx context.Context, visitors []*visitor) error {
	for _, v := range visitors {
		if err := v.looksAt("/projects")(ctx); err != nil {
			return err
		}
		v.client.CloseIdleConnections()
	}
	return nil
}

// visitors signs everybody in, and lets each look at their agent, before anything goes wrong.
func (sc *scene) visitors(ctx context.Context, s soakSettings, tally *tally) ([]*visitor, error) {
	var all []*visitor
	for i := range s.people {
		browser, err := newPerson(connections)
		if err != nil {
			return nil, err
		}
		v := &visitor{
			person: browser, tally: tally, portals: []string{sc.portals[0].url, sc.portals[1].url},
			path: fmt.Sprintf("/projects/%d/agents/%d", sc.facts.Project, sc.facts.Agents[i]), name: personName(i), address: fmt.Sprintf("192.0.2.%d", i%256),
			signIn: func(ctx context.Context) error { return sc.signInAgain(ctx, browser, i) },
		}
		if err := v.signIn(ctx); err != nil {
			return nil, err
		}
		if err := v.looksAt(v.path)(ctx); err != nil {
			return nil, err
		}
		v.client.CloseIdleConnections()
		all = append(all, v)
	}
	return all, nil
}

// signInAgain signs the person in, against the odds of a GitLab that fails now and then.
func (sc *scene) signInAgain(ctx context.Context, browser person, number int) error {
	var err error
	for range 20 {
		if err = sc.signIn(ctx, sc.portals[0], browser, number); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// rest is what both portals hold when nothing is under way.
func (sc *scene) rest(ctx context.Context) ([]Usage, error) {
	var all []Usage
	for _, portal := range sc.portals {
		used, err := call[Usage](ctx, portal.child, "Rest", None{})
		if err != nil {
			return nil, err
		}
		all = append(all, used)
	}
	return all, nil
}
