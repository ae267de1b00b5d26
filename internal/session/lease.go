package session

import (
	"context"
	cryptorand "crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// leaseTime is how long a claim on a session's row stands whose holder says nothing more: longer
// than a renewal may take, since GitLab's refresh tokens work once. A lock that ends before the work
// it guards is none.
const leaseTime = 40 * time.Second

// leasePause is the first pause before somebody who waits for a lease looks again; the next ones
// double up to maxLeasePause.
const (
	leasePause    = 25 * time.Millisecond
	maxLeasePause = 400 * time.Millisecond
)

// claim gives the caller the right to renew the pair of current, until it releases the lease, saves
// a later pair or lets the time go by. It reports false if another holder has that right, in this
// process or in another one, or if the session is not what it was. No transaction stays open: times
// are those of the database's clock, which all replicas share.
func (s *Store) claim(ctx context.Context, current *Session) (lease string, claimed bool, err error) {
	lease = cryptorand.Text()
	updated, err := s.db.Exec(ctx, `UPDATE sessions SET lease = $1, leased_until = `+s.db.Now+` + $2
		WHERE id_hash = $3 AND version = $4 AND leased_until <= `+s.db.Now,
		lease, s.limits.lease.Microseconds(), hashID(current.ID), current.Version)
	if err != nil {
		return "", false, fmt.Errorf("claim the session: %w", err)
	}
	return lease, updated == 1, nil
}

// release gives up a lease that brought nothing. A failure costs the others the rest of its time.
func (s *Store) release(ctx context.Context, id, lease string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.limits.save)
	defer cancel()
	_, err := s.db.Exec(ctx, `UPDATE sessions SET lease = '', leased_until = 0 WHERE id_hash = $1 AND lease = $2`, hashID(id), lease)
	if err != nil {
		s.log.WarnContext(ctx, "a session stays claimed for a while", "error", err)
	}
}

// awaitLease returns when nobody has the session's lease any more. Others may be faster to claim it.
func (s *Store) awaitLease(ctx context.Context, id string) error {
	for pause := leasePause; ; pause = min(2*pause, maxLeasePause) {
		leased, err := s.isLeased(ctx, id)
		if !leased || err != nil {
			return err
		}
		if err := s.sleep(ctx, pause/2+rand.N(pause)); err != nil { //nolint:gosec // it spreads load, it guards nothing
			return fmt.Errorf("wait for a renewal that is under way: %w", errors.Join(ErrBusy, err))
		}
	}
}

// sleep lets a pause go by. It returns ctx's error if that ends first.
func (s *Store) sleep(ctx context.Context, pause time.Duration) error {
	s.waiting.Add(1)
	defer s.waiting.Add(-1)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) isLeased(ctx context.Context, id string) (bool, error) {
	var leased bool
	err := s.db.Read.QueryRowContext(ctx, `SELECT leased_until > `+s.db.Now+` FROM sessions WHERE id_hash = $1`, hashID(id)).Scan(&leased)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("look at the session's lease: %w", err)
	}
	return leased, nil
}
