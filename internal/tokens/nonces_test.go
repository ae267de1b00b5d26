package tokens_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/tokens"
)

// openNew opens the nonces of a database.
func openNew(t *testing.T, d *databasetest.Database) (*tokens.Nonces, *gitlabtest.Clock) {
	t.Helper()
	c := gitlabtest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	return tokens.NewNonces(d.Open(t), c.Now), c
}

func TestNonceIsUsedOnce(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nonces, clock := openNew(t, fresh(t))
			var first atomic.Int32
			var submits sync.WaitGroup
			for range 50 {
				submits.Go(func() {
					ok, err := nonces.Use(t.Context(), "nonce", clock.Now().Add(time.Hour))
					if err != nil {
						t.Errorf("Use: %v", err)
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
			if ok, err := nonces.Use(t.Context(), "another", clock.Now().Add(time.Hour)); !ok || err != nil {
				t.Errorf("Use of another nonce = %v, %v, want the first use", ok, err)
			}
		})
	}
}

func TestNonceIsUsedOnceAmongReplicas(t *testing.T) {
	t.Parallel()
	d := databasetest.Postgres(t)
	for i, want := range []bool{true, false} {
		nonces, clock := openNew(t, d)
		got, err := nonces.Use(t.Context(), "nonce", clock.Now().Add(time.Hour))
		if got != want || err != nil {
			t.Errorf("replica %d: Use = %v, %v, want %v", i, got, err, want)
		}
	}
}

func TestNonceResult(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nonces, clock := openNew(t, fresh(t))
			check := func(when string, want tokens.NonceResult, wantKnown bool) {
				t.Helper()
				got, known, err := nonces.Result(t.Context(), "nonce")
				if err != nil {
					t.Errorf("%s: Result: %v", when, err)
				}
				if diff := cmp.Diff(want, got); diff != "" || known != wantKnown {
					t.Errorf("%s: known = %v, want %v (-want +got):\n%s", when, known, wantKnown, diff)
				}
			}
			registered := tokens.NonceResult{ProjectID: 20, AgentID: 5}
			created := tokens.NonceResult{ProjectID: 20, AgentID: 5, TokenID: 7, TokenName: "first token, 第一个"}

			if err := nonces.SetResult(t.Context(), "nonce", created); !errors.Is(err, tokens.ErrNonceUnknown) {
				t.Errorf("SetResult before the use: %v, want ErrNonceUnknown", err)
			}
			check("before the use", tokens.NonceResult{}, false)
			if _, err := nonces.Use(t.Context(), "nonce", clock.Now().Add(time.Hour)); err != nil {
				t.Fatalf("Use: %v", err)
			}
			check("while the call runs", tokens.NonceResult{}, false)
			for _, result := range []tokens.NonceResult{registered, created} {
				if err := nonces.SetResult(t.Context(), "nonce", result); err != nil {
					t.Fatalf("SetResult: %v", err)
				}
				check("afterwards", result, true)
			}
		})
	}
}

func TestSweepForgetsNoncesAnHourAfterTheirExpiry(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nonces, clock := openNew(t, fresh(t))
			use := func(nonce string, valid time.Duration) {
				if _, err := nonces.Use(t.Context(), nonce, clock.Now().Add(valid)); err != nil {
					t.Fatalf("Use: %v", err)
				}
			}
			use("expired", time.Hour)
			use("expired within the hour of grace", 12*time.Hour)
			wantSwept(t, nonces, 0)
			clock.Advance(12 * time.Hour)
			wantSwept(t, nonces, 1)
			if again, err := nonces.Use(t.Context(), "expired within the hour of grace", clock.Now()); again || err != nil {
				t.Errorf("Use = %v, %v, want the nonce remembered for an hour after its expiry", again, err)
			}
		})
	}
}

func wantSwept(t *testing.T, nonces *tokens.Nonces, want int64) {
	t.Helper()
	if got, err := nonces.Sweep(t.Context()); got != want || err != nil {
		t.Errorf("Sweep = %d, %v, want %d", got, err, want)
	}
}

func TestTheSweepOfNoncesIsBounded(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			nonces, clock := openNew(t, d)
			tx, err := d.Raw(t).BeginTx(t.Context(), nil)
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
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Hour)
			for _, want := range []int64{500, 1, 0} {
				wantSwept(t, nonces, want)
			}
		})
	}
}
