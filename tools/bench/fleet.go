//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"text/tabwriter"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet/scan"
)

// keptFleets is for how many people the fleet is kept when its memory is measured.
const keptFleets = 20

// fleetReading is one way to read the fleet.
type fleetReading struct {
	name      string
	perPerson int // calls in flight; 0: as the portal does
	graphQL   bool
	rounds    int
	target    string
}

// measureFleet measures how long it takes to read the agents of many projects from a GitLab that is
// slow to answer, and what the portal keeps of it. GitLab is another process, and so is the reader.
func measureFleet(ctx context.Context, s settings, _ string, out io.Writer) error {
	scene, err := setUpFleet(ctx, s)
	defer scene.stop()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "Fleet of %d projects and %d agents at %s a call, read into an empty cache\n", s.projects, 2*s.projects, s.latency)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "\tbest\tmedian\ttarget\tCPU\tof which tokens known\t")
	for _, way := range []fleetReading{
		{name: "REST, one call at a time", perPerson: 1, rounds: 1, target: "-"},
		{name: "REST", rounds: s.rounds, target: "3000 ms"},
		{name: "GraphQL", graphQL: true, rounds: s.rounds, target: "1000 ms"},
	} {
		if err := scene.race(ctx, s, way, table); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintln(table)
	if err := table.Flush(); err != nil {
		return err
	}
	return scene.keep(ctx, out)
}

// fleetScene is a GitLab and what reads it.
type fleetScene struct {
	gitlab, reader *child
	facts          Facts
}

func setUpFleet(ctx context.Context, s settings) (*fleetScene, error) {
	sc := new(fleetScene)
	var err error
	if sc.gitlab, err = start(ctx, "", roleGitLab); err != nil {
		return sc, err
	}
	sc.facts, err = call[Facts](ctx, sc.gitlab, "Start", Organisation{People: 1, Projects: s.projects})
	if err != nil {
		return sc, err
	}
	if sc.reader, err = start(ctx, "", roleFleet); err != nil {
		return sc, err
	}
	_, err = call[None](ctx, sc.reader, "Start", sc.facts)
	return sc, err
}

func (sc *fleetScene) stop() {
	for _, c := range []*child{sc.reader, sc.gitlab} {
		if c != nil {
			c.stop()
		}
	}
}

// race reads the fleet in one way, after once for the connections.
func (sc *fleetScene) race(ctx context.Context, s settings, way fleetReading, out io.Writer) error {
	scan := FleetScan{PerPerson: way.perPerson, Viewers: 1}
	if _, err := call[FleetFigures](ctx, sc.reader, "Scan", scan); err != nil {
		return err
	}
	if _, err := call[None](ctx, sc.gitlab, "Hinder", Hindrance{s.latency, !way.graphQL}); err != nil {
		return err
	}
	var took []time.Duration
	var last FleetFigures
	before, err := call[Usage](ctx, sc.reader, "Usage", None{})
	if err != nil {
		return err
	}
	for range way.rounds {
		if last, err = call[FleetFigures](ctx, sc.reader, "Scan", scan); err != nil {
			return err
		}
		if last.Agents != 2*s.projects || last.Warnings > 0 || (last.TokensKnown > 0) != way.graphQL {
			return fmt.Errorf("the fleet read by %s is %+v", way.name, last)
		}
		took = append(took, last.Took)
	}
	after, err := call[Usage](ctx, sc.reader, "Usage", None{})
	slices.Sort(took)
	_, _ = fmt.Fprintf(out, "%s\t%.0f ms\t%.0f ms\t%s\t%.1f ms\t%d\t\n", way.name, milliseconds(took[0]), milliseconds(percentile(took, 50)),
		way.target, milliseconds(after.CPU-before.CPU)/float64(way.rounds), last.TokensKnown)
	return err
}

// keep lets many people read the fleet, and compares what the cache thinks it holds with what the
// process does.
func (sc *fleetScene) keep(ctx context.Context, out io.Writer) error {
	if _, err := call[None](ctx, sc.gitlab, "Hinder", Hindrance{}); err != nil {
		return err
	}
	var heap [2]uint64
	var figures FleetFigures
	for i, viewers := range []int{1, 1 + keptFleets} {
		var err error
		if figures, err = call[FleetFigures](ctx, sc.reader, "Scan", FleetScan{Viewers: viewers}); err != nil {
			return err
		}
		if _, err := call[None](ctx, sc.reader, "Collect", None{}); err != nil {
			return err
		}
		used, err := call[Usage](ctx, sc.reader, "Usage", None{})
		if err != nil {
			return err
		}
		heap[i] = used.HeapInUse
	}
	_, err := fmt.Fprintf(out, "The fleet of one person takes %.0f kB of the cache by its count, and %.0f kB of the heap\n\n",
		float64(figures.Kept)/float64(figures.Viewers)/1000, (float64(heap[1])-float64(heap[0]))/keptFleets/1000)
	return err
}

// Fleet reads fleets as the portal does.
type Fleet struct {
	Meter
	reader  *agentread.Reader
	service *scan.Service // of the last scan, for what it keeps
}

// Start makes the reader of the first person.
func (f *Fleet) Start(in Facts, _ *None) error {
	client, err := gitlabapi.New(in.URL, gitlabapi.Options{})
	if err != nil {
		return err
	}
	read := agentread.New(agentread.Config{Log: slog.New(slog.DiscardHandler)})
	f.reader = read.For(client.WithToken(gitlabapi.NewSecret(in.Token)), 1)
	return nil
}

// FleetScan is how to read, with an empty cache, and for how many people one after the other.
type FleetScan struct{ PerPerson, Viewers int }

// FleetFigures are what the last of them got.
type FleetFigures struct {
	Took                          time.Duration
	Agents, TokensKnown, Warnings int
	Viewers                       int
	Kept                          int64
}

// Scan reads the fleet.
func (f *Fleet) Scan(in FleetScan, out *FleetFigures) error {
	ctx := context.Background()
	if f.service != nil {
		if err := f.service.Close(ctx); err != nil {
			return err
		}
	}
	f.service = scan.New(scan.Config{Now: clock, Log: slog.New(slog.DiscardHandler), PerPerson: in.PerPerson})
	source := func(_ context.Context, refused error) (*agentread.Reader, error) { return f.reader, refused }
	for viewer := range in.Viewers {
		begun := clock()
		snapshot, err := f.service.Read(ctx, scan.Viewer{Person: int64(viewer)}, source, nil)
		if err != nil {
			return err
		}
		out.Took = clock().Sub(begun)
		out.Agents, out.Warnings, out.TokensKnown = len(snapshot.Agents), len(snapshot.Warnings), 0
		for i := range snapshot.Agents {
			if snapshot.Agents[i].TokensRead() {
				out.TokensKnown++
			}
		}
	}
	stats := f.service.Stats()
	out.Viewers, out.Kept = stats.Viewers, stats.Bytes
	if out.Viewers != in.Viewers {
		return errors.New("not every fleet is kept")
	}
	return nil
}
