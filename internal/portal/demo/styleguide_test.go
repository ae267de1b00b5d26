package demo

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/views"
)

// render shows the page with all components, or its dialog.
func render(t *testing.T, lang i18n.Lang, choose func(page, dialog templ.Component) templ.Component) *goquery.Document {
	t.Helper()
	page := views.Page{L: i18n.For(lang), U: views.URLs{Base: "/portal"}, Now: time.Date(2026, 11, 24, 3, 7, 0, 0, time.UTC), Icon: "/portal/static/icons.svg"}
	var markup strings.Builder
	if err := choose(Styleguide(page)).Render(t.Context(), &markup); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(markup.String()))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func thePage(page, _ templ.Component) templ.Component     { return page }
func theDialog(_, dialog templ.Component) templ.Component { return dialog }

func TestStyleguideShowsEveryColour(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("../../../static/css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, role := range regexp.MustCompile(`--([a-z-]+): light-dark\(`).FindAllStringSubmatch(string(css), -1) {
		want = append(want, "var(--"+role[1]+")")
	}
	got := render(t, i18n.English, thePage).Find(".swatches li:has(code) rect").Map(func(_ int, rect *goquery.Selection) string {
		return rect.AttrOr("fill", "")
	})
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tokens.css and the page differ (-css +page):\n%s", diff)
	}
}

func TestStyleguideObeysItsContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	for _, lang := range []i18n.Lang{i18n.English, i18n.Chinese} {
		doc := render(t, lang, thePage)
		if sections := doc.Find(".styleguide > section"); sections.Length() < 15 || sections.Find("h2:empty").Length() > 0 {
			t.Errorf("%s: %d components, of which %d have no name", lang, sections.Length(), sections.Find("h2:empty").Length())
		}
		if inline := doc.Find("[style], style, script:not([src])"); inline.Length() > 0 {
			t.Errorf("%s: inline styles or scripts, which browsers block: %s", lang, goquery.NodeName(inline))
		}
	}
}

func TestStyleguideOpensItsDialog(t *testing.T) {
	t.Parallel()
	if dialog := render(t, i18n.English, theDialog); dialog.Find("#form #form-title").Length() != 1 || dialog.Find(`a[data-close][href="/portal/styleguide"]`).Length() != 1 {
		t.Errorf("the dialog is\n%s", dialog.Text())
	}
}
