//go:build e2e && lighthouse

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// enough is the least that Lighthouse has to give in each category, of 100.
const enough = 95

// report is the part of Lighthouse's report that is judged.
type report struct {
	Categories map[string]struct {
		Score     float64
		AuditRefs []struct {
			ID     string
			Weight float64
		}
	}
	Audits map[string]struct {
		Score *float64
		Title string
	}
}

// TestLighthouse measures the pages that people have open, as a slow phone would load them.
func TestLighthouse(t *testing.T) {
	s := newStage(t)
	s.addProjects(30)
	cookie := s.as("lead").cookies()
	for _, page := range []struct{ name, address, cookie string }{
		{"sign-in", s.url, ""}, {"fleet", s.url, cookie}, {"agents", s.agents(), cookie}, {"agent", s.agent(s.prod), cookie},
	} {
		judge(t, page.name, lighthouse(t, page.address, page.cookie))
	}
}

// judge fails the test for every category that has too few marks, and logs them all.
func judge(t *testing.T, page string, measured report) {
	t.Helper()
	for name, category := range measured.Categories {
		score := 100 * category.Score
		t.Logf("%s: %s %.0f", page, name, score)
		if score < enough {
			t.Errorf("%s: %s is %.0f, want %d; it takes marks off for: %s", page, name, score, enough, measured.lacking(name))
		}
	}
}

// lacking are the audits that cost a category marks.
func (r report) lacking(category string) string {
	var titles []string
	for _, ref := range r.Categories[category].AuditRefs {
		if audit := r.Audits[ref.ID]; ref.Weight > 0 && audit.Score != nil && *audit.Score < 0.9 {
			titles = append(titles, audit.Title)
		}
	}
	return strings.Join(titles, "; ")
}

// cookies is the Cookie header of the tab's person.
func (p *tab) cookies() string {
	p.t.Helper()
	cookies, err := p.Context().Cookies(p.s.url)
	if err != nil {
		p.t.Fatal(err)
	}
	var pairs []string
	for _, cookie := range cookies {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	return strings.Join(pairs, "; ")
}

// lighthouse measures one address.
func lighthouse(t *testing.T, address, cookie string) (measured report) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	headers, err := json.Marshal(map[string]string{"Cookie": cookie})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node_modules/.bin/lighthouse", address, "--quiet", "--output=json",
		"--only-categories=performance,accessibility,best-practices", "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
		"--extra-headers="+string(headers))
	command.Dir = "../tools/lighthouse"
	command.Env = append(command.Environ(), "CHROME_PATH="+chromium)
	var output, problems bytes.Buffer
	command.Stdout, command.Stderr = &output, &problems
	if err := command.Run(); err != nil {
		t.Fatalf("lighthouse: %v\n%s", err, &problems)
	}
	if err := json.Unmarshal(output.Bytes(), &measured); err != nil {
		t.Fatal(fmt.Errorf("reading the report: %w", err))
	}
	return measured
}
