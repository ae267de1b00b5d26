//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/audit/audittest"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/pgtest"
)

const (
	// auditPage is how many rows the portal reads for a page of the list and for the first byte of
	// its CSV, and auditTab for the tab of an agent.
	auditPage, auditTab = 51, 101
	// auditRounds is how often each page is read. PostgreSQL plans anew for the first five.
	auditRounds = 9
	// auditCrowd is how many read at once.
	auditCrowd = 16
)

// measureAudit measures the database's time for first pages of a large audit, on both engines.
func measureAudit(ctx context.Context, s settings, folder string, out io.Writer) error {
	_, _ = message.NewPrinter(language.English).Fprintf(out, "Audit of %d rows: the database's time for a first page, narrowed down in 32 ways\n", s.auditRows)
	if err := measureAuditIn(ctx, s, "SQLite", "sqlite:"+filepath.Join(folder, "audit.db"), out); err != nil {
		return err
	}
	postgres, err := pgtest.Create(ctx)
	if err != nil {
		_, _ = fmt.Fprintf(out, "  PostgreSQL is left out: %v\n", err)
		return nil
	}
	return measureAuditIn(ctx, s, "PostgreSQL", postgres.URL, out)
}

func measureAuditIn(ctx context.Context, s settings, engine, url string, out io.Writer) (err error) {
	db, err := database.Open(ctx, url, "bench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := audittest.Fill(ctx, db.Write.DB, s.auditRows); err != nil {
		return err
	}
	log := audit.New(db, time.Hour, clock)
	for _, who := range auditReaders() {
		var worst auditPageTime
		var all []time.Duration
		for _, narrowed := range narrowings(audit.Filter{Projects: who.projects}, s.auditRows) {
			took, err := readAudit(ctx, log, narrowed.filter, auditPage)
			if err != nil {
				return err
			}
			all = append(all, took)
			if took > worst.took {
				worst = auditPageTime{narrowed.name, took}
			}
		}
		slices.Sort(all)
		_, _ = fmt.Fprintf(out, "  %-10s  %-22s  median %6.1f ms, worst %6.1f ms (%s)\n", engine, who.name,
			milliseconds(percentile(all, 50)), milliseconds(worst.took), worst.name)
	}
	tab, err := readAudit(ctx, log, audit.Filter{Projects: []int64{1}, AgentID: 10}, auditTab)
	if err != nil {
		return err
	}
	crowd, err := crowdAudit(ctx, log)
	_, _ = fmt.Fprintf(out, "  %-10s  %-22s  %6.1f ms\n  %-10s  %-22s  slowest of %d at once %6.1f ms\n",
		engine, "the tab of an agent", milliseconds(tab), engine, "everybody's first page", auditCrowd, milliseconds(crowd))
	return err
}

type auditPageTime struct {
	name string
	took time.Duration
}

// auditReader is somebody who maintains some projects.
type auditReader struct {
	name     string
	projects []int64
}

func auditReaders() []auditReader {
	upTo := func(first, last int64) (projects []int64) {
		for n := first; n <= last; n++ {
			projects = append(projects, n)
		}
		return projects
	}
	return []auditReader{
		{"one busy project", []int64{1}},
		{"one old project", []int64{audittest.Projects}},
		{"60 projects", upTo(400, 459)},
		{"all 1,000 projects", upTo(1, audittest.Projects)},
		{"3,000 projects", upTo(1, 3*audittest.Projects)},
	}
}

// narrowing is one way to fill in the fields above the list.
type narrowing struct {
	name   string
	filter audit.Filter
}

// narrowings are all ways to fill in some of the fields: the agent's and the action's with what is
// common, the person's with somebody who did little.
func narrowings(filter audit.Filter, rows int) []narrowing {
	at := func(part int) time.Time { return audittest.Start.Add(time.Duration(rows/4*part) * audittest.Step) }
	fields := []struct {
		name string
		set  func(*audit.Filter)
	}{
		{"agent", func(f *audit.Filter) { f.AgentName = audittest.BusyAgent }},
		{"actor", func(f *audit.Filter) { f.Actor = audittest.RareActor }},
		{"action", func(f *audit.Filter) { f.Action = activity.AgentDelete }},
		{"from", func(f *audit.Filter) { f.From = at(1) }},
		{"until", func(f *audit.Filter) { f.Until = at(3) }},
	}
	var all []narrowing
	for mask := range 1 << len(fields) {
		narrowed, names := filter, []string{}
		for i, field := range fields {
			if mask&(1<<i) != 0 {
				field.set(&narrowed)
				names = append(names, field.name)
			}
		}
		all = append(all, narrowing{"by " + strings.Join(names, ", "), narrowed})
	}
	all[0].name = "not narrowed"
	return all
}

// readAudit is the median time of a first page.
func readAudit(ctx context.Context, log *audit.Log, filter audit.Filter, limit int) (time.Duration, error) {
	var took []time.Duration
	for range auditRounds {
		begun := clock()
		if _, err := log.Page(ctx, filter, 0, limit); err != nil {
			return 0, err
		}
		took = append(took, clock().Sub(begun))
	}
	slices.Sort(took)
	return percentile(took, 50), nil
}

// crowdAudit is how long the slowest of many waits who read the list of all projects at once.
func crowdAudit(ctx context.Context, log *audit.Log) (time.Duration, error) {
	type result struct {
		took time.Duration
		err  error
	}
	all := auditReaders()
	results := make(chan result)
	for range auditCrowd {
		go func() {
			begun := clock()
			_, err := log.Page(ctx, audit.Filter{Projects: all[len(all)-1].projects}, 0, auditPage)
			results <- result{clock().Sub(begun), err}
		}()
	}
	var slowest time.Duration
	var failed error
	for range auditCrowd {
		r := <-results
		slowest, failed = max(slowest, r.took), errors.Join(failed, r.err)
	}
	return slowest, failed
}
