package portal

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestP10TheDefaultTrustsNobody is about the configuration that nobody wrote: elsewhere its
// default trusted every peer, and the fix for forged headers did nothing.
func TestP10TheDefaultTrustsNobody(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig(environ(nil))
	if err != nil || len(cfg.TrustedProxies) != 0 {
		t.Fatalf("the default trusts %v, %v, want nobody", cfg.TrustedProxies, err)
	}
	portal := startPortal(t, newOrganisation(t), nil)
	for _, header := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "X-Client-Ip", "True-Client-Ip"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, portal.url+"/help/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(header, "203.0.113.9")
		response, err := newBrowser(t).client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	portal.stop()
	if err := <-portal.result; err != nil {
		t.Errorf("Run = %v", err)
	}
	if log := portal.output.String(); strings.Contains(log, "203.0.113.9") || strings.Count(log, `"client":"127.0.0.1"`) != 5 {
		t.Errorf("log = %s, want the peer's own address five times", log)
	}
}

// TestV1ASlowRequestIsCutOff begins requests and never ends them.
func TestV1ASlowRequestIsCutOff(t *testing.T) {
	t.Parallel()
	portal := startPortal(t, newOrganisation(t), nil)
	public, err := url.Parse(portal.url)
	if err != nil {
		t.Fatal(err)
	}
	for name, beginning := range map[string]string{
		"a request line": "GET /heal", "headers": "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n",
		"a body": "POST /tools/portal/preferences HTTP/1.1\r\nHost: " + public.Host + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nlang=",
	} {
		want := map[string]string{"a body": "HTTP/1.1 408 "}[name]
		t.Run(name+" that never ends", func(t *testing.T) {
			t.Parallel()
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", public.Host)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := io.WriteString(conn, beginning); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			answer, err := io.ReadAll(conn)
			if ctx.Err() != nil {
				t.Errorf("after a minute the connection is still open: %v", err)
			}
			if !strings.HasPrefix(string(answer), want) || strings.HasPrefix(string(answer), "HTTP/1.1 2") {
				t.Errorf("the answer is %.60q, want %q and none of success", answer, want)
			}
		})
	}
}

// TestV7SeriesDoNotGrowWithPeopleAndProjects visits a thousand addresses as ten people.
func TestV7SeriesDoNotGrowWithPeopleAndProjects(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil, "METRICS_ADDR=127.0.0.1:0")
	read := func() int {
		lines := 0
		for line := range strings.Lines(newBrowser(t).get("http://" + portal.metrics(t) + "/metrics").body) {
			if strings.HasPrefix(line, "portal_") {
				lines++
			}
			if strings.Contains(line, "project-") || strings.Contains(line, "person-") {
				t.Errorf("the metrics name somebody: %s", line)
			}
		}
		return lines
	}
	visit := func(person, projects int) {
		name := fmt.Sprintf("person-%d", person)
		user := gitlab.AddUser(gitlabtest.User{Username: name})
		project := gitlab.AddProject(gitlabtest.Project{Path: fmt.Sprintf("project-%d", person), Owner: user})
		b := newBrowser(t)
		b.signIn(portal.url, name)
		b.get(fmt.Sprintf("%s/projects/%d/agents", portal.url, project))
		for i := range projects {
			b.get(fmt.Sprintf("%s/project-%d", portal.url, i))
		}
	}
	visit(0, 1)
	before := read()
	for person := range 10 {
		visit(person+1, 100)
	}
	if after := read(); after != before || before == 0 {
		t.Errorf("10 people and 1000 addresses took the metrics from %d to %d lines, want no more", before, after)
	}
}

// TestV7RenewalsAndCreatesAreCountedByTheirEnd lets each end once in each way.
func TestV7RenewalsAndCreatesAreCountedByTheirEnd(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil, "METRICS_ADDR=127.0.0.1:0")
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	create := func(faults ...gitlabtest.Fault) {
		agent := gitlab.AddAgent(gitlabtest.Agent{Project: 1, Name: fmt.Sprint("agent-", len(gitlab.Agents(1)))})
		action, form := b.form(fmt.Sprintf("%s/projects/1/agents/%d/tokens/new", portal.url, agent), "#form form")
		form.Set("name", "counted")
		for _, fault := range faults {
			gitlab.Inject(gitlabtest.OpCreateToken, fault)
		}
		if _, err := b.send(action, form); err != nil {
			t.Fatal(err)
		}
		gitlab.ClearFaults("")
	}
	create()
	create(gitlabtest.Status(http.StatusForbidden))
	create(gitlabtest.Cut().AfterCommit())
	renew := func(faults ...gitlabtest.Fault) {
		gitlab.ExpireAccessTokens(gitlab.lead)
		for _, fault := range faults {
			gitlab.Inject(gitlabtest.OpRefreshToken, fault)
		}
		b.get(portal.url + "/projects")
		gitlab.ClearFaults("")
	}
	renew()
	renew(gitlabtest.BadGateway())
	renew(gitlabtest.InvalidGrant())
	metrics := newBrowser(t).get("http://" + portal.metrics(t) + "/metrics").body
	for _, want := range []string{
		`portal_tokens_created_total{outcome="ok"} 1`, `portal_tokens_created_total{outcome="refused"} 1`, `portal_tokens_created_total{outcome="unknown"} 1`,
		`portal_oauth_refresh_total{result="ok"} 1`, `portal_oauth_refresh_total{result="failed"} 1`, `portal_oauth_refresh_total{result="refused"} 1`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

// TestH11APageWithoutGraphQLSaysSoOnce is about GraphQL's failures that hide behind a 200, too.
func TestH11APageWithoutGraphQLSaysSoOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*gitlabtest.Settings){
		"is off":           func(s *gitlabtest.Settings) { s.GraphQLOff = true },
		"answers in part":  func(s *gitlabtest.Settings) { s.GraphQLErrors = map[int64]string{1: "no"} },
		"lacks a field":    func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"ClusterAgent.tokens"} },
		"refuses the cost": func(s *gitlabtest.Settings) { s.ComplexityLimit = 1 },
	} {
		t.Run("GraphQL "+name, func(t *testing.T) {
			t.Parallel()
			gitlab := newOrganisation(t)
			gitlab.AddToken(gitlabtest.Token{Agent: gitlab.agent, Name: "by REST", CreatedBy: gitlab.lead})
			gitlab.Configure(change)
			portal := startPortal(t, gitlab, nil, "METRICS_ADDR=127.0.0.1:0")
			b := newBrowser(t)
			b.signIn(portal.url, "lead")
			got := b.get(portal.url + strings.TrimSuffix(gitlab.tokens, "/tokens"))
			if got.status != http.StatusOK || !strings.Contains(got.body, "by REST") || !strings.Contains(got.body, "Never") {
				t.Errorf("GET the agent = %d, want its page with what REST tells", got.status)
			}
			metrics := newBrowser(t).get("http://" + portal.metrics(t) + "/metrics").body
			if !strings.Contains(metrics, "portal_usage_missing_total 1\n") {
				t.Errorf("the metrics do not count the page once:\n%s\n%s", metrics, portal.output.String())
			}
			if n := strings.Count(portal.output.String(), `"msg":"asking GraphQL"`); n != 1 {
				t.Errorf("the log says it %d times, want once", n)
			}
		})
	}
}
