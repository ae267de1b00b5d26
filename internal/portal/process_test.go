package portal

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// processVariable makes the test binary be a portal instead of running tests.
const processVariable = "PORTAL_TEST_PROCESS"

// hastyVariable makes the watch of such a process look several times a second.
const hastyVariable = "PORTAL_TEST_HASTY"

func TestMain(m *testing.M) {
	if os.Getenv(processVariable) == "" {
		os.Exit(m.Run())
	}
	if err := bePortal(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// bePortal runs the program on the listener that this process inherited, until its standard
// input closes: a test binary that dies leaves no portal behind.
func bePortal() error {
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	program := Program{Environ: os.Environ(), Stdout: os.Stdout, Listener: listener}
	if os.Getenv(hastyVariable) != "" {
		program.extras.watchLimits = hasty
	}
	return program.Run(ctx)
}

// process is a portal in a process of its own, as in production.
type process struct {
	url    string
	cmd    *exec.Cmd
	output *output
}

// startProcesses runs so many portals on one database, all started at once.
func startProcesses(t *testing.T, gitlab organisation, n int, environ ...string) []*process {
	t.Helper()
	var listeners []net.Listener
	for range n {
		listeners = append(listeners, listen(t))
	}
	public, environ := settings(gitlab, listeners[0], environ...)
	var portals []*process
	for _, listener := range listeners {
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		_, path, _ := strings.Cut(strings.TrimPrefix(public, "http://"), "/")
		portals = append(portals, startProcess(t, "http://localhost:"+port+"/"+path, listener, environ))
	}
	for _, p := range portals {
		newBrowser(t).waitFor(p.url+"/readyz", 200)
	}
	return portals
}

func startProcess(t *testing.T, url string, listener net.Listener, environ []string) *process {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	inherited, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	output := new(output)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program)
	cmd.Env = append([]string{processVariable + "=1"}, environ...)
	cmd.ExtraFiles = []*os.File{inherited}
	cmd.Stdout, cmd.Stderr = output, output
	alive, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// From here on the child alone holds the port: when it dies, nobody listens.
	_, _ = inherited.Close(), listener.Close()
	t.Cleanup(func() {
		_ = alive.Close()
		_ = cmd.Wait() // reports the kill of a portal that was killed
		if t.Failed() {
			t.Logf("%s said:\n%s", url, output)
		}
	})
	return &process{url, cmd, output}
}

// kill ends the process at once, as kill -9 does.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
}
