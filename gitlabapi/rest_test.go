package gitlabapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
)

// The entities of GitLab's published examples.
const (
	agentBody = `{"id":1,"name":"agent-1","config_project":{"id":20,"description":"","name":"test",
"name_with_namespace":"Administrator / test","path":"test","path_with_namespace":"root/test",
"created_at":"2022-03-20T20:42:40.221Z"},"created_at":"2022-04-20T20:42:40.221Z","created_by_user_id":42}`
	tokenBody = `{"id":1,"name":"abcd","description":"Some token","agent_id":5,"status":"active",
"created_at":"2022-03-25T14:12:11.497Z","created_by_user_id":1}`
	createdBody = `{"id":1,"name":"abcd","description":"Some token","agent_id":5,"status":"active",
"created_at":"2022-03-25T14:12:11.497Z","created_by_user_id":1,"last_used_at":null,
"token":"qeY8UVRisx9y3Loxo1scLxFuRxYcgeX3sxsdrpP_fR3Loq4xyg"}`
	projectBody = `{"id":20,"name":"test","name_with_namespace":"Administrator / test","path":"test",
"path_with_namespace":"root/test","description":null,"web_url":"https://gitlab.test/root/test","archived":true,"default_branch":"main",
"permissions":{"project_access":null,"group_access":null}}`
)

func when(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at
}

func exampleAgent() gitlabapi.Agent {
	return gitlabapi.Agent{
		ID: 1, Name: "agent-1",
		ConfigProject: gitlabapi.ConfigProject{
			ID: 20, Name: "test", PathWithNamespace: "root/test",
		},
		CreatedAt: when("2022-04-20T20:42:40.221Z"), CreatedByUserID: 42,
	}
}

func exampleToken() gitlabapi.Token {
	return gitlabapi.Token{
		ID: 1, Name: "abcd", Description: "Some token",
		CreatedAt: when("2022-03-25T14:12:11.497Z"), CreatedByUserID: 1,
	}
}

func exampleProject() gitlabapi.Project {
	return gitlabapi.Project{
		ID: 20, Name: "test", PathWithNamespace: "root/test", Archived: true, DefaultBranch: "main",
	}
}

// call is a method of the client with its arguments.
type call func(context.Context, *gitlabapi.Client) (any, error)

func none(err error) (any, error) { return nil, err }

// calls are all REST calls, with what they ask of GitLab and make of its answer.
var calls = map[string]struct {
	call   call
	asks   string // method and URI
	sends  string
	status int
	answer string
	want   any
}{
	"a page of agents": {
		call: func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			return c.AgentsPage(ctx, gitlabapi.ProjectID(20), 2, 50)
		},
		asks:   "GET /api/v4/projects/20/cluster_agents?page=2&per_page=50",
		status: 200, answer: "[" + agentBody + "]",
		want: gitlabapi.Page[gitlabapi.Agent]{
			Items: []gitlabapi.Agent{exampleAgent()}, Number: 2, PrevPage: 1, PerPage: 50, Total: -1,
		},
	},
	"all agents": {
		call: func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			return c.Agents(ctx, gitlabapi.ProjectPath("root/test"))
		},
		asks:   "GET /api/v4/projects/root%2Ftest/cluster_agents?page=1&per_page=100",
		status: 200, answer: "[" + agentBody + "]",
		want: []gitlabapi.Agent{exampleAgent()},
	},
	"one agent": {
		call: func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			return c.Agent(ctx, gitlabapi.ProjectID(20), 1)
		},
		asks:   "GET /api/v4/projects/20/cluster_agents/1",
		status: 200, answer: agentBody, want: exampleAgent(),
	},
	"register an agent": {
		call: func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			return c.RegisterAgent(ctx, gitlabapi.ProjectID(20), "agent-1")
		},
		asks: "POST /api/v4/projects/20/cluster_agents", sends: `{"name":"agent-1"}`,
		status: 201, answer: agentBody, want: exampleAgent(),
	},
	"delete an agent": {
		call: func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			return none(c.DeleteAgent(ctx, gitlabapi.ProjectID(20), 1))
		},
		asks:   "DELETE /api/v4/projects/20/cluster_agents/1",
		status: 204,
	},
	"all tokens": {
		call: func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			return c.Tokens(ctx, gitlabapi.ProjectID(20), 5)
		},
		asks:   "GET /api/v4/projects/20/cluster_agents/5/tokens?page=1&per_page=100",
		status: 200, answer: "[" + tokenBody + "]",
		want: []gitlabapi.Token{exampleToken()},
	},
	"one token": {
		call: func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			return c.Token(ctx, gitlabapi.ProjectID(20), 5, 1)
		},
		asks:   "GET /api/v4/projects/20/cluster_agents/5/tokens/1",
		status: 200, answer: tokenBody[:len(tokenBody)-1] + `,"last_used_at":"2022-03-26T08:00:00.000+08:00"}`,
		want: gitlabapi.TokenDetail{Token: exampleToken(), LastUsedAt: when("2022-03-26T00:00:00Z")},
	},
	"create a token": {
		call: func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			in := gitlabapi.NewToken{Name: "abcd", Description: "Some token"}
			return c.CreateToken(ctx, gitlabapi.ProjectID(20), 5, in)
		},
		asks:  "POST /api/v4/projects/20/cluster_agents/5/tokens",
		sends: `{"name":"abcd","description":"Some token"}`, status: 201, answer: createdBody,
		want: gitlabapi.CreatedToken{
			TokenDetail: gitlabapi.TokenDetail{Token: exampleToken()},
			Secret:      gitlabapi.NewSecret("qeY8UVRisx9y3Loxo1scLxFuRxYcgeX3sxsdrpP_fR3Loq4xyg"),
		},
	},
	"revoke a token": {
		call: func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			return none(c.RevokeToken(ctx, gitlabapi.ProjectID(20), 5, 1))
		},
		asks:   "DELETE /api/v4/projects/20/cluster_agents/5/tokens/1",
		status: 204,
	},
	"the current user": {
		call:   func(ctx context.Context, c *gitlabapi.Client) (any, error) { return c.CurrentUser(ctx) },
		asks:   "GET /api/v4/user",
		status: 200, answer: `{"id":7,"username":"lead","name":"Lea D.","state":"active","avatar_url":null,
			"web_url":"https://gitlab.test/lead","is_admin":true,"locked":false}`,
		want: gitlabapi.User{
			ID: 7, Username: "lead", Name: "Lea D.", State: "active",
		},
	},
	"a user": {
		call:   func(ctx context.Context, c *gitlabapi.Client) (any, error) { return c.User(ctx, 7) },
		asks:   "GET /api/v4/users/7",
		status: 200, answer: `{"id":7,"username":"lead","name":"Lea D.","avatar_url":"https://gitlab.test/a.png"}`,
		want: gitlabapi.User{ID: 7, Username: "lead", Name: "Lea D."},
	},
	"a page of projects": {
		call: func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			q := gitlabapi.ProjectQuery{Search: "te st&x", MinAccessLevel: gitlabapi.Developer, Page: 1, PerPage: 50}
			return c.ProjectsPage(ctx, q)
		},
		asks: "GET /api/v4/projects?membership=true&min_access_level=30&order_by=name&page=1&per_page=50" +
			"&search=te+st%26x&search_namespaces=true&sort=asc",
		status: 200, answer: "[" + projectBody + "]",
		want: gitlabapi.Page[gitlabapi.Project]{
			Items: []gitlabapi.Project{exampleProject()}, Number: 1, PerPage: 50, Total: -1,
		},
	},
	"one project": {
		call: func(ctx context.Context, c *gitlabapi.Client) (any, error) {
			return c.Project(ctx, gitlabapi.ProjectPath("root/test"))
		},
		asks:   "GET /api/v4/projects/root%2Ftest",
		status: 200, answer: projectBody, want: exampleProject(),
	},
	"the role in a project": {
		call: func(ctx context.Context, c *gitlabapi.Client) (any, error) { return c.CanManage(ctx, 20) },
		asks: "GET /api/v4/projects?active=true&id_after=19&id_before=21&min_access_level=40&page=1&per_page=20" +
			"&simple=true",
		status: 200, answer: "[" + projectBody + "]", want: true,
	},
	"the metadata": {
		call:   func(ctx context.Context, c *gitlabapi.Client) (any, error) { return c.Metadata(ctx) },
		asks:   "GET /api/v4/metadata",
		status: 200, answer: `{"version":"17.6.1-ee","revision":"abc","enterprise":true,"kas":{"enabled":true,
			"externalUrl":"wss://kas.gitlab.test","externalK8sProxyUrl":null,"version":"17.6.1"}}`,
		want: gitlabapi.Metadata{
			KAS: gitlabapi.KAS{Enabled: true, ExternalURL: "wss://kas.gitlab.test", Version: "17.6.1"},
		},
	},
}

// writes are the calls that change something.
var writes = []string{"register an agent", "delete an agent", "create a token", "revoke a token"}

func TestEveryCallSpeaksGitLabsLanguage(t *testing.T) {
	t.Parallel()
	for name, tc := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, seen := fake(t, quick(), replyJSON(tc.status, tc.answer))
			got, err := tc.call(t.Context(), c)
			if err != nil {
				t.Fatalf("error = %v", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("result differs (-want +got):\n%s", diff)
			}
			requests := seen.all()
			if len(requests) != 1 {
				t.Fatalf("%d requests, want 1", len(requests))
			}
			asked := requests[0]
			if got := asked.Method + " " + asked.URI; got != tc.asks {
				t.Errorf("asked\n%s, want\n%s", got, tc.asks)
			}
			if asked.Body != tc.sends {
				t.Errorf("sent %s, want %s", asked.Body, tc.sends)
			}
		})
	}
}

func TestEveryCallCarriesTheTokenOnlyInAuthorization(t *testing.T) {
	t.Parallel()
	for name, tc := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, seen := fake(t, quick(), replyJSON(tc.status, tc.answer))
			if _, err := tc.call(t.Context(), c); err != nil {
				t.Fatalf("error = %v", err)
			}
			asked := seen.all()[0]
			want := http.Header{
				"Accept":          {"application/json"},
				"Accept-Encoding": {"gzip"},
				"Authorization":   {"Bearer " + canary},
				"User-Agent":      {"gitlab-agent-portal"},
			}
			asked.Header.Del("Content-Length")
			if tc.sends != "" {
				want.Set("Content-Type", "application/json")
			}
			if diff := cmp.Diff(want, asked.Header); diff != "" {
				t.Errorf("header differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCanManageNeedsThisVeryProject(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"no project": "[]", "another project": "[" + projectBody + "]"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), replyJSON(200, body))
			if can, err := c.CanManage(t.Context(), 21); err != nil || can {
				t.Errorf("CanManage = %v, %v, want false, nil", can, err)
			}
		})
	}
}

func TestProjectsAreNotFilteredUnasked(t *testing.T) {
	t.Parallel()
	c, seen := fake(t, quick(), replyJSON(200, "[]"))
	page, err := c.ProjectsPage(t.Context(), gitlabapi.ProjectQuery{})
	if err != nil || page.Items == nil {
		t.Fatalf("ProjectsPage = %+v, %v, want an empty list", page, err)
	}
	want := "/api/v4/projects?membership=true&order_by=name&page=1&per_page=20&sort=asc"
	if got := seen.all()[0].URI; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestFieldsThatMayBeNullOrOfTwoTypes(t *testing.T) {
	t.Parallel()
	c, _ := fake(t, quick(), replyJSON(200, `[
		{"id":1,"name":"null","description":null,"agent_id":5,"created_at":"2022-03-25T14:12:11Z","created_by_user_id":null},
		{"id":2,"name":"quoted","description":"","agent_id":5,"created_at":null,"created_by_user_id":"42"},
		{"id":3,"name":"absent","is_receptive":true,"extra":{"deep":[1,2]}}]`))
	got, err := c.Tokens(t.Context(), gitlabapi.ProjectID(20), 5)
	if err != nil {
		t.Fatal(err)
	}
	want := []gitlabapi.Token{
		{ID: 1, Name: "null", CreatedAt: when("2022-03-25T14:12:11Z")},
		{ID: 2, Name: "quoted", CreatedByUserID: 42},
		{ID: 3, Name: "absent"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tokens differ (-want +got):\n%s", diff)
	}
}

func TestSecretsOfAnyFormAreAccepted(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"glagent-x", "corp-glagent-a.b.c-_", "x", "ключ-密钥", `quo"te\`} {
		t.Run(secret, func(t *testing.T) {
			t.Parallel()
			body, err := json.Marshal(map[string]any{"id": 1, "token": secret})
			if err != nil {
				t.Fatal(err)
			}
			c, _ := fake(t, quick(), replyJSON(201, string(body)))
			got, err := c.CreateToken(t.Context(), gitlabapi.ProjectID(20), 5, gitlabapi.NewToken{Name: "n"})
			if err != nil || got.Secret.Reveal() != secret {
				t.Errorf("CreateToken = %q, %v, want %q", got.Secret.Reveal(), err, secret)
			}
		})
	}
}
