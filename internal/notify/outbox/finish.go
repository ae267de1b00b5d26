package outbox

import (
	"context"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/database"
)

// Sent notes that a message was delivered. It does so even if the lease is over: a message that somebody
// else is about to repeat may still be kept from that.
func (s *Store) Sent(ctx context.Context, c Claimed) error {
	return s.inTx(ctx, "note that a message was sent", func(tx *database.Tx) error {
		finished, err := s.finish(ctx, tx, c, "sent", "")
		if !finished || err != nil {
			return err
		}
		return s.resolveDropped(ctx, tx)
	})
}

// Failed notes that a message was not delivered, and reports whether it was given up by that: it was tried
// for a day. Otherwise it is due again after a pause, at least the one that the receiver asked for. It
// changes nothing if somebody else has the message by now.
func (s *Store) Failed(ctx context.Context, c Claimed, after time.Duration) (dropped bool, err error) {
	now := s.now()
	next := now.Add(max(backOff(c.Tries), after))
	if next.Sub(c.At) < GiveUpAfter {
		_, err := s.db.Exec(ctx, `UPDATE messages SET next_at = $1, lease = '', held_until = 0
			WHERE instance = $2 AND id = $3 AND lease = $4 AND state = 'waiting'`, next.UnixMicro(), s.db.Instance.Number, c.ID, c.lease)
		if err != nil {
			return false, fmt.Errorf("note that a message was not sent: %w", err)
		}
		return false, nil
	}
	err = s.inTx(ctx, "give a message up", func(tx *database.Tx) error {
		dropped, err = s.finish(ctx, tx, c, "dropped", c.lease)
		if !dropped || err != nil {
			return err
		}
		changes, err := s.alerts.Save(ctx, tx, []alert.Alert{{Kind: alert.MessagesDropped, Since: c.At, OpenedAt: now}}, nil)
		if err != nil {
			return err
		}
		return s.Enqueue(ctx, tx, changes)
	})
	return dropped && err == nil, err
}

// backOff is the pause after so many tries.
func backOff(tries int64) time.Duration {
	return min(minBackOff<<min(tries-1, 20), maxBackOff)
}

// finish ends a message and forgets what it told. With a lease it does so for its holder only.
func (s *Store) finish(ctx context.Context, tx *database.Tx, c Claimed, state, lease string) (bool, error) {
	ended, err := database.Exec(ctx, tx, `UPDATE messages SET state = $1, lease = '', held_until = 0
		WHERE instance = $2 AND id = $3 AND state = 'waiting' AND ($4 = '' OR lease = $4)`, state, s.db.Instance.Number, c.ID, lease)
	if err != nil || ended == 0 {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM outbox WHERE instance = $1 AND message = $2`, s.db.Instance.Number, c.ID)
	return err == nil, err
}

// Settle ends the alert about messages that were given up if it was about routes that are not there any more.
func (s *Store) Settle(ctx context.Context) error {
	return s.inTx(ctx, "settle what was given up", func(tx *database.Tx) error { return s.resolveDropped(ctx, tx) })
}

// resolveDropped ends the alert about messages that were given up once every route has delivered one since.
func (s *Store) resolveDropped(ctx context.Context, tx *database.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT DISTINCT d.route FROM messages d WHERE d.instance = $1 AND d.state = 'dropped'
		AND NOT EXISTS (SELECT 1 FROM messages l WHERE l.instance = d.instance AND l.route = d.route AND l.state = 'sent' AND l.id > d.id)`,
		s.db.Instance.Number)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var route string
		if err := rows.Scan(&route); err != nil {
			return err
		}
		if _, known := s.routes[route]; known {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	over, err := s.alerts.Save(ctx, tx, nil, []alert.Alert{{Kind: alert.MessagesDropped, ResolvedAt: s.now()}})
	if err != nil {
		return err
	}
	return s.Enqueue(ctx, tx, over)
}
