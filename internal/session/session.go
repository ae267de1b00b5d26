package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"gitlab-agent-portal/gitlabapi"
)

// ErrGone reports that a session was ended while somebody still worked with it.
var ErrGone = errors.New("session: the session has ended")

// touchEvery bounds how often reading a session writes when it was last seen.
const touchEvery = time.Minute

// removeTimeout is how long ending a session may take: it waits for a refresh that is under
// way, so that the pair which the refresh brings ends with the session.
const removeTimeout = lockWait + 5*time.Second

// User is the signed-in person as GitLab described them at sign-in.
type User struct {
	ID             int64
	Username, Name string
}

// SignIn is what a sign-in brings.
type SignIn struct {
	User   User
	Tokens gitlabapi.TokenPair
}

// Session is one sign-in of one person in one browser.
type Session struct {
	// ID is what the cookie carries: a credential, 128 random bits and more.
	ID     string
	User   User
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
	session, err := s.find(ctx, id)
	if session == nil || err != nil {
		return nil, err
	}
	s.touch(ctx, session)
	return session, nil
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
func (s *Store) SignIn(ctx context.Context, w http.ResponseWriter, r *http.Request, in SignIn) (*Session, error) {
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

// End deletes the session with this id, as when GitLab refuses to renew the pair of
// version seen, and reports whether the session is over. It is not if it has a later pair by
// now: another replica had one that could not be saved until then. A session that is gone
// already is no error.
func (s *Store) End(ctx context.Context, id string, seen int64) (ended bool, err error) {
	removed, err := s.remove(ctx, id, seen)
	if err != nil || removed != nil {
		return removed != nil, err
	}
	left, err := s.find(ctx, id)
	return left == nil && err == nil, err
}
