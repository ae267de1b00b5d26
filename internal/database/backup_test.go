package database_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
)

func TestABackupIsMadeWhileThePortalWrites(t *testing.T) {
	t.Parallel()
	d := databasetest.SQLite(t)
	db := d.Open(t)
	if _, err := db.Exec(t.Context(), `INSERT INTO allowances (person, until) VALUES (0, 0)`); err != nil {
		t.Fatal(err)
	}
	var stop atomic.Bool
	written := make(chan int)
	go func() { // each is a row of its own
		n := 1
		for ; !stop.Load(); n++ {
			if _, err := db.Exec(t.Context(), `INSERT INTO allowances (person, until) VALUES ($1, 0)`, n); err != nil {
				t.Errorf("a change meanwhile: %v", err)
			}
		}
		written <- n
	}()
	file := filepath.Join(t.TempDir(), "a backup'.db")
	if err := database.Backup(t.Context(), d.URL, file); err != nil {
		t.Fatal(err)
	}
	stop.Store(true)
	all := <-written
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v, want it for its owner alone", info.Mode(), err)
	}
	restored, err := database.Open(t.Context(), "sqlite:"+file, databasetest.Instance)
	if err != nil {
		t.Fatalf("open the backup: %v", err)
	}
	defer func() { _ = restored.Close() }()
	var rows, last int
	if err := restored.Read.QueryRowContext(t.Context(), `SELECT COUNT(*), MAX(person) FROM allowances`).Scan(&rows, &last); err != nil {
		t.Fatal(err)
	}
	if rows < 1 || rows > all || rows != last+1 {
		t.Errorf("%d rows up to number %d of %d, want all up to one moment", rows, last, all)
	}
}

func TestV9BackupRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	existing := filepath.Join(dir, "existing.db")
	if err := os.WriteFile(existing, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := databasetest.SQLite(t).URL
	tests := []struct{ name, url, file, wantErr string }{
		{"to overwrite a file", fresh, existing, "nothing is overwritten"},
		{"a folder that does not exist", fresh, filepath.Join(dir, "no", "backup.db"), "no such file or directory"},
		{"a database that does not exist", "sqlite:" + filepath.Join(dir, "missing.db"), filepath.Join(dir, "1.db"), "no such file or directory"},
		{"what is no database", "sqlite:" + textFile(t, dir), filepath.Join(dir, "2.db"), "file is not a database"},
		{"PostgreSQL", "postgres://u:canary@h/d", filepath.Join(dir, "3.db"), "pg_dump"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := database.Backup(t.Context(), tt.url, tt.file)
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) || strings.Contains(err.Error(), "canary") {
				t.Errorf("Backup = %v, want %q", err, tt.wantErr)
			}
			if _, err := os.Stat(tt.file); err == nil && tt.file != existing {
				t.Error("a file was left behind")
			}
			if _, err := os.Stat(filepath.Join(dir, "missing.db")); err == nil {
				t.Error("the database that does not exist was made")
			}
		})
	}
	t.Cleanup(func() {
		if content, err := os.ReadFile(existing); err != nil || string(content) != "precious" {
			t.Errorf("the file that was there: %q, %v", content, err)
		}
	})
}
