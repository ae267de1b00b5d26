package gitlabapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

const (
	defaultPerPage = 20  // GitLab's own default
	maxPerPage     = 100 // GitLab clamps larger values silently

	// maxPages ends a list that never does: 10,000 agents in one project.
	maxPages = 100
)

// Page is one page of an offset-paginated list
// (https://docs.gitlab.com/api/rest/#offset-based-pagination).
type Page[T any] struct {
	Items    []T
	Number   int // counted from 1
	NextPage int // 0: this is the last page
	PrevPage int // 0: this is the first page
	PerPage  int
	// Total is the number of items in all pages, -1 when GitLab does not say
	// (beyond 10,000 rows, and on some gitlab.com lists).
	Total int
	// TotalPages is at least 1, even for an empty list; 0 when GitLab does not say.
	TotalPages int
}

// paging adds page and per_page, brought into GitLab's limits, to query.
func paging(query url.Values, page, perPage int) url.Values {
	if query == nil {
		query = url.Values{}
	}
	if perPage < 1 {
		perPage = defaultPerPage
	}
	query.Set("page", strconv.Itoa(max(page, 1)))
	query.Set("per_page", strconv.Itoa(min(perPage, maxPerPage)))
	return query
}

// perPageOf is how many items a query asks for, 0 if it does not say.
func perPageOf(query url.Values) int {
	perPage, _ := strconv.Atoi(query.Get("per_page"))
	return perPage
}

// pageOf builds the page that an answer's headers describe. X-Next-Page says
// whether more follows, and not Link, which may hold an internal host. GitLab
// sends it empty on the last page: where it is missing, something on the way
// strips headers, and a full page may have another one after it.
func pageOf[T any](items []T, query url.Values, header http.Header) (Page[T], string) {
	asked, _ := strconv.Atoi(query.Get("page"))
	page := Page[T]{
		Items:      items,
		Number:     asked,
		PrevPage:   headerInt(header, "X-Prev-Page", missing(header, "X-Prev-Page", asked-1)),
		PerPage:    headerInt(header, "X-Per-Page", perPageOf(query)),
		Total:      headerInt(header, "X-Total", -1),
		TotalPages: headerInt(header, "X-Total-Pages", 0),
	}
	if len(items) > 0 && len(items) >= page.PerPage {
		page.NextPage = missing(header, "X-Next-Page", asked+1)
	}
	if header.Get("X-Next-Page") != "" {
		page.NextPage = headerInt(header, "X-Next-Page", -1)
		if page.NextPage <= page.Number {
			return page, "X-Next-Page does not lead forward"
		}
	}
	return page, ""
}

// missing is counted for a header that was stripped, and 0 for one that is there.
func missing(header http.Header, name string, counted int) int {
	if header[name] == nil {
		return counted
	}
	return 0
}

// headerInt reads a non-negative number, or gives fallback.
func headerInt(header http.Header, name string, fallback int) int {
	number, err := strconv.Atoi(header.Get(name))
	if err != nil || number < 0 {
		return fallback
	}
	return number
}

// allPages collects every page that fetch returns, each item once: an item that
// moves to a later page while we read would otherwise come twice.
func allPages[T any](ctx context.Context, op string, id func(T) int64, fetch func(ctx context.Context, page int) (Page[T], error)) ([]T, error) {
	items := []T{}
	seen := map[int64]bool{}
	for number := 1; number != 0; {
		if number > maxPages {
			return nil, &Error{Op: op, kind: ErrTooLarge, detail: "more pages than any real list has"}
		}
		page, err := fetch(ctx, number)
		if err != nil {
			return nil, err
		}
		known := len(items)
		for _, item := range page.Items {
			if !seen[id(item)] {
				seen[id(item)] = true
				items = append(items, item)
			}
		}
		if len(items) == known && page.NextPage != 0 {
			return nil, &Error{Op: op, kind: ErrMalformed, detail: "another page with nothing new on it"}
		}
		number = page.NextPage
	}
	return items, nil
}
