package views

import (
	"strings"
	"testing"

	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/i18n"
)

// reveals are the two ways in which a new token is shown.
func reveals() map[string]func(Page, RevealModel) templ.Component {
	return map[string]func(Page, RevealModel) templ.Component{"page": RevealPage, "dialog": RevealDialog}
}

func TestRevealHoldsTheSecretOnce(t *testing.T) {
	t.Parallel()
	for name, component := range reveals() {
		markup := html(t, component(testPage(i18n.English), testReveal()))
		if got := strings.Count(markup, secretValue); got != 1 {
			t.Errorf("%s: the secret stands %d times, want once", name, got)
		}
		output := parse(t, markup).Find("output#secret")
		if output.Text() != secretValue {
			t.Errorf("%s: the output reads %q, want the secret with nothing around it", name, output.Text())
		}
	}
}

// Password managers, spell checkers, translation services and screen readers leave it alone.
func TestT4RevealKeepsOthersFromReadingTheSecret(t *testing.T) {
	t.Parallel()
	for _, component := range reveals() {
		document := render(t, component(testPage(i18n.English), testReveal()))
		for attribute, want := range map[string]string{
			"autocomplete": "off", "data-1p-ignore": "", "data-lpignore": "true", "spellcheck": "false", "translate": "no", "aria-live": "off",
		} {
			wantAttr(t, document.Selection, "#secret", attribute, want)
		}
		wantCount(t, document.Selection, "input[type=password]", 0)
	}
}

func TestRevealClosesByItsOwnFormOnly(t *testing.T) {
	t.Parallel()
	dialog := render(t, RevealDialog(testPage(i18n.English), testReveal())).Find("dialog#reveal-dialog")
	wantCount(t, dialog.Parent(), `dialog[closedby="none"][aria-labelledby="reveal-title"]:not([open])`, 1)
	wantCount(t, dialog, "form", 1)
	wantCount(t, dialog, "a, form[method=dialog], [data-close]", 0)
	wantAttr(t, dialog, "form", "action", "/portal/projects/20/agents/1/tokens/9/stored")
	wantAttr(t, dialog, "form", "hx-target", "#stored-notice")
	wantAttr(t, dialog, `form input[name="nonce"]`, "value", "form-nonce")
	wantCount(t, dialog, "#stored-notice:empty", 1)
	wantCount(t, dialog, "form button:not([disabled])", 1)
}

func TestRevealSaysWhatTheTokenIsFor(t *testing.T) {
	t.Parallel()
	m := testReveal()
	created := render(t, RevealDialog(testPage(i18n.English), m))
	wantText(t, created.Selection, "h1#reveal-title", "Token prod cluster is created")
	wantText(t, created.Selection, ".notice-warning", "never again")
	wantText(t, created.Selection, ".secret", "Whoever holds it can")
	wantText(t, created.Selection, ".secret", "Clipboard managers")
	wantCount(t, created.Selection, "details.install:not([open]) .steps", 2)
	wantCount(t, created.Selection, "[data-gone][hidden]", 1)

	m.Registered = true
	registered := render(t, RevealDialog(testPage(i18n.English), m))
	wantText(t, registered.Selection, "h1#reveal-title", "Agent prod-eu is registered")
	wantCount(t, registered.Selection, "details.install[open]", 1)

	m.Connect = ConnectModel{}
	wantCount(t, render(t, RevealDialog(testPage(i18n.English), m)).Selection, "details", 0)
}

// Without script nothing is masked, and the page itself says that it comes only once.
func TestRevealPageIsReadableWithoutScript(t *testing.T) {
	t.Parallel()
	document := render(t, RevealPage(testPage(i18n.English), testReveal()))
	wantText(t, document.Selection, "main #secret:not([hidden])", secretValue)
	wantText(t, document.Selection, "main [data-reveal]", "Reloading it does not bring the token back")
	wantCount(t, document.Selection, "#reveal:empty", 1)
	wantCount(t, document.Selection, "#stored-form[method=post] button", 1)
}
