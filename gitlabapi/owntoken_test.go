package gitlabapi_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestATokenIsAskedWhenItEnds(t *testing.T) {
	t.Parallel()
	c := gitlabtest.Start(t)
	user := c.AddUser(gitlabtest.User{Username: "group_1_bot"})
	end := time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		token gitlabtest.PersonalToken
		want  gitlabapi.OwnToken
	}{
		"with an end":    {gitlabtest.PersonalToken{ID: 5, Name: "watch", User: user, Scopes: []string{"read_api"}, ExpiresAt: end}, gitlabapi.OwnToken{ID: 5, Name: "watch", UserID: user, Scopes: []string{"read_api"}, ExpiresAt: end}},
		"without an end": {gitlabtest.PersonalToken{ID: 6, User: user}, gitlabapi.OwnToken{ID: 6, UserID: user, Scopes: []string{"api"}}},
	} {
		got, err := client(t, c.URL, quick()).WithToken(gitlabapi.NewSecret(c.AddPersonalToken(tt.token))).OwnToken(t.Context())
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if _, err := client(t, c.URL, quick()).WithToken(gitlabapi.NewSecret("glpat-unknown")).OwnToken(t.Context()); !errors.Is(err, gitlabapi.ErrUnauthorized) {
		t.Errorf("an unknown token: %v, want ErrUnauthorized", err)
	}
}
