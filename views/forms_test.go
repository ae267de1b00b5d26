package views

import (
	"regexp"
	"strings"
	"testing"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

func TestAgentForm(t *testing.T) {
	t.Parallel()
	m := AgentFormModel{Form: Form{Nonce: "form-nonce"}, Project: testProject(), FirstToken: true}
	form := render(t, AgentFormDialog(testPage(i18n.English), m)).Find("#form")
	wantAttr(t, form, "form", "action", "/portal/projects/20/agents")
	wantAttr(t, form, "form", "hx-target", "#reveal")
	wantAttr(t, form, "form", "hx-swap", "innerHTML")
	wantAttr(t, form, "#name", "maxlength", "63")
	wantAttr(t, form, "#name", "aria-describedby", "name-hint name-error")
	wantCount(t, form, "#name[required][autofocus]:not([aria-invalid])", 1)
	wantText(t, form, "#name-hint", "At most 63 characters")
	wantCount(t, form, `#first_token[type="checkbox"][value="1"][checked]`, 1)
	wantCount(t, form, "#form-notice:empty", 1)
	m.FirstToken = false
	wantCount(t, render(t, AgentFormDialog(testPage(i18n.English), m)).Selection, "#first_token[checked]", 0)
}

// The browser checks what GitLab checks: no name is refused here that GitLab would take.
func TestAgentNamePattern(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(`\A(?:` + agent.NamePattern + `)\z`)
	for name, want := range map[string]bool{
		"a": true, "7": true, "prod-eu": true, "0-1": true, "a--b": true, longName: true,
		"": false, "-a": false, "a-": false, "Prod": false, "a_b": false, "a.b": false, "a b": false, " a": false, "a\n": false, "é": false,
	} {
		if got := pattern.MatchString(name); got != want {
			t.Errorf("%q allowed = %v, want %v", name, got, want)
		}
	}
}

func TestAProblemOfAFormIsReadOutAtOnce(t *testing.T) {
	t.Parallel()
	wantAttr(t, render(t, FormNotice(testPage(i18n.English), nil)).Selection, "#form-notice", "role", "alert")
}

func TestFieldSaysWhatIsWrongBesideIt(t *testing.T) {
	t.Parallel()
	f := FieldProps{Name: "name", Label: i18n.For(i18n.English).Parts("tokens.form.name"), Field: Field{Value: `a"b<c`, Error: "Too odd."}, Max: 255}
	field := render(t, TextField(f)).Selection
	wantAttr(t, field, "input", "aria-invalid", "true")
	wantAttr(t, field, "input", "value", `a"b<c`)
	wantAttr(t, field, "input", "aria-describedby", "name-error")
	wantText(t, field, "#name-error[aria-live=polite]", "Too odd.")
	f.Lines, f.Optional = 2, "optional"
	area := render(t, TextField(f)).Selection
	wantText(t, area, "textarea:not([required])", `a"b<c`)
	wantText(t, area, "label", "Token name optional")
}

func TestTokenForm(t *testing.T) {
	t.Parallel()
	m := TokenFormModel{Form: Form{Nonce: "form-nonce"}, Project: testProject(), AgentID: 1, AgentName: "prod-eu", Description: Field{Value: "by Helm"}}
	form := render(t, TokenFormDialog(testPage(i18n.English), m)).Find("#form")
	wantAttr(t, form, "form", "action", "/portal/projects/20/agents/1/tokens")
	wantAttr(t, form, "form", "hx-target", "#reveal")
	wantAttr(t, form, "#name", "maxlength", "255")
	wantAttr(t, form, "#description", "maxlength", "1024")
	wantText(t, form, "#description", "by Helm")
	wantAttr(t, form, `input[name="nonce"]`, "value", "form-nonce")
}

func TestTokenFormAtTheLimit(t *testing.T) {
	t.Parallel()
	m := TokenFormModel{Form: Form{Nonce: "form-nonce"}, Project: testProject(), AgentID: 1, AgentName: "prod-eu", Limit: testTokens()}
	form := render(t, TokenFormDialog(testPage(i18n.English), m)).Find("#form")
	wantCount(t, form, "form", 0)
	wantText(t, form, "p", "prod-eu")
	wantCount(t, form, ".token-list li", 2)
	wantText(t, form, ".token-list li", "2 minutes ago")
	// Plain links: inside a dialog they must not replace a form elsewhere on the page.
	wantCount(t, form, revokes+":not([hx-get])", 1)
}

func TestTokenRevoke(t *testing.T) {
	t.Parallel()
	used, never, unknown := testTokens()[0], testTokens()[1], testTokens()[0]
	unknown.UseKnown = false
	tests := map[string]struct {
		model   TokenRevokeModel
		text    string
		confirm int
	}{
		"in use":             {TokenRevokeModel{Token: used}, "last used 2 minutes ago", 0},
		"never used":         {TokenRevokeModel{Token: never}, "nothing stops working", 0},
		"use not known":      {TokenRevokeModel{Token: unknown, Guard: true}, "It is not known", 1},
		"the only one":       {TokenRevokeModel{Token: used, LastToken: true, Guard: true}, "the only token of prod-eu", 1},
		"typed a wrong name": {TokenRevokeModel{Token: used, Guard: true, Confirm: Field{Value: "x", Error: "Type it."}}, "Type it.", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := test.model
			m.Project, m.AgentID, m.AgentName, m.Nonce = testProject(), 1, "prod-eu", "form-nonce"
			form := render(t, TokenRevokeDialog(testPage(i18n.English), m)).Find("#form")
			wantText(t, form, "#form-title", "Revoke token "+squeeze(m.Token.Name)+"?")
			wantCount(t, form, "#confirm", test.confirm)
			wantAttr(t, form, "form", "hx-target", "#form")
			wantAttr(t, form, "form", "hx-swap", "outerHTML")
			if !strings.Contains(squeeze(form.Text()), test.text) {
				t.Errorf("reads %q, want %q in it", squeeze(form.Text()), test.text)
			}
			if test.confirm == 1 {
				wantAttr(t, form, "#confirm", "data-exactly", "prod-eu")
			}
		})
	}
}

func TestAgentDelete(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*AgentDeleteModel)
		texts  []string
	}{
		"two tokens":           {func(*AgentDeleteModel) {}, []string{"last contact was 2 minutes ago", "and its 2 tokens", "prod cluster"}},
		"one token":            {func(m *AgentDeleteModel) { m.SetTokens(m.Tokens[:1]) }, []string{"and its token."}},
		"no token, no contact": {func(m *AgentDeleteModel) { m.SetTokens(nil) }, []string{"was ever used", "has no active token"}},
		"nothing is known": {func(m *AgentDeleteModel) {
			m.Tokens, m.TokenCount = nil, agent.Unread
		}, []string{"is not known", "could not be read"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := AgentDeleteModel{Form: Form{Nonce: "form-nonce"}, Project: testProject(), Agent: testAgents()[0]}
			m.SetTokens(testTokens())
			test.change(&m)
			form := render(t, AgentDeleteDialog(testPage(i18n.English), m)).Find("#form")
			for _, want := range test.texts {
				if !strings.Contains(squeeze(form.Text()), want) {
					t.Errorf("reads %q, want %q in it", squeeze(form.Text()), want)
				}
			}
			wantAttr(t, form, "#confirm", "data-exactly", "prod-eu")
			wantText(t, form, "label", "Type prod-eu to confirm")
			wantAttr(t, form, "form", "action", "/portal/projects/20/agents/1/delete")
			wantAttr(t, form, "[data-close]", "href", "/portal/projects/20/agents/1")
		})
	}
}

func TestAgentDeletedShowsWhatIsLeft(t *testing.T) {
	t.Parallel()
	m := AgentDeletedModel{Project: testProject(), AgentName: "prod-eu", Steps: testSteps()}
	document := render(t, AgentDeletedPage(testPage(i18n.English), m))
	wantText(t, document.Selection, "h1", "Agent prod-eu is deleted")
	wantCount(t, document.Selection, ".steps li", 1)
	wantAttr(t, document.Selection, "main .button-primary", "href", "/portal/projects/20/agents")
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		model     OutcomeModel
		text      string
		revocable int
		back      string
	}{
		"one candidate":          {OutcomeModel{AgentID: 1, Checked: true, Candidates: testTokens()[:1]}, "most likely yours", 1, "/portal/projects/20/agents/1"},
		"several candidates":     {OutcomeModel{AgentID: 1, Checked: true, Candidates: testTokens()}, "any of them may be yours", 2, "/portal/projects/20/agents/1"},
		"no candidate":           {OutcomeModel{AgentID: 1, Checked: true}, "most likely none was created", 0, "/portal/projects/20/agents/1"},
		"GitLab cannot be asked": {OutcomeModel{AgentID: 1}, "did not answer afterwards", 0, "/portal/projects/20/agents/1"},
		"a registration":         {OutcomeModel{}, "Look at the list of agents", 0, "/portal/projects/20/agents"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.model.Project = testProject()
			form := render(t, OutcomeDialog(testPage(i18n.English), test.model)).Find("#form")
			wantText(t, form, "p", test.text)
			wantCount(t, form, `a[href$="/revoke"]`, test.revocable)
			wantAttr(t, form, ".button-primary", "href", test.back)
		})
	}
}

func TestUsedForm(t *testing.T) {
	t.Parallel()
	known := UsedFormModel{Project: testProject(), AgentID: 1, TokenID: 9, TokenName: "prod cluster"}
	form := render(t, UsedFormDialog(testPage(i18n.English), known)).Find("#form")
	wantText(t, form, "p", "It created the token prod cluster,")
	wantCount(t, form, `a[href="/portal/projects/20/agents/1/tokens/9/revoke"]`, 1)
	unknown := render(t, UsedFormDialog(testPage(i18n.English), UsedFormModel{Project: testProject()})).Find("#form")
	wantText(t, unknown, "p", "nothing happened twice")
	wantCount(t, unknown, `a[href$="/revoke"]`, 0)
	wantAttr(t, unknown, ".button-primary", "href", "/portal/projects/20/agents")
}
