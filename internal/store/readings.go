package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// readingRetention is how long readings are kept: a rotation that is begun before a weekend
// finds them after it.
const readingRetention = 72 * time.Hour

// maxReadings bounds what one call notes, far above the tokens of one page.
const maxReadings = 1000

// Reading is what GitLab said of a token's last use at one moment.
type Reading struct {
	TokenID int64
	// At is when GitLab was asked, LastUsedAt its answer; zero for never. Both to the microsecond.
	At, LastUsedAt time.Time
}

// NoteReadings keeps readings, in one statement. A token has at most one a minute: the first,
// or, once the value changed, the first with the new value. Readings beyond a thousand are left out.
func (s *Store) NoteReadings(ctx context.Context, readings []Reading) error {
	if len(readings) == 0 {
		return nil
	}
	readings = readings[:min(len(readings), maxReadings)]
	rows := make([]string, 0, len(readings))
	var args []any
	for _, r := range readings {
		n := len(args)
		rows = append(rows, fmt.Sprintf("($%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4))
		args = append(args, r.TokenID, r.At.Unix()/60, r.At.UnixMicro(), microOrZero(r.LastUsedAt))
	}
	_, err := s.db.exec(ctx, `INSERT INTO readings (token_id, minute, read_at, used_at) VALUES `+
		strings.Join(rows, ", ")+`
		ON CONFLICT (token_id, minute) DO UPDATE SET read_at = excluded.read_at, used_at = excluded.used_at
		WHERE readings.used_at <> excluded.used_at`, args...)
	if err != nil {
		return fmt.Errorf("note readings: %w", err)
	}
	return nil
}

// Readings returns what is kept of the tokens, oldest first. Readings whose time is over may
// still be among them.
func (s *Store) Readings(ctx context.Context, tokens []int64) ([]Reading, error) {
	if len(tokens) == 0 {
		return nil, nil
	}
	in, args := listOf(tokens, nil)
	query := `SELECT token_id, read_at, used_at FROM readings WHERE token_id IN (` + in + `) ORDER BY read_at, token_id` //nolint:gosec // the list holds $1, $2, …
	rows, err := s.db.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the readings: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var readings []Reading
	for rows.Next() {
		var r Reading
		var at, used int64
		if err := rows.Scan(&r.TokenID, &at, &used); err != nil {
			return nil, fmt.Errorf("read a reading: %w", err)
		}
		r.At, r.LastUsedAt = time.UnixMicro(at).UTC(), timeOrZero(used)
		readings = append(readings, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the readings: %w", err)
	}
	return readings, nil
}

// sweepReadings deletes the oldest readings whose time is over.
func (s *Store) sweepReadings(ctx context.Context) (int64, error) {
	deleted, err := s.db.exec(ctx, `DELETE FROM readings WHERE (token_id, minute) IN (
		SELECT token_id, minute FROM readings WHERE read_at <= $1 ORDER BY read_at LIMIT $2`+s.db.skipLocked+`)`,
		s.now().Add(-readingRetention).UnixMicro(), sweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep readings: %w", err)
	}
	return deleted, nil
}

// listOf is the inside of an IN (…) with the values of ids as further arguments after args.
func listOf(ids []int64, args []any) (list string, all []any) {
	places := make([]string, 0, len(ids))
	for _, id := range ids {
		args = append(args, id)
		places = append(places, "$"+strconv.Itoa(len(args)))
	}
	return strings.Join(places, ", "), args
}

// microOrZero is how a time that may be none is stored.
func microOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func timeOrZero(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micro).UTC()
}
