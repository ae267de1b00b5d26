package session

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// rescuePause is the first pause between attempts to save a pair; the next ones double.
const rescuePause = 25 * time.Millisecond

// keptPause is the pause between attempts to save what is kept while a database stays away.
const keptPause = time.Second

// rescue saves a pair that GitLab gave. It goes on trying for a while, and then keeps the pair in
// memory until the database is back. Asking GitLab again with the old pair would end the session.
func (s *Store) rescue(ctx context.Context, kept *Session) (*Session, error) {
	trying, cancel := context.WithTimeout(ctx, s.limits.save)
	defer cancel()
	for pause := rescuePause; ; pause *= 2 {
		saved, err := s.saveKept(trying, kept)
		if err == nil || errors.Is(err, ErrGone) {
			return saved, err
		}
		select {
		case <-time.After(pause):
		case <-trying.Done():
			s.log.ErrorContext(ctx, "renewed tokens cannot be saved and are kept in memory", "error", err)
			s.saveLater(context.WithoutCancel(ctx))
			return nil, err
		}
	}
}

// saveKept saves a kept pair and forgets it if that did it or is no use any more.
func (s *Store) saveKept(ctx context.Context, kept *Session) (*Session, error) {
	saved, err := s.saveNext(ctx, kept)
	switch {
	case err == nil:
		s.unsaved.settle(kept.ID, saved.Version)
	case errors.Is(err, ErrGone):
		s.unsaved.drop(kept.ID)
	}
	return saved, err
}

// saveLater saves what is kept in the background as soon as the database takes it: the next
// request of the session may reach another replica, which knows the dead pair only. It ends
// when nothing is kept any more, or, after one more attempt, when the store closes.
func (s *Store) saveLater(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.unsaved.claim() {
		return
	}
	s.background.Go(func() {
		ticker := time.NewTicker(keptPause)
		defer ticker.Stop()
		for isClosing := false; !isClosing; {
			select {
			case <-ticker.C:
			case <-s.closing:
				isClosing = true
			}
			s.saveAll(ctx)
			if s.unsaved.release() {
				return
			}
		}
	})
}

func (s *Store) saveAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.limits.save)
	defer cancel()
	for _, kept := range s.unsaved.all() {
		if _, err := s.saveKept(ctx, kept); err != nil {
			s.log.DebugContext(ctx, "renewed tokens are still kept in memory", "error", err)
		}
	}
}

// unsavedPairs keeps sessions whose new pair GitLab gave out and the database did not take,
// by id. It is empty but for the time that a database is down.
type unsavedPairs struct {
	mu   sync.Mutex
	byID map[string]*Session
	// claimed says that somebody saves them in the background.
	claimed bool
}

func (u *unsavedPairs) get(id string) *Session {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.byID[id]
}

func (u *unsavedPairs) all() []*Session {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Collect(maps.Values(u.byID))
}

func (u *unsavedPairs) put(next *Session) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.byID == nil {
		u.byID = make(map[string]*Session)
	}
	u.byID[next.ID] = next
}

// claim gives the caller the work of saving, if nobody has it.
func (u *unsavedPairs) claim() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	mine := !u.claimed
	u.claimed = true
	return mine
}

// release gives the work up if none is left, and reports whether it did.
func (u *unsavedPairs) release() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.claimed = len(u.byID) > 0
	return !u.claimed
}

// prune forgets the sessions that were created before a time, all of which have expired.
func (u *unsavedPairs) prune(before time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.DeleteFunc(u.byID, func(_ string, s *Session) bool { return s.CreatedAt.Before(before) })
}

// settle forgets a session's pair if the database holds it by now, or a later one.
func (u *unsavedPairs) settle(id string, version int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if kept := u.byID[id]; kept != nil && kept.Version <= version {
		delete(u.byID, id)
	}
}

func (u *unsavedPairs) drop(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.byID, id)
}
