package gitlabtest_test

import (
	"net/http"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

const configPath = ".gitlab/agents/prod/config.yaml"

func TestRawFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddFile(gitlabtest.File{Project: apiProject, Path: configPath, Content: "old"})
	w.AddFile(gitlabtest.File{Project: apiProject, Path: configPath, Content: "ci_access: {}\n"})
	w.AddFile(gitlabtest.File{Project: publicProject, Path: "a b.md", Content: ""})
	const raw = "/v4/projects/20/repository/files/%2Egitlab%2Fagents%2Fprod%2Fconfig%2Eyaml/raw"
	for _, tt := range []exchange{
		{name: "a reporter", as: "reporter", path: raw, wantStatus: 200, wantBody: "ci_access: {}\n"},
		{name: "HEAD", as: "reporter", path: raw + "?ref=HEAD", wantStatus: 200, wantBody: "ci_access: {}\n"},
		{name: "the branch", as: "admin", path: raw + "?ref=main", wantStatus: 200, wantBody: "ci_access: {}\n"},
		{name: "another branch", as: "reporter", path: raw + "?ref=dev", wantStatus: 404, wantBody: `{"message":"404 Commit Not Found"}`},
		{name: "no branch", as: "reporter", path: raw + "?ref=", wantStatus: 400, wantBody: `{"error":"ref is empty"}`},
		{name: "another file", as: "reporter", path: "/v4/projects/20/repository/files/README.md/raw", wantStatus: 404, wantBody: `{"message":"404 File Not Found"}`},
		{name: "a way out", as: "reporter", path: "/v4/projects/20/repository/files/a%2F..%2Fb/raw", wantStatus: 400, wantBody: `{"error":"file_path should be a valid file path"}`},
		{name: "an empty repository", as: "reporter", path: "/v4/projects/22/repository/files/README.md/raw", wantStatus: 404, wantBody: `{"message":"404 Commit Not Found"}`},
		{name: "a guest", as: "guest", path: raw, wantStatus: 403, wantBody: `{"message":"403 Forbidden"}`},
		{name: "a stranger", as: "stranger", path: raw, wantStatus: 404, wantBody: `{"message":"404 Project Not Found"}`},
		{name: "a stranger in public", as: "stranger", path: "/v4/projects/21/repository/files/a%20b.md/raw", wantStatus: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := w.get(tt.as, tt.path)
			if got.status != tt.wantStatus || got.body != tt.wantBody {
				t.Errorf("GET %s = %d %s, want %d %s", tt.path, got.status, got.body, tt.wantStatus, tt.wantBody)
			}
			if kind := got.header.Get("Content-Type"); got.status == http.StatusOK && kind != "text/plain" {
				t.Errorf("Content-Type = %q", kind)
			}
		})
	}
}

func TestASwitchedOffRepositoryIsReadByNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddProject(gitlabtest.Project{ID: 60, Path: "bare", RepositoryDisabled: true})
	w.AddFile(gitlabtest.File{Project: 60, Path: "a", Content: "b"})
	got := w.get("admin", "/v4/projects/60/repository/files/a/raw")
	if got.status != http.StatusForbidden {
		t.Errorf("an administrator gets %d %s, want 403", got.status, got.body)
	}
	if body := w.get("admin", "/v4/projects/60").body; strings.Contains(body, "default_branch") {
		t.Errorf("the project tells its branch: %s", body)
	}
	if body := w.get("guest", "/v4/projects/20").body; strings.Contains(body, "default_branch") {
		t.Errorf("the project tells its branch to a guest: %s", body)
	}
}
