package database_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pressly/goose/v3/lock"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/database/pgtest"
)

// openerVariable makes the test binary play another portal instead of running tests. Its value
// is the address of the database.
const openerVariable = "DATABASE_TEST_OPENER"

func TestMain(m *testing.M) {
	if url := os.Getenv(openerVariable); url != "" {
		if err := openAndWait(url, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// openAndWait is the other portal: it opens the database, says so, and closes it when its input
// ends.
func openAndWait(url string, in io.Reader, out io.Writer) error {
	db, err := database.Open(context.Background(), url, databasetest.Instance)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "open"); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	return db.Close()
}

// otherPortal runs openAndWait in a process of its own. Its output ends with it.
func otherPortal(t *testing.T, url string, input io.Reader) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(cmd.Environ(), openerVariable+"="+url)
	cmd.Stdin = input
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

func TestProcessesThatStartTogetherMigrateOneAfterTheOther(t *testing.T) {
	t.Parallel()
	const processes = 3
	d := pgtest.New(t)
	db, err := sql.Open("pgx", d.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	other, err := db.Conn(t.Context()) // somebody who migrates, until all of them wait
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.ExecContext(t.Context(), `SELECT pg_advisory_lock($1)`, lock.DefaultLockID); err != nil {
		t.Fatal(err)
	}
	var commands []*exec.Cmd
	var outputs []*bufio.Scanner
	for range processes {
		cmd, says := otherPortal(t, d.URL, nil)
		commands, outputs = append(commands, cmd), append(outputs, says)
	}
	databasetest.Await(t, db, fmt.Sprintf(`SELECT count(*) / %d FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%%pg_advisory_xact_lock%%'`, processes))
	var tables int
	err = db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_tables WHERE tablename = 'sessions'`).Scan(&tables)
	if err != nil || tables != 0 {
		t.Errorf("sessions was made, %v, while somebody else migrates", err)
	}
	if _, err := other.ExecContext(t.Context(), `SELECT pg_advisory_unlock($1)`, lock.DefaultLockID); err != nil {
		t.Fatal(err)
	}
	for i, says := range outputs {
		if !says.Scan() || says.Text() != "open" {
			t.Errorf("process %d says %q, want that it is open", i, says.Text())
		}
		if err := commands[i].Wait(); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	}
	var applied int
	err = db.QueryRowContext(t.Context(), `SELECT count(*) FROM goose_db_version WHERE version_id > 0`).Scan(&applied)
	if want := database.MigrationCount(); err != nil || applied != want {
		t.Errorf("%d migrations were applied, %v, want %d", applied, err, want)
	}
}

func TestOneOfTheProcessesThatStartTogetherGetsAnSQLiteFile(t *testing.T) {
	t.Parallel()
	d := databasetest.SQLite(t)
	var commands []*exec.Cmd
	var outputs []*bufio.Scanner
	var inputs []io.Closer
	for range 3 {
		in, hold := io.Pipe() // keeps it running
		cmd, says := otherPortal(t, d.URL, in)
		commands, outputs, inputs = append(commands, cmd), append(outputs, says), append(inputs, hold)
	}
	open := 0
	for _, says := range outputs {
		if says.Scan() && says.Text() == "open" {
			open++
		}
	}
	if open != 1 {
		t.Errorf("%d processes opened the file, want one", open)
	}
	refused := 0
	for i, hold := range inputs {
		_ = hold.Close()
		if commands[i].Wait() != nil {
			refused++
		}
	}
	if refused != 2 {
		t.Errorf("%d processes refused to start, want two", refused)
	}
}

func TestO7SecondProcessOnAnSQLiteFileIsRefused(t *testing.T) {
	t.Parallel()
	d := databasetest.SQLite(t)
	d.Open(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(cmd.Environ(), openerVariable+"="+d.URL)
	output, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "another portal is using the database file portal.db") {
		t.Errorf("the second process: %v, %s, want it to refuse", err, output)
	}
}
