package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// bouncerConfig is what PgBouncer is told: the folder of the server's socket, its own folder twice,
// and the list of users.
const bouncerConfig = `[databases]
* = host=%s
[pgbouncer]
listen_addr =
unix_socket_dir = %s
listen_port = 5432
pool_mode = transaction
auth_type = trust
auth_file = %s
`

// superviseBouncer runs PgBouncer until its standard input closes.
const superviseBouncer = `
"$1" "$2/pgbouncer.ini" </dev/null &
cat >/dev/null
kill -INT $!
wait
rm -rf "$2"
`

// Bounced is the database's address by way of a PgBouncer in transaction mode, which ends with the
// test: each transaction, and each statement outside one, has whatever connection is free.
func (d *Database) Bounced(tb testing.TB) string {
	tb.Helper()
	dir, err := startBouncer(tb, d.server.socketDir)
	if err != nil {
		tb.Fatalf("the tests need PgBouncer: %v", err)
	}
	return atSocket(d.URL, dir)
}

func startBouncer(tb testing.TB, server string) (string, error) {
	tb.Helper()
	program, err := bouncerProgram()
	if err != nil {
		return "", err
	}
	account, err := serverAccount()
	if err != nil {
		return "", err
	}
	dir, err := serverDir(account)
	if err != nil {
		return "", err
	}
	users := filepath.Join(dir, "users.txt")
	config := fmt.Sprintf(bouncerConfig, server, dir, users)
	for name, content := range map[string]string{users: `"` + superuser + `" ""` + "\n", filepath.Join(dir, "pgbouncer.ini"): config} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			return "", err
		}
	}
	return dir, runBouncer(tb, program, dir, account)
}

// bouncerProgram is Debian's, which is not on everybody's path.
func bouncerProgram() (string, error) {
	const debian = "/usr/sbin/pgbouncer"
	if _, err := os.Stat(debian); err == nil {
		return debian, nil
	}
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		return "", errors.New("it is not installed: apt-get install pgbouncer")
	}
	return program, nil
}

func runBouncer(tb testing.TB, program, dir string, account *syscall.SysProcAttr) error {
	tb.Helper()
	shell := exec.CommandContext(context.WithoutCancel(tb.Context()), "sh", "-c", superviseBouncer, "sh", program, dir)
	shell.Dir, shell.SysProcAttr = dir, account
	alive, err := shell.StdinPipe()
	if err != nil {
		return err
	}
	log, err := shell.StderrPipe()
	if err != nil {
		return err
	}
	if err := shell.Start(); err != nil {
		return err
	}
	tb.Cleanup(func() { _, _ = alive.Close(), shell.Wait() })
	return awaitLine(log, "process up")
}
