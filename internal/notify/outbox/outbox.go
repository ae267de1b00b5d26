// Package outbox keeps what routes have not been told of yet, and the messages that tell it.
//
// A change is written once per route, with the change itself. A message takes every change of its route
// that waits and is of one kind, under a random name that stays, and holds the route until it was sent or
// given up: routes are told things in order, and what comes meanwhile is one message again. Who sends it
// has a lease by the database's clock, longer than sending may take; one whose holder died is taken over.
package outbox

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/notify/message"
)

const (
	// DefaultLease is how long a message belongs to who began to send it: longer than sending may take.
	DefaultLease = time.Minute
	// GiveUpAfter is how long sending a message is tried.
	GiveUpAfter = 24 * time.Hour
	// retention is how long it is known what became of a message, and how long a change waits for a route
	// that is not there any more.
	retention = 30 * 24 * time.Hour
	// minBackOff and maxBackOff are the first pause after a failure, and the longest; they double in between.
	minBackOff, maxBackOff = 15 * time.Second, time.Hour
	// insertAtOnce is how many rows one statement writes.
	insertAtOnce = 100
	// maxChanges is how many changes one message takes.
	maxChanges = 10_000
)

// Route is what the outbox knows of a route.
type Route struct {
	Name string
	// Wants reports whether the route is told of an alert.
	Wants func(alert.Alert) bool
	// Due is when a change that came at a time is to be told; nil for at once. With it all that waits by
	// then, of whatever kind, is one message.
	Due func(at time.Time) time.Time
}

// Store is the outbox. It is safe for concurrent use.
type Store struct {
	db     *database.DB
	alerts *alerts.Store
	routes map[string]Route
	lease  time.Duration
	now    func() time.Time
}

// New returns a Store for the routes. It tells of messages that were given up by an alert among alerts.
func New(db *database.DB, alerts *alerts.Store, routes []Route, lease time.Duration, now func() time.Time) *Store {
	s := &Store{db: db, alerts: alerts, routes: make(map[string]Route, len(routes)), lease: lease, now: now}
	for _, route := range routes {
		s.routes[route.Name] = route
	}
	return s
}

// Enqueue writes, as part of tx, the changes for every route that wants them. A change that a route has
// already is not written again.
func (s *Store) Enqueue(ctx context.Context, tx *database.Tx, changes []alert.Change) error {
	var rows [][]any
	for _, change := range changes {
		change.Acknowledgement = alert.Acknowledgement{} // whose note is nobody else's business
		about, err := json.Marshal(change)
		if err != nil {
			return fmt.Errorf("write an alert as JSON: %w", err)
		}
		for name, route := range s.routes {
			if route.Wants(change.Alert) {
				rows = append(rows, []any{s.db.Instance.Number, name, change.ID, message.StateOf(change), change.Kind, string(about), s.now().UnixMicro()})
			}
		}
	}
	for len(rows) > 0 {
		batch := rows[:min(len(rows), insertAtOnce)]
		rows = rows[len(batch):]
		places, args := values(batch)
		_, err := tx.ExecContext(ctx, `INSERT INTO outbox (instance, route, alert_id, change, kind, about, at) VALUES `+places+` ON CONFLICT DO NOTHING`, args...)
		if err != nil {
			return fmt.Errorf("put changes into the outbox: %w", err)
		}
	}
	return nil
}

// values are the places of rows in a statement, and what is filled in there.
func values(rows [][]any) (places string, args []any) {
	all := make([]string, 0, len(rows))
	for _, row := range rows {
		var one []string
		for _, value := range row {
			args = append(args, value)
			one = append(one, "$"+strconv.Itoa(len(args)))
		}
		all = append(all, "("+strings.Join(one, ", ")+")")
	}
	return strings.Join(all, ", "), args
}

// Claim gives the caller the message that the route is to be told next, for the time of a lease. It
// reports false if there is none, if it is not due yet, or if somebody else has it.
func (s *Store) Claim(ctx context.Context, route string) (claimed Claimed, found bool, err error) {
	claimed, found, err = s.claim(ctx, route)
	if found || err != nil {
		return claimed, found, err
	}
	if composed, err := s.compose(ctx, s.routes[route]); !composed || err != nil {
		return Claimed{}, false, err
	}
	return s.claim(ctx, route)
}

// Claimed is a message that is the caller's to send.
type Claimed struct {
	ID    int64
	Route string
	// Tries counts this one.
	Tries int64
	message.Batch
	lease string
}

// claim claims the message that waits.
func (s *Store) claim(ctx context.Context, route string) (Claimed, bool, error) {
	c := Claimed{Route: route, lease: rand.Text()}
	var created int64
	err := s.db.Write.QueryRowContext(ctx, `UPDATE messages SET lease = $1, held_until = `+s.db.Now+` + $2, tries = tries + 1
		WHERE instance = $3 AND route = $4 AND state = 'waiting' AND next_at <= $5 AND held_until <= `+s.db.Now+`
		RETURNING id, name, tries, created_at`,
		c.lease, s.lease.Microseconds(), s.db.Instance.Number, route, s.now().UnixMicro()).Scan(&c.ID, &c.Name, &c.Tries, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return Claimed{}, false, nil
	}
	if err != nil {
		return Claimed{}, false, fmt.Errorf("claim a message: %w", err)
	}
	c.At, c.Digest = time.UnixMicro(created).UTC(), s.routes[route].Due != nil
	c.Changes, err = s.changes(ctx, c.ID)
	return c, err == nil, err
}

// changes are those that a message tells, in order.
func (s *Store) changes(ctx context.Context, id int64) ([]alert.Change, error) {
	rows, err := s.db.Write.QueryContext(ctx, `SELECT about FROM outbox WHERE instance = $1 AND message = $2 ORDER BY at, alert_id`, s.db.Instance.Number, id)
	if err != nil {
		return nil, fmt.Errorf("read a message: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var found []alert.Change
	for rows.Next() {
		var about string
		var change alert.Change
		if err := rows.Scan(&about); err != nil {
			return nil, fmt.Errorf("read a message: %w", err)
		}
		if err := json.Unmarshal([]byte(about), &change); err != nil {
			return nil, fmt.Errorf("read a message: %w", err)
		}
		found = append(found, change)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read a message: %w", err)
	}
	return found, nil
}

// Waiting is how many changes wait for each route, without those whose week is not over, and ready are the
// routes that something may be sent to now.
func (s *Store) Waiting(ctx context.Context) (waiting map[string]int64, ready []string, err error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT o.route, COUNT(*), MIN(o.at), MAX(COALESCE(m.next_at, 0)), MAX(COALESCE(m.held_until, 0)), `+s.db.Now+`
		FROM outbox o LEFT JOIN messages m ON m.instance = o.instance AND m.route = o.route AND m.state = 'waiting'
		WHERE o.instance = $1 GROUP BY o.route`, s.db.Instance.Number)
	if err != nil {
		return nil, nil, fmt.Errorf("look into the outbox: %w", err)
	}
	defer func() { _ = rows.Close() }()
	waiting = make(map[string]int64, len(s.routes))
	for rows.Next() {
		var name string
		var count, oldest, next, held, clock int64
		if err := rows.Scan(&name, &count, &oldest, &next, &held, &clock); err != nil {
			return nil, nil, fmt.Errorf("look into the outbox: %w", err)
		}
		route, known := s.routes[name]
		if !known {
			continue
		}
		if next == 0 && !s.isDue(route, oldest) {
			continue
		}
		waiting[name] = count
		if held <= clock && next <= s.now().UnixMicro() {
			ready = append(ready, name)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, nil, fmt.Errorf("look into the outbox: %w", err)
	}
	return waiting, ready, nil
}

// isDue reports whether a change that came then is to be told by now.
func (s *Store) isDue(route Route, came int64) bool {
	return route.Due == nil || !s.now().Before(route.Due(time.UnixMicro(came)))
}

// Sweep deletes a batch of what nobody asks for any more, and returns how much.
func (s *Store) Sweep(ctx context.Context) (int64, error) {
	before := s.now().Add(-retention).UnixMicro()
	var deleted int64
	for _, statement := range []string{
		`DELETE FROM messages WHERE (instance, id) IN (SELECT instance, id FROM messages WHERE created_at <= $1 AND state <> 'waiting'
			ORDER BY created_at LIMIT $2` + s.db.SkipLocked + `)`,
		`DELETE FROM outbox WHERE (instance, route, alert_id, change) IN (SELECT instance, route, alert_id, change FROM outbox WHERE at <= $1
			ORDER BY at LIMIT $2` + s.db.SkipLocked + `)`,
	} {
		count, err := s.db.Exec(ctx, statement, before, database.SweepBatch)
		if err != nil {
			return deleted, fmt.Errorf("sweep the outbox: %w", err)
		}
		deleted += count
	}
	return deleted, nil
}
