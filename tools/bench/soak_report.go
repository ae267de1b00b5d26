//go:build unix

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// What a soak may come to.
const (
	// maxSlowdown is how many times as long the median page of the others may take under attack, and
	// noise what the machine adds to it: attackers, portals, GitLab and database share its cores. Who
	// has to wait for the others waits for longer: without the allowances it was 200 ms here.
	maxSlowdown = 2
	noise       = 150 * time.Millisecond
	// maxPeak and maxGrowth bound a portal's memory: at its largest, and what is left of it at rest.
	maxPeak, maxGrowth = 200 << 20, 16 << 20
)

// outcome is what became of a soak.
type outcome struct {
	took          time.Duration
	tally         *tally
	attacks       []*attack
	count         Count
	before, after []Usage
}

// report prints the outcome, and returns an error for what must not happen.
func (o outcome) report(out io.Writer, s soakSettings) error {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	t := o.tally
	slices.Sort(t.calm)
	slices.Sort(t.attacked)
	say("%d people, %s, two portals on PostgreSQL, %.0f %% faults", s.people, o.took.Round(time.Second), 100*s.faults)
	say("requests           %d to the portals, %d to GitLab", t.requests, o.count.Requests)
	say("renewals           %d", o.count.Renewals)
	say("tokens created     %d", o.count.Tokens)
	say("sessions lost      %d", len(t.lost))
	say("duplicate tokens   %d", len(o.count.Duplicates))
	say("revocations        %d, refused %d", t.revocations, len(t.refused))
	say("pages              %s", percentiles(t.calm))
	if len(o.attacks) > 0 {
		say("  under attack     %s", percentiles(t.attacked))
	}
	for i := range o.before {
		say("portal %d           goroutines %d → %d, live heap %.1f → %.1f MB, resident %.1f → %.1f MB, at most %.1f MB", i+1, o.before[i].Goroutines, o.after[i].Goroutines,
			megabytes(o.before[i].Live), megabytes(o.after[i].Live), megabytes(o.before[i].Resident), megabytes(o.after[i].Resident), megabytes(o.after[i].Peak))
	}
	for _, attack := range o.attacks {
		say("attack by %s", attack)
	}
	say("errors by kind")
	for _, kind := range slices.SortedFunc(maps.Keys(t.errors), func(a, b string) int { return cmp.Compare(t.errors[b], t.errors[a]) }) {
		say("%8d  %s", t.errors[kind], kind)
	}
	return o.judge(s.timed)
}

// judge names everything that must not happen and did; how fast pages were counts if isTimed.
func (o outcome) judge(isTimed bool) error {
	var wrong []error
	for what, names := range map[string][]string{
		"lost sessions": o.tally.lost, "duplicate tokens": o.count.Duplicates, "refused revocations": o.tally.refused,
	} {
		if len(names) > 0 {
			wrong = append(wrong, fmt.Errorf("%s: %s", what, strings.Join(names, ", ")))
		}
	}
	if calm, attacked := percentile(o.tally.calm, 50), percentile(o.tally.attacked, 50); isTimed && attacked > maxSlowdown*calm+noise {
		wrong = append(wrong, fmt.Errorf("slow pages under attack: the median went from %s to %s", calm, attacked))
	}
	for i := range o.before {
		if peak := o.after[i].Peak; peak > maxPeak {
			wrong = append(wrong, fmt.Errorf("memory: portal %d had %.1f MB", i+1, megabytes(peak)))
		}
		if o.after[i].Live > o.before[i].Live+maxGrowth {
			wrong = append(wrong, fmt.Errorf("memory: portal %d kept %.1f MB", i+1, megabytes(o.after[i].Live-o.before[i].Live)))
		}
	}
	return errors.Join(wrong...)
}

// percentiles describes how long pages took, of sorted times.
func percentiles(took []time.Duration) string {
	return fmt.Sprintf("median %.1f ms, 90th percentile %.1f ms, 99th %.1f ms, of %d", milliseconds(percentile(took, 50)),
		milliseconds(percentile(took, 90)), milliseconds(percentile(took, 99)), len(took))
}
