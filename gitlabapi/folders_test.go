package gitlabapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

const agents = ".gitlab/agents"

// gitsName is git's for the content "a: 1\n".
const gitsName = "a8926a52d8dcba5c4386945476ab6a2ad008afd4"

// withFiles is a cluster with a file, and a project beside it that the maintainer sees too.
func withFiles(t *testing.T) (c *cluster, beside int64) {
	t.Helper()
	c = newCluster(t, 0)
	c.AddFile(gitlabtest.File{Project: c.project, Path: agents + "/prod/config.yaml", Content: "a: 1\n"})
	c.AddFile(gitlabtest.File{Project: c.project, Path: "README.md", Content: "# Shop"})
	beside = c.AddProject(gitlabtest.Project{Path: "beside", Group: c.AddGroup(gitlabtest.Group{Path: "other"})})
	c.AddMember(beside, c.lead, gitlabtest.Maintainer)
	return c, beside
}

func TestFoldersTellWhatIsBelowThem(t *testing.T) {
	t.Parallel()
	c, empty := withFiles(t)
	other := c.AddProject(gitlabtest.Project{Path: "docs", Group: c.AddGroup(gitlabtest.Group{Path: "docs"})})
	c.AddMember(other, c.lead, gitlabtest.Developer)
	c.AddFile(gitlabtest.File{Project: other, Path: "README.md", Content: "# Docs"})
	got, err := c.maintainer.Folders(t.Context(), []int64{c.project, empty, other, 999}, agents)
	want := map[int64]gitlabapi.Folder{c.project: {Blobs: map[string]string{agents + "/prod/config.yaml": gitsName}}, empty: {}, other: {Blobs: map[string]string{}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, folders differ (-want +got):\n%s", err, diff)
	}
	if content, err := c.maintainer.RawBlob(t.Context(), gitlabapi.ProjectID(c.project), gitsName); err != nil || string(content) != "a: 1\n" {
		t.Errorf("the blob is %q, %v", content, err)
	}
}

// TestARepositoryThatCannotBeReadIsNotOneWithoutFiles is about what is null for different reasons.
func TestARepositoryThatCannotBeReadIsNotOneWithoutFiles(t *testing.T) {
	t.Parallel()
	c, beside := withFiles(t)
	off := c.AddProject(gitlabtest.Project{Path: "off", Group: c.AddGroup(gitlabtest.Group{Path: "off"}), RepositoryDisabled: true})
	c.AddMember(off, c.lead, gitlabtest.Maintainer)
	c.Configure(func(s *gitlabtest.Settings) {
		s.GitalyErrors = map[int64]string{beside: "14:connections to all backends failing"}
	})
	got, err := c.maintainer.Folders(t.Context(), []int64{c.project, beside, off}, agents)
	var partial *gitlabapi.PartialError
	if len(got) != 1 || len(got[c.project].Blobs) != 1 || !errors.As(err, &partial) || !strings.Contains(err.Error(), "all backends failing") {
		t.Errorf("folders %v, %v; want that of the first project, and why another is missing", got, err)
	}
}

func TestAnErrorThatLiesNowhereLeavesOutWhatIsNull(t *testing.T) {
	t.Parallel()
	c, _ := fake(t, quick(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"data":{"projects":{"nodes":[
			{"id":"gid://gitlab/Project/1","repository":{"tree":null}},
			{"id":"gid://gitlab/Project/2","repository":{"tree":{"blobs":{"pageInfo":{"hasNextPage":true},"nodes":[{"path":"a","sha":"b"}]}}}}
		]}},"errors":[{"message":"Internal server error"}]}`))
	})
	got, err := c.Folders(t.Context(), []int64{1, 2}, agents)
	want := map[int64]gitlabapi.Folder{2: {Blobs: map[string]string{"a": "b"}, More: true}}
	if diff := cmp.Diff(want, got); diff != "" || err == nil {
		t.Errorf("%v, folders differ (-want +got):\n%s", err, diff)
	}
}

func TestAFolderOfManyFilesSaysThatThereAreMore(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 0)
	for i := range 101 {
		c.AddFile(gitlabtest.File{Project: c.project, Path: fmt.Sprintf("%s/a/%03d.yaml", agents, i), Content: "x"})
	}
	got, err := c.maintainer.Folders(t.Context(), []int64{c.project}, agents)
	if folder := got[c.project]; err != nil || !folder.More || len(folder.Blobs) != 100 {
		t.Errorf("%d files, more %t, %v; want a hundred and more", len(folder.Blobs), folder.More, err)
	}
}

func TestFoldersOfManyProjectsAreAFewQueries(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		limit, queries int
	}{
		"as GitLab is set up":                     {250, 2},
		"where a query may cost less":             {30, 4},
		"where none of them may cost what it has": {3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, 0)
			c.Configure(func(s *gitlabtest.Settings) { s.ComplexityLimit = tc.limit })
			group := c.AddGroup(gitlabtest.Group{Path: "many"})
			var projects []int64
			for i := range 120 {
				id := c.AddProject(gitlabtest.Project{Path: fmt.Sprintf("p%d", i), Group: group})
				c.AddMember(id, c.lead, gitlabtest.Maintainer)
				projects = append(projects, id)
			}
			got, err := c.maintainer.Folders(t.Context(), projects, agents)
			if tc.queries == 0 {
				if !errors.Is(err, gitlabapi.ErrTooComplex) || got != nil {
					t.Errorf("%d folders, %v, want ErrTooComplex", len(got), err)
				}
				return
			}
			if n := c.Calls(gitlabtest.OpGraphQL); err != nil || len(got) != 120 || n != tc.queries {
				t.Errorf("%d folders in %d queries, %v, want 120 in %d", len(got), n, err, tc.queries)
			}
		})
	}
}
