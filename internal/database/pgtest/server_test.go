package pgtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestProgramsAreTheNewest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := programs(dir); err == nil || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Errorf("without any installed: %v, want a sentence that names the package", err)
	}
	for _, version := range []string{"9", "15", "8"} {
		bin := filepath.Join(dir, version, "bin")
		if err := os.MkdirAll(bin, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, "postgres"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := programs(dir); err != nil || got != filepath.Join(dir, "15", "bin") {
		t.Errorf("programs = %s, %v, want those of version 15", got, err)
	}
}

func TestDatabaseStopsAndStarts(t *testing.T) {
	t.Parallel()
	one, other := New(t), New(t)
	connect := func(d *Database) (*pgx.Conn, error) {
		conn, err := pgx.Connect(t.Context(), d.URL)
		if err == nil {
			t.Cleanup(func() { _ = conn.Close(t.Context()) })
		}
		return conn, err
	}
	conn, err := connect(one)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	one.Stop(t)
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("an open connection survived Stop")
	}
	if _, err := connect(one); err == nil {
		t.Error("a stopped database accepts connections")
	}
	if _, err := connect(other); err != nil {
		t.Errorf("Stop reached another test's database: %v", err)
	}
	one.Start(t)
	if _, err := connect(one); err != nil {
		t.Errorf("connect after Start: %v", err)
	}
}
