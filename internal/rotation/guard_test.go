package rotation_test

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/rotation"
)

func TestTheGuardProtectsWhatAClusterUses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	used := func(id int64, ago time.Duration) agent.Token {
		return agent.Token{ID: id, LastUsedAt: now.Add(-ago), UseKnown: true}
	}
	never := func(id int64) agent.Token { return agent.Token{ID: id, UseKnown: true} }
	tests := []struct {
		name   string
		active []agent.Token
		want   bool
	}{
		{"never used", []agent.Token{never(1)}, false},
		{"never used beside one in use", []agent.Token{never(1), used(2, time.Minute)}, false},
		{"the only one, in use", []agent.Token{used(1, time.Minute)}, true},
		{"the only one, idle for a month", []agent.Token{used(1, 30*24*time.Hour)}, true},
		{"idle beside one in use", []agent.Token{used(1, 2*time.Hour), used(2, time.Minute)}, false},
		{"in use beside another in use", []agent.Token{used(1, time.Minute), used(2, time.Minute)}, true},
		{"idle beside one that is idle too", []agent.Token{used(1, 3*time.Hour), used(2, 2*time.Hour)}, true},
		{"idle beside one never used", []agent.Token{used(1, 3*time.Hour), never(2)}, true},
		{"nobody knows when it was used", []agent.Token{{ID: 1}}, true},
		{"never used, beside one that nobody knows of", []agent.Token{never(1), {ID: 2}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := rotation.NeedsGuard(1, tt.active, now); got != tt.want {
				t.Errorf("NeedsGuard = %v, want %v", got, tt.want)
			}
		})
	}
}
