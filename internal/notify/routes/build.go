package routes

import (
	"cmp"
	"encoding/base64"
	"fmt"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/notify/outbound"
	"gitlab-agent-portal/internal/notify/target"
)

const (
	// maxRoutes and maxPeople bound the file.
	maxRoutes, maxPeople = 100, 50
	// minSecret is how many bytes a secret of Standard Webhooks has at least.
	minSecret = 24
)

// plainName is what a route may be called: its name is in logs and in the database.
var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// builder makes routes of what is written, and collects what is wrong with it.
type builder struct {
	opts     Options
	dir      string
	client   *outbound.Client
	server   *target.Server // nil for none that is usable
	names    map[string]bool
	where    string // what problems are about
	problems FileErrors
}

func (b *builder) wrong(format string, args ...any) {
	b.problems = append(b.problems, b.where+" "+fmt.Sprintf(format, args...))
}

func (b *builder) build(written file) []Route {
	b.where = "smtp"
	if written.SMTP != nil {
		b.server = b.mailServer(*written.SMTP)
	}
	b.where = "it"
	switch {
	case len(written.Routes) == 0:
		b.wrong("has no routes")
	case len(written.Routes) > maxRoutes:
		b.wrong("has more than %d routes", maxRoutes)
		return nil
	}
	routes := make([]Route, 0, len(written.Routes))
	for i, r := range written.Routes {
		routes = append(routes, b.route(i, r, written.SMTP != nil))
	}
	return routes
}

// route makes one route; its problems are called by its name where it has a plain one.
func (b *builder) route(i int, r route, hasServer bool) Route {
	b.where = fmt.Sprintf("route %d", i+1)
	switch {
	case !plainName.MatchString(r.Name):
		b.wrong("needs a name of small letters, digits, dots, hyphens and underscores")
	case b.names[r.Name]:
		b.wrong("has the name of another one")
	default:
		b.names[r.Name] = true
		b.where += " (" + r.Name + ")"
	}
	made := Route{Name: r.Name, groups: b.groups(r.Groups)}
	made.kinds = oneOf(b, "kinds", r.Kinds, alert.Kinds())
	made.severities = oneOf(b, "severities", r.Severities, alert.Severities())
	for _, lang := range oneOf(b, "language", []string{cmp.Or(r.Language, string(i18n.English))}, []i18n.Lang{i18n.English, i18n.Chinese}) {
		made.Lang = lang
	}
	if r.Digest != "" {
		digest, ok := parseDigest(r.Digest)
		if !ok {
			b.wrong("has a digest that is not a weekday and a time in UTC, such as monday 08:00")
		}
		made.Digest = &digest
	}
	made.Target = b.target(r, hasServer)
	return made
}

func (b *builder) groups(written []string) []string {
	groups := make([]string, 0, len(written))
	for _, group := range written {
		group = strings.Trim(group, "/ ")
		if group == "" || strings.Contains(group, "*") {
			b.wrong("has groups that are no path, such as shop/web, which stands for all below it too")
		}
		groups = append(groups, group)
	}
	return groups
}

// oneOf are the values, each of which has to be one of those that there are.
func oneOf[T ~string](b *builder, field string, written []string, known []T) []T {
	values := make([]T, 0, len(written))
	for _, text := range written {
		if !slices.Contains(known, T(text)) {
			var names []string
			for _, name := range known {
				names = append(names, string(name))
			}
			b.wrong("has something in %s that is none of %s", field, strings.Join(names, ", "))
			return nil
		}
		values = append(values, T(text))
	}
	return values
}

func (b *builder) target(r route, hasServer bool) Target {
	switch {
	case (r.Mail == nil) == (r.Webhook == nil):
		b.wrong("needs either mail or webhook")
	case r.Webhook != nil:
		return b.webhook(*r.Webhook)
	case !hasServer:
		b.wrong("sends mail, but there is no smtp")
	default:
		return target.Mail{Server: b.server, To: b.people(r.Mail.To)}
	}
	return nil
}

func (b *builder) people(written []string) []netmail.Address {
	if len(written) == 0 || len(written) > maxPeople {
		b.wrong("needs 1 to %d addresses in mail.to", maxPeople)
	}
	people := make([]netmail.Address, 0, len(written))
	for _, text := range written {
		address, err := netmail.ParseAddress(text)
		if err != nil {
			b.wrong("has something in mail.to that is no address")
			continue
		}
		people = append(people, *address)
	}
	return people
}

func (b *builder) mailServer(s smtp) *target.Server {
	server := &target.Server{
		Host: s.Host, Port: s.Port, TLS: target.TLSMode(cmp.Or(s.TLS, string(target.StartTLS))), Username: s.Username, Options: b.opts.Outbound,
	}
	if s.Host == "" {
		b.wrong("has no host")
	}
	switch server.TLS {
	case target.StartTLS:
		server.Port = cmp.Or(s.Port, 587)
	case target.ImplicitTLS:
		server.Port = cmp.Or(s.Port, 465)
	case target.NoTLS:
		server.Port = cmp.Or(s.Port, 25)
		if s.Username != "" {
			b.wrong("has a username, whose password everybody on the way would read with tls: none")
		}
	default:
		b.wrong("has a tls that is none of starttls, tls, none")
	}
	if server.Port < 0 || server.Port > 65535 {
		b.wrong("has a port that is none")
	}
	from, err := netmail.ParseAddress(s.From)
	if err != nil {
		b.wrong("has a from that is no address")
	} else {
		server.From = *from
	}
	if (s.Username == "") != (s.PasswordFile == "") {
		b.wrong("needs username and password_file, or neither")
	} else if s.PasswordFile != "" {
		server.Password = b.secretFrom("password_file", s.PasswordFile)
	}
	return server
}

func (b *builder) webhook(w webhook) Target {
	kinds := oneOf(b, "webhook.kind", []string{w.Kind}, target.Webhooks())
	if len(kinds) == 0 {
		return nil
	}
	made := target.Webhook{As: kinds[0], Client: b.client, Now: b.opts.Now}
	made.URL = b.secret("url", w.URL, w.URLFile)
	if made.URL.IsZero() && w.URL == "" && w.URLFile == "" {
		b.wrong("needs webhook.url or webhook.url_file")
	}
	if !made.URL.IsZero() {
		b.checkURL(made.URL)
	}
	made.Secret = b.secret("secret", w.Secret, w.SecretFile)
	hasSecret := w.Secret != "" || w.SecretFile != ""
	switch made.As {
	case target.KindJSON:
		b.checkSecret(made.Secret, hasSecret)
	case target.KindFeishu, target.KindDingTalk: // which sign if there is one
	default:
		if hasSecret {
			b.wrong("has a secret, which a webhook of its kind does not know")
		}
	}
	return made
}

func (b *builder) checkURL(address gitlabapi.Secret) {
	u, err := url.Parse(address.Reveal())
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil:
		b.wrong("has a URL that is no https:// address without a user name")
	case u.Scheme == "http" && !b.opts.AllowHTTP && !isThisMachine(u.Hostname()):
		b.wrong("has a URL in plain http beyond this machine, where anybody on the way reads it: use https, or set ALLOW_INSECURE_HTTP=true")
	}
}

func isThisMachine(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// checkSecret examines a secret of Standard Webhooks.
func (b *builder) checkSecret(secret gitlabapi.Secret, isSet bool) {
	if !isSet {
		b.wrong("needs webhook.secret or webhook.secret_file, by which the receiver knows that it is the portal: echo whsec_$(openssl rand -base64 32)")
		return
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Reveal(), "whsec_"))
	if !secret.IsZero() && (err != nil || len(key) < minSecret) {
		b.wrong("has a secret that is not whsec_ and at least %d bytes in Base64", minSecret)
	}
}

// secret is a value, or what a file holds that stands for it; zero for none, or if there is a problem.
func (b *builder) secret(field, value, name string) gitlabapi.Secret {
	switch {
	case value != "" && name != "":
		b.wrong("has webhook.%s beside webhook.%s_file: leave out one of them", field, field)
	case name != "":
		return b.secretFrom("webhook."+field+"_file", name)
	}
	return gitlabapi.NewSecret(strings.TrimSpace(value))
}

// secretFrom reads a file; its name counts from the folder of NOTIFY_FILE.
func (b *builder) secretFrom(field, name string) gitlabapi.Secret {
	if !filepath.IsAbs(name) {
		name = filepath.Join(b.dir, name)
	}
	content, err := readBounded(name)
	if err != nil {
		b.wrong("names a file in %s that %s", field, err)
		return gitlabapi.Secret{}
	}
	return gitlabapi.NewSecret(strings.TrimSpace(string(content)))
}
