package session

import (
	"errors"
	"net/http"

	"github.com/gorilla/sessions"
)

var _ sessions.Store = (*Store)(nil)

// sessionValue is the one key of a gorilla session's values; it leads to a *Session.
type sessionValue struct{}

// ErrNotSaved reports an attempt to save a session that exists. Its tokens may have been
// renewed since it was read, and saving would write the dead pair over the living one.
var ErrNotSaved = errors.New("session: saved at sign-in and at sign-out, not in between")

// Get returns the request's session from gorilla's per-request registry, reading it first if
// need be; see New.
func (s *Store) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New reads the request's session past the registry. Whatever is wrong with the cookie gives
// a new, empty session; an error means that the database failed.
func (s *Store) New(r *http.Request, name string) (*sessions.Session, error) {
	record := sessions.NewSession(s, name)
	options := s.cookies.options
	record.Options, record.IsNew = &options, true
	if name != s.cookies.name {
		return record, errors.New("session: there is only one, and its name is the cookie's")
	}
	session, err := s.Load(r.Context(), r)
	if session != nil {
		record.ID, record.IsNew = session.ID, false
		record.Values[sessionValue{}] = session
	}
	return record, err
}

// Save stores a session without an id under a fresh one and sets its cookie, or, if MaxAge is
// negative, deletes it and drops the cookie. It refuses anything else with ErrNotSaved.
func (s *Store) Save(r *http.Request, w http.ResponseWriter, record *sessions.Session) error {
	if record.Options.MaxAge < 0 {
		s.cookies.expire(w)
		_, err := s.End(r.Context(), record.ID, anyVersion)
		return err
	}
	session, ok := record.Values[sessionValue{}].(*Session)
	if !ok || record.ID != "" || len(record.Values) != 1 {
		return ErrNotSaved
	}
	if err := s.insert(r.Context(), session); err != nil {
		return err
	}
	record.ID, record.IsNew = session.ID, false
	return s.cookies.write(w, session.ID)
}
