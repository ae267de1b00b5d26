package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"
)

// hashID returns the form in which the database knows an id.
func hashID(id string) []byte {
	hash := sha256.Sum256([]byte(id))
	return hash[:]
}

// columns are those that scan reads. findRow tells a session of another instance from none as little
// as its reader needs to.
const (
	columns = `value, details, created_at, last_seen_at, version, changes`
	findRow = `SELECT ` + columns + ` FROM sessions WHERE id_hash = $1 AND instance = $2`
)

// find reads a session; nil without an error if there is none, if it expired, or if its value
// does not open.
func (s *Store) find(ctx context.Context, id string) (*Session, error) {
	return s.living(ctx, s.lookup.QueryRow(ctx, hashID(id), s.instance()), id)
}

// instance is the number that the rows of this store have.
func (s *Store) instance() int64 { return s.db.Instance.Number }

// living reads the session from its row, if its time is not over.
func (s *Store) living(ctx context.Context, row *sql.Row, id string) (*Session, error) {
	session, err := s.scan(ctx, row, id)
	if session == nil || err != nil {
		return nil, err
	}
	if s.isOver(session.CreatedAt, session.LastSeenAt) {
		return nil, nil //nolint:nilnil // Sweep will delete it
	}
	return session, nil
}

// isOver reports whether a session with these times has ended.
func (s *Store) isOver(created, seen time.Time) bool {
	now := s.now()
	return now.Sub(seen) >= idleLimit || now.Sub(created) >= absoluteLimit
}

func (s *Store) scan(ctx context.Context, row *sql.Row, id string) (*Session, error) {
	var value, details []byte
	var created, seen int64
	session := &Session{ID: id}
	err := row.Scan(&value, &details, &created, &seen, &session.Version, &session.Changes)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // the caller asks for nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the session: %w", err)
	}
	if err := s.unseal(session, value, details, created, seen); err != nil {
		s.log.WarnContext(ctx, "a stored session was refused", "error", err)
		return nil, nil //nolint:nilnil // a key that was dropped, or a row that was tampered with
	}
	return session, nil
}

// errMoved says that a row's times are not those that were sealed.
var errMoved = errors.New("session: the times of the session were changed")

// unseal fills in a session from its row. The sealed times count; those of the row have to agree.
func (s *Store) unseal(session *Session, value, details []byte, created, seen int64) error {
	if err := s.seals.openValue(session, value); err != nil {
		return err
	}
	opened, err := s.seals.openDetails(hashID(session.ID), details)
	if err != nil {
		return err
	}
	session.LastSeenAt, session.Client = opened.LastSeenAt, opened.Client
	if session.CreatedAt.UnixMicro() != created || session.LastSeenAt.UnixMicro() != seen {
		return errMoved
	}
	return nil
}

// touch notes when and where the session was seen, once a minute, or at once if the cookie's key is
// on its way out, so that nothing depends on it any more. Failing to is not worth failing the request for.
func (s *Store) touch(ctx context.Context, session *Session, client Client, state cookieState) {
	now := s.now().UTC().Truncate(time.Microsecond)
	if now.Sub(session.LastSeenAt) < touchEvery && state == cookieCurrent {
		return
	}
	details, err := s.seals.sealDetails(hashID(session.ID), sealedDetails{session.CreatedAt, now, client})
	if err == nil {
		_, err = s.db.Exec(ctx, `UPDATE sessions SET last_seen_at = $1, details = $2, person = $3 WHERE id_hash IN (
			SELECT id_hash FROM sessions WHERE id_hash = $4 AND last_seen_at <= $1`+s.db.SkipLocked+`)`,
			now.UnixMicro(), details, s.seals.persons(session.User.ID)[0], hashID(session.ID))
	}
	if err != nil {
		s.log.WarnContext(ctx, "could not note that a session was seen", "error", err)
		return
	}
	session.LastSeenAt, session.Client = now, client
}

// insert stores a session under a new id and fills in what the store decides.
func (s *Store) insert(ctx context.Context, session *Session) error {
	now := s.now().UTC().Truncate(time.Microsecond)
	session.ID = rand.Text()
	session.CreatedAt, session.LastSeenAt, session.Version = now, now, 1
	value, err := s.seals.sealValue(session)
	if err != nil {
		return err
	}
	details, err := s.seals.sealDetails(hashID(session.ID), sealedDetails{now, now, session.Client})
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `INSERT INTO sessions (id_hash, instance, person, value, details, created_at, last_seen_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, $6, $7)`,
		hashID(session.ID), s.instance(), s.seals.persons(session.User.ID)[0], value, details, now.UnixMicro(), session.Version)
	if err != nil {
		return fmt.Errorf("store the session: %w", err)
	}
	return nil
}

// anyVersion is the version up to which remove deletes a session whatever its pair.
const anyVersion = math.MaxInt64

// remove deletes a session of at most the given version and returns what it was; nil if there
// was none. It waits for a renewal that is under way, whose pair ends with the session.
func (s *Store) remove(ctx context.Context, id string, version int64) (*Session, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	removed, err := s.removeUnleased(ctx, id, version)
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

// removeUnleased is remove, but for a pair that could not be saved.
func (s *Store) removeUnleased(ctx context.Context, id string, version int64) (*Session, error) {
	for {
		if err := s.awaitLease(ctx, id); err != nil {
			return nil, err
		}
		row := s.db.Write.QueryRowContext(ctx, `DELETE FROM sessions WHERE id_hash = $1 AND version <= $2 AND instance = $3
			AND leased_until <= `+s.db.Now+` RETURNING `+columns, hashID(id), version, s.instance())
		removed, err := s.scan(ctx, row, id)
		if removed != nil || err != nil {
			return removed, err
		}
		if leased, err := s.isLeased(ctx, id); !leased || err != nil {
			return nil, err
		}
	}
}
