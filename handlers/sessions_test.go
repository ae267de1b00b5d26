package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"

// endSession presses a button of the page of sessions: that of the row whose text contains part, or
// the one with the value.
func (b *browser) endSession(part string) *answer {
	b.p.t.Helper()
	page := b.get("/sessions")
	button := page.doc.Find(`button[name=end][value="` + part + `"]`)
	if button.Length() == 0 {
		button = page.doc.Find("tbody tr").FilterFunction(func(_ int, row *goquery.Selection) bool { return strings.Contains(row.Text(), part) }).Find("button[name=end]")
	}
	if button.Length() != 1 {
		b.p.t.Fatalf("%d buttons for %q on %s", button.Length(), part, page.text("main"))
	}
	form := button.Closest("form")
	values := hiddenFields(form)
	values.Set("end", button.AttrOr("value", ""))
	return b.post(form.AttrOr("action", ""), values)
}

// withAgent makes the browser call itself so.
func (b *browser) withAgent(agent string) *browser {
	b.header.Set("User-Agent", agent)
	return b
}

func (b *browser) isSignedIn() bool { return b.get("/sessions").status == http.StatusOK }

func TestAPersonSeesTheirSessions(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string][]string{
		"en":    {"Firefox on Linux This one", "Unknown browser", "127.0.0.1", "Sign out all others", "Sign out everywhere"},
		"zh-CN": {"Linux 上的 Firefox 当前会话", "未知浏览器", "127.0.0.1", "退出所有其他会话", "全部退出登录"},
	} {
		p := newPortal(t)
		p.as("dev")
		p.as("lead")
		desk := p.visitor().withAgent(firefox)
		desk.header.Set("Accept-Language", lang)
		desk.signIn("/auth/login", "lead")
		got := desk.get("/sessions")
		for _, text := range want {
			if !strings.Contains(got.text("main"), text) {
				t.Errorf("the page in %s does not say %q: %s", lang, text, got.text("main"))
			}
		}
		if n := got.doc.Find("tbody tr").Length(); n != 2 {
			t.Errorf("the page lists %d sessions, want the person's own 2", n)
		}
		if got.doc.Find(`main a[href="`+p.gitlab.URL+`/-/user_settings/applications"]`).Length() != 1 {
			t.Error("the page does not lead to the authorised applications at GitLab")
		}
		if link := desk.get("/projects").doc.Find(`header .menu a[href="/sessions"]`); link.Length() != 1 {
			t.Error("the person's menu does not lead to the page")
		}
	}
}

func TestAPersonSignsOutElsewhere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, press  string
		desk, others bool // who is still signed in
		phone        bool
	}{
		{"one", "Unknown browser", true, true, false},
		{"all others", "others", true, false, false},
		{"all", "all", false, false, false},
		{"this one", "This one", false, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, readOnly := range []bool{false, true} {
				p := newPortal(t, func(s *setUp) { s.readOnly = readOnly })
				desk, phone := p.visitor().withAgent(firefox), p.visitor().withAgent("unheard of")
				laptop, dev := p.visitor().withAgent(strings.Replace(firefox, "Linux", "Windows", 1)), p.as("dev")
				for _, b := range []*browser{desk, phone, laptop} {
					b.signIn("/auth/login", "lead")
				}
				if got := desk.endSession(tt.press); got.status != http.StatusSeeOther {
					t.Errorf("signing out of %s = %d: %s", tt.name, got.status, got.text("main"))
				}
				if desk.isSignedIn() != tt.desk || phone.isSignedIn() != tt.phone || laptop.isSignedIn() != tt.others || !dev.isSignedIn() {
					t.Errorf("after signing out of %s: desk %v, phone %v, laptop %v, somebody else %v",
						tt.name, desk.isSignedIn(), phone.isSignedIn(), laptop.isSignedIn(), dev.isSignedIn())
				}
				if row := p.auditedLast(); row != "sessions_end ok lead" {
					t.Errorf("the audit says %q", row)
				}
			}
		})
	}
}

// auditedLast is the newest row of the audit.
func (p *portal) auditedLast() string {
	p.t.Helper()
	var action, outcome, actor string
	row := p.database.Raw(p.t).QueryRowContext(p.t.Context(), `SELECT action, outcome, actor_name FROM audit ORDER BY id DESC LIMIT 1`)
	if err := row.Scan(&action, &outcome, &actor); err != nil {
		p.t.Fatal(err)
	}
	return action + " " + outcome + " " + actor
}

func TestSessionsOfOthersAndNonsenseAreNotEnded(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead, dev := p.as("lead"), p.as("dev")
	handle := dev.get("/sessions").doc.Find("tbody button[name=end]").AttrOr("value", "")
	form := hiddenFields(lead.get("/sessions").doc.Find("main form").First())
	form.Set("end", handle)
	lead.post("/sessions/end", form)
	if !dev.isSignedIn() {
		t.Error("a person ended somebody else's session")
	}
	form.Set("end", "nonsense")
	if got := lead.post("/sessions/end", form); got.status != http.StatusBadRequest {
		t.Errorf("ending nonsense = %d, want 400", got.status)
	}
	bare := p.as("lead")
	bare.header.Del("Sec-Fetch-Site")
	if got := bare.post("/sessions/end", url.Values{"end": {"all"}, "nonce": {form.Get("nonce")}}); got.status != http.StatusForbidden || !lead.isSignedIn() {
		t.Errorf("a form of another session = %d, want 403", got.status)
	}
	if got := p.visitor().post("/sessions/end", url.Values{"end": {"all"}}); got.status != http.StatusUnauthorized {
		t.Errorf("a visitor's form = %d, want 401", got.status)
	}
}
