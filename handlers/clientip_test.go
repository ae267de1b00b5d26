package handlers

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestV8ForwardedHeadersCountOnlyFromTrustedProxies(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	tests := []struct {
		name      string
		trusted   []netip.Prefix
		peer      string
		forwarded []string
		want      string
	}{
		{"nobody is trusted by default", nil, "10.0.0.1:1234", []string{"192.0.2.7"}, "10.0.0.1"},
		{"a peer that is not trusted", proxies, "198.51.100.9:1234", []string{"192.0.2.7"}, "198.51.100.9"},
		{"a trusted proxy", proxies, "10.0.0.1:1234", []string{"192.0.2.7"}, "192.0.2.7"},
		{"a trusted proxy over IPv6", proxies, "[fd00::1]:1234", []string{"2001:db8::7"}, "2001:db8::7"},
		{"an IPv4 peer in IPv6 clothes", proxies, "[::ffff:10.0.0.1]:1234", []string{"192.0.2.7"}, "192.0.2.7"},
		{"two trusted proxies", proxies, "10.0.0.1:1234", []string{"192.0.2.7, 10.0.0.2"}, "192.0.2.7"},
		{"an address that the client made up", proxies, "10.0.0.1:1234", []string{"127.0.0.1, 192.0.2.7"}, "192.0.2.7"},
		{"several headers", proxies, "10.0.0.1:1234", []string{"127.0.0.1", "192.0.2.7"}, "192.0.2.7"},
		{"empty entries", proxies, "10.0.0.1:1234", []string{"192.0.2.7, ,", ""}, "192.0.2.7"},
		{"nonsense", proxies, "10.0.0.1:1234", []string{"evil, <script>"}, "10.0.0.1"},
		{"no header", proxies, "10.0.0.1:1234", nil, "10.0.0.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := &Handlers{Config: Config{TrustedProxies: tt.trusted}}
			r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			r.RemoteAddr = tt.peer
			r.Header["X-Forwarded-For"] = tt.forwarded
			if got := h.clientIP(r); got != tt.want {
				t.Errorf("clientIP = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestV8EverySpellingOfAForwardedAddressIsRead(t *testing.T) {
	t.Parallel()
	const proxy = "10.0.0.1"
	tests := []struct {
		name, header, value, want string
	}{
		{"a port", "X-Forwarded-For", "203.0.113.7:51008", "203.0.113.7"},
		{"brackets and a port", "X-Forwarded-For", "[2001:db8::1]:443", "2001:db8::1"},
		{"brackets", "X-Forwarded-For", "[2001:db8::1]", "2001:db8::1"},
		{"quotes", "X-Forwarded-For", `"203.0.113.7"`, "203.0.113.7"},
		{"quotes, brackets and a port", "X-Forwarded-For", `"[2001:db8::1]:443"`, "2001:db8::1"},
		{"IPv6 alone has no port", "X-Forwarded-For", "2001:db8::1:443", "2001:db8::1:443"},
		{"IPv4 in IPv6 clothes with a port", "X-Forwarded-For", "[::ffff:203.0.113.7]:443", "203.0.113.7"},
		{"a zone", "X-Forwarded-For", "[fe80::1%eth0]:443", "fe80::1"},
		{"a trusted proxy with a port behind the client", "X-Forwarded-For", "203.0.113.7:1, 10.0.0.2:2", "203.0.113.7"},
		{"an address that the client made up, with a port", "X-Forwarded-For", "127.0.0.1:80, 203.0.113.7:51008", "203.0.113.7"},

		{"Forwarded", "Forwarded", "for=203.0.113.7", "203.0.113.7"},
		{"Forwarded with a port and other parameters", "Forwarded", `proto=https; For="203.0.113.7:51008" ;by=10.0.0.1`, "203.0.113.7"},
		{"Forwarded over IPv6", "Forwarded", `for="[2001:db8:cafe::17]:4711"`, "2001:db8:cafe::17"},
		{"Forwarded with a hidden port", "Forwarded", `for="203.0.113.7:_gazonk"`, "203.0.113.7"},
		{"Forwarded by two", "Forwarded", "for=127.0.0.1, for=203.0.113.7;proto=http, for=10.0.0.2", "203.0.113.7"},
		{"an open quote of the client's", "Forwarded", `for="evil, for=203.0.113.7`, "203.0.113.7"},

		{"a client that Forwarded keeps unknown", "Forwarded", "for=unknown", proxy},
		{"a client that Forwarded hides", "Forwarded", "for=_hidden", proxy},
		{"no client in Forwarded", "Forwarded", "proto=https;by=10.0.0.1", proxy},
		{"two clients in one element", "Forwarded", "for=203.0.113.7;for=203.0.113.8", proxy},
		{"a quote that is not closed", "X-Forwarded-For", `"203.0.113.7`, proxy},
		{"a bracket that is not closed", "X-Forwarded-For", "[2001:db8::1", proxy},
		{"something behind the bracket", "X-Forwarded-For", "[2001:db8::1]443", proxy},
		{"IPv4 in brackets", "X-Forwarded-For", "[203.0.113.7]", proxy},
		{"a port that is none", "X-Forwarded-For", "203.0.113.7:http", proxy},
		{"a name", "X-Forwarded-For", "client.example.com:443", proxy},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := &Handlers{Config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
			r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			r.RemoteAddr = proxy + ":1234"
			r.Header.Set(tt.header, tt.value)
			if got := h.clientIP(r); got != tt.want {
				t.Errorf("clientIP = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestV8XForwardedForCountsWhereForwardedArrivesToo(t *testing.T) {
	t.Parallel()
	h := &Handlers{Config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.RemoteAddr = "10.0.0.1:1234"
	r.Header.Set("X-Forwarded-For", "203.0.113.7")
	r.Header.Set("Forwarded", "for=127.0.0.1")
	if got, want := h.clientIP(r), "203.0.113.7"; got != want {
		t.Errorf("clientIP = %q, want %q: a proxy that writes X-Forwarded-For passes Forwarded on as it came", got, want)
	}
}

func TestWhatATrustedProxyWritesAndNobodyCanReadIsWarnedOfOnce(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	h := &Handlers{Config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Log: slog.New(slog.NewTextHandler(&log, nil))}}
	for _, forwarded := range []string{"203.0.113.7:51008", "unknown", strings.Repeat("x", 10_000)} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = "10.0.0.1:1234"
		r.Header.Set("X-Forwarded-For", forwarded)
		h.noteForwarded(r)
	}
	if got := strings.Count(log.String(), "forwards what is no address"); got != 1 {
		t.Errorf("the log warns %d times, want once: %s", got, log.String())
	}
	if !strings.Contains(log.String(), "header=X-Forwarded-For entry=unknown") {
		t.Errorf("the log does not show the entry: %s", log.String())
	}
}

func TestAProxyThatTrustedProxiesLacksIsWarnedOfOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		peer string
		want int
	}{
		"a proxy in none of the networks": {"192.0.2.1:1234", 1},
		"a proxy that is trusted":         {"10.0.0.1:1234", 0},
	} {
		var log strings.Builder
		h := &Handlers{Config: Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Log: slog.New(slog.NewTextHandler(&log, nil))}}
		for range 3 * manyForwarded {
			r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			r.RemoteAddr = tt.peer
			r.Header.Set("X-Forwarded-For", "203.0.113.7")
			h.noteForwarded(r)
		}
		if got := strings.Count(log.String(), "does TRUSTED_PROXIES lack a proxy?"); got != tt.want {
			t.Errorf("%s is warned of %d times, want %d: %s", name, got, tt.want, log.String())
		}
	}
}

func FuzzForwardedAddress(f *testing.F) {
	for _, seed := range []string{`for="[2001:db8::1]:443", for=10.0.0.1`, "203.0.113.7:51008", "fe80::1%<b>", `"`, "[", "[]:", ":"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, name := range []string{"X-Forwarded-For", "Forwarded"} {
			_, nodes := forwardedBy(http.Header{name: {value}})
			for _, node := range nodes {
				if address, ok := parseNode(node); ok != address.IsValid() || address.Zone() != "" || address.Is4In6() {
					t.Errorf("parseNode(%q) = %v, %v", node, address, ok)
				}
			}
		}
	})
}
