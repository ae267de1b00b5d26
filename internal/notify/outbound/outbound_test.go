package outbound_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"gitlab-agent-portal/internal/notify/outbound"
)

func ask(t *testing.T, opts outbound.Options, address string) (outbound.Answer, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return outbound.NewClient(opts).Do(request)
}

func networks(all ...string) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, one := range all {
		prefixes = append(prefixes, netip.MustParsePrefix(one))
	}
	return prefixes
}

func TestThisMachineAndItsLinkAreRefusedByTheAddressThatIsDialled(t *testing.T) {
	t.Parallel()
	asked := 0
	here := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	t.Cleanup(here.Close)
	port := here.URL[strings.LastIndex(here.URL, ":"):]
	for _, host := range []string{
		"127.0.0.1", "localhost", "127.1.2.3", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "100.100.100.200", "224.0.0.1",
		"[fd20:ce::254]", "168.63.129.16", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::1]", "[::127.0.0.1]",
	} {
		_, err := ask(t, outbound.Options{Allowed: networks("10.0.0.0/8")}, "http://"+host+port+"/canary")
		if !errors.Is(err, outbound.ErrRefused) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want it refused, without the address", host, err)
		}
	}
	if asked != 0 {
		t.Errorf("this machine was asked %d times", asked)
	}
	for name, opts := range map[string]outbound.Options{"allowed": {Allowed: networks("127.0.0.0/8")}, "anywhere": {Anywhere: true}} {
		if answer, err := ask(t, opts, here.URL); err != nil || answer.Status != http.StatusOK {
			t.Errorf("%s: %v, %v, want an answer", name, answer.Status, err)
		}
	}
}

func TestAProxyDecidesWhatMayBeReached(t *testing.T) {
	t.Parallel()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Asked", r.URL.String()) }))
	t.Cleanup(proxy.Close)
	way, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	opts := outbound.Options{Proxy: func(u *url.URL) (*url.URL, error) {
		if u.Hostname() == "127.0.0.1" {
			return nil, nil
		}
		return way, nil
	}}
	if answer, err := ask(t, opts, "http://receiver.example/x"); err != nil || answer.Header.Get("Asked") != "http://receiver.example/x" {
		t.Errorf("by the proxy: %v, %v", answer.Header, err)
	}
	if _, err := ask(t, opts, proxy.URL); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("past the proxy to this machine: %v, want it refused", err)
	}
}

func TestAnswersAreBoundedAndRedirectsNotFollowed(t *testing.T) {
	t.Parallel()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			return
		}
		_, _ = w.Write(make([]byte, 1<<20))
	}))
	t.Cleanup(server.Close)
	opts := outbound.Options{Anywhere: true}
	if answer, err := ask(t, opts, server.URL+"/moved"); err != nil || answer.Status != http.StatusTemporaryRedirect {
		t.Errorf("a redirect: %d, %v, want its own status", answer.Status, err)
	}
	if answer, err := ask(t, opts, server.URL+"/large"); err != nil || len(answer.Body) != 16<<10 {
		t.Errorf("a large answer: %d bytes, %v, want the first 16 KiB", len(answer.Body), err)
	}
	if got := strings.Join(asked, " "); got != "/moved /large" {
		t.Errorf("asked was %s", got)
	}
}

func TestAnErrorDoesNotQuoteTheAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://canary.invalid/secret-canary", "https://127.0.0.1:1/secret-canary"} {
		if _, err := ask(t, outbound.Options{Anywhere: true}, address); err == nil || strings.Contains(err.Error(), "secret-canary") {
			t.Errorf("%v, want an error without the path", err)
		}
	}
}
