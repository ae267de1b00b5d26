package handlers_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/handlers"
)

// exporting is a server whose time for a whole answer is up at once, and whose connections hold few
// bytes, so that it notices how its reader reads. done is closed when it has answered.
func (p *portal) exporting(pace time.Duration) (address string, done <-chan struct{}) {
	p.t.Helper()
	cfg := p.config
	cfg.Pace = pace
	handler, answered := must(handlers.New(cfg))(p.t), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(answered)
		handler.ServeHTTP(w, r)
	}))
	server.Config.WriteTimeout = time.Millisecond
	server.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		if tcp, ok := conn.(*net.TCPConn); ok && state == http.StateNew {
			_ = tcp.SetWriteBuffer(32 << 10)
		}
	}
	server.Start()
	p.t.Cleanup(server.Close)
	return server.URL, answered
}

// download begins to read an export, uncompressed.
func (b *browser) download(address string) io.ReadCloser {
	b.p.t.Helper()
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			_ = conn.(*net.TCPConn).SetReadBuffer(32 << 10) //nolint:forcetypeassert // it is one
		}
		return conn, err
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, DisableCompression: true}}
	r := must(http.NewRequestWithContext(b.p.t.Context(), http.MethodGet, address, nil))(b.p.t)
	r.Host = b.p.public.Host
	for _, cookie := range b.client.Jar.Cookies(b.p.public) {
		r.AddCookie(cookie)
	}
	answer := must(client.Do(r))(b.p.t) //nolint:bodyclose // by the cleanup
	b.p.t.Cleanup(func() { _ = answer.Body.Close(); client.CloseIdleConnections() })
	return answer.Body
}

// fillAudit gives the lead's project so many rows.
func (p *portal) fillAudit(rows int) {
	p.t.Helper()
	p.database.Exec(p.t, fmt.Sprintf(`INSERT INTO audit (id, at, action, outcome, actor_id, actor_name, project_id, project_path, agent_id, agent_name, token_id, token_name, client_ip, request_id, refers_to, instance)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		SELECT 1000 + i, 1, 'token_create', 'ok', 1, 'lead', %d, 'shop/payments', 5, 'prod', i, 'a-token-with-a-name', '192.0.2.1', 'a-request', 0, %d FROM n`, rows, p.project, p.db.Instance.Number))
}

func TestAnExportTakesAsLongAsItsReaderNeeds(t *testing.T) {
	t.Parallel()
	for path, rows := range map[string]func(p *portal) int{
		"/activity.csv": func(p *portal) int { p.fillAudit(5000); return 5000 },
		"/fleet.csv":    func(p *portal) int { p.addFleet(1500); return 1502 },
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			want := rows(p)
			lead := p.as("lead")
			lead.get("/fleet.csv") // so that the fleet is there
			address, _ := p.exporting(0)
			text, err := io.ReadAll(lead.download(address + path))
			if got := strings.Count(string(text), "\r\n") - 1; err != nil || got < want {
				t.Errorf("%d rows came, %v; want %d, long after the time for a whole answer", got, err, want)
			}
		})
	}
}

func TestAReaderWhoStallsIsCutOff(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.fillAudit(20_000)
	lead := p.as("lead")
	address, done := p.exporting(50 * time.Millisecond)
	body := lead.download(address + "/activity.csv")
	<-done // without reading
	text, err := io.ReadAll(body)
	if got := strings.Count(string(text), "\r\n"); err == nil || got >= 20_000 {
		t.Errorf("%d rows came, %v; want that the file is cut", got, err)
	}
}
