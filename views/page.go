package views

import (
	"time"

	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/i18n"
)

// DocumentTitle names the page first and the portal last, as a tab cuts off the end.
func (p Page) DocumentTitle() string {
	product := p.L.T("common.product")
	if p.Title == "" {
		return product
	}
	return p.Title + " · " + product
}

// noAnswer is shown by the script when a request got no answer of the portal's: the network
// is gone, or something in between answered in its place.
func (p Page) noAnswer() Notice {
	return Notice{Kind: NoticeDanger, Title: p.L.T("common.no_answer.title"), Text: p.L.T("common.no_answer.text")}
}

// clockNotice says by how much the clocks differ.
func (p Page) clockNotice() Notice {
	difference := Length(p.L, p.ClockOff.Round(time.Minute))
	return Notice{Kind: NoticeWarning, Title: p.L.T("clock.title"), Text: p.L.T("clock.text", "Difference", difference)}
}

// chose reports whether theme is the one in use; "auto" stands for the system's.
func (p Page) chose(theme string) bool {
	return p.Theme == theme || p.Theme == "" && theme == "auto"
}

// dataLabel names a cell by its column, for screens too narrow to line up columns. A table makes
// it once, not for each row.
func dataLabel(l *i18n.Printer, message string) templ.Attributer {
	return templ.OrderedAttributes{{Key: "data-label", Value: l.T(message)}}
}

// in is the page as part of another section of the navigation.
func (p Page) in(section string) Page {
	p.Section = section
	return p
}
