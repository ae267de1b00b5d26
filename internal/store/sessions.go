package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"time"

	"gitlab-agent-portal/gitlabapi"
)

// ErrSessionGone reports that a session was ended while somebody still worked with it.
var ErrSessionGone = errors.New("store: the session has ended")

// touchEvery bounds how often reading a session writes when it was last seen.
const touchEvery = time.Minute

// removeTimeout is how long ending a session may take: it waits for a refresh that is under
// way, so that the pair which the refresh brings ends with the session.
const removeTimeout = lockWait + 5*time.Second

// SessionUser is the signed-in person as GitLab described them at sign-in.
type SessionUser struct {
	ID                        int64
	Username, Name, AvatarURL string
	IsAdmin                   bool
}

// NewSession is what a sign-in brings.
type NewSession struct {
	User   SessionUser
	Tokens gitlabapi.TokenPair
}

// Session is one sign-in of one person in one browser.
type Session struct {
	// ID is what the cookie carries: a credential, 128 random bits and more.
	ID     string
	User   SessionUser
	Tokens gitlabapi.TokenPair
	// CreatedAt is the time of sign-in, LastSeenAt of the last use, a minute more or less.
	CreatedAt, LastSeenAt time.Time
	// Version counts the token pairs of the session, from 1. Refresh wants to be told which
	// one the caller found to be over.
	Version int64
}

// String names the session by its person; the id is a credential.
func (s Session) String() string {
	return fmt.Sprintf("session of user %d, version %d", s.User.ID, s.Version)
}

// GoString is String: %#v would print the id.
func (s Session) GoString() string { return s.String() }

// LogValue logs what String says.
func (s Session) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Load returns the session that the request's cookie stands for, and nil without an error for
// a visitor: no cookie, a cookie that no key signed, a session that ended or expired. It costs
// one indexed read, and once a minute a write that notes the session as seen.
func (s *Store) Load(ctx context.Context, r *http.Request) (*Session, error) {
	id, state := s.cookies.read(r)
	switch state {
	case cookieAbsent:
		return nil, nil //nolint:nilnil // nil is the visitor, who is no error
	case cookieBad:
		s.log.InfoContext(ctx, "a session cookie was refused: no key signed it")
		return nil, nil //nolint:nilnil // as above
	}
	session, err := s.find(ctx, s.db.read, id)
	if session == nil || err != nil {
		return nil, err
	}
	s.touch(ctx, session)
	return session, nil
}

// BadCookie reports whether the request carries a session cookie that no key signed.
func (s *Store) BadCookie(r *http.Request) bool {
	_, state := s.cookies.read(r)
	return state == cookieBad
}

// RepairCookie brings the browser's cookie in line with what Load made of it: a cookie that
// no key signed is dropped, one that an older key signed is issued again with the newest. A
// cookie of an ended session stays: dropping it could overtake a sign-in in another tab.
func (s *Store) RepairCookie(w http.ResponseWriter, r *http.Request, loaded *Session) error {
	switch _, state := s.cookies.read(r); {
	case state == cookieBad:
		s.cookies.expire(w)
	case state == cookieOld && loaded != nil:
		return s.cookies.write(w, loaded.ID)
	}
	return nil
}

// SignIn starts a session under a fresh id and sets its cookie. A session that the request
// carried ends: nothing from before the sign-in lives on in it.
func (s *Store) SignIn(ctx context.Context, w http.ResponseWriter, r *http.Request, in NewSession) (*Session, error) {
	r = r.WithContext(ctx)
	record, err := s.New(r, s.cookies.name)
	if err != nil {
		return nil, err
	}
	// Also a session that New did not accept, because it expired, goes.
	if id, state := s.cookies.read(r); state > cookieBad {
		if _, err := s.remove(ctx, id, anyVersion); err != nil {
			return nil, err
		}
	}
	// gorilla has no way to reset a session: a blank id makes Save draw a new one.
	record.ID = ""
	session := &Session{User: in.User, Tokens: in.Tokens}
	record.Values[sessionValue{}] = session
	if err := s.Save(r, w, record); err != nil {
		return nil, err
	}
	return session, nil
}

// SignOut deletes the session that the request carries, drops its cookie in any case, and
// returns what was deleted so that its tokens can be revoked; nil if there was nothing. A
// browser that goes away meanwhile does not stop it.
func (s *Store) SignOut(ctx context.Context, w http.ResponseWriter, r *http.Request) (*Session, error) {
	id, state := s.cookies.read(r)
	if state != cookieAbsent {
		s.cookies.expire(w)
	}
	if state <= cookieBad {
		return nil, nil //nolint:nilnil // nothing was there to end
	}
	return s.remove(ctx, id, anyVersion)
}

// EndSession deletes the session with this id, as when GitLab refuses to renew the pair of
// version seen, and reports whether the session is over. It is not if it has a later pair by
// now: another replica had one that could not be saved until then. A session that is gone
// already is no error.
func (s *Store) EndSession(ctx context.Context, id string, seen int64) (ended bool, err error) {
	removed, err := s.remove(ctx, id, seen)
	if err != nil || removed != nil {
		return removed != nil, err
	}
	left, err := s.find(ctx, s.db.read, id)
	return left == nil && err == nil, err
}

// hashID returns the form in which the database knows an id.
func hashID(id string) []byte {
	hash := sha256.Sum256([]byte(id))
	return hash[:]
}

// find reads a session; nil without an error if there is none, if it expired, or if its value
// does not open.
func (s *Store) find(ctx context.Context, q querier, id string) (*Session, error) {
	row := q.QueryRowContext(ctx, `SELECT value, created_at, last_seen_at, version
		FROM sessions WHERE id_hash = $1`, hashID(id))
	session, err := s.scan(ctx, row, id)
	if session == nil || err != nil {
		return nil, err
	}
	now := s.now()
	if now.Sub(session.LastSeenAt) >= s.idleLimit || now.Sub(session.CreatedAt) >= s.absoluteLimit {
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
	_, err := s.db.exec(ctx, `UPDATE sessions SET last_seen_at = $1 WHERE id_hash IN (
		SELECT id_hash FROM sessions WHERE id_hash = $2 AND last_seen_at < $1`+s.db.skipLocked+`)`,
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
	_, err = s.db.exec(ctx, `INSERT INTO sessions (id_hash, value, created_at, last_seen_at, version)
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
	hash := hashID(id)
	var removed *Session
	err := s.db.locks.hold(ctx, hash, func(ctx context.Context, q querier) error {
		row := q.QueryRowContext(ctx, `DELETE FROM sessions WHERE id_hash = $1 AND version <= $2
			RETURNING value, created_at, last_seen_at, version`, hash, version)
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
	User      SessionUser
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
		return errors.New("store: the session's value is not what this version writes")
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
