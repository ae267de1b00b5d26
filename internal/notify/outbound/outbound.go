// Package outbound makes connections to addresses that a file names, such as those of webhooks, bounded in
// time and size. What they lead to is not to be this machine, nor what only the machines beside it reach.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

const (
	// Timeout bounds one exchange as a whole.
	Timeout = 20 * time.Second
	// dialTimeout bounds a connection's beginning.
	dialTimeout = 10 * time.Second
	// maxHeader and maxBody bound what an answer may take.
	maxHeader = 16 << 10
	maxBody   = 16 << 10
)

// ErrRefused is the error of an address that is not to be connected to: the loopback, a link-local one
// (where clouds keep the machine's credentials), one of a group or of nobody.
var ErrRefused = errors.New("leads to this machine or its own link: NOTIFY_ALLOW_PRIVATE would allow it")

// Options say how connections are made.
type Options struct {
	// Allowed are networks that are connected to although they would be refused.
	Allowed []netip.Prefix
	// Anywhere refuses nothing, for addresses that the operator gave one by one.
	Anywhere bool
	// RootCAs are whose certificates are trusted; nil for the system's.
	RootCAs *x509.CertPool
	// Proxy returns the proxy for an address, nil for none. Where there is one, it decides what may be
	// reached.
	Proxy func(*url.URL) (*url.URL, error)
}

// Client is an HTTP client that follows no redirect, keeps no connection and repeats nothing by itself.
// It is safe for concurrent use.
type Client struct {
	direct, proxied *http.Client
	proxy           func(*url.URL) (*url.URL, error)
}

// NewClient returns a Client.
func NewClient(opts Options) *Client {
	client := &Client{direct: httpClient(opts, nil), proxy: opts.Proxy}
	if opts.Proxy != nil {
		free := opts
		free.Anywhere = true // the proxy may well live on this machine
		client.proxied = httpClient(free, func(r *http.Request) (*url.URL, error) { return opts.Proxy(r.URL) })
	}
	return client
}

func httpClient(opts Options, proxy func(*http.Request) (*url.URL, error)) *http.Client {
	return &http.Client{
		Timeout:       Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: proxy, DialContext: opts.Dial, TLSClientConfig: opts.TLS(""), TLSHandshakeTimeout: dialTimeout,
			// A connection that is kept can end the moment it is used again, and nobody knows what arrived.
			DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeader, ForceAttemptHTTP2: true,
		},
	}
}

// TLS is the configuration for a server of that name; "" where the client fills it in.
func (o Options) TLS(server string) *tls.Config {
	return &tls.Config{ServerName: server, RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12}
}

// Dial connects to an address, unless what its name stands for at that moment is refused.
func (o Options) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTimeout}
	if !o.Anywhere {
		dialer.ControlContext = o.control
	}
	return dialer.DialContext(ctx, network, address)
}

// control sees the very address that is about to be connected to, whatever a name was resolved to before.
func (o Options) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("connect to no address: %w", ErrRefused)
	}
	if o.refuses(to.Addr()) {
		return ErrRefused
	}
	return nil
}

func (o Options) refuses(to netip.Addr) bool {
	to = to.Unmap().WithZone("")
	for _, network := range o.Allowed {
		if network.Contains(to) {
			return false
		}
	}
	if inside, ok := translated(to); ok {
		return o.refuses(inside)
	}
	return to.IsLoopback() || to.IsLinkLocalUnicast() || to.IsMulticast() || to.IsUnspecified() || isMetadata(to)
}

// translated is the address of version 4 to which a translator on the way (RFC 6052, RFC 3056) takes one of
// version 6 that is made of it, or which it is another way to write (RFC 4291).
func translated(to netip.Addr) (inside netip.Addr, ok bool) {
	bytes := to.As16()
	switch {
	case to.Is4():
		return inside, false
	case netip.MustParsePrefix("64:ff9b::/96").Contains(to), netip.MustParsePrefix("::/96").Contains(to) && !to.IsUnspecified() && !to.IsLoopback():
		return netip.AddrFrom4([4]byte(bytes[12:])), true
	case netip.MustParsePrefix("2002::/16").Contains(to):
		return netip.AddrFrom4([4]byte(bytes[2:6])), true
	default:
		return inside, false
	}
}

// isMetadata reports whether a cloud answers there with what the machine may do, outside the networks that
// are kept for that: AWS and Google over IPv6, Alibaba Cloud, and Azure.
func isMetadata(to netip.Addr) bool {
	switch to.String() {
	case "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16":
		return true
	default:
		return false
	}
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	// Body is its beginning.
	Body []byte
}

// Do sends a request and reads the beginning of the answer. Its error does not contain the address, which
// may be a secret.
func (c *Client) Do(r *http.Request) (Answer, error) {
	client, err := c.choose(r.URL)
	if err != nil {
		return Answer{}, err
	}
	response, err := client.Do(r) //nolint:gosec // what it is guarded by is all of this package
	if err != nil {
		return Answer{}, withoutAddress(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer: %w", withoutAddress(err))
	}
	return Answer{response.StatusCode, response.Header, body}, nil
}

// choose is the client for an address: one that goes by a proxy, or one that goes there itself.
func (c *Client) choose(u *url.URL) (*http.Client, error) {
	if c.proxy == nil {
		return c.direct, nil
	}
	proxy, err := c.proxy(u)
	switch {
	case err != nil:
		return nil, errors.New("the proxy's address cannot be used")
	case proxy == nil:
		return c.direct, nil
	}
	return c.proxied, nil
}

// withoutAddress is the cause of an error that would quote the address.
func withoutAddress(err error) error {
	if quoted, ok := errors.AsType[*url.Error](err); ok {
		return quoted.Err
	}
	return err
}
