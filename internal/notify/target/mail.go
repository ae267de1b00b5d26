package target

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/mail"
	"net/textproto"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/notify/message"
	"gitlab-agent-portal/internal/notify/outbound"
)

// mailText bounds a mail's text.
const mailText = 64 << 10

// TLSMode is how the connection to a mail server is kept from being read.
type TLSMode string

// The modes.
const (
	StartTLS    TLSMode = "starttls" // begins in the clear and goes no further so
	ImplicitTLS TLSMode = "tls"
	NoTLS       TLSMode = "none"
)

// Server is a mail server that takes messages on their way.
type Server struct {
	Host string
	Port int
	TLS  TLSMode
	// Username is empty where nobody signs in.
	Username string
	Password gitlabapi.Secret
	From     mail.Address
	// Options say how it may be reached.
	Options outbound.Options
}

// Mail is people who get messages by mail.
type Mail struct {
	Server *Server
	To     []mail.Address
}

// Kind is KindMail.
func (m Mail) Kind() Kind { return KindMail }

// Send hands the message to the mail server once. It was handed over if and only if there is no error,
// as far as anybody can know. Its Message-ID is the same every time.
func (m Mail) Send(ctx context.Context, what message.Message) error {
	ctx, cancel := context.WithTimeout(ctx, outbound.Timeout)
	defer cancel()
	letter, err := m.letter(what)
	if err != nil {
		return err
	}
	client, err := m.Server.client(ctx)
	if err != nil {
		return err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return fmt.Errorf("reach the mail server: %w", rejection(err))
	}
	err = client.Send(letter)
	// The server has the mail from its answer to the text on: what fails afterwards is of no interest.
	_ = client.Close()
	if letter.IsDelivered() || err == nil {
		return nil
	}
	return fmt.Errorf("hand the mail over: %w", rejection(err))
}

// letter is the message as a mail.
func (m Mail) letter(what message.Message) (*gomail.Msg, error) {
	letter := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	letter.FromMailAddress(&m.Server.From)
	to := make([]*mail.Address, 0, len(m.To))
	for _, address := range m.To {
		to = append(to, &address)
	}
	letter.ToMailAddress(to...)
	letter.Subject(what.Heading)
	letter.SetDateWithValue(what.At)
	letter.SetMessageIDWithValue(what.Name + "@" + m.Server.domain())
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetGenHeader("Content-Language", string(what.Lang))
	letter.SetBodyString(gomail.TypeTextPlain, what.Text(mailText))
	page, err := asHTML(what)
	if err != nil {
		return nil, err
	}
	letter.AddAlternativeString(gomail.TypeTextHTML, page)
	return letter, nil
}

// domain is what the sender's address ends in.
func (s *Server) domain() string {
	_, domain, _ := strings.Cut(s.From.Address, "@")
	return domain
}

// client is a client for one mail. Its connection ends with ctx: it would be left open where something fails.
func (s *Server) client(ctx context.Context) (*gomail.Client, error) {
	dial := func(dialling context.Context, network, address string) (net.Conn, error) {
		conn, err := s.dial(dialling, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}
	options := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTimeout(outbound.Timeout), gomail.WithHELO(s.domain()),
		gomail.WithTLSPolicy(s.policy()), gomail.WithTLSConfig(s.Options.TLS(s.Host)), gomail.WithDialContextFunc(dial),
	}
	if s.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.Username), gomail.WithPassword(s.Password.Reveal()))
	}
	client, err := gomail.NewClient(s.Host, options...)
	if err != nil {
		return nil, errors.New("the settings of the mail server cannot be used")
	}
	return client, nil
}

// policy leaves TLS that begins with the connection to dial.
func (s *Server) policy() gomail.TLSPolicy {
	switch s.TLS {
	case NoTLS:
		return gomail.NoTLS
	case ImplicitTLS:
		return gomail.TLSOpportunistic // which finds it there already
	default:
		return gomail.TLSMandatory
	}
}

func (s *Server) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.Options.Dial(ctx, network, address)
	if err != nil || s.TLS != ImplicitTLS {
		return conn, err
	}
	encrypted := tls.Client(conn, s.Options.TLS(s.Host))
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return encrypted, nil
}

// rejection leaves out what a mail server wrote, which may quote what it was told.
func rejection(err error) error {
	if said, ok := errors.AsType[*gomail.SendError](err); ok {
		if said.ErrorCode() == 0 { // the connection broke, or what came is no answer
			return errors.New(said.Reason.String())
		}
		return &RejectionError{Status: said.ErrorCode()}
	}
	if said, ok := errors.AsType[*textproto.Error](err); ok { // before there is a mail, as of the password
		return &RejectionError{Status: said.Code}
	}
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok {
		return errors.New("what answers there is no mail server")
	}
	return err
}

// page is a mail for those who read HTML; it looks as the reader's program likes it.
//
//nolint:gochecknoglobals // a constant, but for the language having none of this type
var page = template.Must(template.New("mail").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><title>{{.Heading}}</title></head>
<body style="font-family:sans-serif;line-height:1.5;max-width:40em">
<p><strong>{{.Heading}}</strong></p>
{{with .Lines}}<ul>{{range .}}<li>{{.}}</li>{{end}}</ul>
{{end}}{{with .Advice}}<p>{{.}}</p>
{{end}}<p><a href="{{.URL}}">{{.LinkText}}</a></p>
</body></html>
`))

func asHTML(m message.Message) (string, error) {
	var b strings.Builder
	if err := page.Execute(&b, m); err != nil {
		return "", fmt.Errorf("write a mail: %w", err)
	}
	return b.String(), nil
}
