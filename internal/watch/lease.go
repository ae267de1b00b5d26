package watch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// releaseTimeout is how long a portal that stops waits to say that another one may watch.
const releaseTimeout = 3 * time.Second

// ErrHeld is the error of a reading that is another replica's to make: nothing of it was kept.
var ErrHeld = errors.New("another replica watches")

func newHolder() string { return rand.Text() }

// claim prolongs the lease or takes it, by the database's clock. ErrHeld where it is another replica's.
func (s *Service) claim(ctx context.Context) error {
	db := s.cfg.Database
	if _, err := db.Exec(ctx, `INSERT INTO watches (instance) VALUES ($1) ON CONFLICT DO NOTHING`, db.Instance.Number); err != nil {
		return fmt.Errorf("look for the watch: %w", err)
	}
	renewed, err := db.Exec(ctx, `UPDATE watches SET held_until = `+db.Now+` + $2 WHERE instance = $3 AND holder = $1`, s.holder, s.cfg.Limits.Interval.Microseconds(), db.Instance.Number)
	if err != nil {
		return fmt.Errorf("claim the watch: %w", err)
	}
	if renewed > 0 {
		return nil
	}
	return s.takeOver(ctx)
}

// takeOver takes the lease from whoever let it lapse or gave it up. What this replica knew is old by then,
// whether or not it noticed that another one watched meanwhile.
func (s *Service) takeOver(ctx context.Context) error {
	db := s.cfg.Database
	s.lost.Store(true)
	s.figures.Store(nil)
	taken, err := db.Exec(ctx, `UPDATE watches SET holder = $1, held_until = `+db.Now+` + $2
		WHERE instance = $3 AND held_until <= `+db.Now, s.holder, s.cfg.Limits.Interval.Microseconds(), db.Instance.Number)
	switch {
	case err != nil:
		return fmt.Errorf("claim the watch: %w", err)
	case taken == 0:
		return ErrHeld
	default:
		return nil
	}
}

// keepAlive prolongs the lease until ctx ends. Should it be lost, the reading finds that out.
func (s *Service) keepAlive(ctx context.Context) {
	ticker := time.NewTicker(s.cfg.Limits.Interval / beats)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := s.claim(ctx); err != nil {
			s.complain(ctx, "keeping the lease", err)
		}
	}
}

// release gives the lease up, so that another replica goes on with its next beat.
func (s *Service) release(ctx context.Context) {
	db := s.cfg.Database
	_, err := db.Exec(ctx, `UPDATE watches SET holder = '', held_until = 0 WHERE instance = $1 AND holder = $2`, db.Instance.Number, s.holder)
	if err != nil {
		s.cfg.Log.WarnContext(ctx, "the watch stays claimed for a while", "error", err)
	}
}
