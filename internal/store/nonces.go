package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// nonceGrace keeps used nonces beyond their expiry, for replicas whose clocks differ: a nonce
// that one of them still takes for valid must not be forgotten by another.
const nonceGrace = time.Hour

// ErrNonceUnknown reports a result for a nonce that was never used.
var ErrNonceUnknown = errors.New("store: the nonce was not used")

// NonceResult is what a used form led to at GitLab. Fields that do not apply are zero.
type NonceResult struct {
	ProjectID, AgentID, TokenID int64
	TokenName                   string
}

// UseNonce takes a nonce out of circulation and reports whether this call was the first one
// to do so, among all replicas. The nonce has to be valid until expires; afterwards it is
// forgotten, so callers check its validity first.
func (s *Store) UseNonce(ctx context.Context, nonce string, expires time.Time) (bool, error) {
	inserted, err := s.db.exec(ctx, `INSERT INTO used_nonces (nonce_hash, expires_at) VALUES ($1, $2)
		ON CONFLICT (nonce_hash) DO NOTHING`, hashNonce(nonce), expires.UnixMicro())
	if err != nil {
		return false, fmt.Errorf("use the form's nonce: %w", err)
	}
	return inserted == 1, nil
}

// NonceResult returns what a used nonce led to, and false if that is not known (yet).
func (s *Store) NonceResult(ctx context.Context, nonce string) (NonceResult, bool, error) {
	var project, agent, token sql.NullInt64
	var name sql.NullString
	err := s.db.read.QueryRowContext(ctx, `SELECT project_id, agent_id, token_id, token_name
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

// SetNonceResult notes what a used nonce led to, in place of what was noted before. It
// returns ErrNonceUnknown for a nonce that was not used.
func (s *Store) SetNonceResult(ctx context.Context, nonce string, r NonceResult) error {
	updated, err := s.db.exec(ctx, `UPDATE used_nonces
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

func hashNonce(nonce string) []byte {
	hash := sha256.Sum256([]byte(nonce))
	return hash[:]
}
