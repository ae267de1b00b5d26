package handlers_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func TestColoursAreToldApartInBothThemes(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.styleguide = true })
	got := p.visitor().get("/styleguide")
	rows := got.doc.Find("table.colours tbody tr")
	if got.status != http.StatusOK || rows.Length() < 20 {
		t.Fatalf("GET /styleguide = %d with %d colours", got.status, rows.Length())
	}
	rows.Each(func(_ int, row *goquery.Selection) {
		var figures []float64 // light, dark, needed
		row.Find("td.number").Each(func(_ int, cell *goquery.Selection) {
			figures = append(figures, must(strconv.ParseFloat(strings.TrimSpace(cell.Text()), 64))(t))
		})
		if len(figures) != 3 || row.Find(".icon").Length() > 0 {
			t.Errorf("%s: contrast %v", strings.TrimSpace(row.Find("th").Text()), figures)
		}
	})
}

func TestTheStyleguideOpensItsDialog(t *testing.T) {
	t.Parallel()
	p := newPortal(t, func(s *setUp) { s.styleguide = true })
	if got := p.visitor().htmx("dialog-body").get("/styleguide"); got.doc.Find("#form #form-title").Length() != 1 {
		t.Errorf("the dialog gets\n%s", got.body)
	}
}

func TestOnlyTheDemoHasAStyleguide(t *testing.T) {
	t.Parallel()
	if got := newPortal(t).visitor().get("/styleguide"); got.status != http.StatusNotFound {
		t.Errorf("GET /styleguide = %d, want 404", got.status)
	}
}
