package routes_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/notify/outbound"
	"gitlab-agent-portal/internal/notify/routes"
	"gitlab-agent-portal/internal/notify/target"
)

const whsec = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

// read reads a file with that text, beside which other files lie.
func read(t *testing.T, text string, beside map[string]string) ([]routes.Route, error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "notify.yaml")
	for name, content := range beside {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return routes.Read(file, routes.Options{Outbound: outbound.Options{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, Now: time.Now})
}

// example is deploy/notify/notify.yaml.
func example(t *testing.T) []routes.Route {
	t.Helper()
	content, err := os.ReadFile("../../../deploy/notify/notify.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all, err := read(t, string(content), map[string]string{
		"smtp-password": "canary\n", "slack-url": "https://hooks.slack.example/canary\n", "feishu-url": "https://open.feishu.cn/canary", "feishu-secret": "canary", "incidents-secret": whsec,
	})
	if err != nil {
		t.Fatalf("the example: %v", err)
	}
	return all
}

func TestTheExampleSaysWhoIsToldOfWhat(t *testing.T) {
	t.Parallel()
	all := example(t)
	about := func(kind alert.Kind, project string) alert.Alert {
		return alert.Alert{Kind: kind, Subject: alert.Subject{ProjectPath: project}}
	}
	for _, tt := range []struct {
		alert alert.Alert
		want  []string
	}{
		{about(alert.Disconnected, "shop/app"), []string{"on-duty", "shop", "incidents"}},
		{about(alert.Disconnected, "Shop/Web/app"), []string{"on-duty", "shop", "incidents"}},
		{about(alert.Disconnected, "shopping/app"), []string{"on-duty", "incidents"}},
		{about(alert.Disconnected, "platform/app"), []string{"on-duty", "incidents"}},
		{about(alert.TokenDue, "platform/clusters/eu/app"), []string{"shop", "tokens", "incidents"}},
		{about(alert.UpdateNeeded, "shop/app"), []string{"incidents"}},
		{about(alert.WatchFailing, ""), []string{"on-duty", "incidents"}},
	} {
		var got []string
		for _, route := range all {
			if route.Wants(tt.alert) {
				got = append(got, route.Name)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", tt.alert.Kind, tt.alert.ProjectPath, diff)
		}
	}
	if kinds := []target.Kind{all[0].Target.Kind(), all[1].Target.Kind(), all[2].Target.Kind(), all[3].Target.Kind()}; !slices.Equal(kinds, []target.Kind{"slack", "feishu", "mail", "json"}) {
		t.Errorf("the targets are %v", kinds)
	}
	if all[0].Lang != i18n.English || all[1].Lang != i18n.Chinese || all[2].Digest == nil || all[3].Digest != nil {
		t.Errorf("the routes are %+v", all)
	}
	mail := all[2].Target.(target.Mail)
	if mail.Server.Password.Reveal() != "canary" || mail.Server.Port != 587 || mail.Server.From.Name != "GitLab Agent Portal" || len(mail.To) != 2 {
		t.Errorf("the mail server is %+v, for %v", mail.Server, mail.To)
	}
	if printed := fmt.Sprintf("%v %+v %#v", all, mail.Server, all[1].Target); strings.Contains(printed, "canary") {
		t.Errorf("a route prints its secrets: %s", printed)
	}
}

func TestAllThatIsWrongIsSaidAtOnceAndNothingQuoted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"no YAML", "routes: [canary", []string{"line 2 is no YAML"}},
		{"nothing", " \n", []string{"it is empty"}},
		{"no routes", "smtp: {host: canary, from: a@b.example}", []string{"it has no routes"}},
		{
			"fields that there are not", "routes:\n  - name: a\n    chanel: canary\n    webhook: {kind: slack, url: https://x.example/canary, colour: canary}\n",
			[]string{"line 3 has a field chanel, which there is not", "line 4 has a field colour, which there is not"},
		},
		{"a list in place of a text", "routes:\n  - name: [canary]\n  - groups: canary\n", []string{"line 2 is not of the form that is wanted there", "line 3 is not of the form that is wanted there"}},
		{"a field twice", "routes: []\nroutes: []\n", []string{"line 2 has a field that stands there twice"}},
		{
			"routes", `routes:
  - {name: Canary!, mail: {to: [canary]}}
  - {name: a, language: canary, kinds: [canary], severities: [canary], groups: ["canary/*"], digest: canary, webhook: {kind: slack, url: "http://canary.example/"}}
  - {name: a, webhook: {kind: canary}}
  - {name: b, mail: {}, webhook: {kind: json, url: "https://u:canary@x.example", secret: canary}}
  - {name: c, webhook: {kind: json, url: "https://x.example", secret: canary}}
  - {name: d, webhook: {kind: json, url: "https://x.example"}}
  - {name: e, webhook: {kind: wecom, secret: canary}}
  - {name: f, webhook: {kind: feishu, url: "https://x.example", url_file: canary, secret_file: /canary}}
`,
			[]string{
				"route 1 needs a name of small letters, digits, dots, hyphens and underscores", "route 1 sends mail, but there is no smtp",
				"route 2 (a) has groups that are no path, such as shop/web, which stands for all below it too",
				"route 2 (a) has something in kinds that is none of watch_failing, disconnected, never_connected, config_invalid, token_overdue, token_due, too_many, idle, creator_left, update_needed, watch_token_due, messages_dropped",
				"route 2 (a) has something in severities that is none of critical, warning, info", "route 2 (a) has something in language that is none of en, zh-CN",
				"route 2 (a) has a digest that is not a weekday and a time in UTC, such as monday 08:00",
				"route 2 (a) has a URL in plain http beyond this machine, where anybody on the way reads it: use https, or set ALLOW_INSECURE_HTTP=true",
				"route 3 has the name of another one", "route 3 has something in webhook.kind that is none of json, slack, mattermost, teams, feishu, dingtalk, wecom",
				"route 4 (b) needs either mail or webhook",
				"route 5 (c) has a secret that is not whsec_ and at least 24 bytes in Base64",
				"route 6 (d) needs webhook.secret or webhook.secret_file, by which the receiver knows that it is the portal: echo whsec_$(openssl rand -base64 32)",
				"route 7 (e) needs webhook.url or webhook.url_file", "route 7 (e) has a secret, which a webhook of its kind does not know",
				"route 8 (f) has webhook.url beside webhook.url_file: leave out one of them", "route 8 (f) names a file in webhook.secret_file that cannot be read: no such file or directory",
			},
		},
		{
			"the mail server", `smtp: {port: 70000, tls: canary, username: canary, from: canary}
routes: [{name: a, mail: {}}, {name: b, mail: {to: [canary]}}]`,
			[]string{
				"smtp has no host", "smtp has a tls that is none of starttls, tls, none", "smtp has a port that is none", "smtp has a from that is no address", "smtp needs username and password_file, or neither",
				"route 1 (a) needs 1 to 50 addresses in mail.to", "route 2 (b) has something in mail.to that is no address",
			},
		},
		{
			"a password in the clear", `smtp: {host: mail, tls: none, username: canary, password_file: notify.yaml, from: a@b.example}
routes: [{name: a, mail: {to: [a@b.example]}}]`,
			[]string{"smtp has a username, whose password everybody on the way would read with tls: none"},
		},
	} {
		_, err := read(t, tt.text, nil)
		if err == nil {
			t.Errorf("%s: no error", tt.name)
			continue
		}
		if diff := cmp.Diff(tt.want, strings.Split(err.Error(), "; ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if strings.Contains(strings.ToLower(err.Error()), "canary") {
			t.Errorf("%s: the file is quoted: %v", tt.name, err)
		}
	}
}

func TestADigestIsDueOnceAWeek(t *testing.T) {
	t.Parallel()
	digest := routes.Digest{Weekday: time.Monday, At: 8 * time.Hour}
	monday := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ after, want time.Time }{
		{monday.Add(-time.Second), monday},
		{monday, monday.AddDate(0, 0, 7)},
		{monday.Add(time.Hour), monday.AddDate(0, 0, 7)},
		{monday.AddDate(0, 0, 6), monday.AddDate(0, 0, 7)},
		{monday.AddDate(0, 0, -1).In(time.FixedZone("+13", 13*3600)), monday},
	} {
		if got := digest.Next(tt.after); !got.Equal(tt.want) {
			t.Errorf("after %v it is due at %v, want %v", tt.after, got, tt.want)
		}
	}
}
