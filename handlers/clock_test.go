package handlers_test

import (
	"strings"
	"testing"
	"time"
)

// statusPages are where status words of agents stand.
func (p *portal) statusPages() []string {
	return []string{"/?wait=1", p.address("/projects/{project}/agents"), p.agentPath(p.prod), p.agentPath(p.prod) + "/delete"}
}

func TestAClockThatIsOffIsSaidWhereStatusWordsStand(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		ahead  time.Duration
		en, zh string // empty: nothing is said
	}{
		{"the same", 0, "", ""},
		{"a little ahead", 50 * time.Second, "", ""},
		{"ahead", 5 * time.Minute, "differ by about 5 minutes, so “Connected” may be wrong", "时钟相差约 5 分钟，因此“已连接”可能不准确"},
		{"behind", -90 * time.Second, "differ by about 1 minute, so", "时钟相差约 1 分钟，因此"},
		{"set to the local time", 8 * time.Hour, "differ by about 8 hours, so", "时钟相差约 8 小时，因此"},
	} {
		for lang, want := range map[string]string{"en": tt.en, "zh-CN": tt.zh} {
			t.Run(tt.name+" "+lang, func(t *testing.T) {
				t.Parallel()
				p := newPortal(t)
				p.gitlabAhead.Store(int64(tt.ahead))
				lead := p.as("lead")
				lead.header.Set("Accept-Language", lang)
				for _, path := range p.statusPages() {
					got := lead.get(path).text("main")
					isSaid := strings.Contains(got, "clock and GitLab’s") || strings.Contains(got, "时钟")
					if isSaid != (want != "") || !strings.Contains(got, want) {
						t.Errorf("GET %s says %q, want %q in it", path, got, want)
					}
				}
			})
		}
	}
}

func TestAClockThatWasSetRightIsSaidNoMore(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	p.gitlabAhead.Store(int64(5 * time.Minute))
	lead := p.as("lead")
	const said = "clock and GitLab’s differ"
	if got := lead.get(p.agentPath(p.prod)).text("main"); !strings.Contains(got, said) {
		t.Errorf("the page says %q", got)
	}
	p.gitlabAhead.Store(0)
	if got := lead.get(p.agentPath(p.prod)).text("main"); strings.Contains(got, said) {
		t.Errorf("the page still says %q", got)
	}
}

func TestAUseInTheFutureIsNotJustNow(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]struct{ now, dialog string }{
		"en": {"just now", "It was last used 2026-11-24 12:05 UTC."}, "zh-CN": {"刚刚", "2026-11-24 12:05 UTC"},
	} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			p.gitlabAhead.Store(int64(5 * time.Minute))
			p.gitlab.TouchToken(p.prodToken, p.gitlabNow())
			lead := p.as("lead")
			lead.header.Set("Accept-Language", lang)
			for _, path := range []string{"/?wait=1", p.address("/projects/{project}/agents"), p.agentPath(p.prod), p.revokePath(p.prodToken)} {
				page := lead.get(path)
				got := page.text("main")
				if path == "/?wait=1" { // which says itself when it was updated
					got = row(page, "prod")
				}
				if strings.Contains(got, want.now) || !strings.Contains(got, "2026-11-24 12:05 UTC") {
					t.Errorf("GET %s says %q", path, got)
				}
			}
			if got := lead.get(p.revokePath(p.prodToken)).text("main"); !strings.Contains(got, want.dialog) {
				t.Errorf("the question says %q, want %q in it", got, want.dialog)
			}
		})
	}
}
