package budget

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/database"
)

// SpentError says that an allowance is spent, and for how long. Nothing was done.
type SpentError struct{ Wait time.Duration }

func (e *SpentError) Error() string {
	return "the allowance is spent for " + e.Wait.Round(time.Second).String()
}

// Changes are each person's changes at GitLab, of all replicas together, in a database. It is safe
// for concurrent use.
type Changes struct {
	db  *database.DB
	now func() time.Time
}

// NewChanges returns the Changes in db, by the clock now.
func NewChanges(db *database.DB, now func() time.Time) *Changes { return &Changes{db: db, now: now} }

// Take takes so many changes of a person's, or none: a *SpentError where not even one is left. A list
// of changes is not torn apart: with one left it is let through as a whole, and whoever sent it
// waits for longer afterwards.
//
// It is the generic cell rate algorithm: the row holds when the person's last change would be paid
// off if they were made one after the other.
func (c *Changes) Take(ctx context.Context, person int64, n int) error {
	now := c.now().UnixMicro()
	cost, latest := int64(n)*changeEvery.Microseconds(), now+(ChangesPerMinute-1)*changeEvery.Microseconds()
	taken, err := c.db.Exec(ctx, `INSERT INTO allowances (person, until) VALUES ($1, CAST($2 AS BIGINT) + CAST($3 AS BIGINT))
		ON CONFLICT (person) DO UPDATE
		SET until = CASE WHEN allowances.until > $2 THEN allowances.until ELSE $2 END + $3
		WHERE allowances.until <= $4`, person, now, cost, latest)
	switch {
	case err != nil:
		return fmt.Errorf("take from the allowance of changes: %w", err)
	case taken == 1:
		return nil
	}
	return c.spent(ctx, person, latest)
}

// spent says for how long a person has to wait.
func (c *Changes) spent(ctx context.Context, person, latest int64) error {
	var until int64
	err := c.db.Read.QueryRowContext(ctx, `SELECT until FROM allowances WHERE person = $1`, person).Scan(&until)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read the allowance of changes: %w", err)
	}
	return &SpentError{Wait: max(time.Duration(until-latest)*time.Microsecond, time.Second)}
}

// Sweep deletes what is paid off, up to database.SweepBatch rows, and returns how many it deleted.
func (c *Changes) Sweep(ctx context.Context) (int64, error) {
	deleted, err := c.db.Exec(ctx, `DELETE FROM allowances WHERE person IN (
		SELECT person FROM allowances WHERE until <= $1 LIMIT $2`+c.db.SkipLocked+`)`, c.now().UnixMicro(), database.SweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep the allowances of changes: %w", err)
	}
	return deleted, nil
}
