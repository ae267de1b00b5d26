package portal

import (
	"time"

	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
)

// alertRetention is how long alerts are kept after they were resolved.
const alertRetention = 400 * 24 * time.Hour

// alerts is where a watch keeps what it finds; nil where nothing watches, so that nothing of it is shown.
func (p Program) alerts(s *server, db *database.DB) *alerts.Store {
	if p.WatchStatus == nil {
		return nil
	}
	found := alerts.New(db, alertRetention, p.clock())
	s.sweepers = append(s.sweepers, found)
	return found
}
