package gitlabapi_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi"
)

func TestNewRefusesWhatIsNoBaseURL(t *testing.T) {
	t.Parallel()
	for _, base := range []string{
		"", "gitlab.test", "ftp://gitlab.test", "https://", "https:///path", "https://:443", "://x",
		"https://user:" + canary + "@gitlab.test", "https://gitlab.test?x=" + canary, "https://gitlab.test/#x",
		"https://gitlab.test/?", "https://gitlab.test/%zz" + canary, "https://gitlab.test/a/../b", "https://gitlab.test/./",
		"mailto:a@gitlab.test",
	} {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			c, err := gitlabapi.New(base, gitlabapi.Options{})
			if err == nil {
				t.Fatalf("New(%q) = %v, want an error", base, c.BaseURL())
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("error repeats the address: %v", err)
			}
		})
	}
}

func TestBaseURLMayHaveAPath(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/", "/gitlab", "/gitlab/", "/a%2Fb/c//"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			seen := &recorder{}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen.add(r)
				replyJSON(200, agentBody)(w, r)
			}))
			t.Cleanup(server.Close)
			c := client(t, server.URL+path, quick())
			if _, err := c.Agent(t.Context(), gitlabapi.ProjectPath("a/b"), 1); err != nil {
				t.Fatal(err)
			}
			prefix := strings.TrimRight(path, "/")
			if got, want := seen.all()[0].URI, prefix+"/api/v4/projects/a%2Fb/cluster_agents/1"; got != want {
				t.Errorf("asked %s, want %s", got, want)
			}
			if got, want := c.BaseURL().String(), server.URL+prefix; got != want {
				t.Errorf("BaseURL = %s, want %s", got, want)
			}
		})
	}
}

func TestBaseURLIsACopy(t *testing.T) {
	t.Parallel()
	c := client(t, "https://gitlab.test/path", quick())
	c.BaseURL().Host = "evil.test"
	if got := c.BaseURL().String(); got != "https://gitlab.test/path" {
		t.Errorf("BaseURL = %s after its copy was changed", got)
	}
}

func TestCopiesSpeakForTheirOwnPeople(t *testing.T) {
	t.Parallel()
	c, seen := fake(t, quick(), replyJSON(200, agentBody))
	for _, one := range []*gitlabapi.Client{
		c.WithToken(gitlabapi.NewSecret("alice")), c.WithToken(gitlabapi.Secret{}), c,
	} {
		if _, err := one.Agent(t.Context(), gitlabapi.ProjectID(20), 1); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"Bearer alice", "", "Bearer " + canary} {
		if got := seen.all()[i].Auth; got != want {
			t.Errorf("request %d: Authorization = %q, want %q", i, got, want)
		}
	}
}

func TestH7ProjectReferenceIsOneEscapedSegment(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"group/project", "a/../b", "../../user", "..%2f..", "%2e%2e", "%2E%2E/%2e", "?x", "a?x=1#y", "#", "a;b", "a&b=c",
		"группа/项目", "a b+c", "\\..\\", "http://evil.test/", "//evil.test", "@evil.test", "...", "a/.", strings.Repeat("a/", 2000) + "a",
	} {
		name := path[:min(len(path), 20)]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, seen := fake(t, quick(), replyJSON(204, ""))
			if err := c.DeleteAgent(t.Context(), gitlabapi.ProjectPath(path), 7); err != nil {
				t.Fatal(err)
			}
			uri := seen.all()[0].URI
			segment, ok := strings.CutPrefix(uri, "/api/v4/projects/")
			segment, ok2 := strings.CutSuffix(segment, "/cluster_agents/7")
			if !ok || !ok2 || strings.ContainsAny(segment, "/?#\\;") && !strings.Contains(segment, "%") {
				t.Fatalf("asked %s, want one segment between projects/ and /cluster_agents/7", uri)
			}
			if strings.ContainsAny(segment, "/?# \\") {
				t.Errorf("segment %s holds an unescaped character", segment)
			}
			if got, err := url.PathUnescape(segment); err != nil || got != path {
				t.Errorf("segment means %q, %v, want %q", got, err, path)
			}
		})
	}
}

func TestImpossibleProjectsAreNotAskedFor(t *testing.T) {
	t.Parallel()
	for name, project := range map[string]gitlabapi.ProjectRef{
		"zero":               {},
		"number 0":           gitlabapi.ProjectID(0),
		"a negative number":  gitlabapi.ProjectID(-1),
		"nothing":            gitlabapi.ProjectPath(""),
		"this directory":     gitlabapi.ProjectPath("."),
		"the one above":      gitlabapi.ProjectPath(".."),
		"a megabyte":         gitlabapi.ProjectPath(strings.Repeat("a", 1<<20)),
		"a line break":       gitlabapi.ProjectPath("a\r\nHost: evil/b"),
		"a zero byte":        gitlabapi.ProjectPath("a\x00/b"),
		"broken characters":  gitlabapi.ProjectPath("a\xff/b"),
		"more than 21 names": gitlabapi.ProjectPath(strings.Repeat("abcdefg/", 21*32+1)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, seen := fake(t, quick(), replyJSON(200, agentBody))
			_, err := c.Agent(t.Context(), project, 1)
			if !errors.Is(err, gitlabapi.ErrNotFound) {
				t.Errorf("error = %v, want ErrNotFound", err)
			}
			if n := len(seen.all()); n != 0 {
				t.Errorf("%d requests, want none", n)
			}
		})
	}
}
