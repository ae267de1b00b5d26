package watch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/database"
)

// Failure is why the last reading was not whole. Its text is its name in catalogues and the database.
type Failure string

// The failures, the gravest last. The zero value is none.
const (
	// Incomplete: some projects, or when tokens were used, could not be read.
	Incomplete Failure = "incomplete"
	// Limited: GitLab wanted to be left alone for a while.
	Limited Failure = "rate_limited"
	// Slow: GitLab took too long.
	Slow Failure = "slow"
	// Unavailable: GitLab could not be reached, or answered nonsense.
	Unavailable Failure = "unavailable"
	// Refused: GitLab does not accept a token, or its scope.
	Refused Failure = "refused"
)

// Failures lists them, the gravest last.
func Failures() []Failure { return []Failure{Incomplete, Limited, Slow, Unavailable, Refused} }

// Status is how the watch does, on whatever replica.
type Status struct {
	// On says that there is a token to watch with; nothing else says anything without.
	On bool
	// Interval is how often the watch looks.
	Interval time.Duration
	// Status has when the last reading began that was whole, and when the first of those began that were
	// not, one after the other.
	alert.Status
	// Failure is why the last reading was not whole; empty if it was.
	Failure Failure
}

// Status tells how the watch does; of a watch that is switched off, nil, only that.
func (s *Service) Status(ctx context.Context) (Status, error) {
	if s == nil {
		return Status{}, nil
	}
	status := Status{On: true, Interval: s.cfg.Limits.Interval}
	db := s.cfg.Database
	var readAt, failingSince int64
	row := db.Read.QueryRowContext(ctx, `SELECT read_at, failing_since, failure FROM watches WHERE instance = $1`, db.Instance.Number)
	err := row.Scan(&readAt, &failingSince, &status.Failure)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return status, fmt.Errorf("ask how the watch does: %w", err)
	}
	status.ReadAt, status.FailingSince = database.TimeOrZero(readAt), database.TimeOrZero(failingSince)
	return status, nil
}

// Readings tells how the readings go, for pages that need to know no more.
func (s *Service) Readings(ctx context.Context) (alert.Status, error) {
	status, err := s.Status(ctx)
	return status.Status, err
}
