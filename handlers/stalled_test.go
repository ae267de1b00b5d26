package handlers_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// TestABodyThatStallsIsAnsweredWith408 begins forms, signed in and not, and never ends them.
func TestABodyThatStallsIsAnsweredWith408(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	server := httptest.NewUnstartedServer(p.handler())
	server.Config.ReadTimeout = 200 * time.Millisecond // internal/portal sets the real one
	server.Start()
	t.Cleanup(server.Close)
	lead := p.as("lead")
	t.Cleanup(func() { // after the parallel tests below
		if logged := p.logs.String(); strings.Count(logged, `"status":408`) != 8 || strings.Contains(logged, `"status":499`) {
			t.Errorf("the log does not say 408 eight times: %s", logged)
		}
	})
	for _, tt := range []struct{ language, title string }{
		{"en", "The form did not arrive in time"}, {"zh-CN", "表单未能及时送达"},
	} {
		for name, cookies := range map[string][]*http.Cookie{"a visitor's": nil, "a person's": lead.client.Jar.Cookies(p.public)} {
			for _, path := range []string{"/preferences", p.agentPath(p.prod) + "/tokens"} {
				t.Run(fmt.Sprintf("%s POST %s in %s", name, path, tt.language), func(t *testing.T) {
					t.Parallel()
					status, title := stall(t, server.Listener.Addr().String(), path, tt.language, cookies)
					if status != http.StatusRequestTimeout || title != tt.title {
						t.Errorf("= %d, %q; want 408, %q", status, title, tt.title)
					}
				})
			}
		}
	}
}

// stall sends the beginning of a form, and returns the answer's status and heading.
func stall(t *testing.T, server, path, language string, cookies []*http.Cookie) (status int, title string) {
	t.Helper()
	conn := must(new(net.Dialer).DialContext(t.Context(), "tcp", server))(t)
	defer func() { _ = conn.Close() }()
	r := must(http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+server+path, nil))(t)
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nAccept-Language: %s\r\nSec-Fetch-Site: same-origin\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nlang=", path, server, r.Header.Get("Cookie"), language)
	must(io.WriteString(conn, head))(t)
	answer, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	doc := must(goquery.NewDocumentFromReader(answer.Body))(t)
	if answer.Header.Get("Cache-Control") != "no-store" {
		t.Error("the page may be stored")
	}
	if !answer.Close {
		t.Error("the connection is to be used again, although the rest of the form may come over it")
	}
	return answer.StatusCode, strings.TrimSpace(doc.Find("h1").Text())
}

// TestAnErrorPageOutlivesItsRequest asks with a context whose deadline has run out.
func TestAnErrorPageOutlivesItsRequest(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	for language, title := range map[string]string{"en": "GitLab takes too long to answer", "zh-CN": "GitLab 响应超时"} {
		for name, b := range map[string]*browser{"page": lead, "fragment": lead.htmx("main")} {
			ctx, cancel := context.WithTimeout(t.Context(), 0)
			defer cancel()
			r := b.request(http.MethodGet, p.agentPath(p.prod), nil).WithContext(ctx)
			for _, cookie := range b.client.Jar.Cookies(p.public) {
				r.AddCookie(cookie)
			}
			r.Header.Set("Accept-Language", language)
			answer := httptest.NewRecorder()
			p.handler().ServeHTTP(answer, r)
			if answer.Code != http.StatusGatewayTimeout || !strings.Contains(answer.Body.String(), title) {
				t.Errorf("the %s in %s = %d, want 504 and %q", name, language, answer.Code, title)
			}
		}
	}
}
