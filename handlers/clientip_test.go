package handlers

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
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
