package portal

import (
	"log/slog"
	"strings"
	"testing"
)

func TestAPortalOnLocalhostIsNotReachedFromElsewhere(t *testing.T) {
	t.Parallel()
	tests := []struct{ public, listen, want string }{
		{"http://localhost:8080", "", "127.0.0.1:8080"},
		{"https://localhost", "", "127.0.0.1:8080"},
		{"http://127.0.0.1:8080/portal", "", "127.0.0.1:8080"},
		{"http://127.0.0.2", "", "127.0.0.2:8080"},
		{"http://[::1]:8080", "", "[::1]:8080"},
		{"http://localhost:8080", ":8080", ":8080"},
		{"http://localhost:8080", "0.0.0.0:9000", "0.0.0.0:9000"},
		{"https://agents.example.com", "", ":8080"},
		{"https://localhost.example.com", "", ":8080"},
		{"https://10.0.0.1", "", ":8080"},
	}
	for _, tt := range tests {
		if got := mustLoad(t, map[string]string{"PUBLIC_URL": tt.public, "LISTEN_ADDR": tt.listen}).ListenAddr; got != tt.want {
			t.Errorf("PUBLIC_URL=%s with LISTEN_ADDR=%s listens on %s, want %s", tt.public, tt.listen, got, tt.want)
		}
	}
}

func TestPostgreSQLBeyondThisMachineWithoutTLSIsWarnedOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, url string
		warned    bool
	}{
		{"without a word on TLS, which prefers it", "postgres://u:canary@db.example.com/d", true},
		{"by the other scheme's name", "postgresql://u:canary@db.example.com/d", true},
		{"with TLS off", "postgres://u:canary@db.example.com/d?sslmode=disable", true},
		{"with TLS if the server insists", "postgres://u:canary@db.example.com/d?sslmode=allow", true},
		{"with TLS if the server can", "postgres://u:canary@db.example.com/d?sslmode=prefer", true},
		{"with a second host in the clear", "postgres://u:canary@localhost,db.example.com/d?sslmode=disable", true},
		{"at an address", "postgres://u:canary@10.0.0.1/d?sslmode=disable", true},
		{"at a name that resembles localhost", "postgres://u:canary@localhost.example.com/d?sslmode=disable", true},
		{"with TLS", "postgres://u:canary@db.example.com/d?sslmode=require", false},
		{"with TLS and a certificate", "postgres://u:canary@db.example.com/d?sslmode=verify-full", false},
		{"on localhost", "postgres://u:canary@localhost/d?sslmode=disable", false},
		{"on a loopback address", "postgres://u:canary@127.0.0.2/d", false},
		{"on IPv6's loopback address", "postgres://u:canary@[::1]/d", false},
		{"on a socket", "postgres:///d?host=/var/run/postgresql&user=u&sslmode=disable", false},
		{"a file", "sqlite:portal.db", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			mustLoad(t, map[string]string{"DATABASE_URL": tt.url}).warn(t.Context(), slog.New(slog.NewJSONHandler(&log, nil)))
			if warned := strings.Contains(log.String(), `"level":"WARN"`) && strings.Contains(log.String(), `"variable":"DATABASE_URL"`); warned != tt.warned || strings.Contains(log.String(), "canary") {
				t.Errorf("the log says %q, want a warning = %v, and never the password", log.String(), tt.warned)
			}
		})
	}
}
