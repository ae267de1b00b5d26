package tokens_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/tokens"
)

func TestOnlyATokenThatIsStillUnusedAndOldIsRevoked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		meanwhile func(b *bench, token int64)
		want      error
		rows      []string
		revoked   bool
	}{
		{"unused and old", func(*bench, int64) {}, nil, []string{"token_revoke ok"}, true},
		{"used meanwhile", func(b *bench, token int64) { b.sim.TouchToken(token, b.clock.Now()) }, tokens.ErrUsedMeanwhile, []string{"token_revoke refused"}, false},
		{"younger than was asked for", func(b *bench, _ int64) { b.clock.Advance(-2 * time.Hour) }, tokens.ErrTooYoung, []string{"token_revoke refused"}, false},
		{"revoked meanwhile", func(b *bench, token int64) { b.sim.RevokeToken(token) }, nil, []string{"token_revoke ok"}, true},
		{"no Maintainer any more", func(b *bench, _ int64) {
			b.sim.AddMember(b.project, b.lead, gitlabtest.Developer)
		}, gitlabapi.ErrForbidden, []string{"token_revoke refused"}, false},
		{"not visible any more", func(b *bench, _ int64) { b.sim.RemoveMember(b.project, b.lead) }, gitlabapi.ErrNotFound, []string{"token_revoke refused"}, false},
		{"GitLab is down", func(b *bench, _ int64) {
			b.sim.Inject(gitlabtest.OpGetToken, gitlabtest.Status(http.StatusBadGateway))
		}, gitlabapi.ErrUnavailable, []string{"token_revoke failed"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			token := b.sim.AddToken(gitlabtest.Token{Agent: b.agent, Name: "t"})
			b.clock.Advance(25 * time.Hour)
			tt.meanwhile(b, token)
			results, err := b.service.RevokeUnused(t.Context(), b.gitlab, b.actor(), []tokens.RevokeRequest{
				{Actor: b.actor(), Project: b.project, Agent: b.agent, Token: token},
			}, b.clock.Now().Add(-24*time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			err = results[0].Err
			if !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Errorf("RevokeUnused = %v, want %v", err, tt.want)
			}
			if got := b.sim.Tokens(b.agent)[0].Revoked; got != tt.revoked {
				t.Errorf("revoked: %v, want %v", got, tt.revoked)
			}
			if diff := cmp.Diff(tt.rows, b.rows()); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}
