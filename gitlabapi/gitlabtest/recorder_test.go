package gitlabtest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestRequestsAreRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.get("developer", agentsPath+"?page=2")
	w.Inject(gitlabtest.OpCreateToken, gitlabtest.Cut())
	_, _ = w.tryCreate()
	w.get("", "/v4/user")
	want := []gitlabtest.Request{
		{ID: "req-000001", Op: gitlabtest.OpListAgents, Method: "GET", Path: "/api" + agentsPath, Query: url.Values{"page": {"2"}}, User: "developer", Status: 200, At: w.clock.Now()},
		{ID: "req-000002", Op: gitlabtest.OpCreateToken, Method: "POST", Path: "/api" + tokensPath, Query: url.Values{}, User: "maintainer", At: w.clock.Now()},
		{ID: "req-000003", Op: gitlabtest.OpCurrentUser, Method: "GET", Path: "/api/v4/user", Query: url.Values{}, Status: 401, At: w.clock.Now()},
	}
	if diff := cmp.Diff(want, w.Requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestRecordsNeverHoldCredentials(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{})
	tokens := p.signIn("developer")
	p.token(refreshForm(tokens.Refresh))
	p.get("", agentsPath+"?access_token="+tokens.Access+"&private_token="+p.secrets["developer"])
	p.request(http.MethodGet, "/oauth/token/info", nil, "Authorization", "Bearer "+tokens.Access)
	p.request(http.MethodPost, "/oauth/token?client_secret="+p.app.Secret+"&code_verifier="+verifier, nil)
	records := fmt.Sprintf("%+v", p.Requests())
	for _, secret := range append(p.Secrets(), gitlabtest.Issued{Kind: "verifier", Value: verifier}) {
		if strings.Contains(records, secret.Value) {
			t.Errorf("the records hold the %s", secret.Kind)
		}
	}
}

func TestAnswersCarryTheirRequestID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.get("guest", "/v4/user")
	if got := w.get("guest", "/v4/user").header.Get("X-Request-Id"); got != "req-000002" {
		t.Errorf("X-Request-Id = %q, want req-000002", got)
	}
}

func TestCounters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.get("developer", agentsPath)
	w.get("developer", agentsPath)
	w.get("developer", prodPath)
	w.send("developer", http.MethodPost, agentsPath, `{"name":"x"}`)
	w.query("developer", q4, nil)
	for _, tt := range []struct {
		what      string
		got, want int
	}{
		{"all calls", w.Calls(""), 5},
		{"lists of agents", w.Calls(gitlabtest.OpListAgents), 2},
		{"lists of tokens", w.Calls(gitlabtest.OpListTokens), 0},
		{"all posts", w.Posts(""), 2},
		{"registrations", w.Posts(gitlabtest.OpRegisterAgent), 1},
		{"in flight", w.MaxInFlight(), 1},
	} {
		if tt.got != tt.want {
			t.Errorf("%s = %d, want %d", tt.what, tt.got, tt.want)
		}
	}
	w.page("/")
	if w.MaxInFlight() != 1 {
		t.Errorf("with a page there are %d in flight, want 1", w.MaxInFlight())
	}
	w.ResetCounters()
	w.page("/")
	if w.MaxInFlight() != 0 {
		t.Errorf("a page counts as a request of the API")
	}
	w.ResetCounters()
	if w.Calls("") != 0 || w.MaxInFlight() != 0 {
		t.Errorf("after the reset there are %d calls, %d in flight, want none", w.Calls(""), w.MaxInFlight())
	}
}

func TestTwoUsesOfTheTokenEndpointAreTwoOperations(t *testing.T) {
	t.Parallel()
	p := newPortal(t, gitlabtest.Application{})
	tokens := p.signIn("developer")
	p.token(refreshForm(tokens.Refresh))
	p.token(url.Values{})
	for _, op := range []string{gitlabtest.OpAuthorize, gitlabtest.OpDecide, gitlabtest.OpExchangeCode, gitlabtest.OpRefreshToken, gitlabtest.OpOAuthToken} {
		if n := p.Calls(op); n != 1 {
			t.Errorf("%d calls of %q, want 1", n, op)
		}
	}
}

// judge stands for a test and takes note of how it is judged.
type judge struct {
	testing.TB
	cleanups []func()
	failures []string
}

func (j *judge) Helper()          {}
func (j *judge) Cleanup(f func()) { j.cleanups = append(j.cleanups, f) }
func (j *judge) Errorf(format string, args ...any) {
	j.failures = append(j.failures, fmt.Sprintf(format, args...))
}

func TestStartFailsTheTestForUnexpectedRequests(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		path string
		opts []gitlabtest.Option
		want []string
	}{
		{"a route that is there", "/api/v4/user", nil, nil},
		{"a page that is there", "/-/user_settings/applications", nil, nil},
		{"no such route", "/api/v4/runners", nil, []string{"gitlabtest: unexpected request GET /api/v4/runners"}},
		{"no such page", "/nobody/nothing", nil, []string{"gitlabtest: unexpected request GET /nobody/nothing"}},
		{"no such route, allowed", "/api/v4/runners", []gitlabtest.Option{gitlabtest.AllowUnexpected()}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j := &judge{TB: t}
			gitlab := gitlabtest.Start(j, tt.opts...)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, gitlab.URL+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := gitlab.HTTP.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			for _, cleanup := range j.cleanups {
				cleanup()
			}
			if diff := cmp.Diff(tt.want, j.failures); diff != "" {
				t.Errorf("failures (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStartEndsWithRequestsStillHeld(t *testing.T) {
	t.Parallel()
	j, gate := &judge{TB: t}, gitlabtest.NewGate()
	gitlab := gitlabtest.Start(j)
	gitlab.Inject("", gitlabtest.Hold(gate))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, gitlab.URL+"/api/v4/user", nil)
	if err != nil {
		t.Fatal(err)
	}
	statuses := make(chan int, 1)
	go func() {
		defer close(statuses)
		if res, err := gitlab.HTTP.Client().Do(r); err == nil {
			statuses <- res.StatusCode
			_ = res.Body.Close()
		}
	}()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, cleanup := range j.cleanups {
		cleanup()
	}
	if status := <-statuses; status != http.StatusUnauthorized {
		t.Errorf("the held request was answered with %d, want 401", status)
	}
	if res, err := gitlab.HTTP.Client().Do(r.Clone(t.Context())); err == nil {
		_ = res.Body.Close()
		t.Error("the server still listens after the test")
	}
}

func TestZeroOptions(t *testing.T) {
	t.Parallel()
	s := gitlabtest.New()
	s.AddAgent(gitlabtest.Agent{Project: s.AddProject(gitlabtest.Project{Path: "p"}), Name: "a"})
	if got := s.Agents(1)[0].CreatedAt; time.Since(got) > time.Minute {
		t.Errorf("the agent was created at %s, want now", got)
	}
}
