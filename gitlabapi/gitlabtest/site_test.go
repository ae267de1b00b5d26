package gitlabtest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func (w *world) page(path string) response {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.roundTrip(r)
}

func TestSitePages(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/":                               "Home",
		"/shop/web/api":                   "Shop / Web / API",
		"/shop/web/api/-/project_members": "@maintainer",
		"/shop/web/api/":                  "Shop / Web / API",
		"/shop/web/api/-/clusters":        "Shop / Web / API: clusters",
		"/shop/web/api/-/cluster_agents/prod?x=y": "cluster_agents/prod",
		"/shop/web":                     "Web",
		"/maintainer":                   "The maintainer",
		"/-/user_settings/applications": "user_settings/applications",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			got := newWorld(t).page(path)
			if got.status != 200 || !strings.Contains(got.body, want) || !strings.Contains(got.body, "This is the demo GitLab") {
				t.Errorf("GET %s = %d %s, want 200 and %q", path, got.status, got.body, want)
			}
		})
	}
	t.Run("members are on their page only", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		members := w.page("/shop/web/api/-/project_members").body
		owner, guest := strings.Index(members, "@owner</span></span><span>Owner"), strings.Index(members, "@guest</span></span><span>Guest")
		if owner < 0 || guest < owner || strings.Contains(members, "@stranger") {
			t.Errorf("the members' page is %s, want the owner before the guest and no stranger", members)
		}
		if page := w.page("/shop/web/api").body; strings.Contains(page, "@owner") || strings.Contains(page, "API: ") {
			t.Errorf("the project's page is %s, want its name and no members", page)
		}
		if page := w.page("/-/project_members").body; strings.Contains(page, "Members") {
			t.Errorf("a page of no project is %s, want no members", page)
		}
	})
	t.Run("nothing there", func(t *testing.T) {
		t.Parallel()
		if got := newWorld(t, gitlabtest.AllowUnexpected()).page("/no/such/thing"); got.status != 404 || got.body != "404 Not Found" {
			t.Errorf("GET = %d %s, want 404", got.status, got.body)
		}
	})
}

// play submits the sandbox's form and follows it to the page.
func (w *world) play(form url.Values) string {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.URL+"/sandbox", strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	done := w.roundTrip(r)
	if done.status != http.StatusSeeOther {
		w.t.Fatalf("POST /sandbox = %d %s, want 303", done.status, done.body)
	}
	return w.page(strings.TrimPrefix(done.header.Get("Location"), w.URL)).body
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	// Each case starts with an agent whose token "old" is in use and whose token "new" is not.
	for _, tt := range []struct {
		name     string
		form     func(newSecret string) url.Values
		wantSaid string
		wantLive map[string]bool
	}{
		{
			"a restart with the new token", func(secret string) url.Values { return url.Values{"secret": {" " + secret + "\n"}} },
			"agentk is connected as agent prod of Shop / Web / API with the token &#34;new&#34; and stays so.",
			map[string]bool{"old": false, "new": true},
		},
		{
			"a second replica with the new token", func(secret string) url.Values { return url.Values{"secret": {secret}, "keep": {"1"}} },
			"with the token &#34;new&#34;",
			map[string]bool{"old": true, "new": true},
		},
		{
			"an unknown token", func(string) url.Values { return url.Values{"secret": {"guess"}} },
			">No active token has this secret.",
			map[string]bool{"old": true, "new": false},
		},
		{
			"no token", func(string) url.Values { return url.Values{"secret": {""}} },
			">No active token has this secret.",
			map[string]bool{"old": true, "new": false},
		},
		{
			"the button to use", func(string) url.Values { return url.Values{"token": {"2"}, "do": {"use"}, "keep": {"1"}} },
			"with the token &#34;new&#34;",
			map[string]bool{"old": true, "new": true},
		},
		{
			"the button to stop", func(string) url.Values { return url.Values{"token": {"1"}, "do": {"stop"}} },
			">The cluster of agent prod of Shop / Web / API has stopped using the token &#34;old&#34;",
			map[string]bool{"old": false, "new": false},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "old", Live: true})
			w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "new"})
			if said := w.play(tt.form(w.Tokens(prodAgent)[1].Secret)); !strings.Contains(said, tt.wantSaid) {
				t.Errorf("the page says %s, want %q", said, tt.wantSaid)
			}
			for _, token := range w.Tokens(prodAgent) {
				if token.Live != tt.wantLive[token.Name] {
					t.Errorf("%s is in use: %t, want %t", token.Name, token.Live, tt.wantLive[token.Name])
				}
			}
		})
	}
}

func TestSandboxTellsWhenTokensWereUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, age := range map[string]time.Duration{
		"used just now": time.Second, "used 7 min ago": 7 * time.Minute, "used 47 h ago": 47 * time.Hour, "used 3 days ago": 80 * time.Hour,
	} {
		w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: name, LastUsedAt: w.clock.Now().Add(-age)})
	}
	w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "never used"})
	w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "in use all the time", Live: true})
	w.AddAgent(gitlabtest.Agent{Project: publicProject, Name: "empty"})
	answer := w.page("/sandbox")
	page := answer.body
	if cache := answer.header.Get("Cache-Control"); cache != "no-store" || strings.Contains(page, `role="status"`) {
		t.Errorf("Cache-Control = %q, want no-store, and nothing said before anything was done: %s", cache, page)
	}
	for _, name := range []string{"used just now", "used 7 min ago", "used 47 h ago", "used 3 days ago", "never used", "in use all the time"} {
		if !strings.Contains(page, "token “"+name+"”, "+name) {
			t.Errorf("the page lacks a token that was %s: %s", name, page)
		}
	}
	if !strings.Contains(page, "no active token") || strings.Contains(page, "Shop / Web / Old") {
		t.Error("the page lacks the agent without a token, or has a project without agents")
	}
	for _, token := range w.Tokens(prodAgent) {
		if strings.Contains(page, token.Secret) {
			t.Errorf("the page shows the secret of %q", token.Name)
		}
	}
}

func TestTheSandboxFindsAgentsAndLeadsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddAgent(gitlabtest.Agent{Project: publicProject, Name: "lonely"})
	w.AddApplication(gitlabtest.Application{ID: "portal", RedirectURIs: []string{"http://localhost:8080/auth/callback"}})
	for search, want := range map[string]bool{"LONE": true, "nothing like this": false} {
		page := w.page("/sandbox?q=" + url.QueryEscape(search)).body
		if strings.Contains(page, "<strong>lonely</strong>") != want || strings.Contains(page, "<strong>prod</strong>") {
			t.Errorf("a search for %q finds %s", search, page)
		}
		if !strings.Contains(page, `href="http://localhost:8080/"`) {
			t.Errorf("no way leads back to the application: %s", page)
		}
	}
	if page := w.play(url.Values{"secret": {"none"}, "q": {"lone"}}); !strings.Contains(page, "<strong>lonely</strong>") || strings.Contains(page, "<strong>prod</strong>") {
		t.Errorf("what was done forgets the search: %s", page)
	}
}
