// Package proxy_test runs the examples of proxies for real, in front of a real portal: the files are
// taken as they stand, with nothing but addresses, ports and file names replaced.
package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/portal"
)

// visitor is the address that requests come from: another one than the proxy's.
const visitor = "127.0.0.2"

// example is a file of this folder, and what to replace in it.
type example struct {
	file, binary string
	replace      func(s site) []string // pairs
	args         func(file, folder string) []string
}

func examples() []example {
	return []example{
		{"nginx.conf", "nginx", func(s site) []string {
			return []string{
				"listen 443", "listen 127.0.0.1:" + s.port, "listen 80;", "listen 127.0.0.1:" + s.plainPort + ";", "127.0.0.1:8080", s.portal,
				"/etc/ssl/agents.example.com.pem", s.certificate, "/etc/ssl/private/agents.example.com.key", s.certificate,
				"/run/nginx.pid", s.folder + "/pid", "/var/log/nginx/error.log", "stderr", "/var/log/nginx/access.log", "off",
				"\nhttp {", "\nhttp {\nclient_body_temp_path " + s.folder + "/body;\nproxy_temp_path " + s.folder + "/proxy;\nfastcgi_temp_path " +
					s.folder + "/f;\nuwsgi_temp_path " + s.folder + "/u;\nscgi_temp_path " + s.folder + "/s;",
			}
		}, func(file, folder string) []string {
			return []string{"-p", folder, "-e", "stderr", "-c", file, "-g", "daemon off;"}
		}},
		{"haproxy.cfg", "haproxy", func(s site) []string {
			return []string{
				"bind :443", "bind 127.0.0.1:" + s.port, "bind :80", "bind 127.0.0.1:" + s.plainPort, "127.0.0.1:8080", s.portal,
				"/etc/haproxy/agents.example.com.pem", s.certificate,
			}
		}, func(file, _ string) []string { return []string{"-db", "-f", file} }},
		{"Caddyfile", "caddy", func(s site) []string {
			return []string{
				"\nagents.example.com {", "\n{\nadmin off\nauto_https disable_redirects\n}\nhttps://localhost:" + s.port + " {\ntls " + s.certificate + " " + s.certificate,
				"127.0.0.1:8080", s.portal,
			}
		}, func(file, _ string) []string {
			return []string{"run", "--adapter", "caddyfile", "--config", file}
		}},
	}
}

// site is a portal with a proxy before it.
type site struct {
	url, portal, port, plainPort, certificate, folder string

	gitlab *gitlabtest.Instance
	client *http.Client
	log    *log
	stop   func()
}

func TestTheExamplesOfProxiesDoWhatThePortalNeeds(t *testing.T) {
	t.Parallel()
	for _, e := range examples() {
		t.Run(e.binary, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.run(t, e)
			s.signIn(t)
			s.checkStream(t)
			s.checkHeaders(t)
			s.checkBody(t)
			s.checkClient(t)
		})
	}
}

// checkStream expects the first event while GitLab is still silent.
func (s site) checkStream(t *testing.T) {
	t.Helper()
	gate := gitlabtest.NewGate()
	s.gitlab.Inject("", gitlabtest.Hold(gate))
	defer gate.Open()
	s.client = &http.Client{Jar: s.client.Jar, Transport: s.client.Transport, Timeout: 5 * time.Second} // the portal waits for GitLab longer
	response := s.send(t, http.MethodGet, "/fleet/progress", nil)
	defer func() { _ = response.Body.Close() }()
	first, err := bufio.NewReader(response.Body).ReadString('\n')
	if err != nil || !strings.HasPrefix(first, ": reading") {
		t.Errorf("the stream begins with %q, %v", first, err)
	}
}

func (s site) checkHeaders(t *testing.T) {
	t.Helper()
	response := s.send(t, http.MethodGet, "/healthz", nil)
	defer func() { _ = response.Body.Close() }()
	for name, want := range map[string]string{"Strict-Transport-Security": "max-age=63072000", "X-Content-Type-Options": "nosniff"} {
		if got := response.Header.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want it once, as the portal sets it", name, got)
		}
	}
}

func (s site) checkBody(t *testing.T) {
	t.Helper()
	response := s.send(t, http.MethodPost, "/preferences", strings.NewReader(strings.Repeat("x", 1<<20)))
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusRequestEntityTooLarge || response.Header.Get("Content-Security-Policy") != "" {
		t.Errorf("a form of 1 MiB = %d, want 413, and not by the portal", response.StatusCode)
	}
}

// checkClient forges whatever a visitor can, and reads the portal's log.
func (s site) checkClient(t *testing.T) {
	t.Helper()
	response := s.send(t, http.MethodGet, "/help/status", nil)
	_ = response.Body.Close()
	s.stop()
	lines := s.log.String()
	if !strings.Contains(lines, `"path":"/help/status"`) || !strings.Contains(lines, `"client":"`+visitor+`"`) {
		t.Errorf("the log does not have the visitor's address: %s", lines)
	}
	for _, forged := range []string{"203.0.113.66", "forged", "4bf92f3577b34da6a3ce929d0e0e4736"} {
		if strings.Contains(lines, forged) {
			t.Errorf("the log has %s, which the visitor made up: %s", forged, lines)
		}
	}
}

// newSite starts a portal that people reach over a proxy at s.url.
func newSite(t *testing.T) site {
	t.Helper()
	s := site{folder: t.TempDir(), gitlab: gitlabtest.Start(t), log: new(log), port: freePort(t), plainPort: freePort(t)}
	s.url = "https://localhost:" + s.port
	s.gitlab.AddUser(gitlabtest.User{Username: "lead"})
	application := s.gitlab.AddApplication(gitlabtest.Application{RedirectURIs: []string{s.url + "/auth/callback"}})
	listener := must(new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"))(t)
	s.portal = listener.Addr().String()
	var roots *x509.CertPool
	s.certificate, roots = newCertificate(t, s.folder)
	transport := &http.Transport{ExpectContinueTimeout: 10 * time.Second, TLSClientConfig: &tls.Config{RootCAs: roots}, DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(visitor)}}).DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	s.client = &http.Client{
		Jar: must(cookiejar.New(nil))(t), Transport: transport, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, result := make(chan struct{}), make(chan error, 1)
	program := portal.Program{Stdout: s.log, Listener: listener, Ready: func() { close(ready) }, Environ: []string{
		"GITLAB_URL=" + s.gitlab.URL, "GITLAB_CLIENT_ID=" + application.ID, "GITLAB_CLIENT_SECRET=" + application.Secret, "PUBLIC_URL=" + s.url,
		"SESSION_KEYS=" + strings.Repeat("0123456789abcdef", 4), "DATABASE_URL=sqlite:" + s.folder + "/portal.db", "TRUSTED_PROXIES=127.0.0.1/32",
	}}
	go func() { result <- program.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		stop()
		if err := <-result; err != nil {
			t.Errorf("the portal ended with %v: %s", err, s.log)
		}
	})
	t.Cleanup(s.stop)
	select {
	case <-ready:
	case <-time.After(20 * time.Second):
		t.Fatalf("the portal does not start: %s", s.log)
	}
	return s
}

// run starts the proxy with its example, and waits until it answers.
func (s site) run(t *testing.T, e example) {
	t.Helper()
	text := string(must(os.ReadFile(e.file))(t))
	pairs := e.replace(s)
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(text, pairs[i]) != 1 {
			t.Fatalf("%s has %q %d times, want once", e.file, pairs[i], strings.Count(text, pairs[i]))
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	file := filepath.Join(s.folder, e.file)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	output := new(log)
	cmd := exec.CommandContext(t.Context(), find(e.binary), e.args(file, s.folder)...)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Env = append(os.Environ(), "HOME="+s.folder, "XDG_DATA_HOME="+s.folder, "XDG_CONFIG_HOME="+s.folder)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("the tests need Debian's packages nginx, haproxy and caddy: %v", err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	for deadline := time.Now().Add(20 * time.Second); ; {
		response, err := s.client.Get(s.url + "/readyz")
		if err == nil {
			_ = response.Body.Close()
		}
		if err == nil && response.StatusCode == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v\n%s", e.binary, err, output)
		}
	}
}

// send sends a request with whatever a visitor may forge.
func (s site) send(t *testing.T, method, path string, body io.Reader) *http.Response {
	t.Helper()
	r := must(http.NewRequestWithContext(t.Context(), method, s.url+path, body))(t)
	r.Header = http.Header{
		"X-Forwarded-For": {"203.0.113.66"}, "Forwarded": {"for=203.0.113.66"}, "X-Request-Id": {"forged"},
		"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, "Sec-Fetch-Site": {"same-origin"},
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Expect", "100-continue") // so that a refusal is read, and no broken connection
	}
	return must(s.client.Do(r))(t)
}
