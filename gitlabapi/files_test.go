package gitlabapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi"
)

// replyText answers with a file.
func replyText(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestFilesComeAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "ci_access: {}\n", `{"not": "decoded"}`, "\xff\x00"} {
		c, seen := fake(t, quick(), replyText(http.StatusOK, content))
		got, err := c.RawFile(t.Context(), gitlabapi.ProjectID(20), ".gitlab/agents/a b/../config.yaml")
		if err != nil || string(got) != content {
			t.Errorf("the file is %q, %v, want %q", got, err, content)
		}
		asked := seen.all()[0]
		if want := "/api/v4/projects/20/repository/files/%2Egitlab%2Fagents%2Fa%20b%2F%2E%2E%2Fconfig%2Eyaml/raw?ref=HEAD"; asked.URI != want {
			t.Errorf("asked %s, want %s", asked.URI, want)
		}
		if accept := asked.Header.Get("Accept"); accept != "text/plain" {
			t.Errorf("Accept = %q", accept)
		}
	}
}

// A file must outlive the buffer it was read into, which the next answer gets.
func TestFilesDoNotChangeAfterwards(t *testing.T) {
	t.Parallel()
	c, _ := fake(t, quick(), func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/api/v4/projects/20/repository/files/"), "/raw")
		replyText(http.StatusOK, strings.Repeat(name, 100))(w, r)
	})
	kept, _ := c.RawFile(t.Context(), gitlabapi.ProjectID(20), "a")
	for range 20 {
		if _, err := c.RawFile(t.Context(), gitlabapi.ProjectID(20), "b"); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Trim(string(kept), "a") != "" {
		t.Errorf("the file became %q", kept)
	}
}

func TestFilesThatCannotBeHad(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		reply http.HandlerFunc
		want  error
	}{
		{"no such file", replyJSON(404, `{"message":"404 File Not Found"}`), gitlabapi.ErrNotFound},
		{"an empty repository", replyJSON(404, `{"message":"404 Commit Not Found"}`), gitlabapi.ErrNotFound},
		{"no right to read code", replyJSON(403, `{"message":"403 Forbidden"}`), gitlabapi.ErrForbidden},
		{"more than can be a file", replyText(200, strings.Repeat("a", 1<<20+1)), gitlabapi.ErrTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), tt.reply)
			if file, err := c.RawFile(t.Context(), gitlabapi.ProjectID(20), "a"); !errors.Is(err, tt.want) || file != nil {
				t.Errorf("RawFile = %d bytes, %v, want %v", len(file), err, tt.want)
			}
		})
	}
	c, seen := fake(t, quick(), replyText(200, ""))
	if _, err := c.RawFile(t.Context(), gitlabapi.ProjectPath(".."), "a"); !errors.Is(err, gitlabapi.ErrNotFound) || len(seen.all()) != 0 {
		t.Errorf("the file of an impossible project: %v after %d requests", err, len(seen.all()))
	}
}
