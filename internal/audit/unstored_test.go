package audit_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/database/databasetest"
)

// history writes a token's create and what followed into an audit.
type history struct {
	t   *testing.T
	log *audit.Log
}

// create notes a create of agent 5 that ended with outcome, and returns its row. A pending one
// is left under way, as by a crash.
func (h history) create(outcome activity.Outcome, token int64) int64 {
	h.t.Helper()
	id, err := h.log.Begin(h.t.Context(), tokenCreate())
	if err == nil && outcome != activity.Pending {
		err = h.log.Finish(h.t.Context(), id, outcome, audit.Target{TokenID: token})
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// follow notes what became of token.
func (h history) follow(action activity.Action, outcome activity.Outcome, token, refersTo int64) {
	h.t.Helper()
	event := tokenCreate()
	event.Action, event.Outcome, event.Target.TokenID, event.RefersTo = action, outcome, token, refersTo
	if err := h.log.Record(h.t.Context(), event); err != nil {
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
		{"created", func(h history) { h.create(activity.OK, 7) }, []int64{7}, nil},
		{"created and stored", func(h history) {
			h.create(activity.OK, 7)
			h.follow(activity.TokenStored, activity.OK, 7, 0)
		}, nil, nil},
		{"created and revoked", func(h history) {
			h.create(activity.OK, 7)
			h.follow(activity.TokenRevoke, activity.OK, 7, 0)
		}, nil, nil},
		{"a revocation that GitLab refused", func(h history) {
			h.create(activity.OK, 7)
			h.follow(activity.TokenRevoke, activity.Refused, 7, 0)
		}, []int64{7}, nil},
		{"another one stored", func(h history) {
			h.create(activity.OK, 7)
			h.create(activity.OK, 8)
			h.follow(activity.TokenStored, activity.OK, 7, 0)
		}, []int64{8}, nil},
		{"refused and failed", func(h history) {
			h.create(activity.Refused, 0)
			h.create(activity.Failed, 0)
		}, nil, nil},
		{"an unknown outcome, found afterwards", func(h history) {
			h.follow(activity.Reconciled, activity.OK, 7, h.create(activity.Unknown, 0))
		}, []int64{7}, nil},
		{"found afterwards and stored", func(h history) {
			h.follow(activity.Reconciled, activity.OK, 7, h.create(activity.Unknown, 0))
			h.follow(activity.TokenStored, activity.OK, 7, 0)
		}, nil, nil},
		{"an unknown outcome, found not to have happened", func(h history) {
			h.follow(activity.Reconciled, activity.Failed, 0, h.create(activity.Unknown, 0))
		}, nil, nil},
		{"an unknown outcome that stays so", func(h history) {
			h.follow(activity.Reconciled, activity.Unknown, 0, h.create(activity.Unknown, 0))
		}, []int64{0}, nil},
		{"the portal died during the create", func(h history) { h.create(activity.Pending, 0) }, []int64{0}, nil},
		{"the portal died during a second create", func(h history) {
			h.create(activity.OK, 7)
			h.follow(activity.TokenStored, activity.OK, 7, 0)
			h.create(activity.Pending, 0)
		}, []int64{0}, []int64{7}},
		{"a revocation found afterwards is no create", func(h history) {
			h.follow(activity.Reconciled, activity.OK, 7, 99)
		}, nil, nil},
	}
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					log, clock := openNew(t, fresh(t))
					began := clock.Now()
					tt.happens(history{t, log})
					clock.Advance(2*time.Minute + time.Microsecond)
					var want []audit.UnstoredToken
					for _, id := range tt.want {
						want = append(want, audit.UnstoredToken{
							AgentID: 5, TokenID: id, TokenName: "第一个", CreatorID: 42, CreatorName: "lead", At: began, KnownIDs: tt.known,
						})
					}
					got, err := log.Unstored(t.Context(), []int64{4, 5})
					if diff := cmp.Diff(want, got); diff != "" || err != nil {
						t.Errorf("Unstored: %v (-want +got):\n%s", err, diff)
					}
				})
			}
		})
	}
}

func TestACreateUnderWayIsNotYetUnstored(t *testing.T) {
	t.Parallel()
	log, _ := openNew(t, databasetest.SQLite(t))
	history{t, log}.create(activity.Pending, 0)
	for _, agents := range [][]int64{{5}, {6}, nil} {
		if got, err := log.Unstored(t.Context(), agents); got != nil || err != nil {
			t.Errorf("Unstored(%v) = %v, %v; want none", agents, got, err)
		}
	}
}
