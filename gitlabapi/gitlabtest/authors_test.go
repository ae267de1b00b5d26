package gitlabtest_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// What authors of tests and of the demo do with the server directly, and where they err.

func TestAuthorsMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for want, mistake := range map[string]func(*gitlabtest.Server){
		"no project 7":     func(s *gitlabtest.Server) { s.AddAgent(gitlabtest.Agent{Project: 7}) },
		"no agent 7":       func(s *gitlabtest.Server) { s.AddToken(gitlabtest.Token{Agent: 7}) },
		"no token 7":       func(s *gitlabtest.Server) { s.TouchToken(7, time.Time{}) },
		"no user 7":        func(s *gitlabtest.Server) { s.AddPersonalToken(gitlabtest.PersonalToken{User: 7}) },
		"no user 8":        func(s *gitlabtest.Server) { s.AddOAuthToken(gitlabtest.OAuthToken{User: 8}) },
		"not an address":   func(s *gitlabtest.Server) { s.SetURL("http://[") },
		"Project.shoeSize": lackShoeSize,
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if said, _ := recover().(string); !strings.Contains(said, want) {
					t.Errorf("the panic says %q, want %q in it", said, want)
				}
			}()
			mistake(gitlabtest.New())
		})
	}
}

func lackShoeSize(s *gitlabtest.Server) {
	s.Configure(func(settings *gitlabtest.Settings) { settings.GraphQLLacks = []string{"Project.shoeSize"} })
	s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/api/graphql", strings.NewReader(`{"query":"{ currentUser { id } }"}`)))
}

func TestAddressFollowsTheHostOfTheRequest(t *testing.T) {
	t.Parallel()
	for want, state := range map[string]*tls.ConnectionState{
		"http://gitlab.example/mara":  nil,
		"https://gitlab.example/mara": {},
	} {
		s := gitlabtest.New()
		secret := s.AddPersonalToken(gitlabtest.PersonalToken{User: s.AddUser(gitlabtest.User{Username: "mara"})})
		r := httptest.NewRequest(http.MethodGet, "/api/v4/user", nil)
		r.Host, r.TLS = "gitlab.example", state
		r.Header.Set("PRIVATE-TOKEN", secret)
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		if !strings.Contains(answer.Body.String(), `"web_url":"`+want+`"`) {
			t.Errorf("the person is %s, want %s as the address", answer.Body, want)
		}
	}
}

func TestNamesDefaultToPaths(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddProject(gitlabtest.Project{ID: 50, Path: "bar", Group: w.AddGroup(gitlabtest.Group{Path: "foo"})})
	if got := w.get("admin", "/v4/projects/50").body; !strings.Contains(got, `"name":"bar","name_with_namespace":"foo / bar"`) ||
		!strings.Contains(got, `"created_at":"2026-11-24T03:07:00.000Z"`) {
		t.Errorf("the project is %s, want its paths as names, created now", got)
	}
	w.secrets["lin"] = w.AddPersonalToken(gitlabtest.PersonalToken{User: w.AddUser(gitlabtest.User{Username: "lin"})})
	if got := w.get("lin", "/v4/user").body; !strings.Contains(got, `"username":"lin","name":"lin"`) || !strings.Contains(got, `"email":"lin@example.com"`) {
		t.Errorf("the person is %s, want the username as name and in the address", got)
	}
}

func TestSecretsCanBeChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddToken(gitlabtest.Token{Agent: prodAgent, Name: "x", Secret: "canary-1"})
	if _, ok := w.UseToken("canary-1"); !ok {
		t.Error("the agent token does not have the secret that was chosen")
	}
	w.secrets["chosen"] = w.AddPersonalToken(gitlabtest.PersonalToken{User: w.ids["guest"], Secret: "canary-2"})
	if got := w.get("chosen", "/v4/user"); w.secrets["chosen"] != "canary-2" || got.status != http.StatusOK {
		t.Errorf("the personal token is %q and reads %d, want canary-2 and 200", w.secrets["chosen"], got.status)
	}
}

func TestNamesArriveAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.send("maintainer", http.MethodPost, tokensPath, `{"name":"<b>\"&\\\u2028"}`).body; !strings.Contains(got, `"name":"<b>\"&\\\u2028"`) {
		t.Errorf("the token is %s, want its name not escaped for HTML", got)
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	clock := gitlabtest.NewClock(noon)
	clock.Advance(time.Hour)
	if got := clock.Now(); !got.Equal(noon.Add(time.Hour)) {
		t.Errorf("an hour after noon it is %s", got)
	}
	clock.Set(noon)
	if got := clock.Now(); !got.Equal(noon) {
		t.Errorf("set to noon it is %s", got)
	}
}
