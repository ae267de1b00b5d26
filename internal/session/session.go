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

// tellBadEvery bounds how often the log is told of cookies that no key signed.
const tellBadEvery = time.Hour

// removeTimeout is how long ending a session may take: it waits for a refresh that is under
// way, so that the pair which the refresh brings ends with the session.
const removeTimeout = leaseTime + 5*time.Second

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
	// Client is where the session was last seen, a minute more or less.
	Client Client
	// CreatedAt is the time of sign-in, LastSeenAt of the last use, a minute more or less.
	CreatedAt, LastSeenAt time.Time
	// Version counts the token pairs of the session, from 1. Refresh wants to be told which
	// one the caller found to be over.
	Version int64
	// Changes counts what the person has changed at GitLab since the session began, in any of their
	// sessions and on any replica; see NoteChange.
	Changes int64
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
		s.tellBadCookie(ctx)
		return nil, nil //nolint:nilnil // as above
	}
	session, err := s.find(ctx, id)
	if session == nil || err != nil {
		return nil, err
	}
	s.touch(ctx, session, clientOf(r, s.address(r)), state)
	return session, nil
}

// tellBadCookie tells the log of a cookie that no key signed, once in a while: it may be another
// portal's, which lives at the same host and whose cookie comes with every request.
func (s *Store) tellBadCookie(ctx context.Context) {
	now, told := s.now().UnixMicro(), s.toldBad.Load()
	if now-told >= tellBadEvery.Microseconds() && s.toldBad.CompareAndSwap(told, now) {
		s.log.InfoContext(ctx, "a session cookie was refused: no key signed it")
	}
}

// RepairCookie issues a cookie that an older key signed again with the newest. A cookie that no key
// signed stays, since it may be another portal's, and so does one of an ended session: dropping it
// could overtake a sign-in in another tab.
func (s *Store) RepairCookie(w http.ResponseWriter, r *http.Request, loaded *Session) error {
	if _, state := s.cookies.read(r); state == cookieOld && loaded != nil {
		return s.cookies.write(w, loaded.ID)
	}
	return nil
}

// SignIn starts a session under a fresh id and sets its cookie. A session that the request
// carried ends: nothing from before the sign-in lives on in it. It is returned as replaced, also
// with an error, so that its tokens can be revoked; nil if there was none.
func (s *Store) SignIn(ctx context.Context, w http.ResponseWriter, r *http.Request, in SignIn) (started, replaced *Session, err error) {
	r = r.WithContext(ctx)
	record, err := s.New(r, s.cookies.name)
	if err != nil {
		return nil, nil, err
	}
	// Also a session that New did not accept, because it expired, goes.
	if id, state := s.cookies.read(r); state > cookieBad {
		if replaced, err = s.remove(ctx, id, anyVersion); err != nil {
			return nil, nil, err
		}
	}
	// gorilla has no way to reset a session: a blank id makes Save draw a new one.
	record.ID = ""
	started = &Session{User: in.User, Tokens: in.Tokens, Client: clientOf(r, s.address(r))}
	record.Values[sessionValue{}] = started
	if err := s.Save(r, w, record); err != nil {
		return nil, replaced, err
	}
	return started, replaced, nil
}

// SignOut deletes the session that the request carries, drops its cookie, also if the session has
// ended before, and returns what was deleted so that its tokens can be revoked; nil if there was nothing. A
// browser that goes away meanwhile does not stop it.
func (s *Store) SignOut(ctx context.Context, w http.ResponseWriter, r *http.Request) (*Session, error) {
	id, state := s.cookies.read(r)
	if state <= cookieBad {
		return nil, nil //nolint:nilnil // nothing was there to end
	}
	s.cookies.expire(w)
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
