package database_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/database/pgtest"
)

// stranger is the address of a database for a role that owns nothing there.
func stranger(t *testing.T, d *pgtest.Database) string {
	t.Helper()
	as, err := url.Parse(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	role := "stranger_of_" + strings.TrimPrefix(as.Path, "/")
	administer(t, d, "CREATE ROLE "+role+" LOGIN")
	t.Cleanup(func() { administer(t, d, "DROP ROLE "+role) })
	as.User = url.User(role)
	return as.String()
}

// administer runs a statement as the database's superuser.
func administer(t *testing.T, d *pgtest.Database, statement string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, d.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}

func TestARoleThatOwnsNothingIsToldWhichRightItLacks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, d *pgtest.Database)
		want    string
	}{
		"the schema": {func(*testing.T, *pgtest.Database) {}, "permission denied for schema public"},
		"tables that another role made": {func(t *testing.T, d *pgtest.Database) {
			t.Helper()
			db, err := database.Open(t.Context(), d.URL, databasetest.Instance)
			if err != nil {
				t.Fatal(err)
			}
			_ = db.Close()
		}, "permission denied for table goose_db_version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := pgtest.New(t)
			tt.prepare(t, d)
			db, err := database.Open(t.Context(), stranger(t, d), databasetest.Instance)
			if err == nil {
				_ = db.Close()
				t.Fatal("Open: no error")
			}
			for _, want := range []string{"the role of DATABASE_URL lacks a right", tt.want, "ALTER SCHEMA"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Open: %v, want %q", err, want)
				}
			}
		})
	}
}
