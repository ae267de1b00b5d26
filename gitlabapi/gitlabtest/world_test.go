package gitlabtest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// Ids of the world's projects and agents.
const (
	apiProject      = 20 // shop/web/api, private
	publicProject   = 21 // shop/handbook, public
	archivedProject = 22 // shop/web/old
	prodAgent       = 5
)

// world is a GitLab with one person of every role in the private project shop/web/api.
type world struct {
	*gitlabtest.Instance
	t       *testing.T
	clock   *gitlabtest.Clock
	secrets map[string]string
	ids     map[string]int64
}

func newWorld(t *testing.T, opts ...gitlabtest.Option) *world {
	t.Helper()
	w := &world{
		t:       t,
		clock:   gitlabtest.NewClock(time.Date(2026, 11, 24, 3, 7, 0, 0, time.UTC)),
		secrets: map[string]string{},
		ids:     map[string]int64{},
	}
	w.Instance = gitlabtest.Start(t, append([]gitlabtest.Option{gitlabtest.WithNow(w.clock.Now)}, opts...)...)
	created := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

	shop := w.AddGroup(gitlabtest.Group{Path: "shop", Name: "Shop"})
	web := w.AddGroup(gitlabtest.Group{Path: "web", Name: "Web", Parent: shop})
	w.AddProject(gitlabtest.Project{
		ID: apiProject, Path: "api", Name: "API", Description: "The interface", Group: web, CreatedAt: created,
	})
	w.AddProject(gitlabtest.Project{
		ID: publicProject, Path: "handbook", Name: "Handbook", Group: shop, CreatedAt: created, Visibility: gitlabtest.Public,
	})
	w.AddProject(gitlabtest.Project{ID: archivedProject, Path: "old", Name: "Old", Group: web, CreatedAt: created, Archived: true})

	for _, person := range []struct {
		username string
		level    gitlabtest.AccessLevel
	}{
		{"stranger", gitlabtest.NoAccess},
		{"guest", gitlabtest.Guest},
		{"planner", gitlabtest.Planner},
		{"reporter", gitlabtest.Reporter},
		{"developer", gitlabtest.Developer},
		{"maintainer", gitlabtest.Maintainer},
		{"owner", gitlabtest.Owner},
		{"admin", gitlabtest.NoAccess},
	} {
		id := w.AddUser(gitlabtest.User{Username: person.username, Name: "The " + person.username, Admin: person.username == "admin"})
		if person.level != gitlabtest.NoAccess {
			w.AddMember(apiProject, id, person.level)
			w.AddMember(archivedProject, id, person.level)
		}
		w.ids[person.username] = id
		w.secrets[person.username] = w.AddPersonalToken(gitlabtest.PersonalToken{User: id})
	}
	w.AddAgent(gitlabtest.Agent{
		ID: prodAgent, Project: apiProject, Name: "prod", CreatedAt: created, CreatedBy: w.ids["maintainer"],
	})
	return w
}

// response is what came back.
type response struct {
	status int
	header http.Header
	body   string
}

// send makes a request of the API with a person's token; as "" is anonymous.
func (w *world) send(as, method, path, body string, headers ...string) response {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+"/api"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if as != "" {
		r.Header.Set("PRIVATE-TOKEN", w.secrets[as])
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.roundTrip(r)
}

// roundTrip sends r without following redirects.
func (w *world) roundTrip(r *http.Request) response {
	w.t.Helper()
	res, err := w.HTTP.Client().Transport.RoundTrip(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	return response{res.StatusCode, res.Header, string(body)}
}

func (w *world) get(as, path string) response { return w.send(as, http.MethodGet, path, "") }

// exchange is one row of a table of requests and their whole answers.
type exchange struct {
	name       string
	as         string
	method     string
	path       string
	body       string
	wantStatus int
	wantBody   string
}

// check sends the row's request to a world of its own.
func (x exchange) check(t *testing.T, change func(*world), opts ...gitlabtest.Option) {
	t.Helper()
	w := newWorld(t, opts...)
	if change != nil {
		change(w)
	}
	got := w.send(x.as, x.method, x.path, x.body)
	if got.status != x.wantStatus || got.body != x.wantBody {
		t.Errorf("%s %s as %q =\n%d %s, want\n%d %s", x.method, x.path, x.as, got.status, got.body, x.wantStatus, x.wantBody)
	}
}

// run checks every row as a subtest.
func run(t *testing.T, change func(*world), rows []exchange, opts ...gitlabtest.Option) {
	t.Helper()
	for _, x := range rows {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			x.check(t, change, opts...)
		})
	}
}
