//go:build e2e

package e2e

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"github.com/playwright-community/playwright-go"
)

// sessionOf signs a person in through the portal and GitLab's page without a browser, which would
// start a process for each of the two, and returns the cookies that the portal gives out.
func (s *stage) sessionOf(username string) []playwright.OptionalCookie {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	address := s.fetch(client, http.MethodGet, s.url+"/auth/login", nil).header.Get("Location")
	page := s.fetch(client, http.MethodGet, address, nil).body
	action, values := s.authorizeForm(address, page, username)
	allowed := s.fetch(client, http.MethodPost, action, values)
	landed := s.fetch(client, http.MethodGet, allowed.header.Get("Location"), nil)
	if landed.status != http.StatusSeeOther {
		s.t.Fatalf("signing in as %s ended with status %d", username, landed.status)
	}
	return s.forBrowser(landed.cookies)
}

// fetched is an answer that was read.
type fetched struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
	body    string
}

// fetch sends a request and reads the answer.
func (s *stage) fetch(client *http.Client, method, address string, form url.Values) fetched {
	s.t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(s.t.Context()), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return fetched{answer.StatusCode, answer.Header, answer.Cookies(), string(read)}
}

// authorizeForm is the form of GitLab's page with which the person lets the portal in.
func (s *stage) authorizeForm(address, page, username string) (action string, values url.Values) {
	s.t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(page))
	if err != nil {
		s.t.Fatal(err)
	}
	form := doc.Find("form:has(input[name=user][value=" + username + "])").First()
	if form.Length() == 0 {
		s.t.Fatalf("GitLab's page has no form for %s: %s", username, page)
	}
	values = url.Values{"decision": {"allow"}}
	form.Find("input[type=hidden]").Each(func(_ int, input *goquery.Selection) {
		values.Set(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	base, err := url.Parse(address)
	if err != nil {
		s.t.Fatal(err)
	}
	target, err := base.Parse(form.AttrOr("action", ""))
	if err != nil {
		s.t.Fatal(err)
	}
	return target.String(), values
}

// forBrowser are the cookies as a browser keeps them that got them from the portal.
func (s *stage) forBrowser(cookies []*http.Cookie) []playwright.OptionalCookie {
	s.t.Helper()
	portal, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	var kept []playwright.OptionalCookie
	for _, c := range cookies {
		if c.MaxAge < 0 {
			continue // it is taken away
		}
		kept = append(kept, playwright.OptionalCookie{
			Name: c.Name, Value: c.Value, Domain: new(portal.Hostname()), Path: new(c.Path),
			HttpOnly: new(c.HttpOnly), Secure: new(c.Secure), SameSite: playwright.SameSiteAttributeLax,
		})
	}
	return kept
}
