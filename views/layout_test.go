package views

import (
	"strings"
	"testing"

	"gitlab-agent-portal/internal/i18n"
)

func TestLayoutHasThePlacesThatAnswersGoTo(t *testing.T) {
	t.Parallel()
	document := render(t, Layout(testPage(i18n.English)))
	body := document.Find("body")
	wantAttr(t, body, "#notice", "role", "status")
	wantAttr(t, body, "#notice", "aria-live", "polite")
	wantAttr(t, body, "#announce", "role", "status")
	wantCount(t, body, "dialog#dialog > #dialog-body", 1)
	wantCount(t, body, "body > #reveal:empty", 1)
	wantCount(t, body, "main #notice, main #reveal, main #dialog", 0)
	wantText(t, body, "template#no-answer", "No answer from the portal")
}

func TestLayoutConfiguresHTMXBeforeItsScript(t *testing.T) {
	t.Parallel()
	head := html(t, Layout(testPage(i18n.English)))
	config := strings.Index(head, `<meta name="htmx-config" content='{"includeIndicatorCSS":false,"extensions":"sse,ptag","defaultTimeout":60000,"history":"reload"}'>`)
	script := strings.Index(head, "<script defer")
	if config < 0 || script < config {
		t.Errorf("the configuration is at %d, the script at %d; want both, in this order", config, script)
	}
}

func TestTheMenuEndsWithTheVersion(t *testing.T) {
	t.Parallel()
	p := testPage(i18n.English)
	p.Version = "v1.2.3"
	wantText(t, render(t, Layout(p)).Selection, ".menu-panel > p:last-child", "Agent Portal v1.2.3")
}

func TestLayoutNamesThePage(t *testing.T) {
	t.Parallel()
	p := testPage(i18n.Chinese)
	wantText(t, render(t, Layout(p)).Selection, "title", "Title · GitLab 代理门户")
	p.Title = ""
	wantText(t, render(t, Layout(p)).Selection, "title", "GitLab 代理门户")
}

func TestLayoutTheme(t *testing.T) {
	t.Parallel()
	for theme, want := range map[string]string{"": "(none)", "dark": "dark", "light": "light"} {
		p := testPage(i18n.English)
		p.Theme = theme
		document := render(t, Layout(p))
		wantAttr(t, document.Selection, "html", "data-theme", want)
		pressed := map[string]string{"": "auto"}[theme] + theme
		wantAttr(t, document.Selection, `button[name="theme"][aria-pressed="true"]`, "value", pressed)
		wantCount(t, document.Selection, `button[name="theme"][aria-pressed="true"]`, 1)
	}
}

func TestLayoutPreferencesReturnToThePage(t *testing.T) {
	t.Parallel()
	form := render(t, Layout(testPage(i18n.Chinese))).Find(`form[action="/portal/preferences"]`)
	wantAttr(t, form, `input[name="next"]`, "value", "/portal/projects")
	wantAttr(t, form, `input[name="nonce"]`, "value", "preferences-nonce")
	wantAttr(t, form, `button[name="lang"][aria-pressed="true"]`, "value", "zh-CN")
	wantText(t, form, `button[lang="en"]`, "English")
	if form.AttrOr("hx-post", "") != "" {
		t.Error("preferences are sent by htmx; a whole page has to come back")
	}
}

func TestLayoutForAPerson(t *testing.T) {
	t.Parallel()
	p := testPage(i18n.English)
	p.Section = "projects"
	p.User = &User{Name: hostileName, Username: "mara"}
	signedIn := render(t, Layout(p))
	wantText(t, signedIn.Selection, ".menu-who", "@mara")
	wantText(t, signedIn.Selection, `form[action="/portal/auth/logout"] button`, "Sign out")
	wantText(t, signedIn.Selection, `nav [aria-current="page"]`, "Projects")

	p.User = nil
	visitor := render(t, Layout(p))
	wantCount(t, visitor.Selection, `form[action="/portal/auth/logout"], header nav`, 0)
	wantCount(t, visitor.Selection, `form[action="/portal/preferences"]`, 1)
}

func TestLayoutBanners(t *testing.T) {
	t.Parallel()
	p := testPage(i18n.English)
	wantCount(t, render(t, Layout(p)).Selection, ".banner", 0)
	p.Demo, p.ReadOnly = "http://127.0.0.1:8081/", true
	document := render(t, Layout(p))
	wantAttr(t, document.Selection, ".banner a", "href", "http://127.0.0.1:8081/")
	wantText(t, document.Selection, ".banner:last-of-type", "Read-only")
}

func TestNotice(t *testing.T) {
	t.Parallel()
	p := testPage(i18n.English)
	for kind, icon := range map[NoticeKind]IconName{
		NoticeSuccess: IconSuccess, NoticeInfo: IconInfo, NoticeWarning: IconWarning, NoticeDanger: IconError, "unheard of": IconInfo,
	} {
		document := render(t, NoticeFragment(p, Notice{Kind: kind, Title: "Title", Text: "Text", Link: "/next", LinkText: "Next", RequestID: "01J"}))
		wantAttr(t, document.Selection, "use", "href", "/portal/static/icons.svg#"+string(icon))
		wantText(t, document.Selection, ".notice-title", "Title")
		wantAttr(t, document.Selection, "a", "href", "/next")
		wantText(t, document.Selection, ".request-id code", "01J")
	}
	bare := render(t, NoticeFragment(p, Notice{Text: "Text"}))
	wantCount(t, bare.Selection, "p", 1)
	wantCount(t, bare.Selection, "a, code", 0)

	p.Notice = &Notice{Kind: NoticeSuccess, Text: "Done."}
	wantText(t, render(t, Layout(p)).Selection, "#notice .notice-success", "Done.")
}

func TestMessagePageOffersTheFirstActionFirst(t *testing.T) {
	t.Parallel()
	m := MessageModel{Heading: "Not found", Text: "Nothing here.", Actions: []Action{{"Home", "/"}, {"Back", "/back"}}}
	document := render(t, MessagePage(testPage(i18n.English), m))
	wantText(t, document.Selection, "main .button-primary", "Home")
	wantCount(t, document.Selection, "main .button-primary", 1)
	wantCount(t, document.Selection, "main .button", 2)
	wantCount(t, document.Selection, "main .request-id, main .buttons:empty", 0)
}

func TestPager(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pager      Pager
		text       string
		prev, next string
	}{
		"middle of a counted list":  {Pager{Prev: "?page=1", Next: "?page=3", Page: 2, Pages: 3}, "Page 2 of 3", "?page=1", "?page=3"},
		"start of an uncounted one": {Pager{Next: "?page=2", Page: 1}, "Page 1", "(none)", "?page=2"},
		"end":                       {Pager{Prev: "?page=2", Page: 3, Pages: 3}, "Page 3 of 3", "?page=2", "(none)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document := render(t, PagerLinks(testPage(i18n.English), test.pager))
			wantText(t, document.Selection, "nav", test.text)
			wantAttr(t, document.Selection, "a[rel=prev]", "href", test.prev)
			wantAttr(t, document.Selection, "a[rel=next]", "href", test.next)
		})
	}
	if got := html(t, PagerLinks(testPage(i18n.English), Pager{Page: 1, Pages: 1, Total: 3})); got != "" {
		t.Errorf("a list of one page has a pager: %s", got)
	}
}
