package transitions

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/history"
)

// MaxRecords is how many agents one query tells of. Of more, those with the smallest numbers come.
const MaxRecords = 10_000

// maxRows is how many transitions it reads, some 20 MB. Where agents come and go by the minute, that are fewer
// agents.
const maxRows = 400_000

// Began is when the watch saw the first agent; zero before it has seen any.
func (s *Store) Began(ctx context.Context) (time.Time, error) {
	var began sql.NullInt64
	err := s.db.Read.QueryRowContext(ctx, `SELECT MIN(first_seen) FROM watched WHERE instance = $1`, s.db.Instance.Number).Scan(&began)
	if err != nil {
		return time.Time{}, fmt.Errorf("read when the watch began: %w", err)
	}
	return database.TimeOrZero(began.Int64), nil
}

// Records returns, by the agents' numbers, what the watch knows of them in the time from since to until, in
// one query. Agents that it never saw are not among them, nor are those beyond what one query reads.
func (s *Store) Records(ctx context.Context, agents []int64, since, until time.Time) (map[int64]history.Record, error) {
	list, _, err := s.records(ctx, s.ofAgents(), agents, since, until)
	if err != nil {
		return nil, fmt.Errorf("read the history of agents: %w", err)
	}
	list = list[:min(len(list), MaxRecords)]
	byAgent := make(map[int64]history.Record, len(list))
	for _, one := range list {
		byAgent[one.AgentID] = one
	}
	return byAgent, nil
}

// RecordsOf returns the same of all agents that the projects had in that time, the deleted ones too, by their
// numbers, and whether there are more of them than one query reads.
func (s *Store) RecordsOf(ctx context.Context, projects []int64, since, until time.Time) (found []history.Record, more bool, err error) {
	found, more, err = s.records(ctx, s.ofProjects(), projects, since, until)
	if err != nil {
		return nil, false, fmt.Errorf("read the history of projects: %w", err)
	}
	if len(found) > MaxRecords {
		return found[:MaxRecords], true, nil
	}
	return found, more, nil
}

// ofAgents and ofProjects are which rows of watched are asked for: those whose number is in the list.
func (s *Store) ofAgents() string {
	return `watched w WHERE w.agent_id IN (` + s.db.Numbers + `)`
}

func (s *Store) ofProjects() string {
	return `watched w` + fmt.Sprintf(s.db.IndexedBy, "watched_project") + ` WHERE w.project_id IN (` + s.db.Numbers + `)`
}

// recordsQuery asks for agents. Each comes with its transitions, or once without any: those of the time, and
// the last one before it that says how the connection was.
func recordsQuery(of string) string {
	return `SELECT w.agent_id, w.project_id, w.project_path, w.agent_name, w.status, w.status_since, w.first_seen, w.gone_at, w.read_at,
			t.at, t.kind, t.token_id
		FROM (
			SELECT w.*, (SELECT read_at FROM watches WHERE instance = $2) AS read_at, COALESCE((
				SELECT MAX(b.at) FROM transitions b
				WHERE b.instance = w.instance AND b.agent_id = w.agent_id AND b.at < $3 AND b.kind IN (1, 2, 4, 7)), $3) AS told
			FROM ` + of + ` AND w.instance = $2 AND w.first_seen < $4 AND (w.gone_at = 0 OR w.gone_at >= $3)
			ORDER BY w.agent_id LIMIT $5
		) w
		LEFT JOIN transitions t ON t.instance = $2 AND t.agent_id = w.agent_id AND t.at >= w.told AND t.at < $4
			AND (t.at >= $3 OR t.kind IN (1, 2, 4, 7))
		ORDER BY w.agent_id, t.at, t.kind, t.token_id LIMIT $6`
}

// records reads agents, and whether there are more than it could.
func (s *Store) records(ctx context.Context, of string, numbers []int64, since, until time.Time) (found []history.Record, more bool, err error) {
	list, err := s.db.NumbersArg(numbers)
	if err != nil {
		return nil, false, err
	}
	rows, err := s.db.Reports.QueryContext(ctx, recordsQuery(of), list, s.db.Instance.Number, since.UnixMicro(), until.UnixMicro(), MaxRecords+1, s.maxRows+1)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for read := 0; rows.Next(); read++ {
		if read == s.maxRows {
			return found[:len(found)-1], true, nil // of the last one there may be more
		}
		record, one, err := scanRecord(rows)
		if err != nil {
			return nil, false, err
		}
		if n := len(found); n == 0 || found[n-1].AgentID != record.AgentID {
			found = append(found, record)
		}
		if !one.At.IsZero() {
			last := &found[len(found)-1]
			last.Transitions = append(last.Transitions, one)
		}
	}
	return found, false, rows.Err()
}

// scanRecord reads one row: an agent, and one of its transitions, which is zero for none.
func scanRecord(rows *sql.Rows) (history.Record, history.Transition, error) {
	var r history.Record
	var since, first, gone int64
	var read, at, kind, token sql.NullInt64
	err := rows.Scan(&r.AgentID, &r.ProjectID, &r.ProjectPath, &r.AgentName, &r.Status, &since, &first, &gone, &read, &at, &kind, &token)
	r.StatusSince, r.FirstSeen, r.GoneAt, r.ReadAt = database.TimeOrZero(since), database.TimeOrZero(first), database.TimeOrZero(gone), database.TimeOrZero(read.Int64)
	if !at.Valid {
		return r, history.Transition{}, err
	}
	return r, history.Transition{AgentID: r.AgentID, At: database.TimeOrZero(at.Int64), Kind: history.Kind(kind.Int64), TokenID: token.Int64}, err
}
