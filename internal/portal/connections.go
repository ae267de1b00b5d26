package portal

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"gitlab-agent-portal/handlers"
)

const (
	// maxStrangers is how many connections are open over which nobody has signed in yet. Beyond it
	// the ones that have waited for longest are closed.
	maxStrangers = 1000
	// strangerIdle is for how long such a connection may be quiet.
	strangerIdle = 10 * time.Second
)

// connections bounds what strangers cost by merely connecting. A connection over which somebody
// came with a session, such as a proxy's, is left alone.
type connections struct {
	net.Listener
	most int

	mu        sync.Mutex
	strangers map[*connection]struct{}
}

func newConnections(listener net.Listener) *connections {
	return &connections{Listener: listener, most: maxStrangers, strangers: map[*connection]struct{}{}}
}

// connection is one that was accepted.
type connection struct {
	net.Conn
	all *connections
	// known says that somebody came over it with a session.
	known atomic.Bool
	// quiet says since when nothing is under way, in nanoseconds; 0 while something is.
	quiet atomic.Int64
}

// Accept accepts a connection as a stranger's.
func (c *connections) Accept() (net.Conn, error) {
	accepted, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	one := &connection{Conn: accepted, all: c}
	one.quiet.Store(clock().UnixNano())
	c.add(one)
	return one, nil
}

// add notes a stranger. Where there are too many, the one that has been quiet for longest goes.
func (c *connections) add(one *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.strangers[one] = struct{}{}
	if len(c.strangers) <= c.most {
		return
	}
	if longest := c.longestQuiet(); longest != nil {
		delete(c.strangers, longest)
		_ = longest.Conn.Close()
	}
}

// longestQuiet is the stranger over whose connection nothing has been under way for longest.
func (c *connections) longestQuiet() *connection {
	var longest *connection
	for one := range c.strangers {
		since := one.quiet.Load()
		if since != 0 && (longest == nil || since < longest.quiet.Load()) {
			longest = one
		}
	}
	return longest
}

func (c *connections) forget(one *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.strangers, one)
}

// Close closes the connection, and forgets it.
func (one *connection) Close() error {
	one.all.forget(one)
	return one.Conn.Close()
}

// SetReadDeadline gives a stranger less time than net/http gives between requests.
func (one *connection) SetReadDeadline(until time.Time) error {
	if soon := clock().Add(strangerIdle); !one.known.Load() && one.quiet.Load() != 0 && (until.IsZero() || until.After(soon)) {
		until = soon
	}
	return one.Conn.SetReadDeadline(until)
}

// track makes server tell which connections are at work, and handler which are known.
func (c *connections) track(server *http.Server) {
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		one, ok := conn.(*connection)
		if !ok {
			return ctx
		}
		return handlers.WithRecognised(ctx, func() {
			if !one.known.Swap(true) {
				c.forget(one)
			}
		})
	}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		one, ok := conn.(*connection)
		switch {
		case !ok:
		case state == http.StateActive:
			one.quiet.Store(0)
		case state == http.StateIdle:
			one.quiet.Store(clock().UnixNano())
		}
	}
}
