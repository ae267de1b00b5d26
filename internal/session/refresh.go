package session

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/database"
)

// lockWait is how long one holder's successor waits for the session's lock: longer than a
// holder may keep it. A lock that ends before the work it guards is none.
const lockWait = 40 * time.Second

// refreshLimits bound the parts of a refresh, which no longer has its caller's deadline.
type refreshLimits struct{ wait, call, save time.Duration }

// RefreshFunc asks GitLab for the pair that follows current.
type RefreshFunc = func(ctx context.Context, current gitlabapi.TokenPair) (gitlabapi.TokenPair, error)

// Refresh gives the session a new token pair and returns the session with it.
//
// seen is the Version whose pair the caller found to be over. If the session has a later one
// by the time its lock is held, because another request or another replica renewed it,
// Refresh returns that one and does not call refresh. Otherwise refresh is called, exactly
// once and by one holder among all replicas, and its pair is saved before anybody gets it.
// The call does not end with ctx, whose caller may go away: GitLab has killed the old pair by
// then, and a new one that nobody saved would end the session.
//
// An error of refresh is returned as it is and leaves the session alone; if GitLab refused for
// good, call End with seen. Refresh returns ErrGone if the session has ended.
func (s *Store) Refresh(ctx context.Context, id string, seen int64, refresh RefreshFunc) (*Session, error) {
	// Callers that saw the same pair share one flight. Callers that saw different ones queue
	// for the lock: joining would give them the very pair that they found to be over.
	key := id + " " + strconv.FormatInt(seen, 10)
	flight := s.flights.DoChan(key, func() (any, error) {
		return s.renewDetached(context.WithoutCancel(ctx), id, seen, refresh)
	})
	select {
	case result := <-flight:
		if result.Err != nil {
			return nil, result.Err
		}
		session := *result.Val.(*Session) //nolint:forcetypeassert // renewDetached returns nothing else
		return &session, nil
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

func (s *Store) renew(ctx context.Context, id string, seen int64, refresh RefreshFunc) (*Session, error) {
	var renewed *Session
	err := s.db.Hold(ctx, rowOf(id), lockWait, func(ctx context.Context, q database.Querier) error {
		current, err := s.findHeld(ctx, q, id)
		if err != nil {
			return err
		}
		if current == nil {
			return ErrGone
		}
		if current.Version > seen {
			renewed = current
			return nil
		}
		next, err := s.next(ctx, current, refresh)
		if err != nil {
			return err
		}
		renewed, err = s.saveNext(ctx, q, next)
		return err
	})
	if err != nil && !errors.Is(err, ErrGone) {
		return s.rescue(ctx, id, err)
	}
	if err != nil {
		s.unsaved.drop(id)
		return nil, err
	}
	s.unsaved.settle(id, renewed.Version)
	return renewed, nil
}

// next returns the session with the pair that follows current's: one that GitLab gave before
// and that could not be saved then, or one that it gives now.
func (s *Store) next(ctx context.Context, current *Session, refresh RefreshFunc) (*Session, error) {
	if kept := s.unsaved.get(current.ID); kept != nil && kept.Version == current.Version+1 {
		return kept, nil
	}
	s.unsaved.drop(current.ID) // another replica went on from an older pair
	pair, err := s.call(ctx, refresh, current.Tokens)
	if err != nil {
		return nil, err
	}
	next := *current
	next.Tokens = pair
	next.Version++
	s.unsaved.put(&next)
	return &next, nil
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

// saveNext writes next in place of the version before it and returns what the row then
// holds: next, or a later version if somebody was faster. Its caller may have tried before
// and not heard of the success.
func (s *Store) saveNext(ctx context.Context, q database.Querier, next *Session) (*Session, error) {
	ctx, cancel := context.WithTimeout(ctx, s.limits.save)
	defer cancel()
	sealed, err := s.seals.sealValue(next)
	if err != nil {
		return nil, err
	}
	updated, err := database.Exec(ctx, q, `UPDATE sessions SET value = $1, version = $2
		WHERE id_hash = $3 AND version = $4`, sealed, next.Version, hashID(next.ID), next.Version-1)
	if err != nil {
		return nil, fmt.Errorf("save the new tokens: %w", err)
	}
	if updated == 1 {
		return next, nil
	}
	saved, err := s.findHeld(ctx, q, next.ID)
	if saved == nil && err == nil {
		return nil, ErrGone
	}
	return saved, err
}
