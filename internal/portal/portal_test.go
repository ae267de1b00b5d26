package portal

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database/pgtest"
)

// organisation is a GitLab with the least to sign in and to create a token in: the person
// lead maintains one project with one agent.
type organisation struct {
	*gitlabtest.Instance
	lead, agent int64
	// tokens is the path of the portal's pages for the agent's tokens.
	tokens string
}

func newOrganisation(t *testing.T) organisation {
	t.Helper()
	gitlab := gitlabtest.Start(t)
	lead := gitlab.AddUser(gitlabtest.User{Username: "lead"})
	group := gitlab.AddGroup(gitlabtest.Group{Path: "shop"})
	project := gitlab.AddProject(gitlabtest.Project{Path: "payments", Group: group})
	gitlab.AddMember(project, lead, gitlabtest.Maintainer)
	agent := gitlab.AddAgent(gitlabtest.Agent{Project: project, Name: "prod", CreatedBy: lead})
	return organisation{gitlab, lead, agent, fmt.Sprintf("/projects/%d/agents/%d/tokens", project, agent)}
}

func TestRunServesUnderThePathOfPublicURL(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil)
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	if got := b.get(portal.url + "/projects"); got.status != http.StatusOK || !strings.Contains(got.body, "payments") {
		t.Errorf("GET /projects = %d, want the person's project", got.status)
	}
	root := strings.TrimSuffix(portal.url, "/tools/portal")
	if got := b.get(root + "/projects"); got.status != http.StatusNotFound {
		t.Errorf("GET /projects outside the portal's path = %d, want 404", got.status)
	}
	if got := b.get(portal.url + "/styleguide"); got.status != http.StatusNotFound {
		t.Errorf("GET /styleguide = %d, want 404: only the demo has it", got.status)
	}
}

func TestV2StopDeliversWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	noticed := make(chan struct{})
	notice := sync.OnceFunc(func() { close(noticed) })
	portal := startPortal(t, gitlab, func(p *Program) { p.Drain = func() { <-noticed } })
	t.Cleanup(notice)
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	action, form := b.form(portal.url+gitlab.tokens+"/new", "form:has([name=name])")
	form.Set("name", "created while stopping")

	gate := gitlabtest.NewGate()
	gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
	created := make(chan page, 1)
	go func() {
		got, err := b.send(action, form)
		if err != nil {
			t.Errorf("creating a token: %v", err)
		}
		created <- got
	}()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	portal.stop()
	other := newBrowser(t)
	other.waitFor(portal.url+"/readyz", http.StatusServiceUnavailable)
	if got := newBrowser(t).get(portal.url + "/healthz"); got.status != http.StatusOK {
		t.Errorf("GET /healthz over a new connection while draining = %d, want 200", got.status)
	}
	notice()
	gate.Open()
	if got := <-created; !strings.Contains(got.body, "glagent-") {
		t.Errorf("the create that was under way = %d, want the page with its secret", got.status)
	}
	if err := <-portal.result; err != nil {
		t.Errorf("Run = %v, want no error", err)
	}
	if _, err := portal.listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after the stop: %v, want the listener closed", err)
	}
}

func TestV2StopWaitsForACreateThatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil, "METRICS_ADDR=127.0.0.1:0")
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	action, form := b.form(portal.url+gitlab.tokens+"/new", "form:has([name=name])")
	form.Set("name", "created for nobody")

	gate := gitlabtest.NewGate()
	gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
	t.Cleanup(gate.Open)
	left := make(chan error, 1)
	go func() {
		_, err := b.send(action, form)
		left <- err
	}()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	b.leave()
	if err := <-left; err == nil {
		t.Error("the browser got an answer, want it gone")
	}
	portal.stop()
	// The metrics go last: from here on only the create can keep the portal.
	last := "http://" + portal.metrics(t) + "/metrics"
	newBrowser(t).waitUntilRefused(last)
	for range 100 {
		_, _ = newBrowser(t).send(last, nil)
		if len(portal.result) > 0 {
			t.Fatal("the portal has stopped while a create was under way")
		}
	}
	gate.Open()
	if err := <-portal.result; err != nil {
		t.Errorf("Run = %v, want no error", err)
	}
	if got := gitlab.Tokens(gitlab.agent); len(got) != 1 {
		t.Errorf("the agent has %d tokens, want the one that was created", len(got))
	}
	if log := portal.output.String(); strings.Contains(log, "remembering what a form led to") {
		t.Errorf("the database was closed before the create had ended: %s", log)
	}
}

func TestV3ReadinessIsTheDatabase(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	database := pgtest.New(t)
	portal := startPortal(t, gitlab, nil, "DATABASE_URL="+database.URL)
	b := newBrowser(t)
	check := func(when string, health, ready int) {
		t.Helper()
		if got := b.get(portal.url + "/healthz").status; got != health {
			t.Errorf("%s: GET /healthz = %d, want %d", when, got, health)
		}
		if got := b.get(portal.url + "/readyz").status; got != ready {
			t.Errorf("%s: GET /readyz = %d, want %d", when, got, ready)
		}
	}
	check("all is well", 200, 200)
	gitlab.Inject("", gitlabtest.Status(http.StatusServiceUnavailable))
	check("GitLab is down", 200, 200)
	database.Stop(t)
	check("the database is down", 200, 503)
	database.Start(t)
	b.waitFor(portal.url+"/readyz", http.StatusOK)
}

func TestV5LogIsJSONInUTC(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil, "LOG_LEVEL=debug", "METRICS_ADDR=127.0.0.1:0")
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	b.get(portal.url + "/projects?q=" + url.QueryEscape("forged\n{\"level\":\"ERROR\"}"))
	portal.stop()
	if err := <-portal.result; err != nil {
		t.Errorf("Run = %v, want no error", err)
	}
	lines := strings.Split(strings.TrimSpace(portal.output.String()), "\n")
	if len(lines) < 5 {
		t.Errorf("the log has %d lines, want one for each request and more", len(lines))
	}
	for _, line := range lines {
		var entry struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Msg == "" || !strings.HasSuffix(entry.Time, "Z") {
			t.Errorf("a line of the log: %s, %v, want JSON with a message and a time in UTC", line, err)
		}
	}
	for _, issued := range gitlab.Secrets() {
		if strings.Contains(portal.output.String(), issued.Value) {
			t.Errorf("the log contains the %s", issued.Kind)
		}
	}
}

func TestV8ForwardedHeadersCountFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		environ []string
		want    string
	}{
		{"nobody is trusted by default", nil, `"client":"127.0.0.1"`},
		{"another network is trusted", []string{"TRUSTED_PROXIES=10.0.0.0/8"}, `"client":"127.0.0.1"`},
		{"the peer is trusted", []string{"TRUSTED_PROXIES=10.0.0.0/8,127.0.0.0/8"}, `"client":"203.0.113.9"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			portal := startPortal(t, newOrganisation(t), nil, tt.environ...)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, portal.url+"/help/status", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Forwarded-For", "203.0.113.9")
			response, err := newBrowser(t).client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			portal.stop()
			if err := <-portal.result; err != nil { // the request is in the log by then
				t.Errorf("Run() = %v", err)
			}
			if log := portal.output.String(); !strings.Contains(log, tt.want) {
				t.Errorf("log = %s, want %s", log, tt.want)
			}
		})
	}
}

func TestMetricsHaveAListenerOfTheirOwn(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil, "METRICS_ADDR=127.0.0.1:0")
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	address := "http://" + portal.metrics(t)
	metrics := b.get(address + "/metrics").body
	for _, want := range []string{
		`portal_gitlab_requests_total{code="200",op="`, `portal_gitlab_request_duration_seconds_count{op="`,
		`portal_http_request_duration_seconds_count{code="303",method="get",route="/auth/login"}`, "go_goroutines", "process_open_fds",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	for _, address := range []string{portal.url + "/metrics", address + "/healthz"} {
		if got := b.get(address).status; got != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", address, got)
		}
	}
}

func TestHTTPMetricsAreBounded(t *testing.T) {
	t.Parallel()
	portal := startPortal(t, newOrganisation(t), nil, "METRICS_ADDR=127.0.0.1:0")
	b := newBrowser(t)
	for i := range 30 {
		r, err := http.NewRequestWithContext(t.Context(), fmt.Sprintf("METHOD%d", i), fmt.Sprintf("%s/projects/%d/agents/canary%d", portal.url, i, i), nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := b.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		b.get(fmt.Sprintf("%s/canary/%d", portal.url, i))
		b.get(fmt.Sprintf("%s/projects/%d/agents", portal.url, i))
	}
	metrics := b.get("http://" + portal.metrics(t) + "/metrics").body
	if strings.Contains(metrics, "canary") || strings.Count(metrics, "portal_http_request_duration_seconds_count{") != 3 {
		t.Errorf("made-up methods, paths and projects made more than three series: %s", metrics)
	}
	for _, want := range []string{`{code="303",method="get",route="/projects/{project}/agents"} 30`, `{code="404",method="get",route="none"} 30`, `{code="405",method="other",route="none"} 30`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func TestStreamsAndProbesAreMeasuredApart(t *testing.T) {
	t.Parallel()
	portal := startPortal(t, newOrganisation(t), nil, "METRICS_ADDR=127.0.0.1:0")
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	b.get(portal.url + "/fleet/progress")
	b.get(portal.url + "/readyz")
	metrics := b.get("http://" + portal.metrics(t) + "/metrics").body
	for _, want := range []string{
		"portal_http_stream_duration_seconds_count 1", `portal_probes_total{code="200",route="/readyz"} 1`, "portal_http_requests_in_flight 0",
		`go_sql_open_connections{db_name="read"}`, `go_sql_open_connections{db_name="reports"}`, "portal_sweep_failures_total 0",
		`le="60"`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	for _, route := range []string{"/readyz", "/fleet/progress"} {
		if strings.Contains(metrics, `portal_http_request_duration_seconds_count{code="200",method="get",route="`+route) {
			t.Errorf("%s is measured among pages", route)
		}
	}
}

func TestSeriesThatAreKnownBeforehandStartAtZero(t *testing.T) {
	t.Parallel()
	portal := startPortal(t, newOrganisation(t), nil, "METRICS_ADDR=127.0.0.1:0")
	metrics := newBrowser(t).get("http://" + portal.metrics(t) + "/metrics").body
	for _, want := range []string{
		`portal_oauth_refresh_total{result="failed"} 0`, `portal_tokens_created_total{outcome="unknown"} 0`,
		`portal_fleet_scans_total{reason="failed",source="none"} 0`, `portal_fleet_scans_total{reason="unsupported",source="rest"} 0`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func TestV1ServerIsBounded(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, portal.url+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Large", strings.Repeat("x", 64<<10))
	response, err := newBrowser(t).client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("64 KiB of headers = %d, want 431", response.StatusCode)
	}
}

func TestV9RunRefuses(t *testing.T) {
	t.Parallel()
	busy := listen(t)
	t.Cleanup(func() { _ = busy.Close() })
	database := func() string { return "DATABASE_URL=sqlite:" + t.TempDir() + "/portal.db" }
	tests := []struct {
		name    string
		args    []string
		environ []string
		want    string
	}{
		{"nothing configured", nil, nil, "GITLAB_URL is not set"},
		{"an unknown flag", []string{"-dmeo"}, nil, "flag provided but not defined"},
		{"an argument", []string{"demo"}, nil, "the portal takes flags only"},
		{"a busy port", nil, append(environ(map[string]string{"LISTEN_ADDR": busy.Addr().String()}), database()), "LISTEN_ADDR: listen tcp"},
		{"a busy port for metrics", nil, append(environ(map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "METRICS_ADDR": busy.Addr().String()}), database()), "METRICS_ADDR: listen tcp"},
		{"a database that is down", nil, environ(map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "DATABASE_URL": "postgres://u:canary@127.0.0.1:1/d"}), "DATABASE_URL: postgres: failed to connect"},
		{"a file for the audit that cannot be", nil, append(environ(map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "AUDIT_LOG": "/canary/audit.log"}), database()), "AUDIT_LOG: open the file: no such file"},
		{"a demo over real settings", []string{"--demo"}, []string{"PATH=/bin", "GITLAB_CLIENT_SECRET=canary", database()}, "GITLAB_CLIENT_SECRET, DATABASE_URL"},
		{"a demo with nonsense", []string{"-demo"}, []string{"LOG_LEVEL=canary"}, "LOG_LEVEL is none of"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := refused(t, Program{Args: tt.args, Environ: tt.environ})
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("Run = %v, want %q and no value", err, tt.want)
			}
		})
	}
}

func TestRunExplainsItsFlags(t *testing.T) {
	t.Parallel()
	out := new(output)
	if err := Run(t.Context(), []string{"-help"}, nil, out); err != nil {
		t.Errorf("Run -help = %v, want no error", err)
	}
	for _, flag := range []string{"-demo", "-healthcheck", "-version", "-check"} {
		if !strings.Contains(out.String(), flag) {
			t.Errorf("-help does not explain %s: %s", flag, out)
		}
	}
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil)
	public, err := url.Parse(portal.url)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		environ []string
		want    string // empty for healthy
	}{
		{"a portal that answers", []string{"LISTEN_ADDR=127.0.0.1:" + public.Port(), "PUBLIC_URL=" + portal.url}, ""},
		{"a portal on all addresses", []string{"LISTEN_ADDR=0.0.0.0:" + public.Port(), "PUBLIC_URL=" + portal.url + "/"}, ""},
		{"a portal on no address in particular", []string{"LISTEN_ADDR=:" + public.Port(), "PUBLIC_URL=" + portal.url}, ""},
		{"something else at the path", []string{"LISTEN_ADDR=127.0.0.1:" + public.Port(), "PUBLIC_URL=http://localhost/elsewhere"}, "404 Not Found"},
		{"nobody there", []string{"LISTEN_ADDR=127.0.0.1:1"}, "connection refused"},
		{"no address", []string{"LISTEN_ADDR=8080"}, "LISTEN_ADDR is not of the form"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := Run(t.Context(), []string{"-healthcheck"}, tt.environ, new(output))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Run -healthcheck = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestLocalAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		":8080":             "127.0.0.1:8080",
		"0.0.0.0:8080":      "127.0.0.1:8080",
		"[::]:8080":         "127.0.0.1:8080",
		"192.0.2.1:8080":    "192.0.2.1:8080",
		"[2001:db8::1]:80":  "[2001:db8::1]:80",
		"portal.local:8080": "portal.local:8080",
	} {
		if got := localAddress(address); got != want {
			t.Errorf("localAddress(%q) = %q, want %q", address, got, want)
		}
	}
}
