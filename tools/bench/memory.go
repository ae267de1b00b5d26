//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"golang.org/x/sync/errgroup"
)

// measureMemory measures what a portal holds while many people are signed in who have each
// looked at the list of agents and whose browsers keep their connections open.
func measureMemory(ctx context.Context, s settings, folder string, out io.Writer) error {
	scene, err := setUp(ctx, folder, s.agents, s.people, "")
	defer scene.stop()
	if err != nil {
		return err
	}
	portal := scene.portals[0]
	steps := []struct {
		name string
		do   func() error
	}{
		{"started", func() error { return nil }},
		{"people signed in, each with a page and a connection", func() error { return scene.fill(ctx, portal, s.people) }},
		{"the same after a collection", func() error {
			_, err := call[None](ctx, portal.child, "Collect", None{})
			return err
		}},
	}
	_, _ = fmt.Fprintf(out, "Memory of the portal with %d people\n", s.people)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "\tresident\tpeak\theap in use\t")
	var first, last Usage
	for i, step := range steps {
		if err := step.do(); err != nil {
			return err
		}
		used, err := call[Usage](ctx, portal.child, "Usage", None{})
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(table, "%s\t%.1f MB\t%.1f MB\t%.1f MB\t\n", step.name,
			megabytes(used.Resident), megabytes(used.Peak), megabytes(used.HeapInUse))
		if last = used; i == 0 {
			first = used
		}
	}
	_, _ = fmt.Fprintf(table, "of it for 1,000 people\t%.1f MB\t\t%.1f MB\t\n\n",
		perThousand(first.Resident, last.Resident, s.people), perThousand(first.HeapInUse, last.HeapInUse, s.people))
	return table.Flush()
}

// fill signs the people in and lets each look at the page.
func (sc *scene) fill(ctx context.Context, portal *portalChild, people int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(connections)
	for i := range people {
		group.Go(func() error {
			browser, err := newPerson(1)
			if err != nil {
				return err
			}
			if err := sc.signIn(ctx, portal, browser, i); err != nil {
				return err
			}
			_, err = load(ctx, []person{browser}, sc.page(portal), nil, 1, 1)
			return err
		})
	}
	return group.Wait()
}

// perThousand is what has come up since the start for each thousand people, in megabytes.
func perThousand(before, after uint64, people int) float64 {
	return (megabytes(after) - megabytes(before)) * 1000 / float64(people)
}

func megabytes(bytes uint64) float64 { return float64(bytes) / (1 << 20) }
