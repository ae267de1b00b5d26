package agentstatus_test

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/agentstatus"
)

func TestStatusFollowsTheNewestUse(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	used := func(ago time.Duration) agentstatus.Token {
		return agentstatus.Token{CreatedAt: now.Add(-1000 * time.Hour), LastUsedAt: now.Add(-ago)}
	}
	never := agentstatus.Token{CreatedAt: now.Add(-time.Hour)}
	tests := []struct {
		name     string
		tokens   []agentstatus.Token
		want     agentstatus.Status
		wantLast time.Time
	}{
		{"no token at all", nil, agentstatus.NeverConnected, time.Time{}},
		{"a token that was never used", []agentstatus.Token{never}, agentstatus.NeverConnected, time.Time{}},
		{"used just now", []agentstatus.Token{used(0)}, agentstatus.Connected, now},
		{"used one second less than eight minutes ago", []agentstatus.Token{used(8*time.Minute - time.Second)}, agentstatus.Connected, now.Add(-8*time.Minute + time.Second)},
		{"used exactly eight minutes ago", []agentstatus.Token{used(8 * time.Minute)}, agentstatus.NotConnected, now.Add(-8 * time.Minute)},
		{"the newest of several uses counts", []agentstatus.Token{used(9 * time.Hour), used(time.Minute), never}, agentstatus.Connected, now.Add(-time.Minute)},
		{"a clock of GitLab's that runs ahead", []agentstatus.Token{used(-time.Minute)}, agentstatus.Connected, now.Add(time.Minute)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, last := agentstatus.Of(tt.tokens, now)
			if got != tt.want || !last.Equal(tt.wantLast) {
				t.Errorf("Of = %v, %v; want %v, %v", got, last, tt.want, tt.wantLast)
			}
		})
	}
}
