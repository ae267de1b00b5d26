package static

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const style = "body{color:red}"

// built is what the build leaves in dist.
func built(t *testing.T) fstest.MapFS {
	t.Helper()
	var compressed bytes.Buffer
	zip := gzip.NewWriter(&compressed)
	if _, err := zip.Write([]byte(style)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{
		"manifest.json":    {Data: []byte(`{"app.css":"app.1a2b.css","icons.svg":"icons.3c4d.svg"}`)},
		"app.1a2b.css":     {Data: []byte(style)},
		"app.1a2b.css.gz":  {Data: compressed.Bytes()},
		"icons.3c4d.svg":   {Data: []byte("<svg/>")},
		".gitkeep":         {},
		"app.old.css":      {Data: []byte("left by an earlier build")},
		"secret.1a2b.json": {Data: []byte("not in the manifest")},
	}
}

func assets(t *testing.T) *Assets {
	t.Helper()
	a, err := load(built(t))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLoadWithoutAssetsSaysWhatToDo(t *testing.T) {
	t.Parallel()
	_, err := load(fstest.MapFS{".gitkeep": {}})
	if !errors.Is(err, ErrNotBuilt) || !strings.Contains(err.Error(), "run make build") {
		t.Errorf("load() = %v, want %v", err, ErrNotBuilt)
	}
}

func TestLoadRefusesWhatIsBroken(t *testing.T) {
	t.Parallel()
	missing := built(t)
	delete(missing, "app.1a2b.css")
	garbled := built(t)
	garbled["manifest.json"] = &fstest.MapFile{Data: []byte("{")}
	for name, files := range map[string]fstest.MapFS{"a file is missing": missing, "the list is garbled": garbled} {
		if _, err := load(files); err == nil || errors.Is(err, ErrNotBuilt) {
			t.Errorf("%s: load() = %v, want an error that says so", name, err)
		}
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	a := assets(t)
	if got, want := a.URL("app.css"), "/static/app.1a2b.css"; got != want {
		t.Errorf("URL() = %q, want %q", got, want)
	}
	if got, want := a.URL("none.css"), "/static/none.css"; got != want {
		t.Errorf("URL() of an unknown name = %q, want %q", got, want)
	}
	if !a.Has("/portal/static/app.1a2b.css") || !a.Has("/static/portal/static/app.1a2b.css") || a.Has("/static/none.css") || a.Has("app.1a2b.css") {
		t.Error("Has() does not tell assets from other paths")
	}
}

func TestHandlerServesForEver(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/static/app.1a2b.css", "/portal/static/app.1a2b.css"} {
		answer := get(t, http.MethodGet, path, "")
		for header, want := range map[string]string{
			"Content-Type":           "text/css; charset=utf-8",
			"Cache-Control":          "public, max-age=31536000, immutable",
			"X-Content-Type-Options": "nosniff",
			"Vary":                   "Accept-Encoding",
			"Content-Encoding":       "",
			"Content-Length":         "15",
		} {
			if got := answer.Header().Get(header); got != want {
				t.Errorf("%s: %s = %q, want %q", path, header, got, want)
			}
		}
		if answer.Code != http.StatusOK || answer.Body.String() != style {
			t.Errorf("%s: %d %q, want 200 %q", path, answer.Code, answer.Body, style)
		}
	}
}

func TestHandlerCompressesForThoseWhoAccept(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"gzip": "gzip", "br, gzip;q=0.5": "gzip", "deflate, gzip": "gzip",
		"": "", "br": "", "gzip;q=0": "", "gzip;q=0.0, br": "", "xgzip": "",
	} {
		answer := get(t, http.MethodGet, "/static/app.1a2b.css", accept)
		if got := answer.Header().Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: Content-Encoding = %q, want %q", accept, got, want)
		}
		if got := body(t, answer); got != style {
			t.Errorf("Accept-Encoding %q: body = %q, want %q", accept, got, style)
		}
	}
	if got := get(t, http.MethodGet, "/static/icons.3c4d.svg", "gzip").Header().Get("Content-Encoding"); got != "" {
		t.Errorf("a file without a compressed copy has Content-Encoding %q", got)
	}
}

func TestHandlerHeadHasNoBody(t *testing.T) {
	t.Parallel()
	answer := get(t, http.MethodHead, "/static/app.1a2b.css", "")
	if answer.Code != http.StatusOK || answer.Body.Len() != 0 || answer.Header().Get("Content-Length") != "15" {
		t.Errorf("HEAD: %d, %d bytes, Content-Length %s; want 200, none, 15", answer.Code, answer.Body.Len(), answer.Header().Get("Content-Length"))
	}
}

func TestV10HandlerServesNothingElse(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/static/", "/static", "/static/app.css", "/static/app.old.css", "/static/manifest.json", "/static/.gitkeep",
		"/static/app.1a2b.css.gz", "/static/../static.go", "/static/x/app.1a2b.css", "/static/secret.1a2b.json",
	} {
		answer := get(t, http.MethodGet, path, "gzip")
		if answer.Code != http.StatusNotFound || answer.Body.Len() != 0 {
			t.Errorf("%s: %d with %d bytes, want a bare 404", path, answer.Code, answer.Body.Len())
		}
		if got := answer.Header().Get("Cache-Control"); got != "" {
			t.Errorf("%s: a 404 may be kept: %s", path, got)
		}
	}
}

func get(t *testing.T, method, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	request.Header.Set("Accept-Encoding", accept)
	answer := httptest.NewRecorder()
	assets(t).Handler().ServeHTTP(answer, request)
	return answer
}

// body returns what a browser would see.
func body(t *testing.T, answer *httptest.ResponseRecorder) string {
	t.Helper()
	if answer.Header().Get("Content-Encoding") != "gzip" {
		return answer.Body.String()
	}
	unzip, err := gzip.NewReader(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(unzip)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
