// Package historytest fills databases with what a watch saw, for tests and pictures.
package historytest

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/history/transitions"
)

// Fill keeps the records as a watch leaves them that read last at that time. The present state of an agent
// follows from its transitions.
func Fill(ctx context.Context, db *database.DB, readAt time.Time, records ...history.Record) error {
	if _, err := db.Write.ExecContext(ctx, `INSERT INTO watches (instance, read_at) VALUES ($1, $2)
		ON CONFLICT (instance) DO UPDATE SET read_at = excluded.read_at`, db.Instance.Number, readAt.UnixMicro()); err != nil {
		return fmt.Errorf("note when the watch read: %w", err)
	}
	store := transitions.New(db, 400*24*time.Hour, func() time.Time { return readAt })
	for _, record := range records {
		if err := fill(ctx, db, record); err != nil {
			return fmt.Errorf("note what the watch read: %w", err)
		}
		if err := store.Note(ctx, db.Write, record.Transitions); err != nil {
			return err
		}
	}
	return nil
}

func fill(ctx context.Context, db *database.DB, r history.Record) error {
	status, since := present(r)
	gone := int64(0)
	if !r.GoneAt.IsZero() {
		gone = r.GoneAt.UnixMicro()
	}
	_, err := db.Write.ExecContext(ctx, `INSERT INTO watched
		(instance, agent_id, project_id, project_path, agent_name, status, status_since, last_contact, tokens, pending, first_seen, gone_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', '', $8, $9)`,
		db.Instance.Number, r.AgentID, r.ProjectID, r.ProjectPath, r.AgentName, string(status), since.UnixMicro(), r.FirstSeen.UnixMicro(), gone)
	return err
}

// present is the status that the record says, or that of its last transition.
func present(r history.Record) (agent.Status, time.Time) {
	status, since := cmp.Or(r.Status, agent.StatusNeverConnected), r.FirstSeen
	if !r.StatusSince.IsZero() {
		since = r.StatusSince
	}
	for _, one := range r.Transitions {
		switch one.Kind {
		case history.Connected:
			status, since = agent.StatusConnected, one.At
		case history.NotConnected:
			status, since = agent.StatusNotConnected, one.At
		default:
		}
	}
	return status, since
}
