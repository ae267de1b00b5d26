package tokens

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/database"
)

// nonceGrace keeps used nonces beyond their expiry, for replicas whose clocks differ: a nonce
// that one of them still takes for valid must not be forgotten by another.
const nonceGrace = time.Hour

// ErrNonceUnknown reports a result for a nonce that was never used.
var ErrNonceUnknown = errors.New("tokens: the nonce was not used")

// NonceResult is what a used form led to at GitLab. Fields that do not apply are zero.
type NonceResult struct {
	ProjectID, AgentID, TokenID int64
	TokenName                   string
}

// Nonces remembers in a database which nonces of forms were used, and what the forms led to. A
// nonce is bound to a session, and so to the session's instance. It is safe for concurrent use.
type Nonces struct {
	db  *database.DB
	now func() time.Time
}

// NewNonces returns the Nonces in db, by the clock now.
func NewNonces(db *database.DB, now func() time.Time) *Nonces { return &Nonces{db: db, now: now} }

// Use takes a nonce out of circulation and reports whether this call was the first one to do so,
// among all replicas. The nonce has to be valid until expires; afterwards it is forgotten, so
// callers check its validity first.
func (n *Nonces) Use(ctx context.Context, nonce string, expires time.Time) (bool, error) {
	inserted, err := n.db.Exec(ctx, `INSERT INTO used_nonces (nonce_hash, expires_at) VALUES ($1, $2)
		ON CONFLICT (nonce_hash) DO NOTHING`, hashNonce(nonce), expires.UnixMicro())
	if err != nil {
		return false, fmt.Errorf("use the nonce: %w", err)
	}
	return inserted == 1, nil
}

// Result returns what a used nonce led to, and false if that is not known (yet).
func (n *Nonces) Result(ctx context.Context, nonce string) (NonceResult, bool, error) {
	var project, agent, token sql.NullInt64
	var name sql.NullString
	err := n.db.Read.QueryRowContext(ctx, `SELECT project_id, agent_id, token_id, token_name
		FROM used_nonces WHERE nonce_hash = $1`, hashNonce(nonce)).Scan(&project, &agent, &token, &name)
	if errors.Is(err, sql.ErrNoRows) {
		return NonceResult{}, false, nil
	}
	if err != nil {
		return NonceResult{}, false, fmt.Errorf("read what the form led to: %w", err)
	}
	result := NonceResult{
		ProjectID: project.Int64, AgentID: agent.Int64, TokenID: token.Int64, TokenName: name.String,
	}
	return result, project.Valid, nil
}

// SetResult notes what a used nonce led to, in place of what was noted before. It returns
// ErrNonceUnknown for a nonce that was not used.
func (n *Nonces) SetResult(ctx context.Context, nonce string, r NonceResult) error {
	updated, err := n.db.Exec(ctx, `UPDATE used_nonces
		SET project_id = $1, agent_id = $2, token_id = $3, token_name = $4 WHERE nonce_hash = $5`,
		r.ProjectID, r.AgentID, r.TokenID, r.TokenName, hashNonce(nonce))
	if err != nil {
		return fmt.Errorf("note what the form led to: %w", err)
	}
	if updated == 0 {
		return ErrNonceUnknown
	}
	return nil
}

// Sweep deletes nonces whose time is over, up to database.SweepBatch of them, and returns how
// many it deleted.
func (n *Nonces) Sweep(ctx context.Context) (int64, error) {
	deleted, err := n.db.Exec(ctx, `DELETE FROM used_nonces WHERE nonce_hash IN (
		SELECT nonce_hash FROM used_nonces WHERE expires_at <= $1
		LIMIT $2`+n.db.SkipLocked+`)`,
		n.now().Add(-nonceGrace).UnixMicro(), database.SweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep nonces: %w", err)
	}
	return deleted, nil
}

func hashNonce(nonce string) []byte {
	hash := sha256.Sum256([]byte(nonce))
	return hash[:]
}
