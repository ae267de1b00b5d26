package handlers_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
)

// whole is the first page as a browser without script gets it in the end.
func (b *browser) whole(query string) *answer {
	b.p.t.Helper()
	if query != "" {
		query = "&" + query
	}
	return b.get("/?wait=1" + query)
}

// agentsShown are the agents of the list, in its order.
func agentsShown(page *answer) []string {
	return page.doc.Find("table.fleet tbody th a").Map(func(_ int, a *goquery.Selection) string { return a.Text() })
}

// count is the number at one of the filters on top.
func count(page *answer, kind string) string {
	return page.text(".filters [data-kind='" + kind + "'] b")
}

// addFleet adds projects to a group that lead maintains, with two agents each and, over all,
// seven tokens for every four agents.
func (p *portal) addFleet(projects int) (ids []int64) {
	p.t.Helper()
	group := p.gitlab.AddGroup(gitlabtest.Group{Path: "fleet"})
	p.gitlab.AddGroupMember(group, p.people["lead"], gitlabtest.Maintainer)
	now := p.clock.Now()
	for i := range projects {
		id := p.gitlab.AddProject(gitlabtest.Project{Path: fmt.Sprintf("project-%03d", i), Group: group})
		ids = append(ids, id)
		for n := range 2 {
			agent := p.gitlab.AddAgent(gitlabtest.Agent{Project: id, Name: fmt.Sprintf("agent-%03d-%d", i, n), CreatedAt: now.AddDate(0, -1, 0)})
			for token := range 2 - (i*n)%2 {
				p.gitlab.AddToken(gitlabtest.Token{
					Agent: agent, Name: fmt.Sprintf("token-%d", token), CreatedAt: now.AddDate(0, 0, -3), LastUsedAt: now.Add(-time.Minute),
				})
			}
		}
	}
	return ids
}

func TestFleetListsEveryAgentThatThePersonMaySee(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	page := p.as("lead").whole("")
	if page.status != http.StatusOK {
		t.Fatalf("GET / = %d: %s", page.status, page.text("main"))
	}
	if got, want := agentsShown(page), []string{"idle", "prod"}; !slices.Equal(got, want) {
		t.Errorf("the fleet is %v, want %v: what needs attention first", got, want)
	}
	row := func(agent string) *goquery.Selection {
		return page.doc.Find("table.fleet tbody tr:contains('" + agent + "')")
	}
	for _, want := range []string{"shop/payments", "Connected", "1 minute ago", "30 days"} {
		if !strings.Contains(row("prod").Text(), want) {
			t.Errorf("the row of prod does not say %q: %s", want, row("prod").Text())
		}
	}
	if got := row("idle").Find(".due").Text(); !strings.Contains(got, "No token") {
		t.Errorf("idle needs %q, want a token", got)
	}
	if href := row("idle").Find(".actions a").AttrOr("href", ""); href != p.agentPath(p.idle)+"/tokens/new" {
		t.Errorf("the act for idle leads to %q", href)
	}
	if links := p.as("dev").whole("").doc.Find("table.fleet .actions a").Length(); links != 0 {
		t.Errorf("a Developer is offered %d acts", links)
	}
	if got := agentsShown(p.as("outsider").whole("")); len(got) != 0 {
		t.Errorf("an outsider sees %v", got)
	}
}

func TestFleetAnswersAtOnceAndTellsTheRestOverAStream(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	gate := gitlabtest.NewGate()
	t.Cleanup(gate.Open)
	p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
	lead := p.as("lead")

	shell := lead.get("/?q=prod")
	if shell.status != http.StatusOK || shell.doc.Find("#fleet progress").Length() != 1 || shell.doc.Find("#fleet table").Length() != 0 {
		t.Fatalf("while GitLab is slow, GET / = %d: %s", shell.status, shell.body)
	}
	if !strings.Contains(shell.body, `<noscript><meta http-equiv="refresh" content="0;url=/?q=prod&amp;wait=1"></noscript>`) {
		t.Error("a browser without script is not led to the page that waits")
	}
	stream := shell.doc.Find("#fleet [hx-sse\\:connect]")
	listen := lead.request(http.MethodGet, stream.AttrOr("hx-sse:connect", ""), nil)
	listen.Header.Set("Accept-Encoding", "gzip") // as browsers do; by itself the client would hide that it was used
	response, err := lead.client.Do(listen)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if kind, encoding := response.Header.Get("Content-Type"), response.Header.Get("Content-Encoding"); kind != "text/event-stream" || encoding != "" {
		t.Errorf("the stream is of type %q, encoding %q", kind, encoding)
	}
	gate.Open()
	events := readEvents(response.Body)
	if len(events) < 2 || events[len(events)-2] != "event: ready" || events[len(events)-1] != "event: "+stream.AttrOr("hx-sse:close", "") {
		t.Fatalf("the stream ends with %q", events)
	}

	list := lead.htmx("fleet").get(shell.doc.Find("#fleet").AttrOr("hx-get", ""))
	if got := agentsShown(list); !slices.Equal(got, []string{"prod"}) || strings.Contains(list.body, "<html") {
		t.Errorf("what the page asks for when the stream is ready: %v, %s", got, list.body)
	}
	if again := lead.get("/"); again.doc.Find("table.fleet").Length() != 1 || again.doc.Find("progress").Length() != 0 {
		t.Error("with the fleet at hand the page is not answered whole")
	}
}

// stuckWriter is a connection whose reader has stopped reading: nothing can be written until
// the deadline is over.
type stuckWriter struct {
	*httptest.ResponseRecorder
	over chan struct{}
}

func (w *stuckWriter) SetWriteDeadline(at time.Time) error {
	if !at.IsZero() && at.Before(time.Now()) {
		close(w.over)
	}
	return nil
}

func (w *stuckWriter) Write([]byte) (int, error) {
	<-w.over
	return 0, os.ErrDeadlineExceeded
}

func TestV1AStreamThatNobodyReadsIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := handlers.Stream(&stuckWriter{httptest.NewRecorder(), make(chan struct{})}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("it was cut off after %v of the test's own time, want 10 s", took)
		}
	})
}

// readEvents reads the names of a stream's events to its end, and the data of those without.
func readEvents(body interface{ Read(p []byte) (int, error) }) []string {
	var events []string
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		if line := lines.Text(); strings.HasPrefix(line, "event: ") || strings.Contains(line, "<") {
			events = append(events, line)
		}
	}
	return events
}

func TestAStreamSaysWhyThereIsNoFleet(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		trip func(p *portal)
		says string
	}{
		{"GitLab fails", func(p *portal) { p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.BadGateway()) }, "GitLab cannot be reached"},
		{"GitLab has revoked the grant", func(p *portal) { p.gitlab.RevokeOAuthTokens(p.people["lead"]) }, "/auth/login"},
		{"the portal stops", func(p *portal) { _ = p.fleet.Close(t.Context()) }, "The portal is restarting"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			tt.trip(p)
			got := lead.get("/fleet/progress")
			if !strings.Contains(got.body, tt.says) || strings.Contains(got.body, "event: ready") || !strings.HasSuffix(got.body, "event: done\ndata: \n\n") {
				t.Errorf("the stream says %q, want %q and then its end", got.body, tt.says)
			}
		})
	}
}

func TestAReadingEndsWithTheSessionThatBeganIt(t *testing.T) {
	t.Parallel()
	signOut := func(lead *browser) *answer {
		return lead.post("/auth/logout", hiddenFields(lead.get("/help/status").doc.Find("form[action='/auth/logout']")))
	}
	signInAgain := func(lead *browser) *answer { return lead.signIn("/auth/login", "lead") }
	for _, tt := range []struct {
		name, path string
		end        func(*browser) *answer
		status     int
	}{
		{"a stream says so, when the person signs out", "/fleet/progress", signOut, http.StatusOK},
		{"a page says so, when the person signs out", "/?wait=1", signOut, http.StatusServiceUnavailable},
		{"a page says so, when the person signs in again", "/?wait=1", signInAgain, http.StatusServiceUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			gate := gitlabtest.NewGate()
			t.Cleanup(gate.Open)
			lead := p.as("lead")
			p.gitlab.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(gate))
			read := make(chan *answer, 1)
			go func() { read <- lead.get(tt.path) }()
			if err := gate.Await(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			if end := tt.end(lead); end.status != http.StatusSeeOther {
				t.Fatalf("the end = %d", end.status)
			}
			gate.Open()
			if got := <-read; got.status != tt.status || !strings.Contains(got.body, "The portal is restarting, or you have signed out") {
				t.Errorf("GET %s = %d, want %d and that it was stopped: %s", tt.path, got.status, tt.status, got.body)
			}
		})
	}
}

func TestFleetLeadsToTheRotationOfAnOldToken(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	old := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: "old"})
	p.gitlab.AddToken(gitlabtest.Token{Agent: old, Name: "t", CreatedAt: p.clock.Now().AddDate(-1, 0, 0), LastUsedAt: p.clock.Now()})
	lead := p.as("lead")
	act := lead.whole("attention=too_old").doc.Find("table.fleet .actions a").AttrOr("href", "")
	if page := lead.get(act); act != p.agentPath(old)+"/rotation" || page.status != http.StatusOK {
		t.Errorf("the act for an old token leads to %q = %d", act, page.status)
	}
}

func TestFleetOfTwoHundredProjectsNamesTheThreeThatFail(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	ids := p.addFleet(199)
	for op, broken := range map[int64]gitlabtest.Fault{ids[3]: gitlabtest.Status(500), ids[50]: gitlabtest.Status(404), ids[120]: gitlabtest.Cut()} {
		p.gitlab.Inject(gitlabtest.OpListAgents, broken.ForProject(op))
	}
	lead := p.as("lead")
	page := lead.whole("")
	if page.status != http.StatusOK || count(page, "") != strconv.Itoa(2*197) {
		t.Errorf("GET / = %d with %s agents, want 200 with %d", page.status, count(page, ""), 2*197)
	}
	warnings := page.doc.Find(".fleet-warnings li")
	if text := warnings.Text(); warnings.Length() != 3 || !strings.Contains(text, "fleet/project-003") || !strings.Contains(text, "fleet/project-050") || !strings.Contains(text, "fleet/project-120") {
		t.Errorf("%d warnings, want three: %s", warnings.Length(), text)
	}
	if most := p.gitlab.MaxInFlight(); most > 16 {
		t.Errorf("%d calls in flight, want at most 16", most)
	}

	p.gitlab.ClearFaults(gitlabtest.OpListAgents)
	retry := page.doc.Find(".fleet-warnings li a[hx-get]").First().AttrOr("href", "")
	before := p.gitlab.Calls(gitlabtest.OpListAgents)
	mended := lead.htmx("fleet").get(retry)
	if left := mended.doc.Find(".fleet-warnings li").Length(); left != 2 || count(mended, "") != strconv.Itoa(2*198) {
		t.Errorf("after one retry %d warnings and %s agents are left: %s", left, count(mended, ""), mended.text(".fleet-warnings"))
	}
	if calls := p.gitlab.Calls(gitlabtest.OpListAgents) - before; calls != 1 {
		t.Errorf("the retry of one project listed agents %d times", calls)
	}
	if plain := lead.get(retry); plain.status != http.StatusSeeOther || plain.header.Get("Location") != "/" {
		t.Errorf("a retry without script = %d to %q", plain.status, plain.header.Get("Location"))
	}
}

func TestFleetOfOneProjectWithManyAgentsHasPages(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for i := range 135 {
		p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: fmt.Sprintf("store-%03d", i)})
	}
	lead := p.as("lead")
	seen := map[string]bool{}
	pages := 0
	for address := "/?wait=1&sort=agent"; address != ""; pages++ {
		page := lead.get(address)
		for _, agent := range agentsShown(page) {
			seen[agent] = true
		}
		address = page.doc.Find("a[rel=next]").AttrOr("href", "")
	}
	if pages != 3 || len(seen) != 137 {
		t.Errorf("%d pages with %d agents, want 3 with 137", pages, len(seen))
	}
}

func TestFleetSaysWhyUsesAreUnknown(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		trip func(p *portal)
		says string
	}{
		{"GraphQL works", func(*portal) {}, ""},
		{"GraphQL is off", func(p *portal) { p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true }) }, "no GraphQL that tells"},
		{"GraphQL is old", func(p *portal) {
			p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"ClusterAgent.tokens"} })
		}, "no GraphQL that tells"},
		{"GraphQL is partial", func(p *portal) {
			p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLErrors = map[int64]string{p.project: "boom"} })
		}, "left some projects out"},
		{"GraphQL is refused", func(p *portal) { p.gitlab.Inject(gitlabtest.OpGraphQL, gitlabtest.GraphQLError(403, "no")) }, "does not let you use GraphQL"},
		{"GraphQL fails", func(p *portal) { p.gitlab.Inject(gitlabtest.OpGraphQL, gitlabtest.BadGateway()) }, "GraphQL failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			tt.trip(p)
			page := p.as("lead").whole("")
			notice := page.text("#fleet .notice-info")
			if (notice == "") != (tt.says == "") || !strings.Contains(notice, tt.says) {
				t.Errorf("the page says %q, want %q", notice, tt.says)
			}
			// Whatever GraphQL does, the agents on screen are read.
			if row := page.doc.Find("table.fleet tbody tr:contains('prod')").Text(); !strings.Contains(row, "Connected") {
				t.Errorf("the row of prod: %s", row)
			}
			want := map[bool][2]string{true: {"", "1"}, false: {"2", ""}}[tt.says == ""]
			if got := [2]string{count(page, "unknown"), count(page, "no_token")}; got != want {
				t.Errorf("%q agents count as unknown and as without a token, want %q: what is unknown is not none, and a count of nobody is not shown", got, want)
			}
		})
	}
}

func TestFleetFiltersAreLinksThatHold(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.addFleet(3)
	lead := p.as("lead")
	first := lead.whole("")
	first.doc.Find(".filters a, .group-bars a, .age-bars a, table.fleet thead a").Each(func(_ int, a *goquery.Selection) {
		href := a.AttrOr("href", "")
		page := lead.get(href)
		if page.status != http.StatusOK || page.doc.Find("h1").Length() != 1 {
			t.Errorf("GET %s = %d", href, page.status)
		}
		want, hasCount := a.Find("b").Text(), a.Find("b").Length() == 1
		if shown := page.text("[data-announce]"); hasCount && !strings.HasPrefix(shown, want+" ") {
			t.Errorf("a filter that counts %s leads to %s with %q", want, href, shown)
		}
	})
	for query, want := range map[string][]string{
		"attention=no_token": {"idle"}, "status=never_connected": {"idle"}, "q=prod-token": {"prod"}, "q=agent-001": {"agent-001-0", "agent-001-1"},
		"group=shop&sort=-agent": {"prod", "idle"}, "group=shop&status=nonsense&sort=agent&page=99": {"idle", "prod"}, "q=%3Cscript%3E": nil, "role=read": nil,
	} {
		if got := agentsShown(lead.get("/?" + query)); !slices.Equal(got, want) {
			t.Errorf("?%s shows %v, want %v", query, got, want)
		}
		if got := agentsShown(lead.htmx("fleet").get("/?" + query)); !slices.Equal(got, want) {
			t.Errorf("?%s as a fragment shows %v, want %v", query, got, want)
		}
	}
	filtered := lead.get("/?q=x&status=unknown&attention=any&sort=-age&group=fleet&role=manage")
	for name, want := range map[string]string{"q": "x", "status": "unknown", "attention": "any", "sort": "-age"} {
		if got := filtered.doc.Find("form[role=search] input[name="+name+"]").AttrOr("value", ""); got != want {
			t.Errorf("the search keeps %s=%q, want %q", name, got, want)
		}
	}
	if got := filtered.doc.Find("#group option[selected]").AttrOr("value", "") + filtered.doc.Find("#role option[selected]").AttrOr("value", ""); got != "fleetmanage" {
		t.Errorf("the search keeps %q", got)
	}
}

func TestExportsHoldWhatIsFiltered(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	ids := p.addFleet(40)
	evil := p.gitlab.AddAgent(gitlabtest.Agent{Project: ids[0], Name: "evil"})
	p.gitlab.AddToken(gitlabtest.Token{Agent: evil, Name: "=HYPERLINK(\"https://evil.example\")", CreatedAt: p.clock.Now()})
	lead := p.as("lead")
	for query, want := range map[string]int{"": 83, "group=shop": 2, "status=never_connected": 2, "q=nothing-like-this": 0, "page=2": 83, "q=hyperlink": 1} {
		exported := lead.get("/fleet.csv?bom=0&" + query)
		rows := must(csv.NewReader(strings.NewReader(exported.body)).ReadAll())(t)
		if len(rows)-1 != want || rows[0][0] != "project" {
			t.Errorf("the CSV of ?%s has %d rows, want %d", query, len(rows)-1, want)
		}
		if kind := exported.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/csv; charset=utf-8") {
			t.Errorf("Content-Type = %q", kind)
		}
		if name := exported.header.Get("Content-Disposition"); name != `attachment; filename="gitlab-agents-2026-11-24-UTC.csv"` {
			t.Errorf("Content-Disposition = %q", name)
		}
		for _, row := range rows {
			for _, cell := range row {
				if strings.HasPrefix(cell, "=") {
					t.Errorf("a spreadsheet would calculate %q", cell)
				}
			}
		}
		var document struct {
			GeneratedAt time.Time         `json:"generated_at"`
			Warnings    []json.RawMessage `json:"warnings"`
			Agents      []struct {
				Agent        string
				Status       string
				ActiveTokens *int `json:"active_tokens"`
				Attention    []string
			}
		}
		if err := json.Unmarshal([]byte(lead.get("/fleet.json?"+query).body), &document); err != nil {
			t.Errorf("the JSON of ?%s: %v", query, err)
		}
		if len(document.Agents) != want || document.GeneratedAt.IsZero() || document.Warnings == nil {
			t.Errorf("the JSON of ?%s has %d agents, want %d; generated at %v", query, len(document.Agents), want, document.GeneratedAt)
		}
		for _, agent := range document.Agents {
			if agent.ActiveTokens == nil || agent.Status == "" || agent.Attention == nil {
				t.Errorf("the JSON says too little of %s: %+v", agent.Agent, agent)
			}
		}
	}
}

func TestExportsTellUnknownFromNone(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	ids := p.addFleet(2)
	p.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.Status(500).ForProject(ids[0]))
	lead := p.as("lead")
	body := lead.get("/fleet.json").body
	for _, want := range []string{`"warnings":[{"kind":"unavailable","project_id":` + strconv.FormatInt(ids[0], 10) + `,"project":"fleet/project-000"}]`, `"active_tokens":null`, `"status":"unknown"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the JSON lacks %s: %s", want, body)
		}
	}
	for _, row := range must(csv.NewReader(strings.NewReader(lead.get("/fleet.csv").body)).ReadAll())(t)[1:] {
		if row[5] != "unknown" || row[7] != "" {
			t.Errorf("the CSV says status %q and %q tokens of what is unknown", row[5], row[7])
		}
	}
}

func TestTwoPeopleAreNeverMixed(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.addFleet(20) // lead alone
	lead, dev := p.as("lead"), p.as("dev")
	for range 3 {
		for _, path := range []string{"/?wait=1", "/", "/fleet.json", "/fleet.csv", "/?q=agent"} {
			_ = lead.get(path)
			if got := dev.get(path); strings.Contains(got.body, "fleet/project") || strings.Contains(got.body, "agent-0") {
				t.Errorf("GET %s shows one person the fleet of another", path)
			}
		}
		p.clock.Advance(20 * time.Second)
	}
	if got := agentsShown(dev.whole("")); len(got) != 2 {
		t.Errorf("the developer sees %v", got)
	}
}

func TestOwnChangesAreSeenAtOnce(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	if got := count(lead.whole(""), "no_token"); got != "1" {
		t.Fatalf("%s agents have no token, want one", got)
	}
	if created := lead.submit(p.agentPath(p.idle)+"/tokens/new", url.Values{"name": {"first"}}); created.status != http.StatusOK {
		t.Fatalf("creating a token = %d", created.status)
	}
	if got := count(lead.whole(""), "no_token"); got != "" {
		t.Errorf("after creating a token %s agents have none", got)
	}
	if registered := lead.submit(p.address("/projects/{project}/agents/new"), url.Values{"name": {"third"}}); registered.status >= 400 {
		t.Fatalf("registering = %d", registered.status)
	}
	if got := agentsShown(lead.whole("")); !slices.Contains(got, "third") {
		t.Errorf("after registering an agent the fleet is %v", got)
	}
	if revoked := lead.submit(p.agentPath(p.prod)+"/tokens/"+strconv.FormatInt(p.prodToken, 10)+"/revoke", url.Values{"confirm": {"prod"}}); revoked.status >= 400 {
		t.Fatalf("revoking = %d", revoked.status)
	}
	if got := count(lead.whole(""), "connected"); got != "" {
		t.Errorf("after revoking the only token in use %q agents are connected", got)
	}
	if deleted := lead.submit(p.agentPath(p.prod)+"/delete", url.Values{"confirm": {"prod"}}); deleted.status >= 400 {
		t.Fatalf("deleting = %d", deleted.status)
	}
	if got := agentsShown(lead.whole("")); slices.Contains(got, "prod") {
		t.Errorf("after deleting an agent the fleet is %v", got)
	}
}

func TestFleetIsKeptForHalfAMinuteAndReadAgainWhenAsked(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	_ = lead.whole("")
	calls := p.gitlab.Calls(gitlabtest.OpListProjects)
	p.clock.Advance(12 * time.Second)
	page := lead.get("/?q=prod")
	if got := page.text(".fleet-state"); !strings.Contains(got, "Updated 12 seconds ago") || p.gitlab.Calls(gitlabtest.OpListProjects) != calls {
		t.Errorf("after 12 seconds: %q and %d more calls, want none", got, p.gitlab.Calls(gitlabtest.OpListProjects)-calls)
	}
	refresh := lead.get(page.doc.Find("#fleet-tools a.button").AttrOr("href", ""))
	if refresh.status != http.StatusSeeOther || refresh.header.Get("Location") != "/?q=prod" {
		t.Fatalf("refreshing = %d to %q", refresh.status, refresh.header.Get("Location"))
	}
	stale := lead.get("/?q=prod")
	if stale.doc.Find("table.fleet").Length() != 1 || stale.doc.Find(".fleet-state [hx-sse\\:connect]").Length() != 1 {
		t.Errorf("while it is read again the page does not show the old list and its stream: %s", stale.text("#fleet"))
	}
	if got := lead.whole("").text(".fleet-state"); !strings.Contains(got, "Updated just now") || p.gitlab.Calls(gitlabtest.OpListProjects) <= calls {
		t.Errorf("after a refresh the page is %q", got)
	}
}

func TestFleetOutlivesATokenThatExpires(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.gitlab.ExpireAccessTokens(p.people["lead"])
	// A stream cannot be answered anew: here the scan itself has to get the next token.
	if stream := lead.get("/fleet/progress"); !strings.Contains(stream.body, "event: ready") {
		t.Errorf("with an expired token the stream says %q", stream.body)
	}
	p.gitlab.ExpireAccessTokens(p.people["lead"])
	p.clock.Advance(10 * time.Minute)
	if page := lead.whole(""); page.status != http.StatusOK || len(agentsShown(page)) != 2 {
		t.Errorf("with an expired token GET / = %d: %s", page.status, page.text("main"))
	}
	p.gitlab.RevokeOAuthTokens(p.people["lead"])
	p.clock.Advance(10 * time.Minute)
	if page := lead.whole(""); page.status != http.StatusUnauthorized {
		t.Errorf("with a revoked grant GET / = %d, want 401", page.status)
	}
}

func TestStatusHelpGivesTheLimitsInForce(t *testing.T) {
	t.Parallel()
	help := newPortal(t).as("dev").get("/help/status").text("main")
	for _, want := range []string{"90 days", "30 days", "within 1 day of", "7 days", "8 minutes", "more than an hour of silence", "40 to 55 minutes", "If this portal saw the use, it shows “Not connected”"} {
		if !strings.Contains(help, want) {
			t.Errorf("the help does not say %q: %s", want, help)
		}
	}
}

func TestAFleetPageStaysWithinItsBudget(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	now := p.clock.Now()
	for i := range 60 {
		group := p.gitlab.AddGroup(gitlabtest.Group{Path: fmt.Sprintf("division-%02d", i%12)})
		p.gitlab.AddGroupMember(group, p.people["lead"], gitlabtest.Maintainer)
		project := p.gitlab.AddProject(gitlabtest.Project{Path: fmt.Sprintf("service-%02d-backend", i), Group: group})
		agent := p.gitlab.AddAgent(gitlabtest.Agent{Project: project, Name: fmt.Sprintf("production-cluster-%02d-eu-west", i)})
		for n := range i % 3 {
			p.gitlab.AddToken(gitlabtest.Token{Agent: agent, Name: "token", CreatedAt: now.AddDate(0, 0, -i*3-n), LastUsedAt: now.Add(-time.Duration(i*i) * time.Hour)})
		}
	}
	lead := p.as("lead")
	page := lead.whole("")
	if rows := len(agentsShown(page)); rows != 50 {
		t.Fatalf("the page has %d rows, want 50", rows)
	}
	_, size := lead.travels("/")
	t.Logf("50 agents of the fleet: %d bytes", size)
	if size > pageBudget {
		t.Errorf("50 agents of the fleet: %d bytes, at most %d", size, pageBudget)
	}
}

// TestTheFleetOfAnEndedSessionAsksToSignIn is about the page at /, which is the welcome page for
// whoever is signed out: as part of an open fleet it would land in the middle of the list.
func TestTheFleetOfAnEndedSessionAsksToSignIn(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]string{"the search": "fleet", "the rows": "fleet-rows"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			p.clock.Advance(13 * time.Hour)
			got := lead.htmx(target).get("/?q=prod")
			if got.doc.Find("h1, #fleet").Length() != 0 || !strings.Contains(got.header.Get("HX-Redirect")+got.body, "/auth/login") {
				t.Errorf("GET / for %s = %d %q, want the way to sign in and no page", target, got.status, got.text("body"))
			}
			if got := lead.get("/?q=prod"); got.status != http.StatusOK || got.doc.Find("h1").Length() != 1 {
				t.Errorf("GET / = %d, want the welcome page", got.status)
			}
		})
	}
}
