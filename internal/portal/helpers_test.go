package portal

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/database/databasetest"
)

// output collects what the program prints.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// running is a program that was started.
type running struct {
	url string
	// listener is the portal's, given to it.
	listener net.Listener
	output   *output
	// stop ends the program's context; result is what Run returned.
	stop   context.CancelFunc
	result chan error
}

// listen opens a free port.
func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// startPortal runs the whole program over a GitLab, with a path in PUBLIC_URL.
func startPortal(t *testing.T, gitlab organisation, change func(p *Program), environ ...string) *running {
	t.Helper()
	listener := listen(t)
	public, environ := settings(gitlab, listener, append([]string{"DATABASE_URL=" + databasetest.New(t).URL}, environ...)...)
	program := Program{Listener: listener, Environ: environ}
	if change != nil {
		change(&program)
	}
	r := start(t, program)
	r.url = public
	return r
}

// settings are the environment of a portal that people reach at the listener, and its address.
func settings(gitlab organisation, listener net.Listener, environ ...string) (public string, all []string) {
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	public = "http://localhost:" + port + "/tools/portal"
	application := gitlab.AddApplication(gitlabtest.Application{RedirectURIs: []string{public + "/auth/callback"}})
	return public, append([]string{
		"GITLAB_URL=" + gitlab.URL, "GITLAB_CLIENT_ID=" + application.ID, "GITLAB_CLIENT_SECRET=" + application.Secret,
		"PUBLIC_URL=" + public, "SESSION_KEYS=" + testKey,
	}, environ...)
}

// start runs a program until the test ends, and fails the test unless it starts and stops well.
func start(t *testing.T, p Program) *running {
	t.Helper()
	r := &running{listener: p.Listener, output: new(output), result: make(chan error, 1)}
	ready := make(chan struct{})
	p.Stdout, p.Ready = r.output, func() { close(ready) }
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r.stop = stop
	ended := make(chan struct{})
	var err error
	go func() {
		err = p.Run(ctx)
		r.result <- err
		close(ended)
	}()
	select {
	case <-ready:
	case <-ended:
		stop()
		t.Fatalf("the program did not start: %v\n%s", err, r.output)
	}
	t.Cleanup(func() {
		stop()
		<-ended
		if err != nil {
			t.Errorf("the program did not stop well: %v", err)
		}
	})
	return r
}

// metrics is the address of the metrics, which the first line of the log names.
func (r *running) metrics(t *testing.T) string {
	t.Helper()
	var started struct{ Metrics string }
	line, _, _ := strings.Cut(r.output.String(), "\n")
	if err := json.Unmarshal([]byte(line), &started); err != nil || started.Metrics == "" {
		t.Fatalf("the first line of the log does not name the metrics' address: %s", r.output)
	}
	return started.Metrics
}

// refused runs a program that must not start, and returns its error.
func refused(t *testing.T, p Program) error {
	t.Helper()
	p.Stdout = io.Discard
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p.Ready = func() {
		t.Error("the program started, want an error")
		stop()
	}
	err := p.Run(ctx)
	if err == nil {
		t.Fatal("Run: no error")
	}
	return err
}

// browser is a person's browser, which follows no redirect by itself.
type browser struct {
	t      *testing.T
	client *http.Client
	ctx    context.Context //nolint:containedctx // a browser that leaves ends its requests
	leave  context.CancelFunc
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	ctx, leave := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(leave)
	return &browser{t: t, ctx: ctx, leave: leave, client: &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// page is an answer that was read.
type page struct {
	status int
	header http.Header
	body   string
}

// send asks for address, with the form if there is one.
func (b *browser) send(address string, form url.Values) (page, error) {
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(b.ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, err
	}
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := b.client.Do(request)
	if err != nil {
		return page{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return page{response.StatusCode, response.Header, string(body)}, err
}

func (b *browser) get(address string) page {
	b.t.Helper()
	got, err := b.send(address, nil)
	if err != nil {
		b.t.Fatalf("GET %s: %v", address, err)
	}
	return got
}

// form reads the first form of a page that matches the selector: where it goes and what it holds.
func (b *browser) form(address, selector string) (string, url.Values) {
	b.t.Helper()
	got := b.get(address)
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(got.body))
	if err != nil {
		b.t.Fatal(err)
	}
	form := doc.Find(selector).First()
	if form.Length() == 0 {
		b.t.Fatalf("GET %s = %d without %s: %s", address, got.status, selector, got.body)
	}
	values := url.Values{}
	form.Find("input[type=hidden], button[name]").Each(func(_ int, field *goquery.Selection) {
		if name := field.AttrOr("name", ""); !values.Has(name) {
			values.Set(name, field.AttrOr("value", ""))
		}
	})
	base, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	target, err := base.Parse(form.AttrOr("action", ""))
	if err != nil {
		b.t.Fatal(err)
	}
	return target.String(), values
}

// signIn walks through GitLab's page and back to the portal, which may be another one than
// GitLab knows: a balancer in front spreads people over replicas. Cookies do not care about ports.
func (b *browser) signIn(portal, username string) {
	b.t.Helper()
	authorize := b.get(portal + "/auth/login").header.Get("Location")
	action, values := b.form(authorize, "form:has([name=user][value='"+username+"'])")
	values.Set("user", username)
	values.Set("decision", "allow")
	allowed, err := b.send(action, values)
	if err != nil {
		b.t.Fatal(err)
	}
	_, back, _ := strings.Cut(allowed.header.Get("Location"), "/auth/callback")
	if got := b.get(portal + "/auth/callback" + back); got.status != http.StatusSeeOther {
		b.t.Fatalf("signing in ended with status %d: %s", got.status, got.body)
	}
}

// waitFor asks for address until it answers with the status.
func (b *browser) waitFor(address string, status int) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if got, err := b.send(address, nil); err == nil && got.status == status {
			return
		}
	}
	b.t.Fatalf("GET %s does not answer with %d", address, status)
}

// waitUntilRefused asks for address until nobody listens there any more.
func (b *browser) waitUntilRefused(address string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if _, err := b.send(address, nil); isRefused(err) {
			return
		}
	}
	b.t.Fatalf("somebody still listens at %s", address)
}

// isRefused reports whether nobody listens at the address any more.
func isRefused(err error) bool {
	var failed *net.OpError
	return errors.As(err, &failed) && failed.Op == "dial"
}
