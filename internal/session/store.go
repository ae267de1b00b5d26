package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"gitlab-agent-portal/internal/database"
)

// idleLimit ends a session that nobody used for so long, absoluteLimit ends every session so
// long after sign-in.
const (
	idleLimit     = 12 * time.Hour
	absoluteLimit = 7 * 24 * time.Hour
)

// Config says what a Store works with. All fields but Patience are required.
type Config struct {
	// Keys sign cookies and seal what is stored; at least one, newest first.
	Keys Keys
	// Cookie is the session cookie, as PUBLIC_URL demands it.
	Cookie CookieOptions
	// Address is the network address that a request comes from, to be shown to the person, and
	// empty for none; the proxies in between are the caller's business.
	Address func(*http.Request) string
	// Now is the clock.
	Now func() time.Time
	// Log receives what no caller is told.
	Log *slog.Logger
	// Patience is how long a caller of Refresh waits; 0: 10 s.
	Patience time.Duration
}

// Store keeps sessions in a database. It is safe for concurrent use.
type Store struct {
	db      *database.DB
	lookup  database.Lookup
	cookies *cookies
	seals   seals
	address func(*http.Request) string
	now     func() time.Time
	log     *slog.Logger

	// toldBad is when the log was last told of a cookie that no key signed, in microseconds.
	toldBad atomic.Int64

	flights  singleflight.Group
	patience time.Duration
	limits   refreshLimits
	unsaved  unsavedPairs
	// waiting is how many wait for a lease.
	waiting atomic.Int64

	mu      sync.Mutex
	closed  bool
	renewal sync.WaitGroup
	// closing ends what runs in the background.
	closing    chan struct{}
	background sync.WaitGroup
}

var errClosed = errors.New("session: closed")

// New returns the Store of the sessions in db, which belong to the GitLab application that db was opened for.
func New(db *database.DB, cfg Config) (*Store, error) {
	if len(cfg.Keys) == 0 {
		return nil, errors.New("session: no key")
	}
	if cfg.Cookie.Name == "" {
		return nil, errors.New("session: no name for the cookie")
	}
	lookup, err := db.Lookup(findRow)
	if err != nil {
		return nil, fmt.Errorf("prepare the lookup of sessions: %w", err)
	}
	return &Store{
		db:       db,
		lookup:   lookup,
		cookies:  newCookies(cfg.Keys, cfg.Cookie),
		seals:    newSeals(cfg.Keys, db.Instance.Fingerprint),
		address:  cfg.Address,
		now:      cfg.Now,
		log:      cfg.Log,
		patience: cmp.Or(cfg.Patience, defaultPatience),
		limits:   refreshLimits{lease: leaseTime, wait: leaseTime + 5*time.Second, call: 30 * time.Second, save: 5 * time.Second},
		closing:  make(chan struct{}),
	}, nil
}

// Close waits for the token refreshes that are under way, so that no new pair is lost. The
// database has to stay open until then. Later calls of Refresh fail.
func (s *Store) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	s.mu.Unlock()
	s.renewal.Wait()
	s.background.Wait()
}

// Count returns how many sessions have not ended.
func (s *Store) Count(ctx context.Context) (n int64, err error) {
	now := s.now()
	err = s.db.Read.QueryRowContext(ctx, `SELECT COUNT(*) FROM sessions WHERE instance = $1 AND created_at > $2 AND last_seen_at > $3`,
		s.instance(), now.Add(-absoluteLimit).UnixMicro(), now.Add(-idleLimit).UnixMicro()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count sessions: %w", err)
	}
	return n, nil
}

// Sweep deletes sessions whose time is over, up to database.SweepBatch of them, and returns how
// many it deleted. Correctness does not depend on it: every reader refuses an expired session.
func (s *Store) Sweep(ctx context.Context) (int64, error) {
	now := s.now()
	s.unsaved.prune(now.Add(-absoluteLimit))
	deleted, err := s.db.Exec(ctx, `DELETE FROM sessions WHERE id_hash IN (
		SELECT id_hash FROM sessions WHERE (created_at <= $1 OR last_seen_at <= $2)
		AND leased_until <= `+s.db.Now+` LIMIT $3`+s.db.SkipLocked+`)`,
		now.Add(-absoluteLimit).UnixMicro(), now.Add(-idleLimit).UnixMicro(), database.SweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep sessions: %w", err)
	}
	return deleted, nil
}
