package readings

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/database"
)

// contactRetention is how long after it an agent's last contact is kept.
const contactRetention = 400 * 24 * time.Hour

// noteContacts keeps, in one statement, the newest use of any of each agent's tokens. Agents beyond
// a thousand are left out.
func (s *Store) noteContacts(ctx context.Context, agents []agent.Agent) error {
	var rows []string
	var args []any
	for _, one := range agents[:min(len(agents), maxReadings)] {
		newest := newestUse(one)
		if newest.LastUsedAt.IsZero() {
			continue
		}
		n := len(args)
		rows = append(rows, fmt.Sprintf("($%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4))
		args = append(args, s.db.Instance.Number, one.ID, newest.ID, newest.LastUsedAt.UnixMicro())
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := s.db.Exec(ctx, `INSERT INTO contacts (instance, agent_id, token_id, used_at) VALUES `+strings.Join(rows, ", ")+`
		ON CONFLICT (instance, agent_id) DO UPDATE SET token_id = excluded.token_id, used_at = excluded.used_at
		WHERE contacts.used_at < excluded.used_at`, args...)
	if err != nil {
		return fmt.Errorf("note the last contact of agents: %w", err)
	}
	return nil
}

// newestUse is the token that was used last, as far as that is known; without a use for none.
func newestUse(a agent.Agent) agent.Token {
	var newest agent.Token
	for _, token := range a.Tokens {
		if token.UseKnown && token.LastUsedAt.After(newest.LastUsedAt) {
			newest = token
		}
	}
	return newest
}

// RevokedUses returns, by the agent's number, when a token that is revoked since was last used,
// for those of the agents of which GitLab says that none of their active tokens ever was. It asks
// the database once, whatever their number, and not at all for none.
func (s *Store) RevokedUses(ctx context.Context, agents []agent.Agent) (map[int64]time.Time, error) {
	byID := map[int64]agent.Agent{}
	var ids []int64
	for _, one := range agents {
		if one.UseKnown() && one.LastContact().IsZero() {
			byID[one.ID], ids = one, append(ids, one.ID)
		}
	}
	uses := map[int64]time.Time{}
	if len(ids) == 0 {
		return uses, nil
	}
	list, err := s.db.NumbersArg(ids)
	if err != nil {
		return nil, fmt.Errorf("list the agents: %w", err)
	}
	query := `SELECT agent_id, token_id, used_at FROM contacts WHERE agent_id IN (` + s.db.Numbers + `) AND instance = $2`
	rows, err := s.db.Read.QueryContext(ctx, query, list, s.db.Instance.Number)
	if err != nil {
		return nil, fmt.Errorf("read the last contact of agents: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, token, used int64
		if err := rows.Scan(&id, &token, &used); err != nil {
			return nil, fmt.Errorf("read the last contact of an agent: %w", err)
		}
		if _, isActive := byID[id].Token(token); !isActive {
			uses[id] = database.TimeOrZero(used)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the last contact of agents: %w", err)
	}
	return uses, nil
}

// sweepContacts deletes the oldest contacts whose time is over, as Sweep does.
func (s *Store) sweepContacts(ctx context.Context) (int64, error) {
	deleted, err := s.db.Exec(ctx, `DELETE FROM contacts WHERE (instance, agent_id) IN (
		SELECT instance, agent_id FROM contacts WHERE used_at <= $1 ORDER BY used_at LIMIT $2`+s.db.SkipLocked+`)`,
		s.now().Add(-contactRetention).UnixMicro(), database.SweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep the last contact of agents: %w", err)
	}
	return deleted, nil
}
