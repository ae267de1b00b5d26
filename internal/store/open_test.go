package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab-agent-portal/internal/store"
)

func TestV9OpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tests := []struct {
		name    string
		change  func(*store.Config)
		wantErr string
	}{
		{"no key", func(c *store.Config) { c.Keys = nil }, "no session key"},
		{"no cookie name", func(c *store.Config) { c.Cookie.Name = "" }, "no name for the session cookie"},
		{"no database", func(c *store.Config) { c.URL = "" }, "neither sqlite:FILE nor postgres://"},
		{"another engine", func(c *store.Config) { c.URL = "mysql://u:pass-canary@h/d" }, "neither sqlite:FILE nor postgres://"},
		{"no file", func(c *store.Config) { c.URL = "sqlite:" }, "needs the name of a file"},
		{"memory", func(c *store.Config) { c.URL = "sqlite::memory:" }, "needs the name of a file"},
		{"a folder that does not exist", func(c *store.Config) { c.URL = "sqlite:" + filepath.Join(dir, "no", "such.db") }, "no such file or directory"},
		{"a file that is no database", func(c *store.Config) { c.URL = "sqlite:" + textFile(t, dir) }, "file is not a database"},
		{"not a URL", func(c *store.Config) { c.URL = "postgres://u:pass-canary@h:port/d" }, "not a valid postgres:// URL"},
		{"nobody listens", func(c *store.Config) { c.URL = "postgres://u:pass-canary@127.0.0.1:1/d" }, "connection refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := configure(sqliteEngine(t), newClock())
			tt.change(&cfg)
			s, err := store.Open(t.Context(), cfg)
			if err == nil {
				_ = s.Close()
				t.Fatal("Open: no error")
			}
			if !strings.Contains(err.Error(), tt.wantErr) || containsCanary(err.Error()) {
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

func TestOpenKeepsWhatIsStored(t *testing.T) {
	t.Parallel()
	for name, fresh := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := fresh(t)
			cfg := configure(e, newClock())
			first, err := store.Open(t.Context(), cfg)
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			b := newBrowser()
			b.signIn(t, first, lead(1))
			if err := first.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			if b.load(t, open(t, cfg)) == nil {
				t.Error("the session did not survive a restart")
			}
		})
	}
}

func TestSQLiteFileIsPrivate(t *testing.T) {
	t.Parallel()
	e := sqliteEngine(t)
	s, _ := openNew(t, e)
	newBrowser().signIn(t, s, lead(1))
	files, err := filepath.Glob(e.dsn + "*")
	if err != nil || len(files) < 3 {
		t.Fatalf("files = %v, %v, want the database, its log and its lock", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			t.Errorf("%s has mode %v, want nothing for others", filepath.Base(file), mode)
		}
	}
}

func TestSQLiteFileNamesNeedNoEscaping(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "a %41?b=c#d é.db")
	cfg := configure(engine{url: "sqlite:" + name}, newClock())
	b := newBrowser()
	b.signIn(t, open(t, cfg), lead(1))
	if info, err := os.Stat(name); err != nil || info.Size() == 0 {
		t.Errorf("Stat of the file that was asked for = %v, %v, want a database", info, err)
	}
}

func TestO7SecondUserOfAnSQLiteFileIsRefused(t *testing.T) {
	t.Parallel()
	e := sqliteEngine(t)
	cfg := configure(e, newClock())
	s := open(t, cfg)
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(e.dsn, link); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{e.url, "sqlite:" + link} {
		cfg.URL = url
		second, err := store.Open(t.Context(), cfg)
		if err == nil {
			_ = second.Close()
			t.Errorf("a second portal opened %s", filepath.Base(url))
		} else if !strings.Contains(err.Error(), "stop it first, or use PostgreSQL") {
			t.Errorf("Open: %v, want a sentence that says what to do", err)
		}
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("the first one was disturbed: %v", err)
	}
}
