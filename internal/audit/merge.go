package audit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/database"
)

// mergeWindow is for how long equal refusals join one row, by the clock: a row stays within one
// day, and says within the hour when something began.
const mergeWindow = time.Hour

// mergeKey is what refusals and failures share that are equal: who, or a visitor's address, did
// what to what at which instance, with which outcome, in which window. It is empty for what is a row of its own.
func mergeKey(e Event, instance int64, at time.Time) string {
	isRefusal := e.Outcome == activity.Refused || e.Outcome == activity.Failed || e.Outcome == activity.Unknown
	if !isRefusal || e.RefersTo != 0 {
		return ""
	}
	who := fmt.Sprint("person ", e.ActorID)
	if e.ActorID == 0 {
		who = "visitor " + e.ClientIP
	}
	equal := fmt.Sprintf("%d %q %q %q %#v %#v %d", instance, who, e.Action, e.Outcome, e.Target, e.Claim, at.Truncate(mergeWindow).Unix())
	sum := sha256.Sum256([]byte(equal))
	return base64.RawStdEncoding.EncodeToString(sum[:])
}

// merge counts one more of the row with the key, and reports whether there is one.
func (l *Log) merge(ctx context.Context, key string) (bool, error) {
	if key == "" {
		return false, nil
	}
	// The second condition tells the database that the index of such rows will do.
	updated, err := l.db.Exec(ctx, `UPDATE audit SET times = times + 1, last_at = $1
		WHERE merge_key = $2 AND merge_key <> ''`, l.now().UnixMicro(), key)
	if err != nil {
		return false, fmt.Errorf("count a refusal in the audit: %w", err)
	}
	return updated > 0, nil
}

// settle tells the observer of rows that became final without anybody's doing: actions that were
// lost with their process, and refusals that no more can join. Among replicas one tells of each.
// A lost action stays open: should its process only have been held up, it still ends.
func (l *Log) settle(ctx context.Context) error {
	now := l.now()
	lost, err := l.settled(ctx, `told_lost = 1`, `outcome = 'pending' AND told_lost = 0`, now.Add(-pendingLimit))
	if err != nil {
		return err
	}
	merged, err := l.settled(ctx, `merge_key = ''`, `merge_key <> ''`, now.Add(-pendingLimit).Truncate(mergeWindow))
	if err != nil {
		return err
	}
	isSingle := func(e Event) bool { return e.Times == 1 } // was told of when it came
	for _, event := range append(lost, slices.DeleteFunc(merged, isSingle)...) {
		l.final(event)
	}
	return nil
}

// settled changes the oldest rows that match and began before a point in time, a bounded number of
// them, and returns them in their order.
func (l *Log) settled(ctx context.Context, change, match string, before time.Time) ([]Event, error) {
	query := `UPDATE audit SET ` + change + ` WHERE id IN (SELECT id FROM audit WHERE ` + match +
		` AND at < $1 ORDER BY at LIMIT $2` + l.db.SkipLocked + `) RETURNING ` + columns
	events, err := l.events(l.db.Write.QueryContext(ctx, query, before.UnixMicro(), database.SweepBatch))
	slices.SortFunc(events, func(a, b Event) int { return cmp.Compare(a.ID, b.ID) })
	return events, err
}

// Sweep settles what became final by time, deletes the oldest rows whose retention is over, up to
// database.SweepBatch of each, and returns how many it deleted.
func (l *Log) Sweep(ctx context.Context) (int64, error) {
	if err := l.settle(ctx); err != nil {
		return 0, fmt.Errorf("settle the audit: %w", err)
	}
	deleted, err := l.db.Exec(ctx, `DELETE FROM audit WHERE id IN (
		SELECT id FROM audit WHERE at <= $1 ORDER BY at LIMIT $2`+l.db.SkipLocked+`)`,
		l.now().Add(-l.retention).UnixMicro(), database.SweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep the audit: %w", err)
	}
	return deleted, nil
}
