package audit

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/database"
)

// UnstoredToken is a token that the portal created, or may have created, and that nobody said
// they stored.
type UnstoredToken struct {
	AgentID int64
	// TokenID is 0 when nobody knows whether the create made a token, as after a crash of the
	// portal: then agent, name and creator are all there is to find it by.
	TokenID   int64
	TokenName string
	// CreatorID is GitLab's number of who created it and CreatorName the username of the time.
	CreatorID   int64
	CreatorName string
	// At is when the create began.
	At time.Time
	// KnownIDs are, where TokenID is 0, the agent's tokens that the audit knows by their number:
	// the one that is looked for is none of them.
	KnownIDs []int64
}

// Unstored returns the agents' tokens whose create is in the audit and whose "I have stored it"
// is not, oldest first. A token that was revoked through the portal is left out; one that was
// revoked elsewhere is not, so callers compare with what GitLab lists.
func (l *Log) Unstored(ctx context.Context, agents []int64) ([]UnstoredToken, error) {
	if len(agents) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, queryTimeout, ErrSlow)
	defer cancel()
	in, args := database.List(agents, []any{l.now().Add(-pendingLimit).UnixMicro(), l.db.Instance.Number})
	rows, err := l.db.Reports.QueryContext(ctx, unstoredQuery(in), args...)
	if err != nil {
		return nil, slow(ctx, fmt.Errorf("read unstored tokens: %w", err))
	}
	unstored, err := scanUnstored(rows)
	if err == nil {
		err = l.addKnownIDs(ctx, unstored)
	}
	if err != nil {
		return nil, slow(ctx, fmt.Errorf("read unstored tokens: %w", err))
	}
	return unstored, nil
}

func scanUnstored(rows *sql.Rows) ([]UnstoredToken, error) {
	defer func() { _ = rows.Close() }()
	var unstored []UnstoredToken
	for rows.Next() {
		var t UnstoredToken
		var at int64
		if err := rows.Scan(&t.AgentID, &t.TokenID, &t.TokenName, &t.CreatorID, &t.CreatorName, &at); err != nil {
			return nil, err
		}
		t.At = time.UnixMicro(at).UTC()
		unstored = append(unstored, t)
	}
	return unstored, rows.Err()
}

// addKnownIDs tells what a token that is known only by its name cannot be. Few creates end so.
func (l *Log) addKnownIDs(ctx context.Context, unstored []UnstoredToken) error {
	for i, token := range unstored {
		if token.TokenID != 0 {
			continue
		}
		rows, err := l.db.Reports.QueryContext(ctx, knownIDsQuery, token.AgentID, l.db.Instance.Number)
		if err != nil {
			return err
		}
		if unstored[i].KnownIDs, err = scanIDs(rows); err != nil {
			return err
		}
	}
	return nil
}

const knownIDsQuery = `SELECT DISTINCT token_id FROM audit WHERE agent_id = $1 AND instance = $2 AND token_id <> 0 AND outcome = 'ok'`

func scanIDs(rows *sql.Rows) ([]int64, error) {
	defer func() { _ = rows.Close() }()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// unstoredQuery asks for the creates of the agents in the list: those that made a token by
// themselves or by what was found afterwards, and those whose end nobody knows.
func unstoredQuery(agents string) string {
	return `SELECT made.agent_id, COALESCE(found.token_id, made.token_id), made.token_name,
			made.actor_id, made.actor_name, made.at
		FROM audit made
		LEFT JOIN audit found ON found.refers_to = made.id AND found.agent_id = made.agent_id
			AND found.action = 'reconciled' AND found.refers_to > 0
		WHERE made.instance = $2 AND made.agent_id IN (` + agents + `) AND made.action = 'token_create'
			AND (made.outcome IN ('ok', 'unknown') OR made.outcome = 'pending' AND made.at < $1)
			AND COALESCE(found.outcome, '') <> 'failed'
			AND NOT EXISTS (SELECT 1 FROM audit ended
				WHERE ended.instance = $2 AND ended.token_id = COALESCE(found.token_id, made.token_id) AND ended.token_id <> 0
				AND ended.action IN ('token_stored', 'token_revoke') AND ended.outcome = 'ok')
		ORDER BY made.id`
}
