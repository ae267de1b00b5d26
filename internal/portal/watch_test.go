package portal

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/database/pgtest"
	"gitlab-agent-portal/internal/watch/rules"
)

// watchToken gives the organisation's group a token with which a portal can watch.
func (o organisation) watchToken() string {
	bot := o.AddUser(gitlabtest.User{Username: "project_1_bot"})
	o.AddMember(o.Agents(1)[0].Project, bot, gitlabtest.Maintainer)
	return o.AddPersonalToken(gitlabtest.PersonalToken{User: bot, Scopes: []string{"read_api"}})
}

// hasty are limits with which the watch looks several times a second.
func hasty(limits rules.Limits) rules.Limits {
	return rules.NewLimits(limits.Thresholds, hastyInterval).Trusting()
}

// hastyInterval leaves a process on a busy machine enough time to keep its lease.
const hastyInterval = 2 * time.Second

// awaitMetrics returns the metrics once they have a line.
func awaitMetrics(t *testing.T, address, line string) string {
	t.Helper()
	b := newBrowser(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if metrics := b.get("http://" + address + "/metrics").body; strings.Contains(metrics, "\n"+line) {
			return metrics
		}
	}
	t.Fatalf("the metrics never have %q", line)
	return ""
}

func TestTheWatchsMetricsAreThereWithATokenForIt(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	gitlab.AddToken(gitlabtest.Token{Agent: gitlab.agent, Name: "t", Live: true})
	portal := startPortal(t, gitlab, nil, "METRICS_ADDR=127.0.0.1:0", "WATCH_AGENT_METRICS=true", "WATCH_TOKEN="+gitlab.watchToken())
	metrics := awaitMetrics(t, portal.metrics(t), `portal_fleet_agents{status="connected"} 1`)
	for _, want := range []string{
		`portal_fleet_agents{status="never_connected"} 0`, `portal_fleet_attention{kind="disconnected"} 0`,
		`portal_agent_last_contact_timestamp_seconds{agent="prod",project="shop/payments"} 1.`,
		`portal_agent_oldest_token_timestamp_seconds{agent="prod",project="shop/payments"} 1.`,
	} {
		if !strings.Contains(metrics, "\n"+want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if strings.Contains(metrics, "portal_watch_last_success_timestamp_seconds 0\n") {
		t.Error("the metrics do not say when the last reading succeeded")
	}
	cmd := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	cmd.Stdin = strings.NewReader(metrics)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v: %s", err, out)
	}
}

func TestWhatTheWatchFindsIsShownToWhomItConcerns(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	gitlab.AddToken(gitlabtest.Token{Agent: gitlab.agent, Name: "t", CreatedBy: gitlab.lead, Live: true})
	token := gitlab.AddPersonalToken(gitlabtest.PersonalToken{User: gitlab.lead, Scopes: []string{"read_api"}})
	for watches, want := range map[string]struct {
		status int
		body   string
	}{"WATCH_TOKEN=" + gitlab.watchToken(): {http.StatusOK, "connected"}, "WATCH_TOKEN=": {http.StatusNotFound, ""}} {
		portal := startPortal(t, gitlab, nil, "METRICS_ADDR=127.0.0.1:0", watches)
		if want.status == http.StatusOK {
			awaitMetrics(t, portal.metrics(t), "portal_fleet_agents{")
		}
		for _, path := range []string{"/alerts.json", "/history.csv"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, portal.url+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("PRIVATE-TOKEN", token)
			answer, err := newBrowser(t).client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err != nil || answer.StatusCode != want.status || path == "/history.csv" && !strings.Contains(string(body), want.body) {
				t.Errorf("%s = %d %s, %v; want %d with %q", path, answer.StatusCode, body, err, want.status, want.body)
			}
		}
	}
}

func TestNothingIsWatchedWithoutAToken(t *testing.T) {
	t.Parallel()
	portal := startPortal(t, newOrganisation(t), nil, "METRICS_ADDR=127.0.0.1:0")
	if metrics := newBrowser(t).get("http://" + portal.metrics(t) + "/metrics").body; strings.Contains(metrics, "portal_watch_") || strings.Contains(metrics, "portal_fleet_agents") {
		t.Error("the metrics speak of a watch")
	}
}

func TestAReplicaThatDiesIsFollowedByAnotherThatWatches(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	token := gitlab.AddToken(gitlabtest.Token{Agent: gitlab.agent, Name: "t", CreatedBy: gitlab.lead, Live: true})
	address := pgtest.New(t).URL
	portals := startProcesses(t, gitlab, 2, "DATABASE_URL="+address, "METRICS_ADDR=127.0.0.1:0", "WATCH_TOKEN="+gitlab.watchToken(), hastyVariable+"=1")
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	databasetest.Await(t, db, `SELECT COUNT(*) FROM transitions WHERE kind = 1`) // connected

	gitlab.KeepInUse(token, false)
	gitlab.TouchToken(token, time.Now().Add(-time.Hour))
	holder, other := portals[0], portals[1]
	if !holder.watches(t) {
		holder, other = other, holder
	}
	holder.kill(t)
	killed := time.Now()
	awaitMetrics(t, other.metrics(t), "portal_fleet_agents{")
	t.Logf("the other replica watches %s after the first was killed, with an interval of %s", time.Since(killed).Round(time.Millisecond), hastyInterval)
	databasetest.Await(t, db, `SELECT COUNT(*) FROM alerts WHERE kind = 'disconnected' AND resolved_at = 0`)
	var transitions, alerts int
	row := db.QueryRowContext(t.Context(), `SELECT (SELECT COUNT(*) FROM transitions), (SELECT COUNT(*) FROM alerts)`)
	if err := row.Scan(&transitions, &alerts); err != nil || transitions != 4 || alerts != 1 {
		t.Errorf("%d transitions and %d alerts, %v; want registered, token created, connected and not, once each, and one alert", transitions, alerts, err)
	}
}

func TestAPortalThatStopsLetsAnotherOneWatch(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	database := databasetest.New(t)
	portal := startPortal(t, gitlab, nil, "DATABASE_URL="+database.URL, "METRICS_ADDR=127.0.0.1:0", "WATCH_TOKEN="+gitlab.watchToken())
	awaitMetrics(t, portal.metrics(t), "portal_fleet_agents{")
	portal.stop()
	if err := <-portal.result; err != nil {
		t.Fatalf("Run = %v", err)
	}
	var claim string
	row := database.Raw(t).QueryRowContext(t.Context(), `SELECT holder || held_until FROM watches`)
	if err := row.Scan(&claim); err != nil || claim != "0" {
		t.Errorf("the watch is claimed by %q, %v; want nobody", claim, err)
	}
}

// metrics is the address of the metrics, which the first line of the log names.
func (p *process) metrics(t *testing.T) string {
	t.Helper()
	return (&running{output: p.output}).metrics(t)
}

// watches reports whether the process has the lease.
func (p *process) watches(t *testing.T) bool {
	t.Helper()
	return strings.Contains(newBrowser(t).get("http://"+p.metrics(t)+"/metrics").body, "\nportal_fleet_agents{")
}

func TestACheckTriesTheTokensOfTheWatch(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	now := time.Now()
	token := func(scope string, days int, member bool) string {
		bot := gitlab.AddUser(gitlabtest.User{Username: "bot"})
		if member {
			gitlab.AddMember(gitlab.Agents(1)[0].Project, bot, gitlabtest.Developer)
		}
		return gitlab.AddPersonalToken(gitlabtest.PersonalToken{User: bot, Scopes: []string{scope}, ExpiresAt: now.AddDate(0, 0, days)})
	}
	good := token("read_api", 100, true)
	for name, tt := range map[string]struct {
		tokens string
		isWell bool
		want   []string
	}{
		"one that is well":        {good, true, []string{"ok    WATCH_TOKEN, which ends on " + now.UTC().AddDate(0, 0, 100).Format(time.DateOnly)}},
		"one that may write":      {token("api", 100, true), true, []string{"ok    WATCH_TOKEN"}},
		"one that nobody knows":   {"glpat-canary", false, []string{"WRONG WATCH_TOKEN: ", "401", "make an access token with the scope read_api"}},
		"one with another scope":  {token("read_user", 100, true), false, []string{"WRONG WATCH_TOKEN: its scope is not read_api"}},
		"one that ends soon":      {good + "," + token("read_api", 10, true), false, []string{"ok    WATCH_TOKEN, number 1", "WRONG WATCH_TOKEN, number 2: it ends on "}},
		"one that is not invited": {token("read_api", 100, false), false, []string{"WRONG WATCH_TOKEN: it is a member of no project"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, environ := settings(gitlab, listen(t), "DATABASE_URL=sqlite:"+t.TempDir()+"/portal.db", "WATCH_TOKEN="+tt.tokens)
			out := new(bytes.Buffer)
			err := Program{Args: []string{"-check"}, Environ: environ, Stdout: out}.Run(t.Context())
			if tt.isWell != (err == nil) {
				t.Errorf("Run -check = %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the check does not say %q: %s", want, out)
				}
			}
			for secret := range strings.SplitSeq(tt.tokens, ",") {
				if strings.Contains(out.String(), secret) {
					t.Errorf("the check shows a token: %s", out)
				}
			}
		})
	}
}
