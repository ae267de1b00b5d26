package database

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresConfig is what a postgres:// URL says.
type postgresConfig struct {
	conn *pgx.ConnConfig
	// sizes are those of the pools, which open as many connections as the URL's pool_max_conns.
	sizes poolSizes
}

// poolSizes are how many connections each pool opens at most. Queries of many rows have a pool of their
// own and cannot starve everything else.
type poolSizes struct{ work, reports int }

// poolMaxConns bounds the connections of a replica: the name that pgx's own pool has for it.
const (
	poolMaxConns        = "pool_max_conns"
	defaultPoolMaxConns = 22
	leastPoolMaxConns   = 3
)

// sizesOf shares connections out among the pools.
func sizesOf(all int) poolSizes {
	reports := max(1, all*4/defaultPoolMaxConns)
	return poolSizes{work: all - reports, reports: reports}
}

// parsePostgresURL reads a URL. Its errors contain no part of it.
func parsePostgresURL(text string) (*postgresConfig, error) {
	if err := checkWhereItEnds(text); err != nil {
		return nil, err
	}
	cfg, err := pgx.ParseConfig(text)
	if err != nil {
		return nil, errors.New("not a valid postgres:// URL") // pgx's own error quotes parts of it
	}
	size, err := takePoolSize(cfg.RuntimeParams)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(text, "default_query_exec_mode=") {
		// A statement that is prepared belongs to a connection, and a pooler in between, such as PgBouncer
		// in transaction mode, gives the next one another. This mode prepares nothing that outlives a call.
		cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	cfg.ConnectTimeout = connectTimeout(cfg.ConnectTimeout)
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "gitlab-agent-portal"
	}
	return &postgresConfig{conn: cfg, sizes: sizesOf(size)}, nil
}

func connectTimeout(asked time.Duration) time.Duration {
	if asked == 0 {
		return postgresConnectTimeout
	}
	return asked
}

// checkWhereItEnds refuses a URL whose password holds a character that ends it early: a part of the
// password would be taken for a host or the name of a database, and printed where that is not found.
func checkWhereItEnds(text string) error {
	_, rest, _ := strings.Cut(text, "://")
	authority, after := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, after = rest[:end], rest[end:]
	}
	if strings.Count(authority, "@") > 1 || strings.ContainsAny(after, "@#") {
		return errors.New("has a character in its password, or after it, that has to be written otherwise: " +
			"%40 for @, %2F for /, %3F for ?, %23 for #, %25 for %")
	}
	return nil
}

// takePoolSize takes what is meant for a pool out of the parameters, which the server is told.
func takePoolSize(parameters map[string]string) (int, error) {
	size := defaultPoolMaxConns
	for name, value := range parameters {
		if name == poolMaxConns {
			var err error
			if size, err = strconv.Atoi(value); err != nil || size < leastPoolMaxConns {
				return 0, errors.New("has a " + poolMaxConns + " that is no number from " + strconv.Itoa(leastPoolMaxConns))
			}
			delete(parameters, name)
		} else if slices.Contains(unknownPoolSettings, name) {
			return 0, errors.New("has " + name + ", which the portal does not know; " + poolMaxConns + " is what it takes of a pool's settings")
		}
	}
	return size, nil
}

// unknownPoolSettings are the other settings of pgx's own pool.
var unknownPoolSettings = []string{ //nolint:gochecknoglobals // a constant
	"pool_min_conns", "pool_min_idle_conns", "pool_max_conn_lifetime", "pool_max_conn_lifetime_jitter",
	"pool_max_conn_idle_time", "pool_health_check_period", "pool_ping_timeout",
}

// WithPassword returns a postgres:// URL with a password. It refuses one that has a password, and the
// URL of another engine; its errors contain no part of either.
func WithPassword(text, password string) (string, error) {
	if scheme, _, _ := strings.Cut(text, ":"); scheme != "postgres" && scheme != "postgresql" {
		return "", errors.New("is for PostgreSQL only")
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", errors.New("needs a valid postgres:// URL")
	}
	if _, has := u.User.Password(); has || u.Query().Has("password") {
		return "", errors.New("is set beside a password in the URL: remove one of them")
	}
	// As a parameter it works without a user as well, unlike before the host. PostgreSQL does not take
	// a plus for a space.
	u.RawQuery = strings.TrimLeft(u.RawQuery+"&password="+strings.ReplaceAll(url.QueryEscape(password), "+", "%20"), "&")
	return u.String(), nil
}
