package session_test

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
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/session"
)

// holderVariable makes the test binary play another portal instead of running tests. Its
// value is the address of the database.
const holderVariable = "SESSION_TEST_HOLDER"

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
// id it reads, says so, and never gets an answer from GitLab.
func holdRefresh(url string, in io.Reader, out io.Writer) error {
	ctx := context.Background()
	keys, err := session.ParseKeys(hexKey)
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, url, databasetest.Instance)
	if err != nil {
		return err
	}
	cfg := configure(newClock())
	cfg.Keys = keys
	s, err := session.New(db, cfg)
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
	d := databasetest.Postgres(t)
	cfg := configure(newClock())
	cfg.Keys = mustParseKeys(t, hexKey)
	s := open(t, d.Open(t), cfg)
	b := newBrowser()
	signedIn := b.signIn(t, s, lead(1))
	holder, says := otherPortal(t, d.URL, strings.NewReader(signedIn.ID+"\n"))
	if !says.Scan() || says.Text() != "holding" {
		t.Fatalf("the other portal says %q, want that it holds the session", says.Text())
	}

	gitlab := newGate(gitlabapi.TokenPair{}, errors.New("GitLab gave the new pair to the one that was killed"))
	close(gitlab.release)
	waiting := start(t.Context(), s, signedIn, gitlab.refresh)
	awaitWaiter(t, s)
	if b.load(t, s) == nil {
		t.Error("the session cannot be read while the other portal holds it")
	}
	if calls := gitlab.calls.Load(); calls != 0 {
		t.Errorf("GitLab was asked %d times while the other portal held the session, want 0", calls)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait()                                                       // reports the kill
	d.Exec(t, `UPDATE sessions SET leased_until = leased_until - 40000000`) // the time of its lease goes by
	if o := <-waiting; !errors.Is(o.err, gitlab.err) {
		t.Errorf("Refresh after the kill = %v, %v, want GitLab's refusal", o.session, o.err)
	}
	if ended, err := s.End(t.Context(), signedIn.ID, 1); !ended || err != nil {
		t.Errorf("End = %v, %v, want the end", ended, err)
	}
	renewed := b.signIn(t, s, lead(2))
	got, err := s.Refresh(t.Context(), renewed.ID, 1, gives(pair(3)))
	wantPair(t, outcome{got, err}, pair(3), 2)
}
