package pgtest

import (
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// socketName is the file of the unix socket on the default port.
const socketName = ".s.PGSQL.5432"

// Proxy is a way to a database that can be made to say nothing any more.
type Proxy struct {
	// URL is the database's address by way of the proxy.
	URL string

	target string
	// flow is held for reading by what passes bytes on.
	flow sync.RWMutex
}

// Proxy opens a way to the database, until the test ends.
func (d *Database) Proxy(tb testing.TB) *Proxy {
	tb.Helper()
	dir, err := os.MkdirTemp("/tmp", "pgproxy") //nolint:usetesting // a socket's path may have 107 bytes only
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "unix", filepath.Join(dir, socketName))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _, _ = listener.Close(), os.RemoveAll(dir) })
	p := &Proxy{URL: atSocket(d.URL, dir), target: filepath.Join(d.server.socketDir, socketName)}
	go p.accept(listener)
	return p
}

// Stall lets nothing through any more, in either direction, as a server that was stopped or a network
// that drops everything does. Connections stay open and new ones are taken.
func (p *Proxy) Stall() { p.flow.Lock() }

// Resume undoes Stall. What was sent meanwhile arrives.
func (p *Proxy) Resume() { p.flow.Unlock() }

func (p *Proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := new(net.Dialer).Dial("unix", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		go p.pass(client, server)
		go p.pass(server, client)
	}
}

func (p *Proxy) pass(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	_, _ = io.Copy(gate{&p.flow, to}, from)
}

// gate writes while the flow is not held.
type gate struct {
	flow *sync.RWMutex
	to   io.Writer
}

func (g gate) Write(b []byte) (int, error) {
	g.flow.RLock()
	defer g.flow.RUnlock()
	return g.to.Write(b)
}

// atSocket is the address of the same database at the socket of another folder.
func atSocket(address, dir string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err) // it was made by url
	}
	query := u.Query()
	query.Set("host", dir)
	u.RawQuery = query.Encode()
	return u.String()
}
