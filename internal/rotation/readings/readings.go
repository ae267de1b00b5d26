// Package readings keeps what GitLab said of tokens' last use: its own record is overwritten with
// each use, so whether a token fell silent can only be told from several looks, and is gone with a
// token that is revoked.
package readings

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/rotation"
)

// retention is how long readings are kept: a rotation that is begun before a weekend finds them
// after it.
const retention = 72 * time.Hour

// maxReadings bounds what one call notes, far above the tokens of one page.
const maxReadings = 1000

// Store keeps readings in a database. It is safe for concurrent use.
type Store struct {
	db  *database.DB
	now func() time.Time
}

// New returns the Store of the readings in db, by the clock now.
func New(db *database.DB, now func() time.Time) *Store { return &Store{db: db, now: now} }

// Note keeps readings, in one statement, their times to the microsecond. A token has at most one
// a minute: the first, or, once the value changed, the first with the new value. Readings beyond a
// thousand are left out.
func (s *Store) Note(ctx context.Context, readings []rotation.Reading) error {
	if len(readings) == 0 {
		return nil
	}
	readings = slices.Clone(readings[:min(len(readings), maxReadings)])
	// Two requests that lock the same rows in opposite orders would wait for each other.
	slices.SortFunc(readings, func(a, b rotation.Reading) int { return cmp.Compare(a.TokenID, b.TokenID) })
	rows := make([]string, 0, len(readings))
	var args []any
	for _, r := range readings {
		n := len(args)
		rows = append(rows, fmt.Sprintf("($%d, $%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4, n+5))
		args = append(args, s.db.Instance.Number, r.TokenID, r.At.Unix()/60, r.At.UnixMicro(), database.MicroOrZero(r.LastUsedAt))
	}
	_, err := s.db.Exec(ctx, `INSERT INTO readings (instance, token_id, minute, read_at, used_at) VALUES `+
		strings.Join(rows, ", ")+`
		ON CONFLICT (instance, token_id, minute) DO UPDATE SET read_at = excluded.read_at, used_at = excluded.used_at
		WHERE readings.used_at <> excluded.used_at`, args...)
	if err != nil {
		return fmt.Errorf("note readings: %w", err)
	}
	return nil
}

// Of returns what is kept of the tokens, oldest first. Readings whose time is over may still be
// among them.
func (s *Store) Of(ctx context.Context, tokens []int64) ([]rotation.Reading, error) {
	if len(tokens) == 0 {
		return nil, nil
	}
	in, args := database.List(tokens, []any{s.db.Instance.Number})
	query := `SELECT token_id, read_at, used_at FROM readings WHERE instance = $1 AND token_id IN (` + in + `) ORDER BY read_at, token_id`
	rows, err := s.db.Read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the readings: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var readings []rotation.Reading
	for rows.Next() {
		var r rotation.Reading
		var at, used int64
		if err := rows.Scan(&r.TokenID, &at, &used); err != nil {
			return nil, fmt.Errorf("read a reading: %w", err)
		}
		r.At, r.LastUsedAt = time.UnixMicro(at).UTC(), database.TimeOrZero(used)
		readings = append(readings, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the readings: %w", err)
	}
	return readings, nil
}

// Sweep deletes the oldest readings and contacts whose time is over, up to database.SweepBatch of
// each, and returns how many it deleted.
func (s *Store) Sweep(ctx context.Context) (int64, error) {
	deleted, err := s.db.Exec(ctx, `DELETE FROM readings WHERE (instance, token_id, minute) IN (
		SELECT instance, token_id, minute FROM readings WHERE read_at <= $1 ORDER BY read_at LIMIT $2`+s.db.SkipLocked+`)`,
		s.now().Add(-retention).UnixMicro(), database.SweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep readings: %w", err)
	}
	contacts, err := s.sweepContacts(ctx)
	return deleted + contacts, err
}
