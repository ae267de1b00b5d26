package handlers_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/views"
)

func TestADownloadedCSVIsReadAsUTF8(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.note()
	agent := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: "cluster"})
	p.gitlab.AddToken(gitlabtest.Token{Agent: agent, Name: "生产集群"})
	lead := p.as("lead")
	for _, page := range []string{"/?wait=1", "/activity"} {
		for _, link := range lead.get(page).doc.Find("a[href*='.csv']").EachIter() {
			address := link.AttrOr("href", "")
			if got := lead.get(address).body; !strings.HasPrefix(got, "\xef\xbb\xbf") {
				t.Errorf("%s begins with %q, want a byte order mark", address, got[:min(len(got), 8)])
			}
		}
	}
	for path, first := range map[string]string{"/fleet.csv": "project", "/activity.csv": "id"} {
		for query, mark := range map[string]string{"": "\ufeff", "?bom=1": "\ufeff", "?bom=0": "", "?bom=0&q=生产": ""} {
			rows := must(csv.NewReader(strings.NewReader(lead.get(path + query).body)).ReadAll())(t)
			if rows[0][0] != mark+first {
				t.Errorf("%s%s begins with %q, want %q", path, query, rows[0][0], mark+first)
			}
		}
	}
	if got := lead.get("/fleet.csv").body; !strings.Contains(got, "生产集群") {
		t.Errorf("the CSV lacks the token: %s", got)
	}
	if got := lead.get("/fleet.json").body; !strings.HasPrefix(got, "{") {
		t.Errorf("the JSON begins with %q", got[:1])
	}
}

// errGone is what net/http answers to a write when the client is gone.
var errGone = errors.New("write: broken pipe")

// connection is the wire to a client, to which something happens once so many bytes are on it.
type connection struct {
	*httptest.ResponseRecorder
	after  int
	happen func() error
}

func (c *connection) Write(b []byte) (int, error) {
	n, _ := c.ResponseRecorder.Write(b)
	if c.happen != nil && c.Body.Len() > c.after {
		return n, c.happen()
	}
	return n, nil
}

// over answers a browser's GET over a connection, and reports whether net/http was told to cut it.
func (p *portal) over(ctx context.Context, c *connection, b *browser, path string) (isCut bool) {
	p.t.Helper()
	r := must(http.NewRequestWithContext(ctx, http.MethodGet, p.server.URL+path, nil))(p.t)
	for _, cookie := range b.client.Jar.Cookies(must(url.Parse(p.server.URL))(p.t)) {
		r.AddCookie(cookie)
	}
	defer func() {
		if cause := recover(); cause != nil {
			if cause != http.ErrAbortHandler { //nolint:errorlint // the value itself is what net/http wants
				panic(cause)
			}
			isCut = true
		}
	}()
	p.handler().ServeHTTP(c, r)
	return false
}

// accessLine is the log line of the last request to a path.
func (p *portal) accessLine(path string) (line struct {
	Level, Error string
	Status       int
},
) {
	p.t.Helper()
	for text := range strings.Lines(p.logs.String()) {
		var one struct {
			Level, Msg, Path, Error string
			Status                  int
		}
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			p.t.Fatal(err)
		}
		if one.Msg == "request" && one.Path == path {
			line.Level, line.Error, line.Status = one.Level, one.Error, one.Status
		}
	}
	return line
}

func TestAnExportThatFailsIsCutAndAClientThatLeftIsLogged(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path string
		leaves     bool // or the database breaks
		status     int
		level      string
	}{
		{"a client that leaves during the fleet’s CSV", "/fleet.csv", true, 499, "INFO"},
		{"a client that leaves during the fleet’s JSON", "/fleet.json", true, 499, "INFO"},
		{"a client that leaves during the activity’s CSV", "/activity.csv", true, 499, "INFO"},
		{"a database that breaks during the activity’s CSV", "/activity.csv", false, 500, "ERROR"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.noteMany(600)
			p.addFleet(60)
			lead := p.as("lead")
			whole := len(lead.get(tt.path).body)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			c := &connection{ResponseRecorder: httptest.NewRecorder(), after: 4000}
			c.happen = func() error { c.happen = nil; p.breakAudit(); return nil }
			if tt.leaves {
				c.happen = func() error { leave(); return errGone }
			}
			if isCut := p.over(ctx, c, lead, tt.path); !isCut || c.Body.Len() >= whole {
				t.Errorf("after %d of %d bytes the answer is cut: %v", c.Body.Len(), whole, isCut)
			}
			if got := p.accessLine(tt.path); got.Status != tt.status || got.Level != tt.level || !strings.Contains(got.Error, "exporting") {
				t.Errorf("it is logged as %+v, want %d", got, tt.status)
			}
		})
	}
}

func TestAClientThatLeavesIsLoggedAsGone(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	list := p.address("/projects/{project}/agents")
	for _, leaves := range []bool{false, true} {
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		c := &connection{ResponseRecorder: httptest.NewRecorder()}
		want := http.StatusOK
		if leaves {
			c.happen, want = func() error { leave(); return errGone }, 499
		}
		if isCut := p.over(ctx, c, lead, list); isCut {
			t.Error("a page is cut")
		}
		if got := p.accessLine(list); got.Status != want || got.Level != "INFO" {
			t.Errorf("a client that leaves (%v) is logged as %+v, want %d", leaves, got, want)
		}
	}
	gate := gitlabtest.NewGate()
	p.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.Hold(gate))
	t.Cleanup(gate.Open)
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan bool)
	go func() { done <- p.over(ctx, &connection{ResponseRecorder: httptest.NewRecorder()}, lead, list) }()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Error(err)
	}
	leave()
	<-done
	if got := p.accessLine(list); got.Status != 499 {
		t.Errorf("a client that leaves while GitLab is asked is logged as %+v", got)
	}
}

func TestAnAnswerThatPanicsHalfwayIsCut(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) {
		s.pages = map[string]handlers.PageFunc{"/half": func(views.Page) (templ.Component, templ.Component) {
			panic("canary of a panic")
		}}
	})
	c := &connection{ResponseRecorder: httptest.NewRecorder()}
	if isCut := p.over(t.Context(), c, p.visitor(), "/half"); isCut || c.Code != http.StatusInternalServerError {
		t.Errorf("before its first byte it is cut: %v, %d", isCut, c.Code)
	}
	lead := p.as("lead")
	p.noteMany(600)
	c = &connection{ResponseRecorder: httptest.NewRecorder(), after: 4000, happen: func() error { panic("canary of a panic") }}
	if isCut := p.over(t.Context(), c, lead, "/activity.csv"); !isCut || strings.Contains(c.Body.String(), "<html") {
		t.Errorf("halfway it is cut: %v: …%s", isCut, c.Body.String()[max(0, c.Body.Len()-200):])
	}
	if got := p.accessLine("/activity.csv"); got.Status != http.StatusInternalServerError || got.Level != "ERROR" {
		t.Errorf("it is logged as %+v", got)
	}
}
