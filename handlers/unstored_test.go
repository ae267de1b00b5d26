package handlers_test

import (
	"fmt"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
)

// TestBothPagesOfRotationsAgreeOnATokenOfALostCreate has the portal die during a create, after which
// only name and creator tell which token came of it.
func TestBothPagesOfRotationsAgreeOnATokenOfALostCreate(t *testing.T) {
	t.Parallel()
	texts := map[string]map[bool]string{
		"en":    {true: "Nobody has confirmed that the new token is stored", false: "Waiting for the new token to be used"},
		"zh-CN": {true: "没有人确认已保存新令牌", false: "正在等待新令牌被使用"},
	}
	tests := []struct {
		name     string
		creator  string // of the token, as GitLab knows it
		rename   map[string]string
		unstored bool
	}{
		{"its creator has the same username", "lead", nil, true},
		{"its creator changed the username", "lead", map[string]string{"lead": "leader"}, true},
		{"its creator took over the username", "dev", map[string]string{"lead": "leader", "dev": "lead"}, false},
		{"its creator is somebody else", "dev", nil, false},
	}
	for language, title := range texts {
		for _, tt := range tests {
			for _, graphQLOff := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, without GraphQL %v", language, tt.name, graphQLOff), func(t *testing.T) {
					t.Parallel()
					p := newPortal(t)
					lead := p.as("lead")
					lead.header.Set("Accept-Language", language)
					_, err := p.auditLog.Begin(t.Context(), audit.Event{
						Action: activity.TokenCreate, ActorID: p.people["lead"], ActorName: "lead",
						Target: audit.Target{ProjectID: p.project, AgentID: p.prod, TokenName: "second"},
					})
					if err != nil {
						t.Fatal(err)
					}
					p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "second", CreatedBy: p.people[tt.creator], CreatedAt: p.clock.Now()})
					for name, username := range tt.rename {
						p.gitlab.RenameUser(p.people[name], username)
					}
					p.gitlab.KeepInUse(p.prodToken, true)
					p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = graphQLOff })
					p.clock.Advance(3 * time.Minute)
					want := title[tt.unstored]
					lead.get(p.rotationPath(p.prod)).wantPhase(t, want)
					if got := lead.get("/rotations" + p.selection(p.prod)).text("tbody .state"); got != want {
						t.Errorf("/rotations says %q, /rotation %q", got, want)
					}
				})
			}
		}
	}
}
