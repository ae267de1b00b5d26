package watch_test

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/history/transitions"
)

const (
	yearAgents = 1000 // a tenth of what has to fit
	// yearOutages and yearRotations are what becomes of each of them in a year.
	yearOutages, yearRotations = 12, 4
	yearLimit                  = 5 << 20
)

// aBusyYear is what becomes of agents in a year, week by week as readings find it.
func aBusyYear(began time.Time) [][]history.Transition {
	weeks := make([][]history.Transition, 53)
	add := func(agent int64, after time.Duration, kind history.Kind, token int64) {
		week := int(after / (7 * day))
		weeks[week] = append(weeks[week], history.Transition{AgentID: agent, At: began.Add(after).Add(time.Duration(agent) * time.Second), Kind: kind, TokenID: token})
	}
	for agent := range int64(yearAgents) {
		add(agent, 0, history.Registered, 0)
		for n := range yearOutages {
			at := time.Duration(n) * 30 * day
			add(agent, at+time.Hour, history.Connected, 0)
			add(agent, at+20*day, history.NotConnected, 0)
		}
		for n := range int64(yearRotations) {
			at := time.Duration(n) * 90 * day
			add(agent, at, history.TokenCreated, agent*10+n)
			add(agent, at+5*day, history.TokenRevoked, agent*10+n)
		}
	}
	return weeks
}

func TestABusyYearOfTenThousandAgentsTakesLessThanFiftyMegabytes(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := fresh(t)
			db := raw.Open(t)
			size := func() (bytes int64) {
				t.Helper()
				query := `SELECT SUM(pgsize) FROM dbstat WHERE name IN ('transitions', 'sqlite_autoindex_transitions_1', 'transitions_at')`
				if raw.Postgres != nil {
					query = `SELECT pg_total_relation_size('transitions')`
				}
				if err := db.Read.QueryRowContext(t.Context(), query).Scan(&bytes); err != nil {
					t.Fatal(err)
				}
				return bytes
			}
			store := transitions.New(db, retention, time.Now)
			rows := 0
			for _, week := range aBusyYear(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
				if err := store.Note(database.Unhurried(t.Context()), db.Write, week); err != nil {
					t.Fatal(err)
				}
				rows += len(week)
			}
			t.Logf("%d rows of %d agents take %.1f MB", rows, yearAgents, float64(size())/(1<<20))
			if got := size(); got > yearLimit {
				t.Errorf("a year takes %d bytes, want at most %d", got, yearLimit)
			}
		})
	}
}
