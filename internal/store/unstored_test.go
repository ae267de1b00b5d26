package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/store"
)

// history writes a token's create and what followed into an audit.
type history struct {
	t *testing.T
	s *store.Store
}

// create notes a create of agent 5 that ended with outcome, and returns its row. A pending one
// is left under way, as by a crash.
func (h history) create(outcome store.AuditOutcome, token int64) int64 {
	h.t.Helper()
	id, err := h.s.BeginAudit(h.t.Context(), tokenCreate())
	if err == nil && outcome != store.AuditPending {
		err = h.s.FinishAudit(h.t.Context(), id, outcome, store.AuditTarget{TokenID: token})
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// follow notes what became of token.
func (h history) follow(action store.AuditAction, outcome store.AuditOutcome, token, refersTo int64) {
	h.t.Helper()
	event := tokenCreate()
	event.Action, event.Outcome, event.Target.TokenID, event.RefersTo = action, outcome, token, refersTo
	if err := h.s.RecordAudit(h.t.Context(), event); err != nil {
		h.t.Fatal(err)
	}
}

func TestUnstoredTokensAreThoseWhoseStoringNobodyConfirmed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		happens func(h history)
		want    []int64 // token ids, 0 for one that is known by its name
		known   []int64
	}{
		{"nothing was created", func(history) {}, nil, nil},
		{"created", func(h history) { h.create(store.AuditOK, 7) }, []int64{7}, nil},
		{"created and stored", func(h history) {
			h.create(store.AuditOK, 7)
			h.follow(store.AuditTokenStored, store.AuditOK, 7, 0)
		}, nil, nil},
		{"created and revoked", func(h history) {
			h.create(store.AuditOK, 7)
			h.follow(store.AuditTokenRevoke, store.AuditOK, 7, 0)
		}, nil, nil},
		{"a revocation that GitLab refused", func(h history) {
			h.create(store.AuditOK, 7)
			h.follow(store.AuditTokenRevoke, store.AuditRefused, 7, 0)
		}, []int64{7}, nil},
		{"another one stored", func(h history) {
			h.create(store.AuditOK, 7)
			h.create(store.AuditOK, 8)
			h.follow(store.AuditTokenStored, store.AuditOK, 7, 0)
		}, []int64{8}, nil},
		{"refused and failed", func(h history) {
			h.create(store.AuditRefused, 0)
			h.create(store.AuditFailed, 0)
		}, nil, nil},
		{"an unknown outcome, found afterwards", func(h history) {
			h.follow(store.AuditReconciled, store.AuditOK, 7, h.create(store.AuditUnknown, 0))
		}, []int64{7}, nil},
		{"found afterwards and stored", func(h history) {
			h.follow(store.AuditReconciled, store.AuditOK, 7, h.create(store.AuditUnknown, 0))
			h.follow(store.AuditTokenStored, store.AuditOK, 7, 0)
		}, nil, nil},
		{"an unknown outcome, found not to have happened", func(h history) {
			h.follow(store.AuditReconciled, store.AuditFailed, 0, h.create(store.AuditUnknown, 0))
		}, nil, nil},
		{"an unknown outcome that stays so", func(h history) {
			h.follow(store.AuditReconciled, store.AuditUnknown, 0, h.create(store.AuditUnknown, 0))
		}, []int64{0}, nil},
		{"the portal died during the create", func(h history) { h.create(store.AuditPending, 0) }, []int64{0}, nil},
		{"the portal died during a second create", func(h history) {
			h.create(store.AuditOK, 7)
			h.follow(store.AuditTokenStored, store.AuditOK, 7, 0)
			h.create(store.AuditPending, 0)
		}, []int64{0}, []int64{7}},
		{"a revocation found afterwards is no create", func(h history) {
			h.follow(store.AuditReconciled, store.AuditOK, 7, 99)
		}, nil, nil},
	}
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					s, clock := openNew(t, fresh(t))
					began := clock.Now()
					tt.happens(history{t, s})
					clock.advance(2*time.Minute + time.Microsecond)
					var want []store.UnstoredToken
					for _, id := range tt.want {
						want = append(want, store.UnstoredToken{
							ProjectID: 20, AgentID: 5, TokenID: id, TokenName: "第一个", CreatorID: 42, CreatorName: "lead", At: began, KnownIDs: tt.known,
						})
					}
					got, err := s.UnstoredTokens(t.Context(), []int64{4, 5})
					if diff := cmp.Diff(want, got); diff != "" || err != nil {
						t.Errorf("UnstoredTokens: %v (-want +got):\n%s", err, diff)
					}
				})
			}
		})
	}
}

func TestACreateUnderWayIsNotYetUnstored(t *testing.T) {
	t.Parallel()
	s, _ := openNew(t, sqliteEngine(t))
	history{t, s}.create(store.AuditPending, 0)
	for _, agents := range [][]int64{{5}, {6}, nil} {
		if got, err := s.UnstoredTokens(t.Context(), agents); got != nil || err != nil {
			t.Errorf("UnstoredTokens(%v) = %v, %v; want none", agents, got, err)
		}
	}
}
