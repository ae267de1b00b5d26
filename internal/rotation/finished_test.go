package rotation_test

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/rotation"
)

func TestARotationIsFinishedOnceTheOldTokenIsRevoked(t *testing.T) {
	t.Parallel()
	took := []rotation.Reading{read(1, 40, 41), read(2, 40, -1), read(1, 30, 30), read(2, 30, 31), read(1, 18, 30), read(2, 18, 18)}
	tests := map[string]struct {
		only     agent.Token
		revoked  rotation.Revoked
		readings []rotation.Reading
		phase    rotation.Phase
		end      rotation.End
	}{
		"nothing was revoked":              {only: token(2, 60, 1), phase: rotation.Start},
		"the old one was":                  {only: token(2, 60, 1), revoked: rotation.Revoked{TokenID: 1, At: ago(17)}, readings: took, phase: rotation.Finished, end: rotation.End{TookOver: ago(31), Undisturbed: true}},
		"nobody looked while it went on":   {only: token(2, 60, 1), revoked: rotation.Revoked{TokenID: 1, At: ago(17)}, phase: rotation.Finished},
		"it was in use when it went":       {only: token(2, 60, 1), revoked: rotation.Revoked{TokenID: 1, At: ago(25)}, readings: took[:4], phase: rotation.Finished, end: rotation.End{TookOver: ago(31)}},
		"the new one was given up":         {only: token(1, 90*days, 1), revoked: rotation.Revoked{TokenID: 2, At: ago(17)}, phase: rotation.Start},
		"the only one was made afterwards": {only: token(2, 10, 1), revoked: rotation.Revoked{TokenID: 1, At: ago(17)}, phase: rotation.Start},
		"that was a day ago":               {only: token(2, 3*days, 1), revoked: rotation.Revoked{TokenID: 1, At: ago(days)}, phase: rotation.Start},
		"the only one was never used":      {only: token(2, 60, -1), revoked: rotation.Revoked{TokenID: 1, At: ago(17)}, phase: rotation.NeverUsed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := rotation.Of(rotation.Facts{Tokens: []agent.Token{test.only}, Revoked: test.revoked, Readings: test.readings, Now: noon})
			if state.Phase != test.phase || state.End != test.end {
				t.Errorf("%s, %+v; want %s, %+v", state.Phase, state.End, test.phase, test.end)
			}
		})
	}
}

// The promise of the start holds unless GitLab's times turn out to be old.
func TestWhenTheOldTokenCanGoIsPromisedOnce(t *testing.T) {
	t.Parallel()
	evidence := func(minutes int, advanced bool) rotation.Evidence {
		return rotation.Evidence{StillSince: ago(minutes), Observed: time.Duration(minutes) * time.Minute, Advanced: advanced}
	}
	older := evidence(3, true)
	older.OlderConnection = ago(200)
	for name, test := range map[string]struct {
		evidence rotation.Evidence
		want     time.Time
	}{
		"at the start":                         {evidence(0, false), ago(-10)},
		"after nine minutes without a proof":   {evidence(9, false), ago(-1)},
		"after nine minutes with one":          {evidence(9, true), ago(-1)},
		"after ten minutes without a proof":    {evidence(10, false), ago(-50)},
		"while an older connection still is":   {older, time.Time{}},
		"after half an hour, with a new proof": {evidence(30, true), ago(20)},
	} {
		if got := test.evidence.Due(); !got.Equal(test.want) {
			t.Errorf("%s: due at %v, want %v", name, got, test.want)
		}
	}
}

func TestOnlyATokenThatWasSeenToStandStillIsSilent(t *testing.T) {
	t.Parallel()
	facts := rotation.Facts{
		Tokens: []agent.Token{token(1, 90*days, 12), token(2, 30, 0)}, Now: noon,
		Readings: []rotation.Reading{read(1, 11, 12), read(2, 11, 11)},
	}
	if observed, ok := rotation.Silent(1, facts); !ok || observed != 11*time.Minute {
		t.Errorf("the old one: %v, %t", observed, ok)
	}
	if _, ok := rotation.Silent(2, facts); ok {
		t.Error("the new one is silent, too")
	}
	facts.Tokens[0] = token(1, 90*days, -1)
	if _, ok := rotation.Silent(1, facts); ok {
		t.Error("one that was never used was not seen to fall silent")
	}
}
