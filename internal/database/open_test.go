package database_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
)

func TestV9OpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tests := []struct{ name, url, wantErr string }{
		{"no database", "", "neither sqlite:FILE nor postgres://"},
		{"another engine", "mysql://u:pass-canary@h/d", "neither sqlite:FILE nor postgres://"},
		{"no file", "sqlite:", "needs the name of a file"},
		{"memory", "sqlite::memory:", "needs the name of a file"},
		{"a folder that does not exist", "sqlite:" + filepath.Join(dir, "no", "such.db"), "no such file or directory"},
		{"a file that is no database", "sqlite:" + textFile(t, dir), "file is not a database"},
		{"not a URL", "postgres://u:pass-canary@h:port/d", "not a valid postgres:// URL"},
		{"a password with an @", "postgres://u:p@pass-canary@h/d", "%40 for @"},
		{"a password with an @ and a slash", "postgres://u:p@ss@w/pass-canary@h/d", "%2F for /"},
		{"a password of digits and a slash", "postgres://u:12/pass-canary@h/d", "%2F for /"},
		{"a password with a question mark", "postgres://u:12?pass-canary=1@h/d", "%3F for ?"},
		{"a password with a hash", "postgres://u:12#pass-canary@h/d", "%23 for #"},
		{"a password that ends in a hash", "postgres://u@h/d?password=pass-canary#1", "%23 for #"},
		{"too few connections", "postgres://u:pass-canary@h/d?pool_max_conns=2", "a pool_max_conns that is no number from 3"},
		{"a size that is no number", "postgres://u:pass-canary@h/d?pool_max_conns=ten", "a pool_max_conns that is no number from 3"},
		{"another setting of a pool", "postgres://u:pass-canary@h/d?pool_min_conns=2", "pool_min_conns, which the portal does not know"},
		{"nobody listens", "postgres://u:pass-canary@127.0.0.1:1/d", "connection refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db, err := database.Open(t.Context(), tt.url, databasetest.Instance)
			if err == nil {
				_ = db.Close()
				t.Fatal("Open: no error")
			}
			if !strings.Contains(err.Error(), tt.wantErr) || strings.Contains(err.Error(), "canary") {
				t.Errorf("Open: %v, want %q and no password", err, tt.wantErr)
			}
		})
	}
}

// textFile is a file that somebody took for a database.
func textFile(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(name, []byte(strings.Repeat("This is not a database. ", 50)), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestSQLiteFileIsPrivate(t *testing.T) {
	t.Parallel()
	d := databasetest.SQLite(t)
	d.Open(t)
	for _, file := range sqliteFiles(t, d) {
		wantPrivate(t, file)
	}
}

// TestSQLiteFilesThatWereOpenToOthersArePrivateAfterwards opens a database whose files somebody
// created by hand or brought back from a backup.
func TestSQLiteFilesThatWereOpenToOthersArePrivateAfterwards(t *testing.T) {
	t.Parallel()
	for _, mode := range []os.FileMode{0o640, 0o660, 0o604, 0o666} {
		d := databasetest.SQLite(t)
		path := strings.TrimPrefix(d.URL, "sqlite:")
		// The side files are empty: SQLite drops their content and keeps their rights.
		for _, name := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
			if err := errors.Join(os.WriteFile(name, nil, mode), os.Chmod(name, mode)); err != nil {
				t.Fatal(err)
			}
		}
		d.Open(t)
		for _, file := range sqliteFiles(t, d) {
			wantPrivate(t, file)
		}
	}
}

// TestAFileThatIsNoDatabaseKeepsItsRights names a file of somebody else's.
func TestAFileThatIsNoDatabaseKeepsItsRights(t *testing.T) {
	t.Parallel()
	name := textFile(t, t.TempDir())
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if db, err := database.Open(t.Context(), "sqlite:"+name, "instance"); err == nil {
		_ = db.Close()
		t.Error("Open: no error")
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("after the refusal the file is %v, %v, want it as it was", info.Mode(), err)
	}
}

// sqliteFiles are an open database's file, its log, the log's index and its lock.
func sqliteFiles(t *testing.T, d *databasetest.Database) []string {
	t.Helper()
	files, err := filepath.Glob(strings.TrimPrefix(d.URL, "sqlite:") + "*")
	if err != nil || len(files) != 4 {
		t.Fatalf("files = %v, %v, want the database, its log with its index and its lock", files, err)
	}
	return files
}

func wantPrivate(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		t.Errorf("%s has mode %v, want nothing for others", filepath.Base(file), mode)
	}
}

func TestSQLiteFileNamesNeedNoEscaping(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "a %41?b=c#d é.db")
	db, err := database.Open(t.Context(), "sqlite:"+name, databasetest.Instance)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if info, err := os.Stat(name); err != nil || info.Size() == 0 {
		t.Errorf("Stat of the file that was asked for = %v, %v, want a database", info, err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestO7SecondUserOfAnSQLiteFileIsRefused(t *testing.T) {
	t.Parallel()
	d := databasetest.SQLite(t)
	first := d.Open(t)
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(strings.TrimPrefix(d.URL, "sqlite:"), link); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{d.URL, "sqlite:" + link} {
		second, err := database.Open(t.Context(), url, databasetest.Instance)
		if err == nil {
			_ = second.Close()
			t.Errorf("a second portal opened %s", filepath.Base(url))
		} else if !strings.Contains(err.Error(), "stop it first, or use PostgreSQL") {
			t.Errorf("Open: %v, want a sentence that says what to do", err)
		}
	}
	if err := first.Ping(t.Context()); err != nil {
		t.Errorf("the first one was disturbed: %v", err)
	}
}

func TestPostgresURLBoundsTheConnectionsOfAReplica(t *testing.T) {
	t.Parallel()
	d := databasetest.Postgres(t)
	for add, want := range map[string]int{"": 22, "&pool_max_conns=3": 3, "&pool_max_conns=50": 50} {
		db, err := database.Open(t.Context(), d.URL+add, databasetest.Instance)
		if err != nil {
			t.Fatal(err)
		}
		if got := db.MaxConnections(); got != want {
			t.Errorf("with %q a replica opens %d connections, want %d", add, got, want)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A failover is found by itself: of several hosts the one is used that takes changes.
func TestPostgresURLNamesSeveralHosts(t *testing.T) {
	t.Parallel()
	d := databasetest.Postgres(t)
	address, err := url.Parse(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	query.Set("host", t.TempDir()+","+query.Get("host"))
	query.Set("target_session_attrs", "read-write")
	address.RawQuery = query.Encode()
	db, err := database.Open(t.Context(), address.String(), databasetest.Instance)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"postgres://u@h1:5432,h2:5433/d?target_session_attrs=read-write", "postgres://u@h1,h2/d"} {
		if err := database.CheckURL(text); err != nil {
			t.Errorf("CheckURL(%s): %v", text, err)
		}
	}
}

func TestPasswordOfAFileReachesTheServerAsItIs(t *testing.T) {
	t.Parallel()
	const password = `p@ss/w ?#%+&=:'`
	for _, address := range []string{"postgres://portal@db/portal", "postgres:///portal?host=db&sslmode=disable"} {
		text, err := database.WithPassword(address, password)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := pgx.ParseConfig(text)
		if err != nil || cfg.Password != password || cfg.Host != "db" || cfg.Database != "portal" {
			t.Errorf("%s: %v, want the password as it is", address, err)
		}
	}
	for _, address := range []string{"postgres://u:canary@h/d", "postgres://u@h/d?password=canary", "sqlite:canary.db", "postgres://u@h:canary/d"} {
		if _, err := database.WithPassword(address, "canary"); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want an error that shows nothing", address, err)
		}
	}
}
