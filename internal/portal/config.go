package portal

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/notify/routes"
	"gitlab-agent-portal/internal/session"
)

// config is everything that the environment decides. docs/operations.md explains the variables to
// operators; a test compares the two.
type config struct {
	GitLabURL         url.URL          `env:"GITLAB_URL"`
	GitLabInternalURL url.URL          `env:"GITLAB_INTERNAL_URL"` // the zero value: as GitLabURL
	ClientID          string           `env:"GITLAB_CLIENT_ID"`
	ClientSecret      gitlabapi.Secret `env:"GITLAB_CLIENT_SECRET"`
	ClientSecretFile  string           `env:"GITLAB_CLIENT_SECRET_FILE"`
	Scope             string           `env:"GITLAB_SCOPE"              envDefault:"api"`
	CAFile            string           `env:"GITLAB_CA_FILE"`
	JiHu              bool             `env:"GITLAB_JIHU"`

	// The proxies between the portal and GitLab. Their addresses may hold a password.
	HTTPProxy  gitlabapi.Secret `env:"HTTP_PROXY"`
	HTTPSProxy gitlabapi.Secret `env:"HTTPS_PROXY"`
	NoProxy    string           `env:"NO_PROXY"`

	PublicURL         url.URL `env:"PUBLIC_URL"`
	ListenAddr        string  `env:"LISTEN_ADDR"` // unset: defaultListenAddr
	MetricsAddr       string  `env:"METRICS_ADDR"`
	PPROF             bool    `env:"PPROF"`
	AllowInsecureHTTP bool    `env:"ALLOW_INSECURE_HTTP"`

	// The database's address holds a password.
	DatabaseURL          gitlabapi.Secret `env:"DATABASE_URL"`
	DatabaseURLFile      string           `env:"DATABASE_URL_FILE"`
	DatabasePasswordFile string           `env:"DATABASE_PASSWORD_FILE"`

	SessionKeys     session.Keys `env:"SESSION_KEYS"`
	SessionKeysFile string       `env:"SESSION_KEYS_FILE"`

	TrustedProxies    []netip.Prefix `env:"TRUSTED_PROXIES"`
	HelmRepoURL       url.URL        `env:"HELM_REPO_URL"   envDefault:"https://charts.gitlab.io"`
	AgentImage        imageName      `env:"AGENT_IMAGE"`
	TokenMaxAge       time.Duration  `env:"TOKEN_MAX_AGE"   envDefault:"2160h"`
	TokenMaxIdle      time.Duration  `env:"TOKEN_MAX_IDLE"  envDefault:"720h"`
	AgentMaxSilence   time.Duration  `env:"AGENT_MAX_SILENCE" envDefault:"2160h"`
	AlertDisconnected time.Duration  `env:"ALERT_DISCONNECTED" envDefault:"30m"`
	AuditRetention    time.Duration  `env:"AUDIT_RETENTION" envDefault:"9600h"`
	HistoryRetention  time.Duration  `env:"HISTORY_RETENTION" envDefault:"9600h"`
	AuditLog          string         `env:"AUDIT_LOG"`
	LogLevel          string         `env:"LOG_LEVEL"       envDefault:"info"`
	FleetCacheSize    byteSize       `env:"FLEET_CACHE_SIZE"` // unset: defaultFleetCacheSize

	SecurityContact contact `env:"SECURITY_CONTACT"`

	// Alertmanagers may hold passwords.
	Alertmanagers      []gitlabapi.Secret `env:"ALERTMANAGER_URL"`
	NotifyFile         string             `env:"NOTIFY_FILE"`
	NotifyAllowPrivate []netip.Prefix     `env:"NOTIFY_ALLOW_PRIVATE"`
	// What reads the fleet by itself, without anybody looking; nothing does without a token.
	WatchToken        gitlabapi.Secret `env:"WATCH_TOKEN"`
	WatchTokenFile    string           `env:"WATCH_TOKEN_FILE"`
	WatchInterval     time.Duration    `env:"WATCH_INTERVAL" envDefault:"5m"`
	WatchAgentMetrics bool             `env:"WATCH_AGENT_METRICS"`

	// What follows is made of the fields above.
	rootCAs *x509.CertPool // nil: the system's
	// authorities are those of GITLAB_CA_FILE, which rootCAs holds too.
	authorities []*x509.Certificate
	proxy       func(*url.URL) (*url.URL, error)
	routes      []routes.Route // those of NOTIFY_FILE
	// watchTokens are those of WATCH_TOKEN or WATCH_TOKEN_FILE.
	watchTokens []gitlabapi.Secret
	// strays are variables that only look like one of these.
	strays   []stray
	logLevel slog.Level
}

// The scopes that a portal can ask GitLab for.
const (
	scopeAPI     = "api"
	scopeReadAPI = "read_api"
)

func (c *config) readOnly() bool { return c.Scope == scopeReadAPI }

// basePath is the path of PUBLIC_URL without a slash at its end, empty at the root.
func (c *config) basePath() string { return strings.TrimRight(c.PublicURL.Path, "/") }

// cookie describes the session cookie. A browser accepts the __Host- prefix from https at the
// root only and the __Secure- prefix from https only, and so nothing else can have set them.
func (c *config) cookie() session.CookieOptions {
	name := "portal" + c.cookieSuffix()
	switch {
	case c.PublicURL.Scheme != "https":
		return session.CookieOptions{Name: name, Path: c.basePath() + "/"}
	case c.basePath() == "":
		return session.CookieOptions{Name: "__Host-" + name, Path: "/", Secure: true}
	default:
		return session.CookieOptions{Name: "__Secure-" + name, Path: c.basePath() + "/", Secure: true}
	}
}

// cookieSuffix tells the cookies of portals apart that share a host: browsers send cookies to every
// port of it, and those of a path to all paths below. At the root of the usual port lives one at most.
func (c *config) cookieSuffix() string {
	isUsual := map[string]string{"https": "443", "http": "80"}[c.PublicURL.Scheme] == c.PublicURL.Port()
	if c.basePath() == "" && (isUsual || c.PublicURL.Port() == "") {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.ToLower(c.PublicURL.Host) + c.basePath()))
	return "-" + hex.EncodeToString(sum[:4])
}

// loadConfig reads the environment, given as os.Environ gives it. The error names every
// variable that is wrong, each on its line, and never shows a value: any of them may be a
// secret that was put into the wrong one.
func loadConfig(environ []string) (*config, error) {
	c, bad := parseConfig(environ)
	c.strays = straysIn(environ)
	c.check(bad)
	if err := bad.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// problems collects what is wrong with the configuration. A variable has one problem at most:
// what cannot be read is not examined further.
type problems struct {
	sentences []error
	variables map[string]bool
}

func (p *problems) add(variable, sentence string) {
	if p.variables == nil {
		p.variables = make(map[string]bool)
	}
	if !p.variables[variable] {
		p.variables[variable] = true
		p.sentences = append(p.sentences, errors.New(variable+" "+sentence))
	}
}

// of are the problems of the variables whose names begin so.
func (p *problems) of(prefix string) *problems {
	isOther := func(sentence error) bool { return !strings.HasPrefix(sentence.Error(), prefix) }
	return &problems{sentences: slices.DeleteFunc(slices.Clone(p.sentences), isOther)}
}

func (p *problems) err() error {
	if len(p.sentences) == 0 {
		return nil
	}
	return fmt.Errorf("the configuration is not usable:\n%w", errors.Join(p.sentences...))
}

// parseConfig fills in the fields that have a variable of their own. A variable that is set
// to nothing counts as not set.
func parseConfig(environ []string) (*config, *problems) {
	c, bad := new(config), new(problems)
	err := env.ParseWithOptions(c, env.Options{Environment: variables(environ, bad), FuncMap: parsers()})
	if all, ok := errors.AsType[env.AggregateError](err); ok {
		for _, err := range all.Errors {
			bad.addParseError(err)
		}
	}
	if c.ListenAddr == "" {
		c.ListenAddr = defaultListenAddr(&c.PublicURL)
	}
	if c.FleetCacheSize == 0 {
		c.FleetCacheSize = defaultFleetCacheSize(debug.SetMemoryLimit(-1))
	}
	return c, bad
}

// variables are the values of config's variables, without the white space around them. One that
// cannot be seen as it is does not count: it would be refused far from here, and nobody could tell why.
func variables(environ []string, bad *problems) map[string]string {
	all := make(map[string]string, len(environ))
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		all[name] = strings.TrimSpace(value)
	}
	values := make(map[string]string)
	for _, name := range settingNames() {
		value := all[name]
		if strings.HasSuffix(name, "_PROXY") { // usual in small letters too, which then go first
			value = cmp.Or(all[strings.ToLower(name)], value)
		}
		if strings.ContainsFunc(value, isInvisible) {
			bad.add(name, "contains "+invisibleCharacter)
			continue
		}
		values[name] = value
	}
	return values
}

// addParseError names the variable instead of the field. All types of config but strings have
// a parser below, so the cause is one of their sentences, which contain no value.
func (p *problems) addParseError(err error) {
	failed, ok := errors.AsType[env.ParseError](err)
	if !ok {
		p.add("the environment", "cannot be read")
		return
	}
	field, _ := reflect.TypeFor[config]().FieldByName(failed.Name)
	p.add(field.Tag.Get("env"), failed.Err.Error())
}

// parsers read the types of config's fields.
func parsers() map[reflect.Type]env.ParserFunc {
	return map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[bool]():               parser("is neither true nor false", parseBool),
		reflect.TypeFor[time.Duration]():      parser("is not a duration such as 720h", parseDuration),
		reflect.TypeFor[url.URL]():            parser("is not a URL", parseURL),
		reflect.TypeFor[imageName]():          parser("is not an image without a tag, such as registry.example.com/mirror/agentk", parseImageName),
		reflect.TypeFor[byteSize]():           parser("is not a size of at least 1MB, such as 256MB", parseByteSize),
		reflect.TypeFor[contact]():            parser("is neither an e-mail address nor an https:, mailto: or tel: address", parseContact),
		reflect.TypeFor[[]netip.Prefix]():     parser("is not a list of networks such as 10.0.0.0/8,fd00::/8", parsePrefixes),
		reflect.TypeFor[gitlabapi.Secret]():   func(text string) (any, error) { return gitlabapi.NewSecret(text), nil },
		reflect.TypeFor[[]gitlabapi.Secret](): parseAlertmanagers,
		reflect.TypeFor[session.Keys]():       func(text string) (any, error) { return parseKeys(text) },
	}
}

// parser replaces the errors of parse, which quote what they could not read.
func parser[T any](sentence string, parse func(string) (T, error)) env.ParserFunc {
	return func(text string) (any, error) {
		value, err := parse(text)
		if err != nil {
			return nil, errors.New(sentence)
		}
		return value, nil
	}
}

func parseBool(text string) (bool, error) {
	switch text {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, errors.ErrUnsupported
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		return 0, errors.ErrUnsupported
	}
	return d, err
}

func parseURL(text string) (url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return url.URL{}, err
	}
	return *u, nil
}

func parsePrefixes(text string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for field := range strings.SplitSeq(text, ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(field))
		if err != nil {
			return nil, err
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

func parseKeys(text string) (session.Keys, error) {
	keys, err := session.ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("is not a list of keys: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return keys, nil
}
