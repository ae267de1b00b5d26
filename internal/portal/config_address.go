package portal

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"gitlab-agent-portal/gitlabapi"
)

// rootOf tells an address that was copied from the browser's or from a manual from the one that is
// wanted: page is what stands too much at its end, empty where nothing does.
func rootOf(variable string, u *url.URL) (root, page string) {
	pattern := gitlabPage
	if variable == "PUBLIC_URL" {
		pattern = portalPage
	}
	page = pattern.FindString(u.Path)
	cut := url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(u.Path, page)}
	return cut.String(), page
}

// gitlabPage is the end of an address inside GitLab: of its API, of signing in, of the pages where a
// sign-in ends and where applications are made. A GitLab below a path of its own has none of these
// as its last names.
var gitlabPage = regexp.MustCompile(`/(?:api(?:/v[0-9]+|/graphql)?|users/sign_in|oauth(?:/[a-z]+)?|` +
	`dashboard(?:/[a-z]+)?|explore(?:/[a-z]+)?|admin(?:/[a-z]+)?|help|-(?:/.*)?)$`)

// portalPage is what the application's redirect URI has at its end.
var portalPage = regexp.MustCompile(`/auth/(?:callback|login)$`)

const defaultPort = "8080"

// defaultListenAddr is every address of the machine, or only its loopback where public says that
// nobody comes from elsewhere.
func defaultListenAddr(public *url.URL) string {
	switch host := public.Hostname(); {
	case host == "localhost":
		return net.JoinHostPort("127.0.0.1", defaultPort) // a container may lack the file that says what localhost is
	case isLoopback(host):
		return net.JoinHostPort(host, defaultPort)
	default:
		return ":" + defaultPort
	}
}

// checkProxies reads the usual variables as net/http does, which leaves out in silence what it
// cannot read. Addresses of this machine are never asked through a proxy.
func (c *config) checkProxies(bad *problems) {
	if !isProxy(c.HTTPProxy) {
		bad.add("HTTP_PROXY", notAProxy)
	}
	if !isProxy(c.HTTPSProxy) {
		bad.add("HTTPS_PROXY", notAProxy)
	}
	proxies := httpproxy.Config{HTTPProxy: c.HTTPProxy.Reveal(), HTTPSProxy: c.HTTPSProxy.Reveal(), NoProxy: c.NoProxy}
	c.proxy = proxies.ProxyFunc()
}

const notAProxy = "is not the address of a proxy, such as http://proxy.example.com:3128"

func isProxy(address gitlabapi.Secret) bool {
	text := address.Reveal()
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	return address.IsZero() || err == nil && u.Hostname() != "" &&
		slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)
}

// checkMetricsAddr examines the listener that only operators are to reach.
func (c *config) checkMetricsAddr(bad *problems) {
	if c.MetricsAddr == "" {
		if c.PPROF {
			bad.add("PPROF", "needs METRICS_ADDR, since profiles are served there and nowhere else")
		}
		return
	}
	if !isListenAddress(c.MetricsAddr) {
		bad.add("METRICS_ADDR", "is not of the form host:port or :port")
	} else if c.MetricsAddr == c.ListenAddr {
		bad.add("METRICS_ADDR", "is LISTEN_ADDR: metrics are not for everybody and need an address of their own")
	}
}
