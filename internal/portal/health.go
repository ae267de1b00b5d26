package portal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"gitlab-agent-portal/views"
)

// healthTimeout is short: a portal that lives answers this at once.
const healthTimeout = 3 * time.Second

// healthcheck asks the portal on this machine whether it lives, for containers without a
// shell. It goes by LISTEN_ADDR and the path of PUBLIC_URL; other settings may be missing.
func healthcheck(ctx context.Context, environ []string) error {
	cfg, _ := parseConfig(environ)
	if !isListenAddress(cfg.ListenAddr) {
		return errors.New("LISTEN_ADDR is not of the form host:port or :port")
	}
	address := url.URL{
		Scheme: "http", Host: localAddress(cfg.ListenAddr),
		Path: cfg.basePath() + views.PatternHealth,
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	client := http.Client{Transport: new(http.Transport)} // no proxy: the portal is here
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking for health: %s", response.Status)
	}
	return nil
}

// localAddress is where to reach, from this machine, what listens on address.
func localAddress(address string) string {
	host, port, _ := net.SplitHostPort(address)
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1" // a container may lack the file that says what localhost is
	}
	return net.JoinHostPort(host, port)
}
