package store_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/store"
)

func TestNonceIsUsedOnce(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := fresh(t)
			s, clock := openNew(t, e)
			var first atomic.Int32
			var submits sync.WaitGroup
			for range 50 {
				submits.Go(func() {
					ok, err := s.UseNonce(t.Context(), "nonce", clock.Now().Add(time.Hour))
					if err != nil {
						t.Errorf("UseNonce: %v", err)
					}
					if ok {
						first.Add(1)
					}
				})
			}
			submits.Wait()
			if got := first.Load(); got != 1 {
				t.Errorf("%d of 50 submits were the first, want 1", got)
			}
			if ok, err := s.UseNonce(t.Context(), "another", clock.Now().Add(time.Hour)); !ok || err != nil {
				t.Errorf("UseNonce of another nonce = %v, %v, want the first use", ok, err)
			}
		})
	}
}

func TestNonceIsUsedOnceAmongReplicas(t *testing.T) {
	t.Parallel()
	c := newClock()
	cfg := configure(postgresEngine(t), c)
	for i, want := range []bool{true, false} {
		got, err := open(t, cfg).UseNonce(t.Context(), "nonce", c.Now().Add(time.Hour))
		if got != want || err != nil {
			t.Errorf("replica %d: UseNonce = %v, %v, want %v", i, got, err, want)
		}
	}
}

func TestNonceResult(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := fresh(t)
			s, clock := openNew(t, e)
			check := func(when string, want store.NonceResult, wantKnown bool) {
				t.Helper()
				got, known, err := s.NonceResult(t.Context(), "nonce")
				if err != nil {
					t.Errorf("%s: NonceResult: %v", when, err)
				}
				if diff := cmp.Diff(want, got); diff != "" || known != wantKnown {
					t.Errorf("%s: known = %v, want %v (-want +got):\n%s", when, known, wantKnown, diff)
				}
			}
			registered := store.NonceResult{ProjectID: 20, AgentID: 5}
			created := store.NonceResult{ProjectID: 20, AgentID: 5, TokenID: 7, TokenName: "first token, 第一个"}

			if err := s.SetNonceResult(t.Context(), "nonce", created); !errors.Is(err, store.ErrNonceUnknown) {
				t.Errorf("SetNonceResult before the use: %v, want ErrNonceUnknown", err)
			}
			check("before the use", store.NonceResult{}, false)
			if _, err := s.UseNonce(t.Context(), "nonce", clock.Now().Add(time.Hour)); err != nil {
				t.Fatalf("UseNonce: %v", err)
			}
			check("while the call runs", store.NonceResult{}, false)
			for _, result := range []store.NonceResult{registered, created} {
				if err := s.SetNonceResult(t.Context(), "nonce", result); err != nil {
					t.Fatalf("SetNonceResult: %v", err)
				}
				check("afterwards", result, true)
			}
		})
	}
}

func TestSweepDeletesWhatIsOver(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := fresh(t)
			s, clock := openNew(t, e)
			newBrowser().signIn(t, s, lead(1)) // will be idle for too long
			use := func(nonce string, valid time.Duration) {
				if _, err := s.UseNonce(t.Context(), nonce, clock.Now().Add(valid)); err != nil {
					t.Fatalf("UseNonce: %v", err)
				}
			}
			use("expired", time.Hour)
			use("expired within the hour of grace", store.DefaultIdleLimit)
			sweep := func(want int64) {
				t.Helper()
				if got, err := s.Sweep(t.Context()); got != want || err != nil {
					t.Errorf("Sweep = %d, %v, want %d", got, err, want)
				}
			}
			sweep(0)
			clock.advance(store.DefaultIdleLimit)
			b := newBrowser()
			b.signIn(t, s, lead(1))
			sweep(2)
			if b.load(t, s) == nil {
				t.Error("Sweep deleted a session that is alive")
			}
			if again, err := s.UseNonce(t.Context(), "expired within the hour of grace", clock.Now()); again || err != nil {
				t.Errorf("UseNonce = %v, %v, want the nonce remembered for an hour after its expiry", again, err)
			}
		})
	}
}

func TestSweepDeletesBusySessionsAtTheAbsoluteLimit(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, e engine) {
		t.Helper()
		cfg := configure(e, newClock())
		clock := newClock()
		cfg.Now, cfg.IdleLimit, cfg.AbsoluteLimit = clock.Now, 2*time.Hour, 3*time.Hour
		s := open(t, cfg)
		b := newBrowser()
		b.signIn(t, s, lead(1))
		clock.advance(time.Hour + 30*time.Minute)
		b.load(t, s)
		clock.advance(time.Hour + 30*time.Minute)
		if got, err := s.Sweep(t.Context()); got != 1 || err != nil {
			t.Errorf("Sweep = %d, %v, want 1", got, err)
		}
	})
}

func TestSweepIsBounded(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := fresh(t)
			s, clock := openNew(t, e)
			db := e.raw(t)
			tx, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 501 {
				_, err := tx.ExecContext(t.Context(), `INSERT INTO used_nonces (nonce_hash, expires_at) VALUES ($1, 0)`,
					[]byte(strconv.Itoa(i)))
				if err != nil {
					t.Fatal(err)
				}
			}
			for i := range 501 {
				_, err := tx.ExecContext(t.Context(), `INSERT INTO sessions (id_hash, value, created_at, last_seen_at, version)
					VALUES ($1, $1, 0, 0, 1)`, []byte(strconv.Itoa(i)))
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			clock.advance(time.Hour)
			for _, want := range []int64{1000, 2, 0} { // 500 of either kind
				if got, err := s.Sweep(t.Context()); got != want || err != nil {
					t.Errorf("Sweep = %d, %v, want %d", got, err, want)
				}
			}
		})
	}
}
