package demo

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"
)

// Where the demo listens, if nobody else does. Neither can be reached from another machine.
const (
	portalAddress = "localhost:8080"
	gitlabAddress = "127.0.0.1:8081"
	// portAttempts is how many ports in a row are tried.
	portAttempts = 20
)

// listenNear listens on the address, or on one of the next ports when it is taken.
func listenNear(ctx context.Context, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	for candidate := first; ; candidate++ {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(candidate)))
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || candidate == first+portAttempts {
			return listener, err
		}
	}
}
