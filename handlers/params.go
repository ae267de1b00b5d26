package handlers

import (
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/views"
)

const (
	// maxTextParam is more than any path GitLab allows.
	maxTextParam = 255
	// maxPage keeps the offset within what GitLab accepts (50,000 rows).
	maxPage = 1000
)

// pathID returns an id of the address. Anything that is no positive number names nothing.
func pathID(r *http.Request, name string) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil || id <= 0 {
		return 0, errNotVisible
	}
	return id, nil
}

// pathAgent returns the project and the agent of the address.
func pathAgent(r *http.Request) (ref agentread.Ref, err error) {
	if ref.Project, err = pathID(r, "project"); err != nil {
		return ref, err
	}
	ref.Agent, err = pathID(r, "agent")
	return ref, err
}

// textParam is a text in the query, or in a form, bounded in length and without what GitLab answers with a
// bare 400: invalid UTF-8 and control characters.
func textParam(r *http.Request, name string) string {
	typed := strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(r.FormValue(name), ""))
	text := strings.TrimSpace(typed)
	for len(text) > maxTextParam {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

// numberParam is a positive number in the query, 0 without one.
func numberParam(r *http.Request, name string) int64 {
	n, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// pageParam is the number of the page asked for, 1 when it makes no sense.
func pageParam(r *http.Request) int {
	number, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || number < 1 || number > maxPage {
		return 1
	}
	return number
}

// tabParam is the tab asked for; one that is unknown, or needs a watch, is the first.
func (h *Handlers) tabParam(r *http.Request) views.Tab {
	tab := views.ParseTab(r.URL.Query().Get("tab"))
	if tab == views.TabHistory && h.History == nil {
		return views.TabTokens
	}
	return tab
}

// originOf is what a form was opened from; unknown pages are the agent's own, and a place that can
// be none was not chosen.
func originOf(r *http.Request) views.Origin {
	return views.Origin{Rotation: r.FormValue(views.OriginParam) == views.FromRotation, Place: typedPlace(r).Allowed()}
}

// parseIDs reads so many positive numbers that are joined by dots.
func parseIDs(value string, n int) ([]int64, bool) {
	parts := strings.Split(value, ".")
	if len(parts) != n {
		return nil, false
	}
	ids := make([]int64, n)
	for i, part := range parts {
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil || id <= 0 {
			return nil, false
		}
		ids[i] = id
	}
	return ids, true
}

// pagerOf links the neighbours of a page.
func pagerOf[T any](page agentread.Page[T], address func(int) string) views.Pager {
	pager := views.Pager{Page: page.Number, Pages: page.Pages, Total: page.Total}
	if page.Prev > 0 {
		pager.Prev = address(page.Prev)
	}
	if page.Next > 0 {
		pager.Next = address(page.Next)
	}
	return pager
}
