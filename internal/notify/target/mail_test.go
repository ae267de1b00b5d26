package target_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"net/netip"
	"net/textproto"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/notify/outbound"
	"gitlab-agent-portal/internal/notify/target"
)

// mailServer speaks RFC 5321 with one client, and keeps what it was told.
type mailServer struct {
	implicit, startTLS *tls.Config
	refuse             string // an answer to a verb, as "RCPT 550"
	hangUpAfterMail    bool
	lines              []string
	mail               string
}

func (s *mailServer) serve(t *testing.T) (port int) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		if s.implicit != nil {
			conn = tls.Server(conn, s.implicit)
		}
		s.talk(conn)
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-ended
	})
	return listener.Addr().(*net.TCPAddr).Port
}

func (s *mailServer) talk(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	c := textproto.NewConn(conn)
	say := func(line string) { _ = c.PrintfLine("%s", line) }
	say("220 server")
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		s.lines = append(s.lines, line)
		verb, _, _ := strings.Cut(line, " ")
		if verb0, code, _ := strings.Cut(s.refuse, " "); verb == verb0 {
			say(code + " no, " + line)
			continue
		}
		switch verb {
		case "EHLO":
			say("250-server")
			if s.startTLS != nil {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN")
		case "STARTTLS":
			say("220 go on")
			secure := tls.Server(conn, s.startTLS)
			s.startTLS = nil
			c = textproto.NewConn(secure)
		case "AUTH":
			say("235 well")
		case "DATA":
			say("354 go on")
			content, err := c.ReadDotBytes()
			if err != nil {
				return
			}
			s.mail = string(content)
			say("250 taken")
			if s.hangUpAfterMail {
				return
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 well")
		}
	}
}

// letter is a mail route over a server.
func letter(port int, mode target.TLSMode, roots *x509.CertPool) target.Mail {
	server := &target.Server{
		Host: "127.0.0.1", Port: port, TLS: mode, From: mail.Address{Name: "Portal", Address: "portal@example.com"},
		Options: outbound.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, RootCAs: roots},
	}
	if mode != target.NoTLS {
		server.Username, server.Password = "user", gitlabapi.NewSecret("canary")
	}
	return target.Mail{Server: server, To: []mail.Address{{Address: "a@example.com"}, {Name: "团队", Address: "b@example.com"}}}
}

// certificate is one for 127.0.0.1, and who trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &tls.Config{Certificates: server.TLS.Certificates}, roots
}

func TestAMailHasTheMessageAsTextAndAsHTML(t *testing.T) {
	t.Parallel()
	s := new(mailServer)
	if err := letter(s.serve(t), target.NoTLS, nil).Send(t.Context(), note()); err != nil {
		t.Fatal(err)
	}
	got, err := mail.ReadMessage(strings.NewReader(s.mail))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Message-Id": "<its-name@example.com>", "Subject": "[Info] pr<o>d of shop/a_b_c has a token that is not used any more", "Auto-Submitted": "auto-generated",
		"From": `"Portal" <portal@example.com>`, "Date": "Tue, 24 Nov 2026 09:00:00 +0000", "Content-Language": "en",
	} {
		if value, _ := new(mime.WordDecoder).DecodeHeader(got.Header.Get(name)); value != want {
			t.Errorf("%s: %s, want %s", name, value, want)
		}
	}
	_, params, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(got.Body, params["boundary"])
	for _, want := range []string{plainText, `<li>since 2026-11-24 09:00 UTC</li>`} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		if got := strings.ReplaceAll(string(text), "\r\n", "\n"); err != nil || !strings.Contains(got, want) || strings.Contains(got, "<o>") != (want == plainText) {
			t.Errorf("a part is %s, %v, want %s", got, err, want)
		}
	}
	if told := strings.Join(s.lines, "\n"); !strings.Contains(told, "RCPT TO:<a@example.com>") || !strings.Contains(told, "RCPT TO:<b@example.com>") || strings.Contains(told, "AUTH") {
		t.Errorf("the server was told %s", told)
	}
}

func TestPasswordsGoThroughTLSOnly(t *testing.T) {
	t.Parallel()
	config, roots := certificate(t)
	want := "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00user\x00canary"))
	for name, tt := range map[string]struct {
		mode   target.TLSMode
		server mailServer
		roots  *x509.CertPool
		fails  bool
	}{
		"from the beginning":       {target.ImplicitTLS, mailServer{implicit: config}, roots, false},
		"begun in the clear":       {target.StartTLS, mailServer{startTLS: config}, roots, false},
		"of an unknown authority":  {target.ImplicitTLS, mailServer{implicit: config}, x509.NewCertPool(), true},
		"begun with a stranger":    {target.StartTLS, mailServer{startTLS: config}, x509.NewCertPool(), true},
		"that the server has not":  {target.StartTLS, mailServer{}, roots, true},
		"that is taken from a man": {target.ImplicitTLS, mailServer{}, roots, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := letter(tt.server.serve(t), tt.mode, tt.roots).Send(t.Context(), note())
			if (err != nil) != tt.fails || err != nil && strings.Contains(err.Error(), "canary") {
				t.Fatalf("Send: %v, want an error: %v", err, tt.fails)
			}
			if !tt.fails && strings.Join(tt.server.lines, "\n") != "" && !strings.Contains(strings.Join(tt.server.lines, "\n"), want) {
				t.Errorf("the server was told %q, want the password", tt.server.lines)
			}
		})
	}
}

func TestNoMailGoesInTheClearWhereTLSIsAskedFor(t *testing.T) {
	t.Parallel()
	s := new(mailServer)
	m := letter(s.serve(t), target.StartTLS, nil)
	m.Server.Username = ""
	if err := m.Send(t.Context(), note()); err == nil || s.mail != "" {
		t.Errorf("Send to a server without TLS: %v, and it has %q", err, s.mail)
	}
}

func TestAMailThatTheServerHasIsDelivered(t *testing.T) {
	t.Parallel()
	s := &mailServer{hangUpAfterMail: true}
	if err := letter(s.serve(t), target.NoTLS, nil).Send(t.Context(), note()); err != nil {
		t.Errorf("Send to a server that hangs up once it has the mail: %v", err)
	}
}

func TestAMailThatTheServerRefusesIsNotDelivered(t *testing.T) {
	t.Parallel()
	for verb, status := range map[string]int{"MAIL": 451, "RCPT": 550, "DATA": 554} {
		s := &mailServer{refuse: map[string]string{"MAIL": "MAIL 451", "RCPT": "RCPT 550", "DATA": "DATA 554"}[verb]}
		err := letter(s.serve(t), target.NoTLS, nil).Send(t.Context(), note())
		rejected, ok := errors.AsType[*target.RejectionError](err)
		if !ok || rejected.Status != status || strings.Contains(err.Error(), "example.com") {
			t.Errorf("%s refused: %v, want status %d and nothing of what was written", verb, err, status)
		}
	}
}

func TestAMailServerThatRefusesThePasswordIsNotQuoted(t *testing.T) {
	t.Parallel()
	config, roots := certificate(t)
	s := &mailServer{implicit: config, refuse: "AUTH 535"}
	err := letter(s.serve(t), target.ImplicitTLS, roots).Send(t.Context(), note())
	rejected, ok := errors.AsType[*target.RejectionError](err)
	if !ok || rejected.Status != 535 || strings.Contains(err.Error(), base64.StdEncoding.EncodeToString([]byte("\x00user\x00canary"))) {
		t.Errorf("AUTH refused: %v, want status 535 and nothing of what was written", err)
	}
}

func TestWhatIsNoMailServerIsNotQuoted(t *testing.T) {
	t.Parallel()
	config, roots := certificate(t)
	for _, verb := range []string{"AUTH", "MAIL", "DATA"} {
		s := &mailServer{implicit: config, refuse: verb + " nonsense"}
		if err := letter(s.serve(t), target.ImplicitTLS, roots).Send(t.Context(), note()); err == nil || strings.Contains(err.Error(), "nonsense") {
			t.Errorf("%s: %v, want an error that quotes nothing", verb, err)
		}
	}
}

func TestMailToThisMachineIsRefused(t *testing.T) {
	t.Parallel()
	s := new(mailServer)
	m := letter(s.serve(t), target.NoTLS, nil)
	m.Server.Options.Allowed = nil
	if err := m.Send(t.Context(), note()); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("Send: %v, want it refused", err)
	}
}
