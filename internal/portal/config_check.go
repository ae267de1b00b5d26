package portal

import (
	"context"
	"errors"
	"log/slog"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/database"
)

// check examines the fields, alone and together, and fills in what is made of them.
func (c *config) check(bad *problems) {
	c.checkGitLab(bad)
	c.checkSecrets(bad)
	c.checkAddresses(bad)
	c.checkDatabase(bad)
	c.checkNotify(bad)
	c.checkWatch(bad)
	for _, prefix := range c.TrustedProxies {
		if prefix.Bits() == 0 {
			bad.add("TRUSTED_PROXIES", "trusts the whole internet: name the proxies' own networks")
		}
	}
	if c.AlertDisconnected < agent.ConnectedWithin {
		bad.add("ALERT_DISCONNECTED", "is below 8m, for which an agent counts as connected")
	}
	if err := c.logLevel.UnmarshalText([]byte(c.LogLevel)); err != nil {
		bad.add("LOG_LEVEL", "is none of debug, info, warn and error")
	}
}

// limits are those beyond which an agent needs attention.
func (c *config) limits() agent.Thresholds {
	limits := agent.NewThresholds(c.TokenMaxAge, c.TokenMaxIdle, c.AgentMaxSilence)
	limits.Disconnected = c.AlertDisconnected
	return limits
}

// jihuHost is where JiHu runs its GitLab for everybody.
const jihuHost = "jihulab.com"

func (c *config) checkGitLab(bad *problems) {
	if c.ClientID == "" {
		bad.add("GITLAB_CLIENT_ID", "is not set: it is the id of the GitLab application")
	}
	if c.Scope != scopeAPI && c.Scope != scopeReadAPI {
		bad.add("GITLAB_SCOPE", "is neither api nor read_api")
	}
	if host := c.GitLabURL.Hostname(); host == jihuHost || strings.HasSuffix(host, "."+jihuHost) {
		c.JiHu = true
	}
	if c.CAFile != "" {
		c.readAuthorities(bad)
	}
}

// checkSecrets takes each secret from its variable or from the file that another variable
// names, and insists on exactly one of the two.
func (c *config) checkSecrets(bad *problems) {
	const value, file = "GITLAB_CLIENT_SECRET", "GITLAB_CLIENT_SECRET_FILE"
	switch set := !c.ClientSecret.IsZero(); {
	case set && c.ClientSecretFile != "":
		bad.add(file, "is set beside "+value+": unset one of them")
	case c.ClientSecretFile != "":
		text, _ := bad.readLine(file, c.ClientSecretFile)
		c.ClientSecret = gitlabapi.NewSecret(text)
	case !set:
		bad.add(value, "is not set, and neither is "+file+": it is the secret of the GitLab application")
	}

	const keys, keysFile = "SESSION_KEYS", "SESSION_KEYS_FILE"
	switch set := len(c.SessionKeys) > 0; {
	case set && c.SessionKeysFile != "":
		bad.add(keysFile, "is set beside "+keys+": unset one of them")
	case c.SessionKeysFile != "":
		c.readKeys(bad, keysFile)
	case !set:
		bad.add(keys, "is not set, and neither is "+keysFile+": make a key with: openssl rand -hex 32")
	}
}

func (c *config) readKeys(bad *problems, variable string) {
	text, ok := bad.readLines(variable, c.SessionKeysFile)
	if !ok {
		return
	}
	var lines []string // of one key or several each
	for line := range strings.Lines(text) {
		if line = strings.Trim(line, ", \t\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	var err error
	if c.SessionKeys, err = parseKeys(strings.Join(lines, ",")); err != nil {
		bad.add(variable, err.Error())
	}
}

func (c *config) checkAddresses(bad *problems) {
	c.checkWebAddress(bad, "GITLAB_URL", &c.GitLabURL, "the address of GitLab")
	if c.GitLabInternalURL != (url.URL{}) {
		c.checkWebAddress(bad, "GITLAB_INTERNAL_URL", &c.GitLabInternalURL, "")
	}
	c.checkProxies(bad)
	c.checkWebAddress(bad, "PUBLIC_URL", &c.PublicURL, "the address by which people reach the portal")
	c.checkChartRepo(bad)
	if !isListenAddress(c.ListenAddr) {
		bad.add("LISTEN_ADDR", "is not of the form host:port or :port")
	}
	c.checkMetricsAddr(bad)
}

// checkChartRepo examines where the chart comes from: a repository, or the part of a registry that
// the chart lies in.
func (c *config) checkChartRepo(bad *problems) {
	const variable = "HELM_REPO_URL"
	u := &c.HelmRepoURL
	isOCI := u.Scheme == "oci" && u.Hostname() != "" && u.Opaque == ""
	switch {
	case !isWeb(u) && !isOCI:
		bad.add(variable, "is not an https://, http:// or oci:// address")
	case u.User != nil:
		bad.add(variable, "contains a user name or password, which everybody would read in the snippets")
	case isOCI && (u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || !plainPath.MatchString(u.EscapedPath())):
		bad.add(variable, "contains more than oci://, host and path")
	case isOCI && path.Base(u.Path) == "gitlab-agent":
		bad.add(variable, "names the chart itself: leave out /gitlab-agent, which the snippets add")
	}
	if isOCI {
		u.Path = strings.TrimRight(u.Path, "/")
	}
}

// imageName is where the image of the agent is pulled from, without tag and digest.
type imageName string

// plainImage is the grammar of a name with a registry
// (https://pkg.go.dev/github.com/distribution/reference).
var plainImage = regexp.MustCompile(`\A[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)+\z`)

func parseImageName(text string) (imageName, error) {
	if !plainImage.MatchString(text) {
		return "", errors.ErrUnsupported
	}
	return imageName(text), nil
}

// plainPath is what the path of an address may look like: it is part of a cookie's Path and
// of every link, and none of these should need escaping.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*/?$`)

// checkWebAddress examines an address to which other paths are appended.
func (c *config) checkWebAddress(bad *problems, variable string, u *url.URL, meaning string) {
	switch {
	case *u == url.URL{}:
		bad.add(variable, "is not set: it is "+meaning)
	case !isWeb(u):
		bad.add(variable, "is not an https:// or http:// address")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		bad.add(variable, "contains more than scheme, host and path")
	case !plainPath.MatchString(u.EscapedPath()) || path.Clean("/"+u.Path) != "/"+strings.Trim(u.Path, "/"):
		bad.add(variable, "has a path that is not made of plain names")
	case isInsecure(u) && !c.AllowInsecureHTTP:
		bad.add(variable, "uses plain http beyond this machine, where anybody on the way reads the tokens: "+
			"use https, or set ALLOW_INSECURE_HTTP=true for a trial")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	if root, page := rootOf(variable, u); page != "" {
		bad.add(variable, "ends in "+page+", which is too much: use "+root)
	}
}

// insecure lists the variables whose addresses send tokens in the clear over a network.
func (c *config) insecure() []string {
	var variables []string
	if isInsecure(&c.GitLabURL) {
		variables = append(variables, "GITLAB_URL")
	}
	if isInsecure(&c.GitLabInternalURL) {
		variables = append(variables, "GITLAB_INTERNAL_URL")
	}
	if isInsecure(&c.PublicURL) {
		variables = append(variables, "PUBLIC_URL")
	}
	return variables
}

// warn tells whoever reads the log what is usable and unwise.
func (c *config) warn(ctx context.Context, log *slog.Logger) {
	for _, variable := range c.insecure() {
		log.WarnContext(ctx, "plain http beyond this machine: anybody on the way can read the tokens", "variable", variable)
	}
	for _, stray := range c.strays {
		log.WarnContext(ctx, "the portal does not read this variable, which looks like one of its own", "variable", stray.name, "meant", stray.meant)
	}
	if c.tellsNothing() {
		log.WarnContext(ctx, "nobody watches, so nobody is told of anything", "variable", "WATCH_TOKEN")
	}
	if database.IsExposed(c.DatabaseURL.Reveal()) {
		log.WarnContext(ctx, "PostgreSQL beyond this machine without TLS for certain: anybody on the way can read and change what the portal stores; "+
			"add sslmode=verify-full", "variable", "DATABASE_URL")
	}
}

func isInsecure(u *url.URL) bool { return u.Scheme == "http" && !isLoopback(u.Hostname()) }

func isWeb(u *url.URL) bool {
	return (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.Opaque == ""
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

func isListenAddress(address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// contact is where to report a vulnerability, as security.txt wants it: an address of the kinds that
// RFC 9116 names.
type contact string

func parseContact(text string) (contact, error) {
	if mail, err := netmail.ParseAddress(text); err == nil && mail.Name == "" && mail.Address == text {
		return contact("mailto:" + text), nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", err
	}
	switch {
	case u.Scheme == "https" && u.Hostname() != "" && u.User == nil, u.Scheme == "mailto" && strings.Contains(u.Opaque, "@"), u.Scheme == "tel" && u.Opaque != "":
		return contact(u.String()), nil
	default:
		return "", errors.ErrUnsupported
	}
}
