package rotation_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/rotation"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// ago is so many minutes before noon.
func ago(minutes int) time.Time { return noon.Add(-time.Duration(minutes) * time.Minute) }

const days = 24 * 60 // in minutes

// token is one that was created and last used so many minutes ago; used is -1 for never.
func token(id int64, created, used int) agent.Token {
	t := agent.Token{ID: id, CreatedAt: ago(created), UseKnown: true}
	if used >= 0 {
		t.LastUsedAt = ago(used)
	}
	return t
}

// read is what was read so many minutes ago of a token's last use.
func read(id int64, at, used int) rotation.Reading {
	r := rotation.Reading{TokenID: id, At: ago(at)}
	if used >= 0 {
		r.LastUsedAt = ago(used)
	}
	return r
}

func TestThePhaseFollowsFromWhatGitLabTells(t *testing.T) {
	t.Parallel()
	type (
		tokens   = []agent.Token
		readings = []rotation.Reading
	)
	old, fresh := token(1, 90*days, 1), token(2, 30, -1)
	tests := []struct {
		name     string
		facts    rotation.Facts
		phase    rotation.Phase
		old, new int64
		proposed int64
		why      rotation.Reason
		offers   []rotation.Offer
	}{
		{name: "no token", phase: rotation.NoToken},
		{name: "one in use", facts: rotation.Facts{Tokens: tokens{old}}, phase: rotation.Start, old: 1},
		{name: "one that was never used", facts: rotation.Facts{Tokens: tokens{fresh}}, phase: rotation.NeverUsed, new: 2, offers: []rotation.Offer{{TokenID: 2}}},
		{name: "one of which nobody knows", facts: rotation.Facts{Tokens: tokens{{ID: 1}}}, phase: rotation.Unknown},
		{name: "two, of one of which nobody knows", facts: rotation.Facts{Tokens: tokens{old, {ID: 2}}}, phase: rotation.Unknown},
		{
			name:  "b: the new one was never used, so the old one is not on offer",
			facts: rotation.Facts{Tokens: tokens{fresh, old}},
			phase: rotation.Install, old: 1, new: 2, offers: []rotation.Offer{{TokenID: 2}},
		},
		{
			name:  "d: created through the portal, and nobody confirmed having stored it",
			facts: rotation.Facts{Tokens: tokens{old, fresh}, Unstored: []int64{1, 2}},
			phase: rotation.Unstored, old: 1, new: 2, offers: []rotation.Offer{{TokenID: 2}},
		},
		{
			name:  "the new one was used a moment ago for the first time",
			facts: rotation.Facts{Tokens: tokens{token(1, 90*days, 3), token(2, 30, 1)}, Readings: readings{read(1, 2, 3), read(2, 2, -1)}},
			phase: rotation.Watch, old: 1, new: 2,
		},
		{
			name: "a: the old one is used by a second replica",
			facts: rotation.Facts{Tokens: tokens{token(1, 90*days, 1), token(2, 60, 2)}, Readings: readings{
				read(1, 30, 31), read(2, 30, 31), read(1, 15, 16), read(2, 15, 16),
			}},
			phase: rotation.StillUsed, old: 1, new: 2,
		},
		{
			name: "ten minutes without the old one while the new one advanced",
			facts: rotation.Facts{Tokens: tokens{token(1, 90*days, 11), token(2, 60, 1)}, Readings: readings{
				read(1, 20, 21), read(2, 20, 21), read(1, 10, 11), read(2, 10, 10),
			}},
			phase: rotation.Quiet, old: 1, new: 2, offers: []rotation.Offer{{TokenID: 1}},
		},
		{
			name: "a last use that falls a day later is no use",
			facts: rotation.Facts{Tokens: tokens{token(1, 90*days, days+60), token(2, 2*days, 1)}, Readings: readings{
				read(1, 30, days+5), read(2, 30, 31), read(1, 20, days+5), read(2, 20, 21), read(1, 5, days+60), read(2, 5, 6),
			}},
			phase: rotation.Quiet, old: 1, new: 2, offers: []rotation.Offer{{TokenID: 1}},
		},
		{
			name: "an increase after such a fall is a use",
			facts: rotation.Facts{Tokens: tokens{token(1, 90*days, 4), token(2, 2*days, 1)}, Readings: readings{
				read(1, 20, days+5), read(2, 20, 21), read(1, 11, days+60), read(2, 11, 12), read(1, 5, days+60), read(2, 5, 6),
			}},
			phase: rotation.StillUsed, old: 1, new: 2,
		},
		{
			name: "nine minutes are not enough",
			facts: rotation.Facts{Tokens: tokens{token(1, 90*days, 11), token(2, 60, 1)}, Readings: readings{
				read(1, 20, 21), read(2, 20, 21), read(1, 9, 11), read(2, 9, 10),
			}},
			phase: rotation.StillUsed, old: 1, new: 2,
		},
		{
			name: "the new one did not advance, so ten minutes prove nothing",
			facts: rotation.Facts{Tokens: tokens{token(1, 90*days, 50), token(2, 60, 40)}, Readings: readings{
				read(1, 30, 50), read(2, 30, 40), read(1, 10, 50), read(2, 10, 40),
			}},
			phase: rotation.Watch, old: 1, new: 2,
		},
		{
			name: "sixty minutes without that proof; as nothing is in use, the name is asked for",
			facts: rotation.Facts{Tokens: tokens{token(1, 90*days, 90), token(2, 120, 80)}, Readings: readings{
				read(1, 60, 90), read(2, 60, 80),
			}},
			phase: rotation.Quiet, old: 1, new: 2, offers: []rotation.Offer{{TokenID: 1, Guarded: true}},
		},
		{
			name: "sixty minutes, of which only the last are proven",
			facts: rotation.Facts{Tokens: tokens{token(1, 90*days, 90), token(2, 120, 1)}, Readings: readings{
				read(1, 60, 90), read(2, 5, 6),
			}},
			phase: rotation.Quiet, old: 1, new: 2, offers: []rotation.Offer{{TokenID: 1}},
		},
		{
			name: "a flush of GitLab's cache begins the watch anew",
			facts: rotation.Facts{Tokens: tokens{token(1, 90*days, 50), token(2, 120, 1)}, Readings: readings{
				read(1, 20, 25), read(2, 20, 21), read(1, 5, 50), read(2, 5, 45),
			}},
			phase: rotation.Watch, old: 1, new: 2,
		},
		{
			name: "silent, but an agentk is connected since before the new one was used",
			facts: rotation.Facts{
				Tokens: tokens{token(1, 90*days, 70), token(2, 120, 1)}, Readings: readings{read(1, 65, 70), read(2, 65, 66)},
				ConnectionsKnown: true, ConnectedAt: []time.Time{ago(66), ago(121)},
			},
			phase: rotation.Watch, old: 1, new: 2,
		},
		{
			name: "every connection is younger than the new one's first use",
			facts: rotation.Facts{
				Tokens: tokens{token(1, 90*days, 70), token(2, 120, 1)}, Readings: readings{read(1, 65, 70), read(2, 65, 66)},
				ConnectionsKnown: true, ConnectedAt: []time.Time{ago(66), ago(30)},
			},
			phase: rotation.Quiet, old: 1, new: 2, offers: []rotation.Offer{{TokenID: 1}},
		},
		{
			name: "connected in the second in which the new one was created",
			facts: rotation.Facts{
				Tokens:   []agent.Token{token(1, 90*days, 70), createdMillisecondsLater(token(2, 66, 1))},
				Readings: readings{read(1, 65, 70), read(2, 65, 66)}, ConnectionsKnown: true, ConnectedAt: []time.Time{ago(66)},
			},
			phase: rotation.Quiet, old: 1, new: 2, offers: []rotation.Offer{{TokenID: 1}},
		},
		{
			name: "connected after the new one was created, and before it was used",
			facts: rotation.Facts{
				Tokens: tokens{token(1, 90*days, 70), token(2, 120, 1)}, Readings: readings{
					read(1, 80, 81), read(2, 80, -1), read(1, 65, 70), read(2, 65, 66),
				},
				ConnectionsKnown: true, ConnectedAt: []time.Time{ago(100)},
			},
			phase: rotation.Watch, old: 1, new: 2,
		},
		{
			name:  "c: two from the start, the newer one long unused",
			facts: rotation.Facts{Tokens: tokens{old, token(2, 2*days, -1)}},
			phase: rotation.Choose, proposed: 2, why: rotation.ReasonNeverUsed, offers: []rotation.Offer{{TokenID: 2}},
		},
		{
			name:  "c: the older one never used",
			facts: rotation.Facts{Tokens: tokens{token(1, 9*days, -1), token(2, 2*days, 1)}},
			phase: rotation.Choose, proposed: 1, why: rotation.ReasonNeverUsed, offers: []rotation.Offer{{TokenID: 1}},
		},
		{
			name:  "c: both in use for weeks",
			facts: rotation.Facts{Tokens: tokens{token(1, 90*days, 3), token(2, 30*days, 1)}},
			phase: rotation.Choose, proposed: 1, why: rotation.ReasonLongestIdle,
			offers: []rotation.Offer{{TokenID: 1, Guarded: true}, {TokenID: 2, Guarded: true}},
		},
		{
			name:  "c: the cluster went back to the older one",
			facts: rotation.Facts{Tokens: tokens{old, token(2, 3*days, 2*days)}},
			phase: rotation.Choose, proposed: 2, why: rotation.ReasonLongestIdle,
			offers: []rotation.Offer{{TokenID: 1, Guarded: true}, {TokenID: 2}},
		},
		{
			name:  "both never used",
			facts: rotation.Facts{Tokens: tokens{token(1, 30, -1), token(2, 20, -1)}},
			phase: rotation.Choose, proposed: 1, why: rotation.ReasonNeverUsed, offers: []rotation.Offer{{TokenID: 1}, {TokenID: 2}},
		},
		{
			name:  "the choice fell on the one in use: first the other has to take over",
			facts: rotation.Facts{Tokens: tokens{old, token(2, 2*days, -1)}, Drop: 1},
			phase: rotation.Install, old: 1, new: 2, offers: []rotation.Offer{{TokenID: 2}},
		},
		{
			name:  "the choice fell on the one never used",
			facts: rotation.Facts{Tokens: tokens{old, token(2, 2*days, -1)}, Drop: 2},
			phase: rotation.Quiet, old: 2, new: 1, offers: []rotation.Offer{{TokenID: 2}},
		},
		{
			name:  "the choice fell on the newer of two in use",
			facts: rotation.Facts{Tokens: tokens{token(1, 90*days, 3), token(2, 30*days, 1)}, Drop: 2},
			phase: rotation.StillUsed, old: 2, new: 1,
		},
		{
			name:  "the choice fell on a token that is gone",
			facts: rotation.Facts{Tokens: tokens{old, fresh}, Drop: 9},
			phase: rotation.Install, old: 1, new: 2, offers: []rotation.Offer{{TokenID: 2}},
		},
		{
			name:  "e: three",
			facts: rotation.Facts{Tokens: tokens{old, token(2, 9*days, 3*days), fresh2(3)}},
			phase: rotation.TooMany, proposed: 3, why: rotation.ReasonNeverUsed,
			offers: []rotation.Offer{{TokenID: 1, Guarded: true}, {TokenID: 2}, {TokenID: 3}},
		},
		{
			name:  "e: three, of which one was ever used",
			facts: rotation.Facts{Tokens: tokens{old, token(2, 9*days, -1), fresh2(3)}},
			phase: rotation.TooMany, proposed: 2, why: rotation.ReasonNeverUsed, offers: []rotation.Offer{{TokenID: 2}, {TokenID: 3}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.facts.Now = noon
			got := rotation.Of(tt.facts)
			got.Evidence = rotation.Evidence{}
			want := rotation.State{Phase: tt.phase, Old: tt.old, New: tt.new, Proposed: tt.proposed, Why: tt.why, Offers: tt.offers}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// fresh2 is a token of half an hour that was never used.
func fresh2(id int64) agent.Token { return token(id, 30, -1) }

func createdMillisecondsLater(t agent.Token) agent.Token {
	t.CreatedAt = t.CreatedAt.Add(700 * time.Millisecond)
	return t
}

func TestTheEvidenceIsWhatThePageShows(t *testing.T) {
	t.Parallel()
	facts := rotation.Facts{
		Now: noon, Tokens: []agent.Token{token(1, 90*days, 11), token(2, 120, 1)},
		Readings: []rotation.Reading{
			read(1, 20, 21), read(2, 20, 21), read(1, 7, 11), read(2, 6, 10),
		},
		ConnectionsKnown: true, ConnectedAt: []time.Time{ago(3), ago(200), ago(150)},
	}
	want := rotation.Evidence{
		StillSince: ago(6), Observed: 6 * time.Minute, Needed: rotation.QuietFresh, Advanced: true, OlderConnection: ago(200),
	}
	if diff := cmp.Diff(want, rotation.Of(facts).Evidence); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	facts.Readings, facts.ConnectionsKnown = facts.Readings[:3], false
	want = rotation.Evidence{StillSince: ago(7), Observed: 7 * time.Minute, Needed: rotation.QuietStale}
	if diff := cmp.Diff(want, rotation.Of(facts).Evidence); diff != "" {
		t.Errorf("without a second reading of the new one (-want +got):\n%s", diff)
	}
}

func TestTheGuardTrustsWhatWasObserved(t *testing.T) {
	t.Parallel()
	tokens := []agent.Token{token(1, 90*days, 11), token(2, 60, 1)}
	proven := []rotation.Reading{read(1, 10, 11), read(2, 10, 10)}
	tests := []struct {
		name  string
		token int64
		facts rotation.Facts
		want  bool
	}{
		{"the old one, seen silent", 1, rotation.Facts{Tokens: tokens, Readings: proven}, false},
		{"the old one, not observed", 1, rotation.Facts{Tokens: tokens}, true},
		{"the one that took over", 2, rotation.Facts{Tokens: tokens, Readings: proven}, true},
		{"the only one", 1, rotation.Facts{Tokens: tokens[:1], Readings: proven}, true},
		{"nobody knows", 1, rotation.Facts{Tokens: []agent.Token{{ID: 1}, {ID: 2}}}, true},
		{"never used", 2, rotation.Facts{Tokens: []agent.Token{tokens[0], fresh2(2)}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.facts.Now = noon
			if got := rotation.Guarded(tt.token, tt.facts); got != tt.want {
				t.Errorf("Guarded = %v, want %v", got, tt.want)
			}
		})
	}
}
