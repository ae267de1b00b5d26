package gitlabapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
)

// keyset answers like GitLab with total projects of even ids, and a Link to a host
// that must not be asked.
func keyset(total int, stripLink bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		after, _ := strconv.Atoi(r.URL.Query().Get("id_after"))
		var page []string
		for id := after + 2; id <= 2*total && len(page) < 100; id += 2 {
			page = append(page, fmt.Sprintf(`{"id":%d,"name":"P","path_with_namespace":"g/p%d"}`, id, id))
			after = id
		}
		if after < 2*total && !stripLink {
			w.Header().Set("Link", `<https://internal.invalid/api/v4/projects?id_after=999>; rel="next"`)
		}
		replyJSON(200, "["+strings.Join(page, ",")+"]")(w, r)
	}
}

// memberships walks through the whole list.
func memberships(t *testing.T, c *gitlabapi.Client, q gitlabapi.MembershipQuery) ([]gitlabapi.Project, error) {
	t.Helper()
	var all []gitlabapi.Project
	for cursor := new(gitlabapi.ProjectCursor); cursor != nil; {
		projects, next, err := c.Memberships(t.Context(), q, *cursor)
		if err != nil {
			return nil, err
		}
		all, cursor = append(all, projects...), next
	}
	return all, nil
}

func TestH12MembershipsAreComplete(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		total     int
		stripLink bool
		calls     int
	}{
		{0, false, 1},
		{1, false, 1},
		{99, false, 1},
		{101, false, 2},
		{250, false, 3},
		{200, false, 2}, // the end of a list that was led on by Link
		{100, false, 2}, // nobody knows whether Link was stripped
		{250, true, 3},
		{200, true, 3},
	} {
		t.Run(fmt.Sprint(tc.total, " projects, without Link ", tc.stripLink), func(t *testing.T) {
			t.Parallel()
			c, seen := fake(t, quick(), keyset(tc.total, tc.stripLink))
			got, err := memberships(t, c, gitlabapi.MembershipQuery{MinAccessLevel: gitlabapi.Developer})
			if err != nil || len(got) != tc.total {
				t.Errorf("%d projects, %v, want %d", len(got), err, tc.total)
			}
			if n := len(seen.all()); n != tc.calls {
				t.Errorf("%d requests, want %d", n, tc.calls)
			}
		})
	}
}

func TestMembershipsAskForTheShortForm(t *testing.T) {
	t.Parallel()
	c, seen := fake(t, quick(), keyset(101, false))
	if _, err := memberships(t, c, gitlabapi.MembershipQuery{MinAccessLevel: gitlabapi.Maintainer, Archived: true}); err != nil {
		t.Fatal(err)
	}
	first, err := url.Parse(seen.all()[0].URI)
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"membership": {"true"}, "min_access_level": {"40"}, "simple": {"true"}, "archived": {"true"},
		"pagination": {"keyset"}, "order_by": {"id"}, "sort": {"asc"}, "per_page": {"100"},
	}
	if diff := cmp.Diff(want, first.Query()); diff != "" || first.Path != "/api/v4/projects" {
		t.Errorf("asked %s, query differs (-want +got):\n%s", first.Path, diff)
	}
	if second := seen.all()[1].URI; !strings.Contains(second, "id_after=200") {
		t.Errorf("the second page was asked by %s, want id_after=200", second)
	}
}

func TestMembershipsThatDoNotEndAreMalformed(t *testing.T) {
	t.Parallel()
	c, _ := fake(t, quick(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<https://gitlab.invalid/>; rel="next"`)
		replyJSON(200, `[{"id":7,"path_with_namespace":"g/p"}]`)(w, r)
	})
	if _, err := memberships(t, c, gitlabapi.MembershipQuery{MinAccessLevel: gitlabapi.Developer}); !errors.Is(err, gitlabapi.ErrMalformed) {
		t.Errorf("error = %v, want ErrMalformed", err)
	}
}

func TestMembershipsEndWithAnEmptyPageWhateverLinkSays(t *testing.T) {
	t.Parallel()
	c, seen := fake(t, quick(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<https://gitlab.invalid/>; rel="next"`)
		replyJSON(200, `[]`)(w, r)
	})
	_, next, err := c.Memberships(t.Context(), gitlabapi.MembershipQuery{MinAccessLevel: gitlabapi.Developer}, gitlabapi.ProjectCursor{})
	if next != nil || err != nil || len(seen.all()) != 1 {
		t.Errorf("next = %v, error = %v, want the end", next, err)
	}
}
