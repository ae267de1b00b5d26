package handlers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/session"
	"gitlab-agent-portal/views"
)

// described is the description of the read API, and what was seen of it in answers.
type described struct {
	t *testing.T
	validator.Validator
	// seen are the statuses of each address.
	seen map[string]map[string]bool
}

func (p *portal) description(t *testing.T) *described {
	t.Helper()
	document := must(libopenapi.NewDocument([]byte(p.visitor().get(views.PatternOpenAPI).body)))(t)
	// Strict: what an answer has and the description has not is wrong, too.
	v, errs := validator.NewValidator(document, config.WithStrictMode(), config.WithFormatAssertions(), config.WithContentAssertions(), config.WithStrictIgnoredHeadersExtra(
		"X-Request-Id", "Content-Disposition", "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options",
		"Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Vary", "Cache-Control",
	), config.WithStrictIgnorePaths( // of the description itself, whose form ValidateDocument looks at
		"$.body.openapi", "$.body.info", "$.body.servers", "$.body.security", "$.body.tags", "$.body.paths", "$.body.components",
	))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return &described{t: t, Validator: v, seen: map[string]map[string]bool{}}
}

// look asks, and holds the question and the answer against the description.
func (d *described) look(b *browser, what, path string) {
	d.t.Helper()
	d.check(b, what, b.request(http.MethodGet, path, nil))
}

func (d *described) check(b *browser, what string, r *http.Request) {
	d.t.Helper()
	response, err := b.client.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body := must(io.ReadAll(response.Body))(d.t)
	response.Body = io.NopCloser(bytes.NewReader(body))
	if ok, problems := d.ValidateHttpResponse(r, response); !ok {
		d.t.Errorf("%s: GET %s = %d %.300s\n%s", what, r.URL.RequestURI(), response.StatusCode, body, list(problems))
	}
	if d.seen[r.URL.Path] == nil {
		d.seen[r.URL.Path] = map[string]bool{}
	}
	d.seen[r.URL.Path][fmt.Sprint(response.StatusCode)] = true
}

func list(problems []*errors.ValidationError) string {
	var lines []string
	for _, one := range problems {
		lines = append(lines, one.Message+": "+one.Reason)
		for _, schema := range one.SchemaValidationErrors {
			lines = append(lines, "  "+schema.FieldPath+": "+schema.Reason)
		}
	}
	return strings.Join(lines, "\n")
}

func TestTheDescriptionIsAnOpenAPIDocument(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	if ok, problems := p.description(t).ValidateDocument(); !ok {
		t.Errorf("the description is not valid:\n%s", list(problems))
	}
	b := p.program("")
	first := b.get("/openapi.json")
	if first.header.Get("Content-Type") != "application/json" || first.header.Get("Set-Cookie") != "" {
		t.Errorf("the description comes with %v", first.header)
	}
	b.header.Set("If-None-Match", first.header.Get("ETag"))
	if again := b.get("/openapi.json"); again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("whoever has it = %d", again.status)
	}
	if link := p.as("lead").get("/help/status").doc.Find(`main a[href="/openapi.json"]`); link.Length() != 1 {
		t.Error("the help does not lead to the description")
	}
}

// TestAnswersAreAsTheDescriptionSays asks for every address in every situation that the description
// knows, and misses none.
func TestAnswersAreAsTheDescriptionSays(t *testing.T) {
	t.Parallel()
	keys := session.Keys{session.NewKey()}
	p := newPortal(t, func(s *setUp) { s.keys = keys })
	p.watched()
	ids := p.addFleet(2)
	d, b := p.description(t), p.program(p.token("lead"))
	each := func(what string, b *browser) {
		t.Helper()
		for _, path := range readable() {
			d.look(b, what, path)
		}
	}
	each("all is well", b)
	for _, path := range []string{"/alerts.json?state=resolved", "/alerts.json?limit=1", "/fleet.json?attention=any&scope=everything", "/fleet.csv?scope=group:shop"} {
		d.look(b, "of other scopes and states", path)
	}
	each("a Developer", p.program(p.token("dev")))
	each("no token", p.program(""))
	each("a wrong token", p.program("glpat-wrong"))
	each("a narrow token", p.program(p.token("lead", "read_user")))
	for _, path := range []string{"/fleet.json", "/fleet.csv", "/alerts.json", "/history.csv"} {
		d.look(b, "no such group", path+"?scope=group:nothing")
	}
	for _, path := range []string{"/activity.csv?from=x", "/alerts.json?state=x", "/history.csv?since=x"} {
		d.look(b, "nonsense", path)
	}
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	p.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.Status(500).ForProject(ids[0]))
	each("a fleet that is not whole", p.program(p.token("lead")))
	for what, fault := range map[string]gitlabtest.Fault{
		"GitLab down": gitlabtest.BadGateway(), "GitLab busy": gitlabtest.ThrottledWith("30"), "a page of a proxy": gitlabtest.SignInPage(),
	} {
		p.gitlab.Inject(gitlabtest.OpCurrentUser, fault)
		each(what, p.program(p.token("lead")))
		p.gitlab.ClearFaults("")
	}
	p.restart(setUp{keys: keys, timeouts: gitlabapi.Timeouts{Read: 50 * time.Millisecond, Header: 50 * time.Millisecond}})
	p.gitlab.Inject(gitlabtest.OpCurrentUser, gitlabtest.Hold(gitlabtest.NewGate()))
	each("a slow GitLab", p.program(p.token("lead")))
	p.gitlab.ClearFaults("")
	for range 70 {
		p.program("glpat-wrong").get("/fleet.json")
	}
	each("too many wrong tokens", p.program(p.token("lead")))
	d.look(b, "the description", "/openapi.json")
	again := b.request(http.MethodGet, "/openapi.json", nil)
	again.Header.Set("If-None-Match", b.get("/openapi.json").header.Get("ETag"))
	d.check(b, "the description once more", again)
	for path, statuses := range p.documented(t) {
		for _, status := range statuses {
			if status != "default" && !d.seen[path][status] {
				t.Errorf("no answer was seen for %s with status %s", path, status)
			}
		}
	}
}

// documented are the statuses of each address of the description.
func (p *portal) documented(t *testing.T) map[string][]string {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct{ Responses map[string]json.RawMessage }
	}
	if err := json.Unmarshal([]byte(p.visitor().get("/openapi.json").body), &document); err != nil {
		t.Fatal(err)
	}
	statuses := map[string][]string{}
	for path, methods := range document.Paths {
		if len(methods) != 1 || methods["get"].Responses == nil {
			t.Errorf("%s is described with %d methods, want GET alone", path, len(methods))
		}
		for status := range methods["get"].Responses {
			statuses[path] = append(statuses[path], status)
		}
	}
	if want := append(readable(), views.PatternOpenAPI); len(statuses) != len(want) || slices.ContainsFunc(want, func(path string) bool { return statuses[path] == nil }) {
		t.Errorf("the description has %d addresses, want %q", len(statuses), want)
	}
	return statuses
}

// TestTheDescriptionKnowsEveryWord holds the lists of the description against those of the code.
func TestTheDescriptionKnowsEveryWord(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	type schema struct {
		Enum  []string
		Items struct{ Enum []string }
	}
	var document struct {
		Components struct {
			Schemas    map[string]struct{ Properties map[string]schema }
			Parameters map[string]struct{ Schema schema }
		}
		Paths map[string]struct {
			Get struct {
				Description string
				Parameters  []struct {
					Name   string
					Schema schema
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(p.visitor().get("/openapi.json").body), &document); err != nil {
		t.Fatal(err)
	}
	schemas, rules := document.Components.Schemas, namesOf(agent.Rules())
	warnings := []string{}
	for kind := fleet.Unavailable; kind <= fleet.RolesUnknown; kind++ {
		warnings = append(warnings, kind.String())
	}
	for name, tt := range map[string]struct{ got, want []string }{
		"statuses":                 {schemas["Agent"].Properties["status"].Enum, namesOf(agent.Statuses())},
		"the parameter status":     {document.Components.Parameters["status"].Schema.Enum, namesOf(agent.Statuses())},
		"rules":                    {sorted(schemas["Agent"].Properties["attention"].Items.Enum), sorted(rules)},
		"the parameter attention":  {sorted(document.Components.Parameters["attention"].Schema.Enum), sorted(append(rules, "any"))},
		"why versions are unknown": {schemas["Agent"].Properties["versions_unknown"].Enum, namesOf([]fleet.Untold{fleet.UntoldRole, fleet.UntoldReadOnly, fleet.UntoldUnanswered})},
		"warnings":                 {schemas["Warning"].Properties["kind"].Enum, warnings},
		"kinds of alerts":          {sorted(schemas["Alert"].Properties["kind"].Enum), sorted(namesOf(alert.Kinds()))},
		"severities":               {schemas["Alert"].Properties["severity"].Enum, namesOf(alert.Severities())},
		"the parameter kind":       {sorted(document.Paths["/alerts.json"].Get.Parameters[3].Schema.Enum), sorted(namesOf(alert.Kinds()))},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for kind := history.Connected; kind <= history.Unknown; kind++ {
		if text := document.Paths["/history.csv"].Get.Description; !strings.Contains(text, kind.String()) {
			t.Errorf("the description does not know the transition %s", kind)
		}
	}
	b := p.program(p.token("lead"))
	for _, path := range []string{"/fleet.csv", "/activity.csv", "/history.csv"} {
		columns, _, _ := strings.Cut(b.get(path).body, "\r\n")
		for column := range strings.SplitSeq(columns, ",") {
			if !strings.Contains(document.Paths[path].Get.Description, column) {
				t.Errorf("the description of %s does not know the column %s", path, column)
			}
		}
	}
}

// namesOf are names as texts.
func namesOf[T ~string](names []T) []string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return texts
}

func sorted(texts []string) []string { return slices.Sorted(slices.Values(texts)) }
