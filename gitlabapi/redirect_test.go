package gitlabapi_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi"
)

func TestReadsFollowAProjectThatMoved(t *testing.T) {
	t.Parallel()
	for name, location := range map[string]string{
		"by a path":     "/gitlab/api/v4/projects/20/cluster_agents/1",
		"by a full URL": "{origin}/gitlab/api/v4/projects/20/cluster_agents/1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := &recorder{}
			var server *httptest.Server
			server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen.add(r)
				if strings.Contains(r.RequestURI, "old%2Fpath") {
					w.Header().Set("Location", strings.Replace(location, "{origin}", server.URL, 1))
					reply(http.StatusMovedPermanently, "text/plain", "This resource has been moved permanently to …")(w, r)
					return
				}
				replyJSON(200, agentBody)(w, r)
			}))
			t.Cleanup(server.Close)
			c := client(t, server.URL+"/gitlab", quick())
			agent, err := c.Agent(t.Context(), gitlabapi.ProjectPath("old/path"), 1)
			if err != nil || agent.ConfigProject.ID != 20 {
				t.Fatalf("Agent = %+v, %v", agent, err)
			}
			requests := seen.all()
			if len(requests) != 2 || requests[1].Auth != "Bearer "+canary {
				t.Errorf("requests = %+v, want two, both with the token", requests)
			}
		})
	}
}

func TestH6RedirectsToTheAddressForBrowsersStayOnTheOneForCalls(t *testing.T) {
	t.Parallel()
	const browsers = "https://gitlab.test/gitlab"
	for name, tc := range map[string]struct {
		location string
		want     string // the second request; empty for none
	}{
		"below the address for browsers": {browsers + "/api/v4/projects/20/cluster_agents/1?a=b%2Fc", "/inside/api/v4/projects/20/cluster_agents/1?a=b%2Fc"},
		"with its port":                  {"https://GitLab.test:443/gitlab/api/v4/projects/a%2Fb", "/inside/api/v4/projects/a%2Fb"},
		"below the address for calls":    {"/inside/api/v4/projects/20", "/inside/api/v4/projects/20"},
		"a neighbour of the path":        {"https://gitlab.test/gitlab-other/api/v4/user", ""},
		"out of the path, escaped":       {browsers + "/%2e%2e/other", ""},
		"another scheme":                 {"http://gitlab.test/gitlab/api/v4/user", ""},
		"with a user":                    {"https://u@gitlab.test/gitlab/api/v4/user", ""},
		"another host":                   {"https://evil.test/gitlab/api/v4/user", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := &recorder{}
			inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen.add(r)
				if len(seen.all()) == 1 {
					w.Header().Set("Location", tc.location)
					w.WriteHeader(http.StatusMovedPermanently)
					return
				}
				replyJSON(200, agentBody)(w, r)
			}))
			t.Cleanup(inside.Close)
			opts := quick()
			opts.InternalURL = inside.URL + "/inside/"
			_, err := client(t, browsers, opts).Agent(t.Context(), gitlabapi.ProjectPath("old/path"), 1)
			requests := seen.all()
			if tc.want == "" {
				if !errors.Is(err, gitlabapi.ErrUnavailable) || len(requests) != 1 {
					t.Errorf("%d requests, %v, want a redirect that is not followed", len(requests), err)
				}
				return
			}
			if err != nil || len(requests) != 2 || requests[1].URI != tc.want || requests[1].Auth != "Bearer "+canary {
				t.Errorf("requests = %+v, %v, want the second at %s with the token", requests, err, tc.want)
			}
		})
	}
}

func TestH6RedirectsElsewhereAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := &recorder{}
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere.add(r)
		replyJSON(200, agentBody)(w, r)
	}))
	t.Cleanup(evil.Close)
	evilTLS := httptest.NewTLSServer(evil.Config.Handler)
	t.Cleanup(evilTLS.Close)
	for name, location := range map[string]string{
		"another host":             evil.URL + "/gitlab/api/v4/projects/20/cluster_agents/1",
		"another scheme":           evilTLS.URL + "/gitlab/api/v4/x",
		"another host without one": strings.TrimPrefix(evil.URL, "http:") + "/gitlab/x",
		"the host as a user":       "http://{host}@" + strings.TrimPrefix(evil.URL, "http://") + "/gitlab/x",
		"a user at the host":       "http://user@{host}/gitlab/x",
		"another port":             "http://{name}:1/gitlab/x",
		"another application":      "/other/api/v4/user",
		"a neighbour of the path":  "/gitlab-other/api/v4/user",
		"out of the path":          "/gitlab/../other/x",
		"out of the path, escaped": "/gitlab/%2e%2e/other/x",
		"no web address":           "file:///etc/passwd",
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			seen := &recorder{}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen.add(r)
				name, _, _ := strings.Cut(r.Host, ":")
				w.Header().Set("Location", strings.NewReplacer("{host}", r.Host, "{name}", name).Replace(location))
				w.WriteHeader(status)
			}))
			t.Cleanup(server.Close)
			c := client(t, server.URL+"/gitlab", quick())
			_, readErr := c.Agent(t.Context(), gitlabapi.ProjectID(20), 1)
			_, writeErr := c.RegisterAgent(t.Context(), gitlabapi.ProjectID(20), "n")
			deleteErr := c.DeleteAgent(t.Context(), gitlabapi.ProjectID(20), 1)
			_, queryErr := c.ProjectsAgents(t.Context(), []int64{20}, nil)
			for _, err := range []error{readErr, writeErr, deleteErr, queryErr} {
				if !errors.Is(err, gitlabapi.ErrUnavailable) || !strings.Contains(err.Error(), "redirect") {
					t.Errorf("%s, %d: error = %v, want ErrUnavailable that names the redirect", name, status, err)
				}
				if strings.Contains(err.Error(), "/x") || strings.Contains(err.Error(), "passwd") {
					t.Errorf("%s, %d: error repeats the address: %v", name, status, err)
				}
			}
			if n := len(seen.all()); n != 4 {
				t.Errorf("%s, %d: %d requests, want one for each call", name, status, n)
			}
		}
	}
	if got := elsewhere.all(); len(got) != 0 {
		t.Errorf("the other host was sent %+v", got)
	}
}

func TestWritesDoNotFollowEvenInsideTheInstance(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		c, seen := fake(t, quick(), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/api/v4/elsewhere")
			w.WriteHeader(status)
		})
		_, registerErr := c.RegisterAgent(t.Context(), gitlabapi.ProjectID(20), "n")
		deleteErr := c.DeleteAgent(t.Context(), gitlabapi.ProjectID(20), 1)
		_, queryErr := c.ProjectsAgents(t.Context(), []int64{20}, nil)
		for _, err := range []error{registerErr, deleteErr, queryErr} {
			if !errors.Is(err, gitlabapi.ErrUnavailable) || gitlabapi.OutcomeUnknown(err) {
				t.Errorf("%d: error = %v, want ErrUnavailable of known outcome", status, err)
			}
		}
		if n := len(seen.all()); n != 3 {
			t.Errorf("%d: %d requests, want 3", status, n)
		}
	}
}

func TestRedirectsInACircleEnd(t *testing.T) {
	t.Parallel()
	c, seen := fake(t, quick(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.RequestURI)
		w.WriteHeader(http.StatusFound)
	})
	if err := getAgent(t, c); !errors.Is(err, gitlabapi.ErrUnavailable) {
		t.Errorf("error = %v, want ErrUnavailable", err)
	}
	if n := len(seen.all()); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
}
