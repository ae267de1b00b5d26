package portal

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/internal/database/databasetest"
)

func TestV3ADatabaseThatSaysNothingIsSaidInWordsAndInTime(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	proxy := databasetest.Postgres(t).Postgres.Proxy(t)
	portal := startPortal(t, gitlab, nil, "DATABASE_URL="+proxy.URL)
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	proxy.Stall()
	t.Cleanup(proxy.Resume)
	for _, tt := range []struct {
		path, language, want string
		limit                time.Duration
	}{
		{"/readyz", "en", "Not ready", 3 * time.Second},
		{"/projects", "en", "The portal’s database cannot be used", 6 * time.Second},
		{"/projects", "zh-CN", "门户的数据库无法使用", 6 * time.Second},
	} {
		t.Run(tt.path+" "+tt.language, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			request, err := http.NewRequestWithContext(b.ctx, http.MethodGet, portal.url+tt.path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Accept-Language", tt.language)
			response, err := b.client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			took := time.Since(began)
			if err != nil || response.StatusCode != http.StatusServiceUnavailable || took > tt.limit || !strings.Contains(string(body), tt.want) {
				t.Errorf("GET %s = %d after %v, want 503 with %q: %s", tt.path, response.StatusCode, took, tt.want, body)
			}
		})
	}
}

func TestEveryPageWorksBehindPgBouncer(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	portal := startPortal(t, gitlab, nil, "DATABASE_URL="+databasetest.Postgres(t).Postgres.Bounced(t))
	b := newBrowser(t)
	b.signIn(portal.url, "lead")
	for range 3 { // other connections of the server
		for _, path := range []string{"/", "/projects", "/activity", "/activity.csv", "/rotations", "/fleet.json", "/readyz"} {
			if got := b.get(portal.url + path); got.status != http.StatusOK {
				t.Errorf("GET %s = %d: %s", path, got.status, got.body)
			}
		}
	}
}

func TestBackupNeedsNoMoreThanTheDatabase(t *testing.T) {
	t.Parallel()
	source, dir := databasetest.SQLite(t).URL, t.TempDir()
	backup := func(file string, environ ...string) error {
		return Program{Args: []string{"-backup", file}, Environ: environ, Stdout: new(output)}.Run(t.Context())
	}
	if err := backup(dir+"/1.db", "DATABASE_URL="+source); err != nil {
		t.Errorf("with DATABASE_URL alone: %v", err)
	}
	if err := backup(dir+"/2.db", "DATABASE_URL_FILE="+writeFile(t, source)); err != nil {
		t.Errorf("with its file: %v", err)
	}
	if err := backup(dir+"/2.db", "DATABASE_URL="+source); err == nil || !strings.Contains(err.Error(), "-backup: the file for the backup exists already") {
		t.Errorf("over a file: %v, want it refused", err)
	}
	if err := backup(dir+"/3.db", "DATABASE_URL=canary"); err == nil || !strings.Contains(err.Error(), "DATABASE_URL is not usable") || strings.Contains(err.Error(), "canary") {
		t.Errorf("of no database: %v, want the setting named", err)
	}
	if err := backup(dir+"/3.db", "DATABASE_URL=\u202ecanary"); err == nil || !strings.Contains(err.Error(), "DATABASE_URL contains") {
		t.Errorf("of a setting that cannot be read: %v, want it named, and not the default copied", err)
	}
}
