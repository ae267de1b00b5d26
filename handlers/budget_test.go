package handlers_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// The budgets of design.md section 8, in bytes as they travel.
const (
	pageBudget  = 14_600
	coldBudget  = 60_000
	styleBudget = 12_000
	maxFiles    = 5
)

// travels asks for an address as a browser does, compressed, and returns what travels.
func (b *browser) travels(path string) (status int, size int) {
	b.p.t.Helper()
	r := b.request(http.MethodGet, path, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	got := b.send(r)
	return got.status, len(got.body)
}

func TestPagesStayWithinTheirBudget(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	for i := range 48 {
		agent := p.gitlab.AddAgent(gitlabtest.Agent{Project: p.project, Name: fmt.Sprintf("production-cluster-%02d-eu-west", i), CreatedBy: p.people["lead"]})
		p.gitlab.AddToken(gitlabtest.Token{Agent: agent, Name: "token", CreatedBy: p.people["lead"], LastUsedAt: p.clock.Now().AddDate(0, 0, -i)})
	}
	lead := p.as("lead")
	list := p.address("/projects/{project}/agents")
	page := lead.get(list)
	if rows := page.doc.Find("#agents tbody tr").Length(); rows != 50 {
		t.Fatalf("the page has %d rows, want 50", rows)
	}
	if _, fleet := lead.travels("/?wait=1"); fleet > pageBudget {
		t.Errorf("the fleet of 50 agents has %d bytes of HTML, at most %d", fleet, pageBudget)
	} else {
		t.Logf("the fleet of 50 agents: %d bytes of HTML", fleet)
	}
	files := map[string]bool{}
	page.doc.Find("link[rel=stylesheet], link[rel=icon], script[src], use, img").Each(func(_ int, s *goquery.Selection) {
		for _, name := range []string{"href", "src"} {
			if address, ok := s.Attr(name); ok {
				file, _, _ := strings.Cut(address, "#") // all icons are in one file
				files[file] = true
			}
		}
	})
	_, html := lead.travels(list)
	cold := html
	for file := range files {
		status, size := lead.travels(file)
		if status != http.StatusOK {
			t.Errorf("GET %s = %d", file, status)
		}
		cold += size
		if strings.HasSuffix(file, ".css") && size > styleBudget {
			t.Errorf("the style sheet has %d bytes, at most %d", size, styleBudget)
		}
	}
	t.Logf("50 agents: %d bytes of HTML, %d bytes cold over %d requests", html, cold, len(files)+1)
	if html > pageBudget || cold > coldBudget || len(files)+1 > maxFiles {
		t.Errorf("50 agents: %d bytes of HTML (at most %d), %d bytes cold (at most %d) over %d requests (at most %d)",
			html, pageBudget, cold, coldBudget, len(files)+1, maxFiles)
	}
}

func TestPagesAreCompressed(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	r := lead.request(http.MethodGet, "/projects", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	got := lead.send(r)
	if got.header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("Content-Encoding = %q", got.header.Get("Content-Encoding"))
	}
	if _, err := gzip.NewReader(bytes.NewReader([]byte(got.body))); err != nil {
		t.Error(err)
	}
}
