package gitlabapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
)

// paged answers like GitLab with total agents of which a page holds at most 100.
func paged(total int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		per, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
		first, last := min((page-1)*per, total), min(page*per, total)
		var agents []string
		for id := first + 1; id <= last; id++ {
			agents = append(agents, fmt.Sprintf(`{"id":%d,"name":"agent-%d"}`, id, id))
		}
		next := ""
		if last < total {
			next = strconv.Itoa(page + 1)
		}
		h := w.Header()
		h.Set("X-Page", strconv.Itoa(page))
		h.Set("X-Per-Page", strconv.Itoa(per))
		h.Set("X-Next-Page", next)
		h.Set("X-Prev-Page", "")
		if page > 1 {
			h.Set("X-Prev-Page", strconv.Itoa(page-1))
		}
		h.Set("X-Total", strconv.Itoa(total))
		h.Set("X-Total-Pages", strconv.Itoa(max((total+per-1)/per, 1)))
		h.Set("Link", `<https://internal.invalid/api/v4/evil?page=2>; rel="next"`)
		replyJSON(200, "["+strings.Join(agents, ",")+"]")(w, r)
	}
}

func TestH12ListsAreComplete(t *testing.T) {
	t.Parallel()
	for total, pages := range map[int]int{0: 1, 1: 1, 99: 1, 100: 1, 101: 2, 250: 3} {
		t.Run(strconv.Itoa(total), func(t *testing.T) {
			t.Parallel()
			c, seen := fake(t, quick(), paged(total))
			agents, err := c.Agents(t.Context(), gitlabapi.ProjectID(20))
			if err != nil || agents == nil || len(agents) != total {
				t.Fatalf("%d agents, %v, want %d", len(agents), err, total)
			}
			for i, agent := range agents {
				if agent.ID != int64(i+1) {
					t.Fatalf("agent %d has id %d, want them in order", i, agent.ID)
				}
			}
			if n := len(seen.all()); n != pages {
				t.Errorf("%d requests, want %d", n, pages)
			}
		})
	}
}

// stripped answers as paged does through a proxy that lets these headers of GitLab's pass only.
func stripped(total int, passed ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		paged(total)(answer, r)
		for _, name := range append(passed, "Content-Type") {
			w.Header()[name] = answer.Header()[name]
		}
		_, _ = w.Write(answer.Body.Bytes())
	}
}

func TestH12ListsWithoutHeadersAreCompleteByCounting(t *testing.T) {
	t.Parallel()
	for total, pages := range map[int]int{0: 1, 1: 1, 99: 1, 100: 2, 101: 2, 200: 3, 250: 3} {
		t.Run(strconv.Itoa(total), func(t *testing.T) {
			t.Parallel()
			c, seen := fake(t, quick(), stripped(total))
			agents, err := c.Agents(t.Context(), gitlabapi.ProjectID(20))
			if err != nil || len(agents) != total {
				t.Fatalf("%d agents, %v, want %d", len(agents), err, total)
			}
			if n := len(seen.all()); n != pages {
				t.Errorf("%d requests, want %d", n, pages)
			}
		})
	}
}

func TestAPageWithoutHeadersCountsWhereItStands(t *testing.T) {
	t.Parallel()
	type page = gitlabapi.Page[gitlabapi.Agent]
	for name, tc := range map[string]struct {
		number int
		passed []string
		want   page
	}{
		"first":                    {1, nil, page{Number: 1, NextPage: 2, PerPage: 10, Total: -1}},
		"middle":                   {2, nil, page{Number: 2, NextPage: 3, PrevPage: 1, PerPage: 10, Total: -1}},
		"last":                     {3, nil, page{Number: 3, PrevPage: 2, PerPage: 10, Total: -1}},
		"with the total":           {2, []string{"X-Total", "X-Total-Pages"}, page{Number: 2, NextPage: 3, PrevPage: 1, PerPage: 10, Total: 25, TotalPages: 3}},
		"with the next one":        {2, []string{"X-Next-Page"}, page{Number: 2, NextPage: 3, PrevPage: 1, PerPage: 10, Total: -1}},
		"with Link, to be ignored": {3, []string{"Link"}, page{Number: 3, PrevPage: 2, PerPage: 10, Total: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), stripped(25, tc.passed...))
			got, err := c.AgentsPage(t.Context(), gitlabapi.ProjectID(20), tc.number, 10)
			if err != nil {
				t.Fatal(err)
			}
			got.Items = nil
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("page differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAPageSaysWhereItStands(t *testing.T) {
	t.Parallel()
	type page = gitlabapi.Page[gitlabapi.Agent]
	for name, tc := range map[string]struct {
		number, perPage int
		want            page
		asks            string
	}{
		"first":        {1, 10, page{Number: 1, NextPage: 2, PerPage: 10, Total: 25, TotalPages: 3}, "page=1&per_page=10"},
		"middle":       {2, 10, page{Number: 2, NextPage: 3, PrevPage: 1, PerPage: 10, Total: 25, TotalPages: 3}, "page=2&per_page=10"},
		"last":         {3, 10, page{Number: 3, PrevPage: 2, PerPage: 10, Total: 25, TotalPages: 3}, "page=3&per_page=10"},
		"past the end": {9, 10, page{Number: 9, PrevPage: 8, PerPage: 10, Total: 25, TotalPages: 3}, "page=9&per_page=10"},
		"no numbers":   {0, 0, page{Number: 1, NextPage: 2, PerPage: 20, Total: 25, TotalPages: 2}, "page=1&per_page=20"},
		"beyond both":  {-1, 1000, page{Number: 1, PerPage: 100, Total: 25, TotalPages: 1}, "page=1&per_page=100"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, seen := fake(t, quick(), paged(25))
			got, err := c.AgentsPage(t.Context(), gitlabapi.ProjectID(20), tc.number, tc.perPage)
			if err != nil {
				t.Fatal(err)
			}
			got.Items = nil
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("page differs (-want +got):\n%s", diff)
			}
			if uri := seen.all()[0].URI; !strings.HasSuffix(uri, "?"+tc.asks) {
				t.Errorf("asked %s, want %s", uri, tc.asks)
			}
		})
	}
}

// oneAgent answers every page with the same agent and the headers given.
func oneAgent(headers map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		replyJSON(200, `[{"id":1,"name":"agent-1"}]`)(w, r)
	}
}

func TestH12ListsThatDoNotEndAreGivenUp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		headers  map[string]string
		requests int
	}{
		"the same page again":  {map[string]string{"X-Next-Page": "1"}, 1},
		"an earlier page":      {map[string]string{"X-Next-Page": "0"}, 1},
		"a negative page":      {map[string]string{"X-Next-Page": "-2"}, 1},
		"no number":            {map[string]string{"X-Next-Page": "two"}, 1},
		"a page twice":         {map[string]string{"X-Next-Page": "2"}, 2},
		"a page far ahead":     {map[string]string{"X-Next-Page": "1000000"}, 1},
		"no headers, yet full": {map[string]string{"X-Per-Page": "1"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, seen := fake(t, quick(), oneAgent(tc.headers))
			agents, err := c.Agents(t.Context(), gitlabapi.ProjectID(20))
			if agents != nil || !errors.Is(err, gitlabapi.ErrUnavailable) || errors.Is(err, gitlabapi.ErrTimeout) {
				t.Errorf("Agents = %v, %v, want nothing and ErrMalformed or ErrTooLarge", agents, err)
			}
			if n := len(seen.all()); n != tc.requests {
				t.Errorf("%d requests, want %d", n, tc.requests)
			}
		})
	}
}

func TestH12AListThatGrowsForEverIsGivenUp(t *testing.T) {
	t.Parallel()
	c, seen := fake(t, quick(), func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		w.Header().Set("X-Next-Page", strconv.Itoa(page+1))
		replyJSON(200, fmt.Sprintf(`[{"id":%d,"name":"agent"}]`, page))(w, r)
	})
	_, err := c.Agents(t.Context(), gitlabapi.ProjectID(20))
	if !errors.Is(err, gitlabapi.ErrTooLarge) {
		t.Errorf("error = %v, want ErrTooLarge", err)
	}
	if n := len(seen.all()); n != 100 {
		t.Errorf("%d requests, want 100", n)
	}
}

func TestAnAgentThatMovesBetweenPagesComesOnce(t *testing.T) {
	t.Parallel()
	c, _ := fake(t, quick(), func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "1" {
			w.Header().Set("X-Next-Page", "2")
			replyJSON(200, `[{"id":1,"name":"a"},{"id":2,"name":"b"}]`)(w, r)
			return
		}
		w.Header().Set("X-Next-Page", "")
		replyJSON(200, `[{"id":2,"name":"b"},{"id":3,"name":"c"}]`)(w, r)
	})
	agents, err := c.Agents(t.Context(), gitlabapi.ProjectID(20))
	if err != nil || len(agents) != 3 {
		t.Errorf("%d agents, %v, want 3", len(agents), err)
	}
}

func TestALaterPageThatFailsFailsTheList(t *testing.T) {
	t.Parallel()
	c, _ := fake(t, quick(), func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "1" {
			paged(150)(w, r)
			return
		}
		replyJSON(403, `{"message":"403 Forbidden"}`)(w, r)
	})
	agents, err := c.Agents(t.Context(), gitlabapi.ProjectID(20))
	if agents != nil || !errors.Is(err, gitlabapi.ErrForbidden) {
		t.Errorf("Agents = %d, %v, want no half list", len(agents), err)
	}
}
