package handlers_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/history"
)

// watched has the watch find alerts of two agents in two projects, and one of its own. The lead sees the
// first project only, one of whose alerts is over, and one that somebody looks after.
func (p *portal) watched() (foreign int64) {
	p.t.Helper()
	foreign = p.gitlab.AddProject(gitlabtest.Project{Path: "foreign"})
	p.gitlab.AddMember(foreign, p.people["outsider"], gitlabtest.Maintainer)
	theirs := p.gitlab.AddAgent(gitlabtest.Agent{Project: foreign, Name: "theirs"})
	now := p.clock.Now()
	of := func(kind alert.Kind, project int64, path string, agent int64, name string) alert.Alert {
		return alert.Alert{
			Kind: kind, Subject: alert.Subject{ProjectID: project, ProjectPath: path, AgentID: agent, AgentName: name},
			Since: now.Add(-time.Hour), OpenedAt: now, ResolvedAt: now.Add(time.Minute),
		}
	}
	opened := []alert.Alert{
		of(alert.Disconnected, p.project, "shop/payments", p.prod, "prod"), of(alert.Idle, p.project, "shop/payments", p.idle, "idle"),
		of(alert.Disconnected, foreign, "foreign", theirs, "theirs"),
		{Kind: alert.WatchFailing, OpenedAt: now},
	}
	p.saveAlerts(opened, opened[1:2])
	ack := alert.Acknowledgement{ByID: p.people["dev"], By: "dev", At: now, Until: now.Add(time.Hour), Note: "the cluster moves"}
	if _, err := p.config.Alerts.Acknowledge(p.t.Context(), 1, []int64{p.project}, ack); err != nil {
		p.t.Fatal(err)
	}
	return theirs
}

func (p *portal) saveAlerts(opened, resolved []alert.Alert) {
	p.t.Helper()
	tx := must(p.db.Write.BeginTx(p.t.Context(), nil))(p.t)
	must(p.config.Alerts.Save(p.t.Context(), tx, opened, nil))(p.t)
	must(p.config.Alerts.Save(p.t.Context(), tx, nil, resolved))(p.t)
	if err := tx.Commit(); err != nil {
		p.t.Fatal(err)
	}
}

// kinds are the alerts that an answer lists, and where the list goes on.
func kinds(t *testing.T, got *answer) (list []string, next int64) {
	t.Helper()
	var document struct {
		Alerts []struct {
			Kind  string
			Agent *string
		}
		NextBefore int64 `json:"next_before"`
	}
	if err := json.Unmarshal([]byte(got.body), &document); got.status != http.StatusOK || err != nil {
		t.Fatalf("the alerts = %d: %v in %.300s", got.status, err, got.body)
	}
	list = []string{}
	for _, one := range document.Alerts {
		about := "the watch"
		if one.Agent != nil {
			about = *one.Agent
		}
		list = append(list, one.Kind+" of "+about)
	}
	return list, document.NextBefore
}

func TestAlertsAreThoseOfTheCallersProjects(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.watched()
	lead, outsider := p.program(p.token("lead")), p.program(p.token("outsider"))
	for query, want := range map[string][]string{
		"":                          {"watch_failing of the watch", "disconnected of prod"},
		"?state=open&limit=500":     {"watch_failing of the watch", "disconnected of prod"},
		"?state=resolved":           {"idle of idle"},
		"?kind=disconnected":        {"disconnected of prod"},
		"?kind=idle":                {},
		"?agent=99":                 {},
		"?before=4":                 {"disconnected of prod"},
		"?group=shop":               {"watch_failing of the watch", "disconnected of prod"},
		"?group=sho":                {"watch_failing of the watch"},
		"?scope=group:shop":         {"watch_failing of the watch", "disconnected of prod"},
		"?group=shop&kind=idle&x=y": {},
	} {
		if got, _ := kinds(t, lead.get("/alerts.json"+query)); !cmp.Equal(got, want) {
			t.Errorf("alerts%s: %q, want %q", query, got, want)
		}
	}
	if got, _ := kinds(t, outsider.get("/alerts.json")); !cmp.Equal(got, []string{"watch_failing of the watch", "disconnected of theirs"}) {
		t.Errorf("somebody else's alerts: %q", got)
	}
	if got, _ := kinds(t, p.as("lead").get("/alerts.json")); len(got) != 2 {
		t.Errorf("in a browser: %q", got)
	}
	first, next := kinds(t, lead.get("/alerts.json?limit=1"))
	second, end := kinds(t, lead.get(fmt.Sprint("/alerts.json?limit=1&before=", next)))
	if all := append(first, second...); len(all) != 2 || all[0] == all[1] || end != 0 {
		t.Errorf("one by one: %q, then %d", all, end)
	}
	body := lead.get("/alerts.json").body
	for _, part := range []string{
		`"acknowledgement":{"by":"dev","at":"2026-11-24T12:00:00Z","until":"2026-11-24T13:00:00Z","note":"the cluster moves"}`,
		`"project_id":null,"project":null,"agent_id":null,"agent":null,"since":null,"opened_at":"2026-11-24T12:00:00Z","resolved_at":null,"acknowledgement":null`,
		`"severity":"critical"`, `"complete":true,"warnings":[]`, `"state":"open"`,
	} {
		if !strings.Contains(body, part) {
			t.Errorf("the alerts lack %s: %s", part, body)
		}
	}
}

func TestTheHistoryIsThatOfTheCallersAgents(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	theirs := p.watched()
	const day = 24 * time.Hour
	at := func(agent int64, ago time.Duration, kind history.Kind, token int64) history.Transition {
		return history.Transition{AgentID: agent, At: p.clock.Now().Add(-ago), Kind: kind, TokenID: token}
	}
	noted := []history.Transition{
		at(p.prod, 50*day, history.Registered, 0), at(p.prod, 40*day, history.Connected, 0), at(p.prod, 20*day, history.NotConnected, 0),
		at(p.prod, 2*day, history.TokenCreated, 7), at(p.idle, 10*day, history.Registered, 0), at(theirs, day, history.Registered, 0),
	}
	if err := p.config.History.Note(t.Context(), p.db.Write, noted); err != nil {
		t.Fatal(err)
	}
	lead := p.program(p.token("lead"))
	for query, want := range map[string][]string{
		"":                                   {"2026-11-14 idle registered ", "2026-10-15 prod connected ", "2026-11-04 prod not_connected ", "2026-11-22 prod token_created 7"},
		"?since=2026-11-14":                  {"2026-11-14 idle registered ", "2026-11-04 prod not_connected ", "2026-11-22 prod token_created 7"},
		"?since=2026-11-14T12:00:01Z":        {"2026-11-04 prod not_connected ", "2026-11-22 prod token_created 7"},
		"?until=2026-11-14":                  {"2026-11-14 idle registered ", "2026-10-15 prod connected ", "2026-11-04 prod not_connected "},
		"?until=2026-11-14T12:00:00Z":        {"2026-10-15 prod connected ", "2026-11-04 prod not_connected "},
		"?since=2026-01-01&q=prod":           {"2026-10-05 prod registered ", "2026-10-15 prod connected ", "2026-11-04 prod not_connected ", "2026-11-22 prod token_created 7"},
		"?sort=-agent&since=2026-11-10":      {"2026-11-04 prod not_connected ", "2026-11-22 prod token_created 7", "2026-11-14 idle registered "},
		"?group=nothing":                     {},
		"?scope=group:shop&status=never":     {"2026-11-14 idle registered ", "2026-10-15 prod connected ", "2026-11-04 prod not_connected ", "2026-11-22 prod token_created 7"},
		"?status=never_connected&group=shop": {"2026-11-14 idle registered "},
	} {
		got := lead.get("/history.csv" + query)
		rows := must(csv.NewReader(strings.NewReader(got.body)).ReadAll())(t)
		lines := []string{}
		for _, row := range rows[1:] {
			lines = append(lines, row[0][:10]+" "+row[4]+" "+row[5]+" "+row[6])
		}
		if !cmp.Equal(lines, want) || got.status != http.StatusOK {
			t.Errorf("the history%s = %d %q, want %q", query, got.status, lines, want)
		}
	}
	if got := p.as("lead").get("/history.csv").body; !strings.HasPrefix(got, "\ufefftime,project_id,") || strings.Contains(got, "theirs") {
		t.Errorf("in a browser: %.200q", got)
	}
}

// TestTheHistoryIsReadInPieces has an agent that flaps, over the borders of what one statement reads.
func TestTheHistoryIsReadInPieces(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	ids := p.addFleet(450)
	var noted []history.Transition
	for _, agent := range p.gitlab.Agents(ids[0]) {
		for i := range 1200 {
			kind := history.Connected
			if i%2 == 1 {
				kind = history.NotConnected
			}
			noted = append(noted, history.Transition{AgentID: agent.ID, At: p.clock.Now().Add(-time.Duration(i+1) * time.Minute), Kind: kind})
		}
	}
	for _, project := range ids[1:] {
		for _, agent := range p.gitlab.Agents(project) {
			noted = append(noted, history.Transition{AgentID: agent.ID, At: p.clock.Now().Add(-time.Hour), Kind: history.Registered})
		}
	}
	if err := p.config.History.Note(t.Context(), p.db.Write, noted); err != nil {
		t.Fatal(err)
	}
	got := p.program(p.token("lead")).get("/history.csv")
	rows := must(csv.NewReader(strings.NewReader(got.body)).ReadAll())(t)
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		seen[strings.Join(row, " ")] = true
	}
	if len(rows)-1 != len(noted) || len(seen) != len(noted) {
		t.Errorf("%d rows, of which %d differ, want %d", len(rows)-1, len(seen), len(noted))
	}
}

func TestAddressesThatMakeNoSenseAreToldByTheirParameter(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	b := p.program(p.token("lead"))
	for address, parameter := range map[string]string{
		"/alerts.json?state=all": "state", "/alerts.json?kind=nothing": "kind", "/alerts.json?limit=0": "limit", "/alerts.json?limit=501": "limit",
		"/alerts.json?before=x": "before", "/alerts.json?agent=-1": "agent", "/history.csv?since=yesterday": "since", "/history.csv?until=2026-13-01": "until",
		"/history.csv?since=2026-11-02&until=2026-11-01": "since", "/activity.csv?project=nothing": "project", "/activity.csv?from=x": "from",
		"/activity.csv?from=2026-11-02&until=2026-11-01": "until",
	} {
		got := b.get(address)
		if code, whole := problem(t, got); got.status != http.StatusUnprocessableEntity || code != "wrong_parameter" || whole["parameter"] != parameter {
			t.Errorf("GET %s = %d %v, want 422 about %s", address, got.status, whole, parameter)
		}
	}
	if got := b.get("/fleet.json?scope=group:nothing"); got.status != http.StatusNotFound {
		t.Errorf("a group that does not exist = %d", got.status)
	} else if code, _ := problem(t, got); code != "no_such_group" {
		t.Errorf("a group that does not exist: %s", code)
	}
}

func TestWithoutAWatchTheresNeitherAlertsNorHistory(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.config.Alerts, p.config.History = nil, nil
	handler := must(handlers.New(p.config))(t)
	p.current.Store(&handler)
	b := p.program(p.token("lead"))
	for _, path := range []string{"/alerts.json", "/history.csv"} {
		got := b.get(path)
		if code, whole := problem(t, got); got.status != http.StatusNotFound || code != "watch_off" || !strings.Contains(fmt.Sprint(whole["message"]), "WATCH_TOKEN") {
			t.Errorf("GET %s = %d %v, want how to switch it on", path, got.status, whole)
		}
		if page := p.as("lead").get(path); page.status != http.StatusNotFound || !strings.Contains(page.text("main"), "WATCH_TOKEN") {
			t.Errorf("in a browser GET %s = %d: %s", path, page.status, page.text("main"))
		}
	}
}

func TestAProgramIsToldThatAFleetIsNotWhole(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	ids := p.addFleet(2)
	p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	p.gitlab.Inject(gitlabtest.OpListAgents, gitlabtest.Status(500).ForProject(ids[0]))
	b := p.program(p.token("lead"))
	for path, part := range map[string]string{
		"/fleet.json": `"complete":false,"warnings":[{"kind":"unavailable"`, "/fleet.csv": "project-001", "/history.csv": "time,", "/alerts.json": `"complete":false,"warnings":[{`,
	} {
		if got := b.get(path); got.status != http.StatusOK || got.header.Get("Fleet-Warnings") != "1" || !strings.Contains(got.body, part) {
			t.Errorf("GET %s = %d, %q warnings: %.300s", path, got.status, got.header.Get("Fleet-Warnings"), got.body)
		}
	}
}
