package session

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"gitlab-agent-portal/gitlabapi"
)

// ErrBusy reports that a renewal takes longer than anybody should wait for it. It goes on.
var ErrBusy = errors.New("session: the renewal of the tokens takes its time")

// defaultPatience is how long a caller of Refresh waits.
const defaultPatience = 10 * time.Second

// refreshLimits bound the parts of a refresh, which no longer has its caller's deadline: how long
// somebody's lease stands and is waited for, GitLab's answer, and saving what it gave.
type refreshLimits struct{ lease, wait, call, save time.Duration }

// RefreshFunc asks GitLab for the pair that follows current.
type RefreshFunc = func(ctx context.Context, current gitlabapi.TokenPair) (gitlabapi.TokenPair, error)

// Refresh gives the session a new token pair and returns the session with it.
//
// seen is the Version whose pair the caller found to be over. If the session has a later one
// by the time it can be claimed, because another request or another replica renewed it,
// Refresh returns that one and does not call refresh. Otherwise refresh is called, exactly
// once and by one of all replicas, and its pair is saved before anybody gets it.
// The call does not end with ctx, whose caller may go away: GitLab has killed the old pair by
// then, and a new one that nobody saved would end the session.
//
// An error of refresh is returned as it is and leaves the session alone; if GitLab refused for
// good, call End with seen. Refresh returns ErrGone if the session has ended, and ErrBusy if it takes
// longer than Config.Patience.
func (s *Store) Refresh(ctx context.Context, id string, seen int64, refresh RefreshFunc) (*Session, error) {
	// Callers that saw the same pair share one flight. Callers that saw different ones wait
	// for each other: joining would give them the very pair that they found to be over.
	key := id + " " + strconv.FormatInt(seen, 10)
	flight := s.flights.DoChan(key, func() (any, error) {
		return s.renewDetached(context.WithoutCancel(ctx), id, seen, refresh)
	})
	patience := time.NewTimer(s.patience)
	defer patience.Stop()
	select {
	case result := <-flight:
		if result.Err != nil {
			return nil, result.Err
		}
		session := *result.Val.(*Session) //nolint:forcetypeassert // renewDetached returns nothing else
		return &session, nil
	case <-patience.C:
		return nil, ErrBusy
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the new tokens: %w", ctx.Err())
	}
}

// renewDetached is one flight: registered with Close, and with deadlines of its own.
func (s *Store) renewDetached(ctx context.Context, id string, seen int64, refresh RefreshFunc) (*Session, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errClosed
	}
	s.renewal.Add(1)
	s.mu.Unlock()
	defer s.renewal.Done()
	ctx, cancel := context.WithTimeout(ctx, s.limits.wait+s.limits.call+s.limits.save)
	defer cancel()
	return s.renew(ctx, id, seen, refresh)
}

// renew waits until nobody else renews the session, and then does. The time for waiting is no part of
// the time for the renewal, which must not be cut short.
func (s *Store) renew(ctx context.Context, id string, seen int64, refresh RefreshFunc) (*Session, error) {
	waiting, cancel := context.WithTimeout(ctx, s.limits.wait)
	defer cancel()
	for {
		current, err := s.find(waiting, id)
		switch {
		case err != nil:
			return nil, err
		case current == nil:
			s.unsaved.drop(id)
			return nil, ErrGone
		case current.Version > seen:
			s.unsaved.settle(id, current.Version)
			return current, nil
		}
		if kept := s.keptAfter(current); kept != nil {
			return s.rescue(ctx, kept)
		}
		lease, claimed, err := s.claim(waiting, current)
		if err != nil {
			return nil, err
		}
		if claimed {
			return s.renewLeased(ctx, current, lease, refresh)
		}
		if err := s.awaitLease(waiting, id); err != nil {
			return nil, err
		}
	}
}

// keptAfter is the session with the pair that follows current's, if GitLab has given it and it could
// not be saved then; nil if not. A pair that another replica went past is forgotten.
func (s *Store) keptAfter(current *Session) *Session {
	s.unsaved.settle(current.ID, current.Version)
	if kept := s.unsaved.get(current.ID); kept != nil && kept.Version == current.Version+1 {
		return kept
	}
	return nil
}

// renewLeased asks GitLab for the pair that follows current's, and saves it. The lease ends with it
// in any case.
func (s *Store) renewLeased(ctx context.Context, current *Session, lease string, refresh RefreshFunc) (*Session, error) {
	pair, err := s.call(ctx, refresh, current.Tokens)
	if err != nil {
		s.release(ctx, current.ID, lease)
		return nil, err
	}
	next := *current
	next.Tokens = pair
	next.Version++
	s.unsaved.put(&next)
	return s.rescue(ctx, &next)
}

// call runs refresh with its own deadline. The flight has no handler above it that would
// recover, so a panic becomes an error here.
func (s *Store) call(ctx context.Context, refresh RefreshFunc, current gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
	ctx, cancel := context.WithTimeout(ctx, s.limits.call)
	defer cancel()
	var pair gitlabapi.TokenPair
	err := errors.New("session: the refresh panicked")
	func() {
		defer func() {
			if recover() != nil { // its value is not logged: it may quote a token
				s.log.ErrorContext(ctx, "the token refresh panicked", "stack", string(debug.Stack()))
			}
		}()
		pair, err = refresh(ctx, current)
	}()
	return pair, err
}

// saveNext writes next in place of the version before it, which ends every lease, and returns what
// the row then holds: next, or a later version if somebody was faster. Its caller may have tried
// before and not heard of the success.
func (s *Store) saveNext(ctx context.Context, next *Session) (*Session, error) {
	ctx, cancel := context.WithTimeout(ctx, s.limits.save)
	defer cancel()
	sealed, err := s.seals.sealValue(next)
	if err != nil {
		return nil, err
	}
	updated, err := s.db.Exec(ctx, `UPDATE sessions SET value = $1, version = $2, lease = '', leased_until = 0
		WHERE id_hash = $3 AND version = $4`, sealed, next.Version, hashID(next.ID), next.Version-1)
	if err != nil {
		return nil, fmt.Errorf("save the new tokens: %w", err)
	}
	if updated == 1 {
		return next, nil
	}
	saved, err := s.find(ctx, next.ID)
	if saved == nil && err == nil {
		return nil, ErrGone
	}
	return saved, err
}
