//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"text/tabwriter"
	"time"
)

const (
	// connections is how many requests are under way at once.
	connections = 4
	// warmUp is for connections, pools and the optimism of branch predictors.
	warmUp = 50
)

// contender is one of those that take turns.
type contender struct {
	name    string
	process *child
	people  []person
	address string
	header  http.Header
	mark    string // what its answer holds once for each agent
	calls   int    // to GitLab for one answer
	rounds  []round
	took    []time.Duration
}

// round is what one request of one round cost the process.
type round struct {
	cpu                    time.Duration
	allocations, allocated uint64
}

// measureAgents measures the first page of a project that has no more agents than it shows, and of
// one that has many more: it must cost the same.
func measureAgents(ctx context.Context, s settings, folder string, out io.Writer) error {
	if err := measurePage(ctx, s, folder, out, s.agents); err != nil {
		return err
	}
	return measurePage(ctx, s, folder, out, max(s.crowd, s.agents))
}

// measurePage measures what the list of agents of a project costs the portal, and in turn with it
// what passing on GitLab's raw answer costs a proxy. GitLab and the browsers are other processes.
func measurePage(ctx context.Context, s settings, folder string, out io.Writer, total int) error {
	programs := []string{""}
	if s.against != "" {
		programs = append(programs, s.against)
	}
	scene, err := setUp(ctx, folder, total, s.askers(), programs...)
	defer scene.stop()
	if err != nil {
		return err
	}
	floor, err := scene.startFloor(ctx)
	if err != nil {
		return err
	}
	contenders := []*contender{floor}
	for i, portal := range scene.portals {
		c, err := scene.contender(ctx, []string{"portal", "the other portal"}[i], portal, s.askers())
		if err != nil {
			return err
		}
		contenders = append(contenders, c)
	}
	for _, c := range contenders {
		if c.calls, err = scene.callsOf(ctx, func() error { return c.shows(ctx, shown(total)) }); err != nil {
			return err
		}
	}
	if err := compete(ctx, s, contenders); err != nil {
		return err
	}
	return report(out, s, contenders, total)
}

// perAsker is how many pages one person asks for at most: of more they would wait for their turn, which
// is not what is to be measured.
const perAsker = 80

// askers is how many people it takes to ask for the pages of all rounds.
func (s settings) askers() int { return 1 + (warmUp+s.requests*s.rounds)/perAsker }

// shown is how many agents the first page has.
func shown(total int) int { return min(total, 50) }

// shows makes sure that the answer is what is to be measured, and not some error.
func (c *contender) shows(ctx context.Context, agents int) error {
	got, err := c.people[0].send(ctx, c.address, nil, http.Header{"Authorization": c.header["Authorization"]})
	if err != nil {
		return err
	}
	if found := bytes.Count(got.body, []byte(c.mark)); got.status != http.StatusOK || found != agents {
		return fmt.Errorf("%s: status %d with %d agents, want %d", c.name, got.status, found, agents)
	}
	return nil
}

// compete lets the contenders warm up and then take turns, so that a busy machine is so for all
// of them. Of the portal itself it takes a profile if one was asked for.
func compete(ctx context.Context, s settings, contenders []*contender) error {
	for _, c := range contenders {
		if _, err := c.run(ctx, warmUp); err != nil {
			return err
		}
		c.took = nil
	}
	if s.profile != "" {
		if _, err := call[None](ctx, contenders[1].process, "StartProfile", s.profile); err != nil {
			return err
		}
	}
	for range s.rounds {
		for _, c := range contenders {
			cost, err := c.run(ctx, s.requests)
			if err != nil {
				return err
			}
			c.rounds = append(c.rounds, cost)
		}
	}
	if s.profile == "" {
		return nil
	}
	_, err := call[None](ctx, contenders[1].process, "StopProfile", s.profile)
	return err
}

// run sends the requests of one round and returns what each cost the process.
func (c *contender) run(ctx context.Context, requests int) (round, error) {
	before, err := call[Usage](ctx, c.process, "Usage", None{})
	if err != nil {
		return round{}, err
	}
	took, err := load(ctx, c.people, c.address, c.header, requests, connections)
	if err != nil {
		return round{}, err
	}
	after, err := call[Usage](ctx, c.process, "Usage", None{})
	c.took = append(c.took, took...)
	return round{
		cpu:         (after.CPU - before.CPU) / time.Duration(requests),
		allocations: (after.Allocations - before.Allocations) / uint64(requests),
		allocated:   (after.Allocated - before.Allocated) / uint64(requests),
	}, err
}

// sorted returns the best and the median of the rounds by what they cost of the CPU.
func (c *contender) sorted() (best, median round) {
	slices.SortFunc(c.rounds, func(a, b round) int { return cmp.Compare(a.cpu, b.cpu) })
	return c.rounds[0], c.rounds[len(c.rounds)/2]
}

func report(out io.Writer, s settings, contenders []*contender, total int) error {
	_, _ = fmt.Fprintf(out, "Page of %d of %d agents, %d rounds of %d requests over %d connections, GOMAXPROCS=1\n",
		shown(total), total, s.rounds, s.requests, connections)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "CPU per request\tbest\tmedian\t× floor\tcalls\tallocations\tallocated\tp50\tp99\t")
	floor, _ := contenders[0].sorted()
	for _, c := range contenders {
		best, median := c.sorted()
		slices.Sort(c.took)
		_, _ = fmt.Fprintf(table, "%s\t%.3f ms\t%.3f ms\t%.1f\t%d\t%d\t%.1f kB\t%.1f ms\t%.1f ms\t\n", c.name,
			milliseconds(best.cpu), milliseconds(median.cpu), float64(best.cpu)/float64(floor.cpu), c.calls,
			best.allocations, float64(best.allocated)/1000,
			milliseconds(percentile(c.took, 50)), milliseconds(percentile(c.took, 99)))
	}
	_, _ = fmt.Fprintln(table)
	return table.Flush()
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// percentile is the value that so many hundredths of the sorted values do not exceed; 0 of none.
func percentile(sorted []time.Duration, hundredths int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*hundredths/100]
}
