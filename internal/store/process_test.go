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

// holdRefresh is the other portal: it begins to refresh the session whose id it reads, says
// so, and never gets an answer from GitLab.
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
	var id string
	if _, err := fmt.Fscan(in, &id); err != nil {
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

// otherPortal runs holdRefresh in a process of its own.
func otherPortal(t *testing.T, url, sessionID string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(cmd.Environ(), holderVariable+"="+url)
	cmd.Stdin = strings.NewReader(sessionID + "\n")
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
	holder, says := otherPortal(t, cfg.URL, session.ID)
	if !says.Scan() || says.Text() != "holding" {
		t.Fatalf("the other portal says %q, want that it holds the session", says.Text())
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
