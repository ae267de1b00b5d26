package portal

import (
	"context"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/portal/demo"
)

// noteHistory puts into the audit what the demo's people did before it started.
func noteHistory(ctx context.Context, db *database.DB, retention time.Duration, history []demo.Act) error {
	for _, act := range history {
		past := audit.New(db, retention, func() time.Time { return act.At })
		err := past.Record(ctx, audit.Event{
			Action: act.Action, Outcome: act.Outcome, ActorID: act.PersonID, ActorName: act.Username, ClientIP: "127.0.0.1",
			Target: audit.Target{
				ProjectID: act.ProjectID, ProjectPath: act.ProjectPath, AgentID: act.AgentID, AgentName: act.AgentName,
				TokenID: act.TokenID, TokenName: act.TokenName,
			},
		})
		if err != nil {
			return fmt.Errorf("noting what was done before the demo: %w", err)
		}
	}
	return nil
}
