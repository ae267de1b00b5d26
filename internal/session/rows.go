package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/database"
)

// hashID returns the form in which the database knows an id.
func hashID(id string) []byte {
	hash := sha256.Sum256([]byte(id))
	return hash[:]
}

// rowOf is where the database has the session with this id.
func rowOf(id string) database.Row {
	return database.Row{Table: "sessions", Column: "id_hash", Key: hashID(id)}
}

const findRow = `SELECT value, created_at, last_seen_at, version FROM sessions WHERE id_hash = $1`

// find reads a session; nil without an error if there is none, if it expired, or if its value
// does not open.
func (s *Store) find(ctx context.Context, id string) (*Session, error) {
	return s.living(ctx, s.lookup.QueryRow(ctx, hashID(id)), id)
}

// findHeld is find through q, which holds the session's row.
func (s *Store) findHeld(ctx context.Context, q database.Querier, id string) (*Session, error) {
	return s.living(ctx, q.QueryRowContext(ctx, findRow, hashID(id)), id)
}

// living reads the session from its row, if its time is not over.
func (s *Store) living(ctx context.Context, row *sql.Row, id string) (*Session, error) {
	session, err := s.scan(ctx, row, id)
	if session == nil || err != nil {
		return nil, err
	}
	now := s.now()
	if now.Sub(session.LastSeenAt) >= idleLimit || now.Sub(session.CreatedAt) >= absoluteLimit {
		return nil, nil //nolint:nilnil // Sweep will delete it
	}
	return session, nil
}

func (s *Store) scan(ctx context.Context, row *sql.Row, id string) (*Session, error) {
	var sealed []byte
	var created, seen int64
	session := &Session{ID: id}
	err := row.Scan(&sealed, &created, &seen, &session.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // the caller asks for nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the session: %w", err)
	}
	session.CreatedAt, session.LastSeenAt = time.UnixMicro(created).UTC(), time.UnixMicro(seen).UTC()
	if err := s.open(session, sealed); err != nil {
		s.log.WarnContext(ctx, "a stored session was refused", "error", err)
		return nil, nil //nolint:nilnil // a key that was dropped, or a row that was tampered with
	}
	return session, nil
}

// touch notes that the session was seen. Failing to is not worth failing the request for.
func (s *Store) touch(ctx context.Context, session *Session) {
	now := s.now()
	if now.Sub(session.LastSeenAt) < touchEvery {
		return
	}
	_, err := s.db.Exec(ctx, `UPDATE sessions SET last_seen_at = $1 WHERE id_hash IN (
		SELECT id_hash FROM sessions WHERE id_hash = $2 AND last_seen_at < $1`+s.db.SkipLocked+`)`,
		now.UnixMicro(), hashID(session.ID))
	if err != nil {
		s.log.WarnContext(ctx, "could not note that a session was seen", "error", err)
		return
	}
	session.LastSeenAt = now.UTC()
}

// insert stores a session under a new id and fills in what the store decides.
func (s *Store) insert(ctx context.Context, session *Session) error {
	now := s.now().UTC().Truncate(time.Microsecond)
	session.ID = rand.Text()
	session.CreatedAt, session.LastSeenAt, session.Version = now, now, 1
	sealed, err := s.seal(session)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `INSERT INTO sessions (id_hash, value, created_at, last_seen_at, version)
		VALUES ($1, $2, $3, $3, $4)`, hashID(session.ID), sealed, now.UnixMicro(), session.Version)
	if err != nil {
		return fmt.Errorf("store the session: %w", err)
	}
	return nil
}

// anyVersion is the version up to which remove deletes a session whatever its pair.
const anyVersion = math.MaxInt64

// remove deletes a session of at most the given version and returns what it was; nil if there
// was none.
func (s *Store) remove(ctx context.Context, id string, version int64) (*Session, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	var removed *Session
	err := s.db.Hold(ctx, rowOf(id), lockWait, func(ctx context.Context, q database.Querier) error {
		row := q.QueryRowContext(ctx, `DELETE FROM sessions WHERE id_hash = $1 AND version <= $2
			RETURNING value, created_at, last_seen_at, version`, hashID(id), version)
		var err error
		removed, err = s.scan(ctx, row, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("end the session: %w", err)
	}
	if removed == nil {
		return nil, nil //nolint:nilnil // nothing was there to end
	}
	if kept := s.unsaved.get(id); kept != nil {
		removed = kept // its pair is the living one
	}
	s.unsaved.drop(id)
	return removed, nil
}

// sealedSession is what a session's value contains, in JSON. gitlabapi.Secret redacts itself
// when encoded, so the tokens are spelled out here and nowhere else.
type sealedSession struct {
	User      User
	Access    string
	Refresh   string
	ExpiresAt time.Time
	Scope     string
}

func (s *Store) seal(session *Session) ([]byte, error) {
	plain, err := json.Marshal(sealedSession{
		User:      session.User,
		Access:    session.Tokens.Access.Reveal(),
		Refresh:   session.Tokens.Refresh.Reveal(),
		ExpiresAt: session.Tokens.ExpiresAt,
		Scope:     session.Tokens.Scope,
	})
	if err != nil {
		return nil, fmt.Errorf("encode the session: %w", err)
	}
	return s.sealer.Seal(plain, []byte(session.ID)), nil
}

func (s *Store) open(session *Session, sealed []byte) error {
	plain, err := s.sealer.Open(sealed, []byte(session.ID))
	if err != nil {
		return err
	}
	var value sealedSession
	if err := json.Unmarshal(plain, &value); err != nil {
		return errors.New("session: the session's value is not what this version writes")
	}
	session.User = value.User
	session.Tokens = gitlabapi.TokenPair{
		Access:    gitlabapi.NewSecret(value.Access),
		Refresh:   gitlabapi.NewSecret(value.Refresh),
		ExpiresAt: value.ExpiresAt,
		Scope:     value.Scope,
	}
	return nil
}
