package outbox

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"gitlab-agent-portal/internal/database"
)

// compose makes a message of what waits for the route. It reports false if nothing is due, or if there is
// a message already.
func (s *Store) compose(ctx context.Context, route Route) (composed bool, err error) {
	err = s.inTx(ctx, "put a message together", func(tx *database.Tx) error {
		var kind, change string
		var at int64
		err := tx.QueryRowContext(ctx, `SELECT kind, change, at FROM outbox WHERE instance = $1 AND route = $2 AND message = 0
			ORDER BY at, alert_id, change LIMIT 1`, s.db.Instance.Number, route.Name).Scan(&kind, &change, &at)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil || !s.isDue(route, at) {
			return err
		}
		id, err := s.begin(ctx, tx, route.Name)
		if id == 0 || err != nil {
			return err
		}
		if route.Due != nil {
			kind, change = "", ""
		}
		taken, err := s.take(ctx, tx, route.Name, id, kind, change)
		composed = taken > 0
		if err == nil && taken == 0 {
			return errNothing // somebody else has told it meanwhile: the message is not begun
		}
		return err
	})
	if errors.Is(err, errNothing) {
		return false, nil
	}
	return composed, err
}

var errNothing = errors.New("nothing waits any more")

// begin makes an empty message, and returns its number; 0 if the route has one that waits.
func (s *Store) begin(ctx context.Context, tx *database.Tx, route string) (id int64, err error) {
	number := s.db.Instance.Number
	if _, err := tx.ExecContext(ctx, `INSERT INTO watches (instance) VALUES ($1) ON CONFLICT DO NOTHING`, number); err != nil {
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, `UPDATE watches SET last_message = last_message + 1 WHERE instance = $1 RETURNING last_message`, number).Scan(&id); err != nil {
		return 0, err
	}
	now := s.now().UnixMicro()
	written, err := database.Exec(ctx, tx, `INSERT INTO messages (instance, id, name, route, state, created_at, next_at)
		VALUES ($1, $2, $3, $4, 'waiting', $5, $5) ON CONFLICT DO NOTHING`, number, id, rand.Text(), route, now)
	if written == 0 {
		return 0, err
	}
	return id, err
}

// take puts changes into a message: those of a kind, or all for an empty kind. An alert's end never comes
// before its beginning.
func (s *Store) take(ctx context.Context, tx *database.Tx, route string, id int64, kind, change string) (int64, error) {
	return database.Exec(ctx, tx, `UPDATE outbox SET message = $1 WHERE instance = $2 AND route = $3 AND message = 0
		AND (alert_id, change) IN (SELECT o.alert_id, o.change FROM outbox o WHERE o.instance = $2 AND o.route = $3 AND o.message = 0
			AND ($4 = '' OR o.kind = $4 AND o.change = $5)
			AND ($4 = '' OR o.change = 'opened' OR NOT EXISTS (SELECT 1 FROM outbox b
				WHERE b.instance = $2 AND b.route = $3 AND b.message = 0 AND b.alert_id = o.alert_id AND b.change = 'opened'))
			ORDER BY o.at, o.alert_id LIMIT $6)`,
		id, s.db.Instance.Number, route, kind, change, maxChanges)
}

// inTx runs work in a transaction.
func (s *Store) inTx(ctx context.Context, what string, work func(tx *database.Tx) error) error {
	tx, err := s.db.Write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer func() { _ = tx.Rollback() }() // nothing after a commit
	if err := work(tx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
