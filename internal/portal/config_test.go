package portal

import (
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/session"
)

const (
	testKey  = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	otherKey = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
)

// good is the least that a real portal needs.
func good() map[string]string {
	return map[string]string{
		"GITLAB_URL":           "https://gitlab.example.com",
		"GITLAB_CLIENT_ID":     "client",
		"GITLAB_CLIENT_SECRET": "secret",
		"PUBLIC_URL":           "https://agents.example.com",
		"SESSION_KEYS":         testKey,
		"DATABASE_URL":         "sqlite:portal.db",
	}
}

// environ is good with changes; an empty value unsets the variable.
func environ(changes map[string]string) []string {
	values := good()
	maps.Copy(values, changes)
	var lines []string
	for name, value := range values {
		lines = append(lines, name+"="+value)
	}
	return lines
}

func mustLoad(t *testing.T, changes map[string]string) *config {
	t.Helper()
	cfg, err := loadConfig(environ(changes))
	if err != nil {
		t.Fatalf("loadConfig: %v", err)
	}
	return cfg
}

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, map[string]string{"DATABASE_URL": "", "LISTEN_ADDR": "", "TOKEN_MAX_AGE": "", "ALLOW_INSECURE_HTTP": ""}) // nothing counts as not set
	got := map[string]any{
		"scope": cfg.Scope, "listen": cfg.ListenAddr, "metrics": cfg.MetricsAddr, "database": cfg.DatabaseURL.Reveal(),
		"helm": cfg.HelmRepoURL.String(), "age": cfg.TokenMaxAge, "idle": cfg.TokenMaxIdle, "silence": cfg.AgentMaxSilence, "disconnected": cfg.AlertDisconnected, "audit": cfg.AuditRetention,
		"proxies": len(cfg.TrustedProxies), "level": cfg.logLevel, "http": cfg.AllowInsecureHTTP, "read only": cfg.readOnly(),
	}
	want := map[string]any{
		"scope": "api", "listen": ":8080", "metrics": "", "database": "sqlite:portal.db",
		"helm": "https://charts.gitlab.io", "age": 2160 * time.Hour, "idle": 720 * time.Hour, "silence": 2160 * time.Hour, "disconnected": 30 * time.Minute, "audit": 9600 * time.Hour,
		"proxies": 0, "level": slog.LevelInfo, "http": false, "read only": false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestMirrorsOfChartAndImage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ repo, image, wantRepo, wantImage string }{
		{"", "", "https://charts.gitlab.io", ""},
		{" oci://registry.example.com/mirror/charts/ ", "\tregistry.example.com:5000/mirror/agentk\n", "oci://registry.example.com/mirror/charts", "registry.example.com:5000/mirror/agentk"},
		{"oci://registry.example.com", "registry.example.com/a_b/c--d/agentk", "oci://registry.example.com", "registry.example.com/a_b/c--d/agentk"},
	} {
		cfg := mustLoad(t, map[string]string{"HELM_REPO_URL": tt.repo, "AGENT_IMAGE": tt.image})
		if got := cfg.HelmRepoURL.String(); got != tt.wantRepo || string(cfg.AgentImage) != tt.wantImage {
			t.Errorf("%q and %q are read as %q and %q, want %q and %q", tt.repo, tt.image, got, cfg.AgentImage, tt.wantRepo, tt.wantImage)
		}
	}
}

func TestJiHuIsKnownByItsHost(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://jihulab.com": true, "https://gitlab.jihulab.com:8443": true, "https://gitlab.com": false, "https://notjihulab.com": false,
	} {
		if cfg := mustLoad(t, map[string]string{"GITLAB_URL": address}); cfg.JiHu != want {
			t.Errorf("%s is JiHu's: %v, want %v", address, cfg.JiHu, want)
		}
	}
}

func TestConfigReadsEveryVariable(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, map[string]string{
		"GITLAB_URL": "https://example.com/gitlab/", "GITLAB_SCOPE": "read_api", "PUBLIC_URL": "https://example.com/tools/portal/",
		"LISTEN_ADDR": "127.0.0.1:9000", "METRICS_ADDR": ":9001", "DATABASE_URL": "postgres://portal:pw@db/portal",
		"SESSION_KEYS": testKey + "," + otherKey, "TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8", "HELM_REPO_URL": "https://charts.example.com",
		"TOKEN_MAX_AGE": "1h", "TOKEN_MAX_IDLE": "2h", "AGENT_MAX_SILENCE": "4h", "ALERT_DISCONNECTED": "50m", "AUDIT_RETENTION": "3h", "ALLOW_INSECURE_HTTP": "true", "LOG_LEVEL": "debug", "GITLAB_JIHU": "true",
		"ALERTMANAGER_URL": "http://am-1:9093/, https://u:pw@am-2/am/api/v2", "NOTIFY_FILE": exampleOfRoutes(t), "NOTIFY_ALLOW_PRIVATE": "127.0.0.0/8",
		"HISTORY_RETENTION": "5h", "WATCH_TOKEN": "glpat-a, glpat-b", "WATCH_INTERVAL": "10m", "WATCH_AGENT_METRICS": "true",
	})
	got := []any{
		cfg.GitLabURL.String(), cfg.Scope, cfg.readOnly(), cfg.PublicURL.String(), cfg.basePath(), cfg.ListenAddr, cfg.MetricsAddr, cfg.DatabaseURL.Reveal(),
		len(cfg.SessionKeys), cfg.TrustedProxies[1].String(), cfg.HelmRepoURL.String(), cfg.TokenMaxAge, cfg.TokenMaxIdle, cfg.AgentMaxSilence, cfg.AlertDisconnected, cfg.AuditRetention,
		cfg.AllowInsecureHTTP, cfg.logLevel, cfg.ClientID, cfg.ClientSecret.Reveal(), cfg.JiHu,
		len(cfg.Alertmanagers), cfg.Alertmanagers[1].Reveal(), len(cfg.routes), cfg.NotifyAllowPrivate[0].String(),
		cfg.HistoryRetention, len(cfg.watchTokens), cfg.watchTokens[1].Reveal(), cfg.WatchInterval, cfg.WatchAgentMetrics,
	}
	want := []any{
		"https://example.com/gitlab", "read_api", true, "https://example.com/tools/portal", "/tools/portal", "127.0.0.1:9000", ":9001", "postgres://portal:pw@db/portal",
		2, netip.MustParsePrefix("fd00::/8").String(), "https://charts.example.com", time.Hour, 2 * time.Hour, 4 * time.Hour, 50 * time.Minute, 3 * time.Hour,
		true, slog.LevelDebug, "client", "secret", true,
		2, "https://u:pw@am-2/am/api/v2", 4, "127.0.0.0/8",
		5 * time.Hour, 2, "glpat-b", 10 * time.Minute, true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestV9ConfigRefuses(t *testing.T) {
	t.Parallel()
	empty := writeFile(t, "\n")
	tests := []struct {
		name, variable, value string
		want                  string // after the variable's name
	}{
		{"no GitLab", "GITLAB_URL", "", "is not set"},
		{"GitLab without a scheme", "GITLAB_URL", "gitlab-canary.example.com", "is not an https:// or http:// address"},
		{"GitLab over ftp", "GITLAB_URL", "ftp://gitlab-canary.example.com", "is not an https:// or http:// address"},
		{"GitLab without a host", "GITLAB_URL", "https:///canary", "is not an https:// or http:// address"},
		{"GitLab with a password", "GITLAB_URL", "https://u:canary@gitlab.example.com", "contains more than scheme, host and path"},
		{"GitLab with a query", "GITLAB_URL", "https://gitlab.example.com/?canary=1", "contains more than scheme, host and path"},
		{"GitLab that is no URL", "GITLAB_URL", "https://canary:port", "is not a URL"},
		{"GitLab over plain http", "GITLAB_URL", "http://canary.example.com", "uses plain http beyond this machine"},
		{"an address for calls without a scheme", "GITLAB_INTERNAL_URL", "canary:8080", "is not an https:// or http:// address"},
		{"an address for calls with a password", "GITLAB_INTERNAL_URL", "https://u:canary@gitlab", "contains more than scheme, host and path"},
		{"an address for calls with an escaped path", "GITLAB_INTERNAL_URL", "https://gitlab/%2fcanary", "has a path that is not made of plain names"},
		{"an address for calls over plain http", "GITLAB_INTERNAL_URL", "http://canary.svc.cluster.local", "uses plain http beyond this machine"},
		{"a proxy of an unknown kind", "HTTPS_PROXY", "ftp://canary:21", "is not the address of a proxy"},
		{"a proxy that is no address", "HTTP_PROXY", "http://canary:port", "is not the address of a proxy"},
		{"a proxy without a host", "HTTPS_PROXY", "http://", "is not the address of a proxy"},
		{"no client id", "GITLAB_CLIENT_ID", "", "is not set"},
		{"no client secret", "GITLAB_CLIENT_SECRET", "", "is not set, and neither is GITLAB_CLIENT_SECRET_FILE"},
		{"two client secrets", "GITLAB_CLIENT_SECRET_FILE", "canary", "is set beside GITLAB_CLIENT_SECRET"},
		{"an unknown scope", "GITLAB_SCOPE", "canary", "is neither api nor read_api"},
		{"a CA file that is missing", "GITLAB_CA_FILE", "/canary/ca.pem", "names a file that cannot be read: no such file or directory"},
		{"an empty CA file", "GITLAB_CA_FILE", empty, "names an empty file"},
		{"a CA file without a certificate", "GITLAB_CA_FILE", writeFile(t, "canary"), "names a file without a certificate"},
		{"no public address", "PUBLIC_URL", "", "is not set"},
		{"a public address over plain http", "PUBLIC_URL", "http://canary.example.com", "uses plain http beyond this machine"},
		{"a public address with a dotted path", "PUBLIC_URL", "https://agents.example.com/canary/../x", "has a path that is not made of plain names"},
		{"a public address with an escaped path", "PUBLIC_URL", "https://agents.example.com/%2fcanary", "has a path that is not made of plain names"},
		{"a public address with a path that a cookie cannot have", "PUBLIC_URL", "https://agents.example.com/a;canary", "has a path that is not made of plain names"},
		{"a public address with a double slash", "PUBLIC_URL", "https://agents.example.com//canary", "has a path that is not made of plain names"},
		{"a listen address without a port", "LISTEN_ADDR", "canary", "is not of the form host:port"},
		{"a listen address with a named port", "LISTEN_ADDR", "localhost:canary", "is not of the form host:port"},
		{"a listen address with too large a port", "LISTEN_ADDR", ":70000", "is not of the form host:port"},
		{"a metrics address without a port", "METRICS_ADDR", "canary", "is not of the form host:port"},
		{"profiles without a listener for them", "PPROF", "true", "needs METRICS_ADDR"},
		{"metrics for everybody", "METRICS_ADDR", ":8080", "is LISTEN_ADDR"},
		{"an unknown database", "DATABASE_URL", "mysql://u:canary@db/portal", "is not usable: neither sqlite:FILE nor postgres://"},
		{"a database without a file", "DATABASE_URL", "sqlite:", "is not usable: needs the name of a file"},
		{"a database address that is none", "DATABASE_URL", "postgres://u:canary@db:port/portal", "is not usable: not a valid postgres:// URL"},
		{"a database password with a slash", "DATABASE_URL", "postgres://u:p@canary@w/rd@db/portal", "is not usable: has a character in its password"},
		{"two addresses of the database", "DATABASE_URL_FILE", "canary", "is set beside DATABASE_URL"},
		{"a file for the password of no server", "DATABASE_PASSWORD_FILE", writeFile(t, "canary"), "is for PostgreSQL only"},
		{"a file of tokens to watch with that is missing", "WATCH_TOKEN_FILE", "canary", "names a file that cannot be read"},
		{"an empty file of tokens to watch with", "WATCH_TOKEN_FILE", empty, "names an empty file"},
		{"a token to watch with twice", "WATCH_TOKEN", "canary,canary", "holds a token twice"},
		{"tokens to watch with that are none", "WATCH_TOKEN", "glpat-canary„", "holds something that is no token of GitLab's"},
		{"a watch without a pause", "WATCH_INTERVAL", "5s", "is not between 1m and 1h"},
		{"a watch that comes too late", "WATCH_INTERVAL", "2h", "is not between 1m and 1h"},
		{"a history of no time", "HISTORY_RETENTION", "0s", "is not a duration such as 720h"},
		{"no session keys", "SESSION_KEYS", "", "is not set, and neither is SESSION_KEYS_FILE: make a key with: openssl rand -hex 32"},
		{"a short session key", "SESSION_KEYS", testKey + ",canary", "is not a list of keys: key 2: has 6 characters, want 64"},
		{"a session key that is not hexadecimal", "SESSION_KEYS", strings.Repeat("canary00", 8), "is not a list of keys: key 1: is not hexadecimal"},
		{"two lists of session keys", "SESSION_KEYS_FILE", "canary", "is set beside SESSION_KEYS"},
		{"a proxy that is no network", "TRUSTED_PROXIES", "10.0.0.0/8,canary", "is not a list of networks"},
		{"every proxy", "TRUSTED_PROXIES", "0.0.0.0/0", "trusts the whole internet"},
		{"a chart repository without a scheme", "HELM_REPO_URL", "canary", "is not an https://, http:// or oci:// address"},
		{"a chart repository of another scheme", "HELM_REPO_URL", "canary://charts.example.com", "is not an https://, http:// or oci:// address"},
		{"a registry without a host", "HELM_REPO_URL", "oci:///canary", "is not an https://, http:// or oci:// address"},
		{"a chart repository with a password", "HELM_REPO_URL", "https://me:canary@charts.example.com", "contains a user name or password"},
		{"a registry with a password", "HELM_REPO_URL", "oci://me:canary@registry.example.com/charts", "contains a user name or password"},
		{"a registry with a query", "HELM_REPO_URL", "oci://registry.example.com/charts?canary", "contains more than oci://, host and path"},
		{"a registry with a tag", "HELM_REPO_URL", "oci://registry.example.com/charts:canary", "contains more than oci://, host and path"},
		{"the chart in the registry", "HELM_REPO_URL", "oci://registry.example.com/canary/gitlab-agent", "names the chart itself"},
		{"an image with a tag", "AGENT_IMAGE", "registry.example.com/agentk:canary", "is not an image without a tag"},
		{"an image with a digest", "AGENT_IMAGE", "registry.example.com/agentk@sha256:canary", "is not an image without a tag"},
		{"an image without a registry", "AGENT_IMAGE", "canary", "is not an image without a tag"},
		{"an image with a scheme", "AGENT_IMAGE", "https://registry.example.com/canary", "is not an image without a tag"},
		{"a contact without an address", "SECURITY_CONTACT", "the canary team", "is neither an e-mail address nor"},
		{"a contact that a script is", "SECURITY_CONTACT", "javascript:canary", "is neither an e-mail address nor"},
		{"a contact in the clear", "SECURITY_CONTACT", "http://canary.example", "is neither an e-mail address nor"},
		{"an image in upper case", "AGENT_IMAGE", "registry.example.com/Canary", "is not an image without a tag"},
		{"a duration without a unit", "TOKEN_MAX_AGE", "2160", "is not a duration such as 720h"},
		{"a size without a unit", "FLEET_CACHE_SIZE", "256", "is not a size of at least 1MB, such as 256MB"},
		{"a size that is none", "FLEET_CACHE_SIZE", "canary", "is not a size of at least 1MB, such as 256MB"},
		{"a negative size", "FLEET_CACHE_SIZE", "-256MB", "is not a size of at least 1MB, such as 256MB"},
		{"a size beyond all memory", "FLEET_CACHE_SIZE", "16EB", "is not a size of at least 1MB, such as 256MB"},
		{"a duration of days", "TOKEN_MAX_IDLE", "30canary", "is not a duration such as 720h"},
		{"a negative duration", "AUDIT_RETENTION", "-1h", "is not a duration such as 720h"},
		{"an Alertmanager without a scheme", "ALERTMANAGER_URL", "https://am, canary:9093", "holds something that is no https:// or http:// address"},
		{"an Alertmanager with a query", "ALERTMANAGER_URL", "https://am/?canary", "holds an address with more than scheme, user, host and path"},
		{"a password that everybody reads", "ALERTMANAGER_URL", "http://u:canary@am.example.com", "holds a password for an address in plain http beyond this machine"},
		{"a file of routes that is missing", "NOTIFY_FILE", "/canary/notify.yaml", "is not usable: it cannot be read: no such file or directory"},
		{"a file of routes that holds none", "NOTIFY_FILE", writeFile(t, "routes: []"), "is not usable: it has no routes"},
		{"a file of routes with several mistakes", "NOTIFY_FILE", writeFile(t, "routes: [{name: a, webhook: {kind: slack, url: canary, secret: canary}}, {name: a}]"), "is not usable: route 1 (a) has a URL that is no https:// address without a user name; route 1 (a) has a secret, which a webhook of its kind does not know; route 2 has the name of another one; route 2 needs either mail or webhook"},
		{"networks for messages that are none", "NOTIFY_ALLOW_PRIVATE", "canary", "is not a list of networks"},
		{"a bool in words", "ALLOW_INSECURE_HTTP", "canary", "is neither true nor false"},
		{"an unknown log level", "LOG_LEVEL", "canary", "is none of debug, info, warn and error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := loadConfig(environ(map[string]string{tt.variable: tt.value}))
			if err == nil {
				t.Fatal("loadConfig: no error")
			}
			got := strings.Split(err.Error(), "\n")[1:]
			if len(got) != 1 || !strings.HasPrefix(got[0], tt.variable+" "+tt.want) {
				t.Errorf("loadConfig:\n%v\nwant one line: %s %s", err, tt.variable, tt.want)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error shows the value: %v", err)
			}
		})
	}
}

// writeFile returns the name of a file with this content.
func writeFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestEverySettingIsTakenWithoutTheSpaceAroundIt(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"GITLAB_URL": "https://example.com/gitlab", "GITLAB_INTERNAL_URL": "https://gitlab.svc", "GITLAB_CLIENT_ID": "client", "GITLAB_CLIENT_SECRET": "secret",
		"GITLAB_SCOPE": "read_api", "GITLAB_CA_FILE": "", "GITLAB_JIHU": "true", "HTTP_PROXY": "http://p:1", "HTTPS_PROXY": "http://p:2", "NO_PROXY": "example.com",
		"PUBLIC_URL": "https://agents.example.com", "LISTEN_ADDR": ":9000", "METRICS_ADDR": ":9001", "PPROF": "true", "ALLOW_INSECURE_HTTP": "true", "DATABASE_URL": "sqlite:x.db",
		"SESSION_KEYS": testKey, "TRUSTED_PROXIES": "10.0.0.0/8", "HELM_REPO_URL": "https://charts.example.com", "TOKEN_MAX_AGE": "1h", "TOKEN_MAX_IDLE": "2h",
		"AGENT_MAX_SILENCE": "4h", "ALERT_DISCONNECTED": "50m", "AUDIT_RETENTION": "3h", "LOG_LEVEL": "debug", "AGENT_IMAGE": "registry.example.com/agentk", "SECURITY_CONTACT": "security@example.com",
		"ALERTMANAGER_URL": "http://alertmanager:9093", "NOTIFY_FILE": exampleOfRoutes(t), "NOTIFY_ALLOW_PRIVATE": "127.0.0.0/8",
		"FLEET_CACHE_SIZE": "64 MiB", "HISTORY_RETENTION": "5h", "WATCH_TOKEN": "glpat-a", "WATCH_INTERVAL": "10m", "WATCH_AGENT_METRICS": "true",
	}
	wrapped := maps.Clone(values)
	for name, value := range wrapped {
		wrapped[name] = " \t" + value + "\r\n"
	}
	plain, padded := mustLoad(t, values), mustLoad(t, wrapped)
	for field := range reflect.TypeFor[config]().Fields() {
		if !field.IsExported() {
			continue
		}
		want, got := reflect.ValueOf(*plain).FieldByIndex(field.Index), reflect.ValueOf(*padded).FieldByIndex(field.Index)
		if !reflect.DeepEqual(want.Interface(), got.Interface()) {
			t.Errorf("%s with white space around it = %v, want %v", field.Tag.Get("env"), got, want)
		}
	}
}

func TestV9NoSettingHoldsWhatCannotBeSeen(t *testing.T) {
	t.Parallel()
	for field := range reflect.TypeFor[config]().Fields() {
		variable := field.Tag.Get("env")
		if variable == "" {
			continue
		}
		for name, value := range map[string]string{
			"a line break": "canary\nx", "a zero": "canary\x00", "an escape": "\x1b[31mcanary", "a byte order mark": "\ufeffcanary", "a change of direction": "canary\u202ex",
		} {
			_, err := loadConfig(environ(map[string]string{variable: value}))
			if err == nil || !strings.Contains(err.Error(), "\n"+variable+" contains a control character, or another that cannot be seen") || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s with %s: %v, want the variable refused by name and not its value", variable, name, err)
			}
		}
	}
}

func TestV9NoFileHoldsWhatCannotBeSeen(t *testing.T) {
	t.Parallel()
	for variable, content := range map[string]string{
		"GITLAB_CLIENT_SECRET_FILE": "canary\nx", "SESSION_KEYS_FILE": "\ufeff" + testKey, "DATABASE_URL_FILE": "sqlite:canary\u202e", "DATABASE_PASSWORD_FILE": "canary\x00", "GITLAB_CA_FILE": "canary\x00",
		"WATCH_TOKEN_FILE": "canary\x00",
	} {
		changes := map[string]string{variable: writeFile(t, content)}
		if inPlace, ok := strings.CutSuffix(variable, "_FILE"); ok && variable != "GITLAB_CA_FILE" {
			changes[inPlace] = ""
		}
		_, err := loadConfig(environ(changes))
		if err == nil || !strings.HasSuffix(err.Error(), "\n"+variable+" names a file with a control character, or another that cannot be seen") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want the variable named", variable, err)
		}
	}
}

func TestAnAddressThatWasCopiedTooFarIsRefusedWithTheRightOne(t *testing.T) {
	t.Parallel()
	tests := []struct{ variable, value, want string }{
		{"GITLAB_URL", "https://gitlab.example.com/api/v4", "https://gitlab.example.com"},
		{"GITLAB_URL", "https://gitlab.example.com/api/v4/", "https://gitlab.example.com"},
		{"GITLAB_URL", "https://example.com:8443/gitlab/api/graphql", "https://example.com:8443/gitlab"},
		{"GITLAB_URL", "https://example.com/gitlab/api", "https://example.com/gitlab"},
		{"GITLAB_URL", "https://gitlab.example.com/users/sign_in", "https://gitlab.example.com"},
		{"GITLAB_URL", "https://gitlab.example.com/oauth/authorize", "https://gitlab.example.com"},
		{"GITLAB_URL", "https://gitlab.example.com/oauth/token", "https://gitlab.example.com"},
		{"GITLAB_URL", "https://gitlab.example.com/admin/applications", "https://gitlab.example.com"},
		{"GITLAB_URL", "https://gitlab.example.com/-/user_settings/applications", "https://gitlab.example.com"},
		{"GITLAB_URL", "https://gitlab.example.com/-/graphql-explorer", "https://gitlab.example.com"},
		{"GITLAB_URL", "https://gitlab.example.com/dashboard/projects", "https://gitlab.example.com"},
		{"GITLAB_URL", "https://gitlab.example.com/explore", "https://gitlab.example.com"},
		{"GITLAB_URL", "https://gitlab.example.com/help", "https://gitlab.example.com"},
		{"GITLAB_INTERNAL_URL", "http://localhost:8181/api/v4", "http://localhost:8181"},
		{"PUBLIC_URL", "https://example.com/portal/auth/callback", "https://example.com/portal"},
		{"PUBLIC_URL", "https://agents.example.com/auth/login", "https://agents.example.com"},
	}
	for _, tt := range tests {
		_, err := loadConfig(environ(map[string]string{tt.variable: tt.value}))
		if err == nil || !strings.Contains(err.Error(), "\n"+tt.variable+" ends in /") || !strings.HasSuffix(err.Error(), ": use "+tt.want) {
			t.Errorf("%s=%s: %v, want it refused for %s", tt.variable, tt.value, err, tt.want)
		}
	}
	for _, address := range []string{"https://gitlab.example.com", "https://example.com/gitlab", "https://example.com/api-gateway", "https://example.com/helpdesk/git"} {
		if cfg := mustLoad(t, map[string]string{"GITLAB_URL": address}); cfg.GitLabURL.String() != address {
			t.Errorf("GITLAB_URL=%s is taken as %s", address, &cfg.GitLabURL)
		}
	}
}

func TestProxiesAreThoseOfTheEnvironment(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		changes map[string]string
		target  string
		want    string // the proxy, empty for none
	}{
		{"none", nil, "https://gitlab.example.com", ""},
		{"for https", map[string]string{"HTTPS_PROXY": "http://u:pw@proxy:3128", "HTTP_PROXY": "http://other"}, "https://gitlab.example.com", "http://u:pw@proxy:3128"},
		{"for http", map[string]string{"HTTPS_PROXY": "http://other", "HTTP_PROXY": "proxy:3128"}, "http://gitlab.example.com", "http://proxy:3128"},
		{"in small letters", map[string]string{"https_proxy": "http://proxy:3128"}, "https://gitlab.example.com", "http://proxy:3128"},
		{"but not for this domain", map[string]string{"HTTPS_PROXY": "http://proxy", "NO_PROXY": "10.0.0.0/8, .example.com"}, "https://gitlab.example.com", ""},
		{"but not for this network", map[string]string{"HTTPS_PROXY": "http://proxy", "no_proxy": "10.0.0.0/8"}, "https://10.1.2.3", ""},
		{"but not for this machine", map[string]string{"HTTP_PROXY": "http://proxy"}, "http://127.0.0.1:8080", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			target, err := url.Parse(tt.target)
			if err != nil {
				t.Fatal(err)
			}
			got, err := mustLoad(t, tt.changes).proxy(target)
			if err != nil || got == nil != (tt.want == "") || got != nil && got.String() != tt.want {
				t.Errorf("the proxy for %s = %v, %v, want %q", tt.target, got, err, tt.want)
			}
		})
	}
}

func TestV9ConfigReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := loadConfig([]string{"PUBLIC_URL=http://portal.example.com", "TOKEN_MAX_AGE=never", "SESSION_KEYS=abc", "LISTEN_ADDR=8080"})
	if err == nil {
		t.Fatal("loadConfig: no error")
	}
	var got []string
	for line := range strings.Lines(err.Error()) {
		if name, _, _ := strings.Cut(line, " "); name == strings.ToUpper(name) {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	want := []string{"GITLAB_CLIENT_ID", "GITLAB_CLIENT_SECRET", "GITLAB_URL", "LISTEN_ADDR", "PUBLIC_URL", "SESSION_KEYS", "TOKEN_MAX_AGE"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("variables named (-want +got):\n%s\n%v", diff, err)
	}
}

func TestConfigReadsSecretsFromFiles(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, map[string]string{
		"GITLAB_CLIENT_SECRET": "", "GITLAB_CLIENT_SECRET_FILE": writeFile(t, "from the file\n"),
		"SESSION_KEYS": "", "SESSION_KEYS_FILE": writeFile(t, testKey+",\n"+otherKey+"\r\n"),
		"DATABASE_URL": "", "DATABASE_URL_FILE": writeFile(t, "postgres://portal@db/portal?sslmode=verify-full\n"), "DATABASE_PASSWORD_FILE": writeFile(t, "p@ss/w ?#\n"),
	})
	if got := cfg.ClientSecret.Reveal(); got != "from the file" {
		t.Errorf("client secret = %q, want the file's content without its line break", got)
	}
	if len(cfg.SessionKeys) != 2 {
		t.Errorf("%d session keys, want 2", len(cfg.SessionKeys))
	}
	if got := cfg.DatabaseURL.Reveal(); got != "postgres://portal@db/portal?sslmode=verify-full&password=p%40ss%2Fw%20%3F%23" {
		t.Errorf("the database's URL is %s, want that of the file with the other file's password", got)
	}

	for _, text := range []string{testKey + "\n" + otherKey + "\n", testKey + ",\r\n\r\n  " + otherKey, testKey + ", " + otherKey} {
		cfg := mustLoad(t, map[string]string{"SESSION_KEYS": "", "SESSION_KEYS_FILE": writeFile(t, text)})
		if len(cfg.SessionKeys) != 2 {
			t.Errorf("%d session keys of two in %q", len(cfg.SessionKeys), text)
		}
	}
	_, err := loadConfig(environ(map[string]string{"SESSION_KEYS": "", "SESSION_KEYS_FILE": writeFile(t, "canary")}))
	if err == nil || !strings.Contains(err.Error(), "SESSION_KEYS_FILE is not a list of keys") || strings.Contains(err.Error(), "canary") {
		t.Errorf("keys in a file that are none: %v, want the variable named and no value", err)
	}
	_, err = loadConfig(environ(map[string]string{"GITLAB_CLIENT_SECRET": "", "GITLAB_CLIENT_SECRET_FILE": t.TempDir()}))
	if err == nil || !strings.Contains(err.Error(), "GITLAB_CLIENT_SECRET_FILE names a file that cannot be read: is a directory") {
		t.Errorf("a folder in place of a file: %v, want the variable named", err)
	}
}

func TestConfigReadsThePrivateAuthority(t *testing.T) {
	t.Parallel()
	gitlab := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(gitlab.Close)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: gitlab.Certificate().Raw})
	cfg := mustLoad(t, map[string]string{"GITLAB_CA_FILE": writeFile(t, string(block))})
	want, err := x509.SystemCertPool()
	if err != nil {
		t.Fatal(err)
	}
	want.AddCert(gitlab.Certificate())
	if !cfg.rootCAs.Equal(want) {
		t.Error("the authorities are not the system's and the one of GITLAB_CA_FILE")
	}
}

func TestV0PlainHTTPStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		changes map[string]string
		want    []string // variables to warn about; nil and refused for an error
		refused bool
	}{
		{"https", nil, nil, false},
		{"http to localhost", map[string]string{"GITLAB_URL": "http://localhost:8081", "PUBLIC_URL": "http://localhost:8080"}, nil, false},
		{"http to loopback addresses", map[string]string{"GITLAB_URL": "http://127.0.0.2", "PUBLIC_URL": "http://[::1]:8080"}, nil, false},
		{"http to a name that resembles localhost", map[string]string{"PUBLIC_URL": "http://localhost.example.com"}, nil, true},
		{"http to another machine", map[string]string{"PUBLIC_URL": "http://10.0.0.1"}, nil, true},
		{"http to another machine, allowed", map[string]string{"PUBLIC_URL": "http://10.0.0.1", "ALLOW_INSECURE_HTTP": "true"}, []string{"PUBLIC_URL"}, false},
		{"http to GitLab inside, allowed", map[string]string{"GITLAB_INTERNAL_URL": "http://gitlab.svc", "ALLOW_INSECURE_HTTP": "1"}, []string{"GITLAB_INTERNAL_URL"}, false},
		{"http to GitLab on this machine", map[string]string{"GITLAB_INTERNAL_URL": "http://127.0.0.1:8181/gitlab"}, nil, false},
		{"http to GitLab, allowed", map[string]string{"GITLAB_URL": "http://gitlab.example.com", "ALLOW_INSECURE_HTTP": "1"}, []string{"GITLAB_URL"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg, err := loadConfig(environ(tt.changes))
			if (err != nil) != tt.refused {
				t.Fatalf("loadConfig: %v, want refused = %v", err, tt.refused)
			}
			if err == nil && !slices.Equal(cfg.insecure(), tt.want) {
				t.Errorf("insecure = %v, want %v", cfg.insecure(), tt.want)
			}
		})
	}
}

func TestS1CookieFollowsPublicURL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		public, prefix, path string
		isUnique             bool
	}{
		{"https://agents.example.com", "__Host-portal", "/", true},
		{"https://agents.example.com/", "__Host-portal", "/", true},
		{"https://agents.example.com:443", "__Host-portal", "/", true},
		{"https://agents.example.com:8443", "__Host-portal", "/", false},
		{"https://example.com/tools/portal/", "__Secure-portal", "/tools/portal/", false},
		{"http://localhost", "portal", "/", true},
		{"http://localhost:8080", "portal", "/", false},
		{"http://localhost:8080/portal", "portal", "/portal/", false},
	}
	for _, tt := range tests {
		t.Run(tt.public, func(t *testing.T) {
			t.Parallel()
			got := mustLoad(t, map[string]string{"PUBLIC_URL": tt.public}).cookie()
			want := session.CookieOptions{Name: got.Name, Path: tt.path, Secure: strings.HasPrefix(tt.public, "https:")}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("cookie (-want +got):\n%s", diff)
			}
			if suffix, found := strings.CutPrefix(got.Name, tt.prefix); !found || (suffix == "") != tt.isUnique {
				t.Errorf("the cookie is %q, want %s and more: %v", got.Name, tt.prefix, !tt.isUnique)
			}
		})
	}
}

func TestN5PortalsOfOneHostHaveCookiesOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, public := range []string{
		"https://example.com", "https://example.com:8443", "https://example.com/a", "https://example.com/a/b", "https://example.com:8443/a",
		"http://localhost:8080", "http://localhost:8081", "http://127.0.0.1:8080", "http://localhost:8080/a",
	} {
		name := mustLoad(t, map[string]string{"PUBLIC_URL": public}).cookie().Name
		if other, taken := seen[name]; taken {
			t.Errorf("%s and %s have the cookie %s", other, public, name)
		}
		seen[name] = public
	}
	for _, same := range []string{"https://EXAMPLE.com:8443/", "https://example.com:8443"} {
		if name := mustLoad(t, map[string]string{"PUBLIC_URL": same}).cookie().Name; seen[name] != "https://example.com:8443" {
			t.Errorf("%s has the cookie %s, of %q", same, name, seen[name])
		}
	}
}

func TestTheWatchsTokensComeFromAFileOneALine(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, map[string]string{"WATCH_TOKEN_FILE": writeFile(t, "glpat-a\r\n\n  glpat-b\n")})
	if len(cfg.watchTokens) != 2 || cfg.watchTokens[0].Reveal() != "glpat-a" || cfg.watchTokens[1].Reveal() != "glpat-b" {
		t.Errorf("%d tokens, want the two of the file", len(cfg.watchTokens))
	}
	_, err := loadConfig(environ(map[string]string{"WATCH_TOKEN": "glpat-canary", "WATCH_TOKEN_FILE": writeFile(t, "glpat-canary")}))
	if err == nil || !strings.Contains(err.Error(), "WATCH_TOKEN_FILE is set beside WATCH_TOKEN") || strings.Contains(err.Error(), "canary") {
		t.Errorf("both: %v, want one of them refused", err)
	}
	if mustLoad(t, nil).watches() {
		t.Error("a portal without a token watches")
	}
}
