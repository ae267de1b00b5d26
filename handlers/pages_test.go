package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"gitlab-agent-portal/handlers"
	"gitlab-agent-portal/views"
)

func TestAPageOfTheCompositionIsLikeAnyOther(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) {
		s.publicPath = "/tools/portal"
		s.pages = map[string]handlers.PageFunc{"/extra": func(p views.Page) (page, fragment templ.Component) {
			p.Title = p.Path
			return views.Layout(p), views.Icon(p.Icon, views.IconPlus)
		}}
	})
	got := p.visitor().get("/tools/portal/extra")
	title := got.doc.Find("title").Text()
	if got.status != http.StatusOK || !strings.Contains(title, "/tools/portal/extra") || got.doc.Find("header .menu").Length() != 1 {
		t.Errorf("GET /extra = %d, titled %q:\n%s", got.status, title, got.body)
	}
	if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("Content-Security-Policy = %q", csp)
	}
	if part := p.visitor().htmx("dialog-body").get("/tools/portal/extra"); part.doc.Find("svg.icon").Length() != 1 || part.doc.Find("header").Length() != 0 {
		t.Errorf("htmx gets\n%s", part.body)
	}
}
