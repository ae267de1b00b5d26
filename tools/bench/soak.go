//go:build unix

package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab-agent-portal/internal/database/pgtest"
)

// soakSettings say who does what for how long.
type soakSettings struct {
	people, actions        int
	duration, pause, renew time.Duration
	faults                 float64
}

// renewedAhead is how long before its end the portal renews a token.
const renewedAhead = time.Minute

// soak lets people use two portals on one PostgreSQL for a while, over a GitLab that fails now
// and then and whose tokens end soon. It fails if anybody lost a session or got two tokens of one
// form.
func soak(ctx context.Context, args []string, out io.Writer) error {
	var s soakSettings
	flags := flag.NewFlagSet("bench soak", flag.ContinueOnError)
	flags.IntVar(&s.people, "people", 50, "people who use the portals at once")
	flags.DurationVar(&s.duration, "duration", 10*time.Minute, "how long they do")
	flags.IntVar(&s.actions, "actions", 2000, "actions after which a person stops earlier")
	flags.DurationVar(&s.pause, "pause", time.Second, "pause between the actions of a person, on average")
	flags.DurationVar(&s.renew, "renew", 20*time.Second, "how often each session's GitLab token is renewed")
	flags.Float64Var(&s.faults, "faults", 0.05, "share of GitLab's answers that go wrong")
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
		Agents: s.people, People: s.people, Callbacks: []string{public + "/auth/callback"}, TokenLifetime: renewedAhead + s.renew,
	})
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, portal := range sc.portals { // at once, so that both find an empty database
		group.Go(func() error {
			_, err := call[None](ctx, portal.child, "Start", sc.environ(public, database))
			return err
		})
	}
	return group.Wait()
}

// soak lets the people live, and reports.
func (sc *scene) soak(ctx context.Context, s soakSettings, out io.Writer) error {
	tally := &tally{errors: map[string]int{}}
	visitors, err := sc.visitors(ctx, s, tally)
	if err != nil {
		return err
	}
	before, err := sc.rest(ctx)
	if err != nil {
		return err
	}
	if _, err := call[None](ctx, sc.gitlab, "Misbehave", s.faults); err != nil {
		return err
	}
	begun := clock()
	lives, stop := context.WithTimeout(ctx, s.duration)
	defer stop()
	group, lives := errgroup.WithContext(lives)
	for _, v := range visitors {
		group.Go(func() error { return v.live(lives, s.actions, s.pause) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	took := clock().Sub(begun)
	if _, err := call[None](ctx, sc.gitlab, "Misbehave", 0.0); err != nil {
		return err
	}
	for _, v := range visitors { // a last look at who is still signed in
		if err := v.looksAt("/projects")(ctx); err != nil {
			return err
		}
		v.client.CloseIdleConnections()
	}
	after, err := sc.rest(ctx)
	if err != nil {
		return err
	}
	count, err := call[Count](ctx, sc.gitlab, "Count", None{})
	if err != nil {
		return err
	}
	return reportSoak(out, s, took, tally, count, before, after)
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
			path: fmt.Sprintf("/projects/%d/agents/%d", sc.facts.Project, sc.facts.Agents[i]), name: personName(i),
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

func reportSoak(out io.Writer, s soakSettings, took time.Duration, t *tally, count Count, before, after []Usage) error {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	say("%d people, %s, two portals on PostgreSQL, %.0f %% faults", s.people, took.Round(time.Second), 100*s.faults)
	say("requests           %d to the portals, %d to GitLab", t.requests, count.Requests)
	say("renewals           %d", count.Renewals)
	say("tokens created     %d", count.Tokens)
	say("sessions lost      %d", len(t.lost))
	say("duplicate tokens   %d", len(count.Duplicates))
	for i := range before {
		say("portal %d           goroutines %d → %d, live heap %.1f → %.1f MB, resident %.1f → %.1f MB", i+1, before[i].Goroutines, after[i].Goroutines,
			megabytes(before[i].Live), megabytes(after[i].Live), megabytes(before[i].Resident), megabytes(after[i].Resident))
	}
	say("errors by kind")
	for _, kind := range slices.SortedFunc(maps.Keys(t.errors), func(a, b string) int { return cmp.Compare(t.errors[b], t.errors[a]) }) {
		say("%8d  %s", t.errors[kind], kind)
	}
	if len(t.lost)+len(count.Duplicates) > 0 {
		return fmt.Errorf("lost sessions: %s; duplicate tokens: %s", strings.Join(t.lost, ", "), strings.Join(count.Duplicates, ", "))
	}
	return nil
}
