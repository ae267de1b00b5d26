// Package static serves the portal's own scripts, styles and icons. They are built into dist
// by `go run ./static/build`, carry a hash of their content in their names and are embedded.
package static

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// Prefix is the path below which the files are served.
const Prefix = "/static/"

// manifestName is the list that the build leaves beside the files: plain name → hashed name.
const manifestName = "manifest.json"

// ErrNotBuilt says that the program was compiled without its assets.
var ErrNotBuilt = errors.New("this program was built without its scripts, styles and icons: run make build, which puts them into static/dist first")

// Assets are the built files. They never change and are safe for concurrent use.
type Assets struct {
	urls  map[string]string
	files map[string]file
}

// file is one asset in both forms it is sent in; compressed is nil when that saves nothing.
type file struct {
	contentType       string
	plain, compressed []byte
}

// Load reads the embedded assets. It fails with ErrNotBuilt when there are none.
func Load() (*Assets, error) {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("opening the assets: %w", err)
	}
	return load(built)
}

func load(built fs.FS) (*Assets, error) {
	content, err := fs.ReadFile(built, manifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotBuilt
	}
	if err != nil {
		return nil, fmt.Errorf("reading the list of assets: %w", err)
	}
	names := make(map[string]string)
	if err := json.Unmarshal(content, &names); err != nil {
		return nil, fmt.Errorf("the list of assets: %w", err)
	}
	assets := &Assets{urls: make(map[string]string), files: make(map[string]file)}
	for name, hashed := range names {
		f, err := readFile(built, hashed)
		if err != nil {
			return nil, err
		}
		assets.urls[name] = Prefix + hashed
		assets.files[hashed] = f
	}
	return assets, nil
}

func readFile(built fs.FS, hashed string) (file, error) {
	plain, err := fs.ReadFile(built, hashed)
	if err != nil {
		return file{}, fmt.Errorf("reading an asset: %w", err)
	}
	compressed, err := fs.ReadFile(built, hashed+".gz")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return file{}, fmt.Errorf("reading an asset: %w", err)
	}
	return file{contentType: contentTypes()[path.Ext(hashed)], plain: plain, compressed: compressed}, nil
}

// URL is the path of an asset by its plain name, without the portal's base path:
// "app.css" → "/static/app.3f9c1a2b.css". An unknown name is a mistake of the programmer
// and yields a path that answers 404.
func (a *Assets) URL(name string) string {
	if url, ok := a.urls[name]; ok {
		return url
	}
	return Prefix + name
}

// Has reports whether path, with or without the portal's base path, names an asset.
func (a *Assets) Has(path string) bool {
	_, ok := a.files[nameIn(path)]
	return ok
}

// nameIn is what follows Prefix, which the path below which the portal lives may hold too.
func nameIn(path string) string {
	at := strings.LastIndex(path, Prefix)
	if at < 0 {
		return ""
	}
	return path[at+len(Prefix):]
}

// Handler serves the assets below Prefix, wherever the portal lives. Every path holds the hash
// of its content, so an answer may be kept for ever; a path that names no asset gets a bare 404.
func (a *Assets) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := a.files[nameIn(r.URL.Path)]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		f.serve(w, r)
	})
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Add("Vary", "Accept-Encoding")
	body := f.plain
	if f.compressed != nil && acceptsGzip(r) {
		header.Set("Content-Encoding", "gzip")
		body = f.compressed
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	// A client that went away is nobody's concern.
	_, _ = w.Write(body)
}

// acceptsGzip reports whether the client takes gzip. A quality of zero refuses it (RFC 9110,
// section 12.5.3); finer wishes make no difference, as there is one encoding to choose.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, params, _ := strings.Cut(part, ";")
		if strings.TrimSpace(coding) != "gzip" {
			continue
		}
		quality, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(params), "q="), 64)
		return err != nil || quality > 0
	}
	return false
}

// contentTypes is fixed here, since the machine's own table may say otherwise or nothing.
func contentTypes() map[string]string {
	return map[string]string{
		".css": "text/css; charset=utf-8",
		".js":  "text/javascript; charset=utf-8",
		".svg": "image/svg+xml",
	}
}
