package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestSecurityTxtSaysWhereToReport(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.publicPath, s.contact = "/tools", "mailto:security@example.com" })
	got := p.visitor().get("/tools/.well-known/security.txt")
	want := "Contact: mailto:security@example.com\nExpires: 2027-02-22T12:00:00Z\nPreferred-Languages: en, zh\nCanonical: " + p.public.String() + "/.well-known/security.txt\n"
	if got.status != http.StatusOK || got.body != want || !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") {
		t.Errorf("security.txt = %d %q, want %q", got.status, got.body, want)
	}
	if got := newPortal(t).visitor().get("/.well-known/security.txt"); got.status != http.StatusNotFound {
		t.Errorf("without a contact = %d, want 404", got.status)
	}
}
