package pgtest

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// superuser is the server's only role.
const superuser = "portal"

// supervise runs the server until its standard input closes, which happens when the test
// binary ends, in whatever way, and leaves nothing behind. $1 is the folder of the programs,
// $2 the folder of this server.
const supervise = `
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=200 \
	-c fsync=off -c synchronous_commit=off -c full_page_writes=off </dev/null &
cat >/dev/null
kill -INT $!
wait
rm -rf "$2"
`

// server is a running PostgreSQL.
type server struct {
	socketDir string
	// alive is the standard input of the supervising shell: open as long as this process lives.
	alive io.Closer
}

func start() (*server, error) {
	bin, err := programs("/usr/lib/postgresql")
	if err != nil {
		return nil, err
	}
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	dir, err := serverDir(account)
	if err != nil {
		return nil, err
	}
	initdb := exec.CommandContext(context.Background(), filepath.Join(bin, "initdb"),
		"-D", filepath.Join(dir, "data"), "-U", superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, account
	if output, err := initdb.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, output), os.RemoveAll(dir))
	}
	return run(bin, dir, account)
}

// programs finds the newest server that Debian's packages installed below dir.
func programs(dir string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*", "bin", "postgres"))
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", errors.New("it is not installed: apt-get install postgresql")
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(majorVersion(a), majorVersion(b)) })
	return filepath.Dir(newest), nil
}

func majorVersion(program string) int {
	version, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(program))))
	return version
}

// serverAccount is who the server runs as: it refuses root, which becomes the account that
// the package made. The process group of its own keeps Ctrl-C away from it.
func serverAccount() (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, errUID := strconv.ParseUint(account.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(errUID, errGID); err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, nil
}

// serverDir makes the server's folder. It lies in /tmp whatever TMPDIR says, since a unix
// socket's path may have 107 bytes only and other accounts may not enter TMPDIR.
func serverDir(account *syscall.SysProcAttr) (string, error) {
	dir, err := os.MkdirTemp("/tmp", "pgtest")
	if err != nil {
		return "", err
	}
	if c := account.Credential; c != nil {
		if err := os.Chown(dir, int(c.Uid), int(c.Gid)); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func run(bin, dir string, account *syscall.SysProcAttr) (*server, error) {
	// It outlives the test that starts it: no test's context may end it.
	shell := exec.CommandContext(context.Background(), "sh", "-c", supervise, "sh", bin, dir)
	shell.Dir, shell.SysProcAttr = dir, account
	alive, err := shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	log, err := shell.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := shell.Start(); err != nil {
		return nil, err
	}
	if err := awaitLine(log, "ready to accept connections"); err != nil {
		return nil, errors.Join(err, alive.Close(), shell.Wait())
	}
	return &server{socketDir: dir, alive: alive}, nil
}

// awaitLine reads a server's log until it says that it is ready, and goes on reading in the
// background: a full pipe would stop the server.
func awaitLine(log io.Reader, ready string) error {
	var said strings.Builder
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if strings.Contains(lines.Text(), ready) {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return nil
		}
		said.WriteString(lines.Text() + "\n")
	}
	return fmt.Errorf("it did not start: %s", said.String())
}
