//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"
)

// letterEvery is how often each of the people types a letter into the search.
const letterEvery = 5 * time.Second

// crowdScene is a portal with people in front of it who have many projects each.
type crowdScene struct {
	*scene
	portal *portalChild
	people []person
}

// setUpCrowd signs so many people in, each of whom sees the projects; against the other program, if
// there is one.
func setUpCrowd(ctx context.Context, s settings, folder string, people int) (*crowdScene, error) {
	sc, err := setUpFor(ctx, folder, Organisation{People: people, Shared: s.crowdProjects}, s.against)
	crowd := &crowdScene{scene: sc}
	if err != nil {
		return crowd, err
	}
	crowd.portal, crowd.people = sc.portals[0], make([]person, people)
	return crowd, crowd.all(ctx, connections, func(ctx context.Context, i int) error {
		var err error
		if crowd.people[i], err = newPerson(2); err != nil {
			return err
		}
		return sc.signIn(ctx, crowd.portal, crowd.people[i], i)
	})
}

// all lets every person do something, so many at once.
func (sc *crowdScene) all(ctx context.Context, atOnce int, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range sc.people {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// measureTyping measures what a letter in the search costs when many people type whose fleets were
// read before, and how often GitLab is asked meanwhile.
func measureTyping(ctx context.Context, s settings, folder string, out io.Writer) error {
	_, _ = fmt.Fprintf(out, "People with %d projects each who type for %s, a letter every %s\n", s.crowdProjects, s.typing, letterEvery)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table, "people\tmedian\tp90\tcalls to GitLab\tportal's heap\t")
	for _, people := range s.crowds {
		if err := measureTypists(ctx, s, folder, people, table); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintln(table)
	return table.Flush()
}

func measureTypists(ctx context.Context, s settings, folder string, people int, out io.Writer) error {
	sc, err := setUpCrowd(ctx, s, folder, people)
	defer sc.stop()
	if err != nil {
		return err
	}
	if err := sc.all(ctx, connections, func(ctx context.Context, i int) error { return sc.whole(ctx, sc.people[i]) }); err != nil {
		return err
	}
	if _, err := call[None](ctx, sc.portal.child, "Collect", None{}); err != nil {
		return err
	}
	used, err := call[Usage](ctx, sc.portal.child, "Usage", None{})
	if err != nil {
		return err
	}
	var took []time.Duration
	calls, err := sc.callsOf(ctx, func() error {
		took, err = sc.types(ctx, s.typing)
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d\t%.0f ms\t%.0f ms\t%d\t%.0f MB\t\n", people, milliseconds(percentile(took, 50)), milliseconds(percentile(took, 90)), calls, megabytes(used.HeapInUse))
	return err
}

// whole waits for the whole list.
func (sc *crowdScene) whole(ctx context.Context, who person) error {
	for {
		got, err := who.send(ctx, sc.portal.url+"/?wait=1", nil, nil)
		switch {
		case err != nil:
			return err
		case got.status != http.StatusOK:
			return fmt.Errorf("the fleet: status %d", got.status)
		case !bytes.Contains(got.body, []byte("<progress")):
			return nil
		}
	}
}

// types lets everybody type for a while and returns how long the answers took, sorted.
func (sc *crowdScene) types(ctx context.Context, long time.Duration) ([]time.Duration, error) {
	var mu sync.Mutex
	var all []time.Duration
	end := clock().Add(long)
	letter := http.Header{"Hx-Request": {"true"}, "Hx-Request-Type": {"partial"}}
	err := sc.all(ctx, len(sc.people), func(ctx context.Context, i int) error {
		pause := letterEvery * time.Duration(i) / time.Duration(len(sc.people)) // not all at once
		for n := 0; clock().Add(pause).Before(end); n++ {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pause):
			}
			begun := clock()
			got, err := sc.people[i].send(ctx, fmt.Sprintf("%s/?q=cluster-%d", sc.portal.url, n%2), nil, letter)
			if err == nil && got.status != http.StatusOK {
				err = fmt.Errorf("a letter: status %d", got.status)
			}
			if err != nil {
				return err
			}
			mu.Lock()
			all = append(all, clock().Sub(begun))
			mu.Unlock()
			pause = letterEvery - min(clock().Sub(begun), letterEvery)
		}
		return nil
	})
	slices.Sort(all)
	return all, err
}

// measureMorning measures how long everybody waits for their list when all come at once and GitLab is
// slow.
func measureMorning(ctx context.Context, s settings, folder string, out io.Writer) error {
	sc, err := setUpCrowd(ctx, s, folder, s.morning)
	defer sc.stop()
	if err != nil {
		return err
	}
	if _, err := call[None](ctx, sc.gitlab, "Hinder", Hindrance{Latency: s.morningLatency}); err != nil {
		return err
	}
	took, seen := make([]time.Duration, s.morning), make([]time.Duration, s.morning)
	var incomplete atomic.Int64
	begun := clock()
	err = sc.all(ctx, s.morning, func(ctx context.Context, i int) error {
		isWhole, first, err := sc.arrive(ctx, sc.people[i])
		if took[i], seen[i] = clock().Sub(begun), first.Sub(begun); err == nil && !isWhole {
			incomplete.Add(1)
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(took)
	slices.Sort(seen)
	_, err = fmt.Fprintf(out, "%d people with %d projects each come at once, GitLab takes %s a call: the whole list is there after %.1f s (median), %.1f s (p90), %.1f s (last), something of it after %.1f s (median); %d lists are incomplete\n\n",
		s.morning, s.crowdProjects, s.morningLatency, percentile(took, 50).Seconds(), percentile(took, 90).Seconds(), took[len(took)-1].Seconds(), percentile(seen, 50).Seconds(), incomplete.Load())
	return err
}

// arrive opens the page as a browser does: the page, its stream of progress to the end, and the list.
// It says whether that is whole, and when there was something of it first.
func (sc *crowdScene) arrive(ctx context.Context, who person) (isWhole bool, first time.Time, err error) {
	if _, err := who.send(ctx, sc.portal.url+"/", nil, nil); err != nil {
		return false, first, err
	}
	if first, err = who.listen(ctx, sc.portal.url+"/fleet/progress"); err != nil {
		return false, first, err
	}
	got, err := who.send(ctx, sc.portal.url+"/", nil, nil)
	list := string(got.body)
	return got.status == http.StatusOK && strings.Contains(list, "fleet-state") && !strings.Contains(list, "fleet-warnings"), first, err
}

// listen reads a stream of events to its end, and returns when it first said that there is something.
func (p person) listen(ctx context.Context, address string) (first time.Time, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return first, err
	}
	response, err := p.client.Do(request)
	if err != nil {
		return first, err
	}
	defer func() { _ = response.Body.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := response.Body.Read(buffer)
		if first.IsZero() && bytes.Contains(buffer[:n], []byte("event: ready")) {
			first = clock()
		}
		switch {
		case errors.Is(err, io.EOF):
			if first.IsZero() {
				first = clock()
			}
			return first, nil
		case err != nil:
			return first, err
		}
	}
}
