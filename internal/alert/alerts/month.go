package alerts

import (
	"context"
	"fmt"
	"time"
)

// CountOpened returns, by agent, how many alerts about agents of the projects opened from from to until,
// without its end.
func (s *Store) CountOpened(ctx context.Context, projects []int64, from, until time.Time) (map[int64]int, error) {
	list, err := s.db.NumbersArg(projects)
	if err != nil {
		return nil, fmt.Errorf("list the projects: %w", err)
	}
	rows, err := s.db.Reports.QueryContext(ctx, `SELECT agent_id, COUNT(*) FROM alerts
		WHERE instance = $2 AND project_id IN (`+s.db.Numbers+`) AND opened_at >= $3 AND opened_at < $4 GROUP BY agent_id`,
		list, s.db.Instance.Number, from.UnixMicro(), until.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("count the alerts of a time: %w", err)
	}
	defer func() { _ = rows.Close() }()
	counts := map[int64]int{}
	for rows.Next() {
		var agent int64
		var count int
		if err := rows.Scan(&agent, &count); err != nil {
			return nil, fmt.Errorf("count the alerts of an agent: %w", err)
		}
		counts[agent] = count
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count the alerts of a time: %w", err)
	}
	return counts, nil
}
