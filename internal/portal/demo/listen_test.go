package demo

import (
	"net"
	"testing"
)

func TestListenNearTakesTheNextFreePort(t *testing.T) {
	t.Parallel()
	busy, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	got, err := listenNear(t.Context(), busy.Addr().String())
	if err != nil {
		t.Fatalf("listenNear: %v", err)
	}
	t.Cleanup(func() { _ = got.Close() })
	taken, wanted := got.Addr().(*net.TCPAddr).Port, busy.Addr().(*net.TCPAddr).Port
	if taken <= wanted || taken > wanted+portAttempts {
		t.Errorf("listenNear took port %d, want one of the %d after %d", taken, portAttempts, wanted)
	}
	if _, err := listenNear(t.Context(), "203.0.113.1:80"); err == nil {
		t.Error("listenNear on an address of another machine: no error")
	}
}
