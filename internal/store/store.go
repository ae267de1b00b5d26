package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// The limits that a zero Config stands for.
const (
	DefaultIdleLimit     = 12 * time.Hour
	DefaultAbsoluteLimit = 7 * 24 * time.Hour
	// DefaultAuditRetention is 400 days: a year and the month in which somebody asks about it.
	DefaultAuditRetention = 9600 * time.Hour
)

// Config says what a Store works on and with.
type Config struct {
	// URL names the database: sqlite:FILE, postgres://… or postgresql://….
	URL string
	// Keys sign cookies and seal what is stored; at least one, newest first.
	Keys Keys
	// Now is the clock; nil for time.Now.
	Now func() time.Time
	// Log receives what no caller is told; nil for nothing.
	Log *slog.Logger
	// Cookie is the session cookie, as PUBLIC_URL demands it.
	Cookie CookieOptions
	// IdleLimit ends a session that nobody used for so long, AbsoluteLimit ends every session
	// so long after sign-in; zero for the defaults.
	IdleLimit, AbsoluteLimit time.Duration
	// AuditRetention is how long rows of the audit are kept; zero for the default.
	AuditRetention time.Duration
}

// Store keeps sessions, used nonces, the audit and readings in one database. It is safe for concurrent use.
type Store struct {
	db      *database
	cookies *cookies
	sealer  *Sealer
	now     func() time.Time
	log     *slog.Logger

	idleLimit, absoluteLimit, auditRetention time.Duration

	flights singleflight.Group
	limits  refreshLimits
	unsaved unsavedPairs

	mu      sync.Mutex
	closed  bool
	renewal sync.WaitGroup
	// closing ends what runs in the background.
	closing    chan struct{}
	background sync.WaitGroup
}

var errClosed = errors.New("store: closed")

// Open connects to the database, brings its schema up to date and returns the Store on it.
//
// On SQLite it locks the file against a second process, which is refused with a sentence that
// says what to do. Errors do not contain the URL, whose password would end up in logs.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if len(cfg.Keys) == 0 {
		return nil, errors.New("store: no session key")
	}
	if cfg.Cookie.Name == "" {
		return nil, errors.New("store: no name for the session cookie")
	}
	db, err := openDatabase(ctx, cfg.URL)
	if err != nil {
		return nil, err
	}
	return newStore(db, cfg), nil
}

func newStore(db *database, cfg Config) *Store {
	s := &Store{
		db:            db,
		cookies:       newCookies(cfg.Keys, cfg.Cookie),
		sealer:        cfg.Keys.Sealer("session values"),
		now:           cfg.Now,
		log:           cfg.Log,
		idleLimit:     cfg.IdleLimit,
		absoluteLimit: cfg.AbsoluteLimit,

		auditRetention: cfg.AuditRetention,

		limits:  refreshLimits{wait: lockWait, call: 30 * time.Second, save: 5 * time.Second},
		closing: make(chan struct{}),
	}
	if s.now == nil {
		s.now = time.Now //nolint:forbidigo // the default of an injected clock
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.idleLimit == 0 {
		s.idleLimit = DefaultIdleLimit
	}
	if s.absoluteLimit == 0 {
		s.absoluteLimit = DefaultAbsoluteLimit
	}
	if s.auditRetention == 0 {
		s.auditRetention = DefaultAuditRetention
	}
	return s
}

// CheckURL reports what is wrong with a Config's URL as far as that shows without opening the
// database. Its error does not contain the URL.
func CheckURL(url string) error {
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		return checkSQLiteName(rest)
	case "postgres", "postgresql":
		_, err := parsePostgresURL(url)
		return err
	default:
		return errors.New("neither sqlite:FILE nor postgres://…")
	}
}

func openDatabase(ctx context.Context, url string) (*database, error) {
	if err := CheckURL(url); err != nil {
		return nil, err
	}
	if name, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return openSQLite(ctx, name)
	}
	return openPostgres(ctx, url)
}

// Close waits for the token refreshes that are under way, so that no new pair is lost, and
// closes the database. Later calls of Refresh fail.
func (s *Store) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	s.mu.Unlock()
	s.renewal.Wait()
	s.background.Wait()
	return s.db.close()
}

// Ping reports whether the database answers; for the readiness probe.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.db.read.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return fmt.Errorf("ping the database: %w", err)
	}
	return nil
}

// sweepBatch bounds the rows of one kind that a Sweep deletes, and with them the time that
// SQLite's only writer is busy.
const sweepBatch = 500

// Sweep deletes sessions, nonces, rows of the audit and readings whose time is over, up to a
// fixed number of each, and returns how many it deleted. Correctness does not depend on it: an
// expired session is refused by every reader.
func (s *Store) Sweep(ctx context.Context) (int64, error) {
	now := s.now()
	s.unsaved.prune(now.Add(-s.absoluteLimit))
	sessions, err := s.db.exec(ctx, `DELETE FROM sessions WHERE id_hash IN (
		SELECT id_hash FROM sessions WHERE created_at <= $1 OR last_seen_at <= $2
		LIMIT $3`+s.db.skipLocked+`)`,
		now.Add(-s.absoluteLimit).UnixMicro(), now.Add(-s.idleLimit).UnixMicro(), sweepBatch)
	if err != nil {
		return 0, fmt.Errorf("sweep sessions: %w", err)
	}
	nonces, err := s.db.exec(ctx, `DELETE FROM used_nonces WHERE nonce_hash IN (
		SELECT nonce_hash FROM used_nonces WHERE expires_at <= $1
		LIMIT $2`+s.db.skipLocked+`)`,
		now.Add(-nonceGrace).UnixMicro(), sweepBatch)
	if err != nil {
		return sessions, fmt.Errorf("sweep nonces: %w", err)
	}
	audit, err := s.sweepAudit(ctx)
	if err != nil {
		return sessions + nonces, err
	}
	readings, err := s.sweepReadings(ctx)
	return sessions + nonces + audit + readings, err
}
