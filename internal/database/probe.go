package database

import (
	"context"
	"fmt"
	"time"
)

// writeEvery is how often Ping writes at most, and so for how long it believes that it can.
const writeEvery = 5 * time.Second

// Ping reports, within two seconds, whether the database answers and takes changes; for the readiness
// probe. Anybody can ask that often, so a change that went well counts for a few seconds.
func (d *DB) Ping(ctx context.Context) error {
	ctx, cancel := within(ctx, probeTimeout)
	defer cancel()
	var one int
	if err := d.Read.DB.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return fmt.Errorf("ping the database: %w", err)
	}
	now := time.Now() //nolint:forbidigo // how long ago it was, by the monotonic clock; nobody sees it
	if last := d.written.Load(); last != nil && now.Sub(*last) < writeEvery {
		return nil
	}
	// It changes nothing, and yet both engines write it to their log.
	if _, err := d.Write.DB.ExecContext(ctx, `UPDATE audit_numbers SET last = last`); err != nil {
		return fmt.Errorf("write to the database: %w", err)
	}
	d.written.Store(&now)
	return nil
}
