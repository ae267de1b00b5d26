package session

import (
	"net/http"
	"time"
)

// The limits of a session.
const (
	IdleLimit     = idleLimit
	AbsoluteLimit = absoluteLimit
)

// LimitRefresh shortens the deadlines of a store's refreshes, which no test can wait for.
func (s *Store) LimitRefresh(call, save time.Duration) {
	s.limits.call, s.limits.save = call, save
}

// RefreshLimits are the deadlines of a store's refreshes: of a lease and of waiting for one, of
// GitLab's answer, and of saving what it gave.
func (s *Store) RefreshLimits() (lease, wait, call, save time.Duration) {
	return s.limits.lease, s.limits.wait, s.limits.call, s.limits.save
}

// LimitLease shortens the time for which a lease of the store's stands.
func (s *Store) LimitLease(lease time.Duration) { s.limits.lease = lease }

// Waiting is how many wait in the store for a lease to end.
func (s *Store) Waiting() int64 { return s.waiting.Load() }

// HashID is the key of the row of the session with this id.
func HashID(id string) []byte { return hashID(id) }

// Opens reports whether the keys and the secret open what was sealed for the session with this id.
func Opens(keys Keys, instance, secret, id string, sealed []byte) bool {
	s := newSeals(keys, instance)
	_, err := s.values.with(secret).Open(sealed, s.bound([]byte(id)))
	return err == nil
}

// ClientOf is what is kept of where a request comes from.
func ClientOf(r *http.Request) Client { return clientOf(r, "") }
