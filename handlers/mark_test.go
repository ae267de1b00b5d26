package handlers_test

import (
	"strings"
	"testing"
)

func TestTheMarkOfASessionEndsWithIt(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	page := lead.get("/projects")
	mark, name := page.doc.Find("html").AttrOr("data-mark", ""), page.doc.Find("html").AttrOr("data-mark-cookie", "")
	kept := func() string {
		for _, cookie := range lead.client.Jar.Cookies(p.public) {
			if cookie.Name == name {
				return cookie.Value
			}
		}
		return ""
	}
	if mark == "" || name != "portal-mark" || kept() != mark {
		t.Fatalf("the page has the mark %q, and the cookie %q %q", mark, name, kept())
	}
	if set := strings.Join(lead.get("/projects").header.Values("Set-Cookie"), "\n"); strings.Contains(set, name) {
		t.Errorf("the cookie is set again: %s", set)
	}
	if other := p.as("lead").get("/projects").doc.Find("html").AttrOr("data-mark", ""); other == mark {
		t.Error("another session has the same mark")
	}
	signOut := lead.signOut()
	if got := kept(); got != "" {
		t.Errorf("after signing out (%d) the cookie has %q", signOut.status, got)
	}
	if got := lead.get("/").doc.Find("html[data-mark]").Length(); got != 0 {
		t.Error("a visitor's page has a mark")
	}
}
