package handlers_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// revokeHere revokes a token of the agent prod by the portal's form.
func (p *portal) revokeHere(lead *browser, token int64, name string) {
	p.t.Helper()
	lead.submit(p.revokePath(token), url.Values{"confirm": {"prod"}})
	for _, t := range p.gitlab.Tokens(p.prod) {
		if t.ID == token && !t.Revoked {
			p.t.Fatalf("the token %s is not revoked", name)
		}
	}
}

// row is what a list says of an agent.
func row(page *answer, agent string) string {
	for _, name := range page.doc.Find("tbody th a").EachIter() {
		if name.Text() == agent {
			return strings.Join(strings.Fields(name.Closest("tr").Text()), " ")
		}
	}
	return ""
}

func TestAnAgentWhoseUsedTokenWasRevokedHereWasSeen(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]struct{ status, down, seen, rule, ago, dialog string }{
		"en":    {"Not connected", "Down 2 min", "with a token since revoked", "It was last seen with a token that was revoked since.", "2 minutes ago", "It was last seen 2 minutes ago, with a token that was revoked since."},
		"zh-CN": {"未连接", "失联 2 分钟", "（使用的令牌已被撤销）", "最近一次连接使用的令牌已被撤销。", "2 分钟前", "最近一次联系：2 分钟前，使用的令牌已被撤销。"},
	} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			lead.header.Set("Accept-Language", lang)
			p.revokeHere(lead, p.prodToken, "prod-token")
			p.clock.Advance(time.Minute)
			page := lead.get(p.agentPath(p.prod))
			if badge, main := page.text(".head .badge"), page.text("main"); badge != want.status || !strings.Contains(main, want.rule) || !strings.Contains(main, want.ago+" "+want.seen) {
				t.Errorf("the agent is %q: %s", badge, main)
			}
			for path, status := range map[string]string{p.address("/projects/{project}/agents"): want.status, "/?wait=1": want.down} {
				if got := row(lead.get(path), "prod"); !strings.Contains(got, status) || !strings.Contains(got, want.ago) || !strings.Contains(got, want.seen) {
					t.Errorf("%s says %q of the agent", path, got)
				}
			}
			if got := lead.get(p.agentPath(p.prod) + "/delete").text("main"); !strings.Contains(got, want.dialog) {
				t.Errorf("the question says %q", got)
			}
		})
	}
}

func TestTheLastContactOfARevokedTokenIsInTheExports(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	p.revokeHere(lead, p.prodToken, "prod-token")
	for path, want := range map[string]string{
		"/fleet.csv":                       "not_connected,2026-11-24T11:59:00Z,0",
		"/fleet.json":                      `"status":"not_connected","last_used_at":"2026-11-24T11:59:00Z"`,
		"/fleet.csv?status=not_connected":  ",prod,",
		"/fleet.json?status=not_connected": `"agent":"prod"`,
	} {
		if got := lead.get(path).body; !strings.Contains(got, want) {
			t.Errorf("%s lacks %q: %s", path, want, got)
		}
	}
}

func TestOnlyARevokedTokenThatWasSeenInUseCounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		happen func(p *portal, lead *browser)
		want   string
	}{
		{"revoked in GitLab, where nobody saw it used", func(p *portal, _ *browser) { p.gitlab.RevokeToken(p.prodToken) }, "Never connected"},
		{"revoked in GitLab after a look at its rotation", func(p *portal, lead *browser) {
			lead.get(p.agentPath(p.prod) + "/rotation")
			p.gitlab.RevokeToken(p.prodToken)
		}, "Not connected"},
		{"never used", func(p *portal, lead *browser) {
			p.gitlab.RevokeToken(p.prodToken)
			unused := p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "unused"})
			p.revokeHere(lead, unused, "unused")
		}, "Never connected"},
		{"another active token is in use", func(p *portal, lead *browser) {
			p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "new", LastUsedAt: p.clock.Now().Add(-time.Minute)})
			p.revokeHere(lead, p.prodToken, "prod-token")
		}, "Connected"},
		{"another active token was never used", func(p *portal, lead *browser) {
			p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "new"})
			p.revokeHere(lead, p.prodToken, "prod-token")
		}, "Not connected"},
		{"nobody knows of the other one", func(p *portal, lead *browser) {
			p.gitlab.AddToken(gitlabtest.Token{Agent: p.prod, Name: "new"})
			p.revokeHere(lead, p.prodToken, "prod-token")
			p.gitlab.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
			p.gitlab.Inject(gitlabtest.OpGetToken, gitlabtest.Status(503))
		}, "Unknown"},
		{"long ago", func(p *portal, lead *browser) {
			p.revokeHere(lead, p.prodToken, "prod-token")
			p.clock.Advance(400 * 24 * time.Hour)
			if _, err := p.config.Readings.Sweep(t.Context()); err != nil {
				t.Error(err)
			}
		}, "Never connected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			tt.happen(p, p.as("lead"))
			if got := p.as("lead").get(p.agentPath(p.prod)).text(".head .badge"); got != tt.want {
				t.Errorf("the agent is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTheLastContactThatARestartedPortalTells(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.revokeHere(p.as("lead"), p.prodToken, "prod-token")
	p.restart(setUp{keys: p.keys})
	if got := p.as("dev").get(p.agentPath(p.prod)).text("main"); !strings.Contains(got, "with a token since revoked") {
		t.Errorf("the page says %q", got)
	}
}
