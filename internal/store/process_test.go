package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pressly/goose/v3/lock"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/store"
)

// holderVariable makes the test binary play another portal instead of running tests. Its
// value is the address of the database.
const holderVariable = "STORE_TEST_HOLDER"

func TestMain(m *testing.M) {
	if url := os.Getenv(holderVariable); url != "" {
		if err := holdRefresh(url, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// holdRefresh is the other portal: it opens the database, begins to refresh the session whose
// id it reads, says so, and never gets an answer from GitLab. Without an id it only opens.
func holdRefresh(url string, in io.Reader, out io.Writer) error {
	ctx := context.Background()
	keys, err := store.ParseKeys(hexKey)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Config{URL: url, Keys: keys, Now: newClock().Now, Cookie: store.CookieOptions{Name: "portal"}})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "open"); err != nil {
		return err
	}
	var id string
	switch _, err := fmt.Fscan(in, &id); {
	case errors.Is(err, io.EOF):
		return s.Close()
	case err != nil:
		return err
	}
	_, err = s.Refresh(ctx, id, 1, func(ctx context.Context, _ gitlabapi.TokenPair) (gitlabapi.TokenPair, error) {
		if _, err := fmt.Fprintln(out, "holding"); err != nil {
			return gitlabapi.TokenPair{}, err
		}
		<-ctx.Done()
		return gitlabapi.TokenPair{}, ctx.Err()
	})
	return err
}

// otherPortal runs holdRefresh in a process of its own. Its output ends with it.
func otherPortal(t *testing.T, url string, input io.Reader) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(cmd.Environ(), holderVariable+"="+url)
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

func TestO7KilledHolderDoesNotBlockTheOthers(t *testing.T) {
	t.Parallel()
	e := postgresEngine(t)
	cfg := configure(e, newClock())
	cfg.Keys = mustParseKeys(t, hexKey)
	s := open(t, cfg)
	b := newBrowser()
	session := b.signIn(t, s, lead(1))
	holder, says := otherPortal(t, cfg.URL, strings.NewReader(session.ID+"\n"))
	for _, want := range []string{"open", "holding"} {
		if !says.Scan() || says.Text() != want {
			t.Fatalf("the other portal says %q, want %q", says.Text(), want)
		}
	}

	gitlab := newGate(gitlabapi.TokenPair{}, errors.New("GitLab gave the new pair to the one that was killed"))
	close(gitlab.release)
	waiting := start(t.Context(), s, session, gitlab.refresh)
	e.awaitLockWaiter(t)
	if b.load(t, s) == nil {
		t.Error("the session cannot be read while the other portal holds it")
	}
	if calls := gitlab.calls.Load(); calls != 0 {
		t.Errorf("GitLab was asked %d times while the other portal held the session, want 0", calls)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // reports the kill
	if o := <-waiting; !errors.Is(o.err, gitlab.err) {
		t.Errorf("Refresh after the kill = %v, %v, want GitLab's refusal", o.session, o.err)
	}
	if ended, err := s.EndSession(t.Context(), session.ID, 1); !ended || err != nil {
		t.Errorf("EndSession = %v, %v, want the end", ended, err)
	}
	renewed := b.signIn(t, s, lead(2))
	got, err := s.Refresh(t.Context(), renewed.ID, 1, gives(pair(3)))
	wantPair(t, outcome{got, err}, pair(3), 2)
}

func TestProcessesThatStartTogetherMigrateOneAfterTheOther(t *testing.T) {
	t.Parallel()
	const processes = 3
	e := postgresEngine(t)
	db := e.raw(t)
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
		cmd, says := otherPortal(t, e.url, nil)
		commands, outputs = append(commands, cmd), append(outputs, says)
	}
	e.await(t, fmt.Sprintf(`SELECT count(*) / %d FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%%pg_try_advisory_lock%%'`, processes))
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
	if want := store.MigrationCount(); err != nil || applied != want {
		t.Errorf("%d migrations were applied, %v, want %d", applied, err, want)
	}
}

func TestOneOfTheProcessesThatStartTogetherGetsAnSQLiteFile(t *testing.T) {
	t.Parallel()
	e := sqliteEngine(t)
	var commands []*exec.Cmd
	var outputs []*bufio.Scanner
	var inputs []io.Closer
	for range 3 {
		in, hold := io.Pipe() // keeps it running
		cmd, says := otherPortal(t, e.url, in)
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
	e := sqliteEngine(t)
	openNew(t, e)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(cmd.Environ(), holderVariable+"="+e.url)
	output, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "another portal is using the database file portal.db") {
		t.Errorf("the second process: %v, %s, want it to refuse", err, output)
	}
}
