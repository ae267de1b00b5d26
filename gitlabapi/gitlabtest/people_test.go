package gitlabtest_test

import (
	"net/url"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lin := w.AddUser(gitlabtest.User{Username: "lin", Name: "Lin", AvatarURL: "https://avatars.example/lin.png", Email: "lin@example.org"})
	w.secrets["lin"] = w.AddPersonalToken(gitlabtest.PersonalToken{User: lin})
	linBody := `"id":9,"username":"lin","name":"Lin","state":"active","locked":false,"avatar_url":"https://avatars.example/lin.png","web_url":"` + w.URL + `/lin"`
	member := `{"id":6,"username":"maintainer","name":"The maintainer","state":"active","locked":false,"avatar_url":null,"web_url":"` + w.URL + `/maintainer",` +
		`"access_level":40,"created_at":"2026-01-02T03:04:05.678Z","expires_at":null}`
	for _, x := range []exchange{
		{"oneself", "lin", "GET", "/v4/user", "", 200, "{" + linBody + `,"email":"lin@example.org","external":false,"bot":false,"two_factor_enabled":false}`},
		{"somebody else", "guest", "GET", "/v4/users/9", "", 200, "{" + linBody + "}"},
		{"nobody", "guest", "GET", "/v4/users/99", "", 404, `{"message":"404 User Not Found"}`},
		{"an id that is no number", "guest", "GET", "/v4/users/lin", "", 400, `{"error":"id is invalid"}`},
		{"a member", "guest", "GET", "/v4/projects/20/members/all/6", "", 200, member},
		{"no member", "guest", "GET", "/v4/projects/20/members/all/1", "", 404, recordMissing},
		{"nobody as a member", "guest", "GET", "/v4/projects/20/members/all/99", "", 404, recordMissing},
		{"a member of a project one does not see", "stranger", "GET", "/v4/projects/20/members/all/6", "", 404, projectMissing},
	} {
		if got := w.send(x.as, x.method, x.path, x.body); got.status != x.wantStatus || got.body != x.wantBody {
			t.Errorf("%s: GET %s =\n%d %s, want\n%d %s", x.name, x.path, got.status, got.body, x.wantStatus, x.wantBody)
		}
	}
	if got := w.get("admin", "/v4/user").body; !strings.HasSuffix(got, `,"is_admin":true}`) {
		t.Errorf("an administrator is %s, want is_admin at the end", got)
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	const host = "gitlab.example"
	on := func(version, enterprise string) string {
		return `{"version":"` + version + `","revision":"f00dfeedbee","kas":{"enabled":true,"externalUrl":"wss://` + host + `/-/kubernetes-agent/",` +
			`"externalK8sProxyUrl":"https://` + host + `/-/kubernetes-agent/k8s-proxy/","version":"18.5.1"},"enterprise":` + enterprise + `}`
	}
	for _, tt := range []struct {
		name, path string
		change     func(*gitlabtest.Settings)
		want       string
	}{
		{"Enterprise Edition", "/v4/metadata", func(*gitlabtest.Settings) {}, on("18.5.1-ee", "true")},
		{"the old address", "/v4/version", func(*gitlabtest.Settings) {}, on("18.5.1-ee", "true")},
		{"Community Edition", "/v4/metadata", func(s *gitlabtest.Settings) { s.CommunityEdition = true }, on("18.5.1", "false")},
		{
			"no agent server", "/v4/metadata", func(s *gitlabtest.Settings) { s.KASDisabled = true },
			`{"version":"18.5.1-ee","revision":"f00dfeedbee","kas":{"enabled":false,"externalUrl":null,"externalK8sProxyUrl":null,"version":null},"enterprise":true}`,
		},
		{
			"an agent server elsewhere", "/v4/metadata", func(s *gitlabtest.Settings) { s.KASExternalURL = "wss://kas.example" },
			strings.ReplaceAll(strings.Replace(on("18.5.1-ee", "true"), "wss://"+host+"/-/kubernetes-agent/", "wss://kas.example", 1),
				host+"/-/kubernetes-agent", "kas.example"),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gitlabtest.WithSettings(tt.change))
			w.SetURL("https://" + host)
			if got := w.get("guest", tt.path); got.body != tt.want {
				t.Errorf("GET %s =\n%s, want\n%s", tt.path, got.body, tt.want)
			}
		})
	}
}

func TestServerBelowAPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.WithURL("/gitlab"), gitlabtest.AllowUnexpected())
	address, err := url.Parse(w.URL)
	if err != nil || address.Path != "/gitlab" {
		t.Fatalf("the server is at %s, want the path /gitlab", w.URL)
	}
	got := w.get("developer", agentsPath)
	if want := "<" + w.URL + "/api/v4/projects/20/cluster_agents?page=1&per_page=20>; rel=\"first\""; !strings.HasPrefix(got.header.Get("Link"), want) {
		t.Errorf("Link = %s, want it to begin with %s", got.header.Get("Link"), want)
	}
	w.URL = strings.TrimSuffix(w.URL, "/gitlab")
	if got := w.get("developer", agentsPath); got.status != 404 || got.body != routeMissing {
		t.Errorf("above its path the server answers %d %s, want 404 %s", got.status, got.body, routeMissing)
	}
}
