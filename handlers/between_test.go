package handlers_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// TestWhatChangesBetweenPageAndAction changes something at GitLab after a form was opened. Each
// ends in a sentence and a next step, and none in a change that was not meant.
func TestWhatChangesBetweenPageAndAction(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		meanwhile func(p *portal)
		// what the four forms end in: create, register, revoke, delete.
		create, register, revoke, del int
	}{
		{
			"the role is lost", func(p *portal) { p.gitlab.AddMember(p.project, p.people["lead"], gitlabtest.Developer) },
			http.StatusForbidden, http.StatusForbidden, http.StatusForbidden, http.StatusForbidden,
		},
		{
			"the membership is lost", func(p *portal) { p.gitlab.RemoveMember(p.project, p.people["lead"]) },
			http.StatusNotFound, http.StatusNotFound, http.StatusNotFound, http.StatusNotFound,
		},
		{
			"the project is archived", func(p *portal) { p.gitlab.ArchiveProject(p.project, true) },
			http.StatusForbidden, http.StatusForbidden, http.StatusForbidden, http.StatusForbidden,
		},
		{
			"the project is deleted", func(p *portal) { p.gitlab.DeleteProject(p.project) },
			http.StatusNotFound, http.StatusNotFound, http.StatusNotFound, http.StatusNotFound,
		},
		{
			"the project is moved, which its number does not notice", func(p *portal) {
				p.gitlab.MoveProject(p.project, p.gitlab.AddGroup(gitlabtest.Group{Path: "elsewhere"}), "moved")
			},
			http.StatusOK, http.StatusSeeOther, http.StatusSeeOther, http.StatusOK,
		},
		{
			"the agent is deleted", func(p *portal) { p.gitlab.DeleteAgent(p.prod) },
			http.StatusNotFound, http.StatusSeeOther, http.StatusNotFound, http.StatusNotFound,
		},
		{
			"the token is revoked", func(p *portal) { p.gitlab.RevokeToken(p.prodToken) },
			http.StatusOK, http.StatusSeeOther, http.StatusSeeOther, http.StatusOK,
		},
		{
			"GitLab ends the access token early", func(p *portal) { p.gitlab.ExpireAccessTokens(p.people["lead"]) },
			http.StatusServiceUnavailable, http.StatusServiceUnavailable, http.StatusServiceUnavailable, http.StatusServiceUnavailable,
		},
		{
			"GitLab revokes the grant", func(p *portal) { p.gitlab.RevokeOAuthTokens(p.people["lead"]) },
			http.StatusUnauthorized, http.StatusUnauthorized, http.StatusUnauthorized, http.StatusUnauthorized,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for form, want := range map[string]int{"create": tt.create, "register": tt.register, "revoke": tt.revoke, "delete": tt.del} {
				p := newPortal(t)
				lead := p.as("lead")
				action, values := lead.form(map[string]string{
					"create": p.agentPath(p.prod) + "/tokens/new", "register": p.address("/projects/{project}/agents/new"),
					"revoke": p.agentPath(p.prod) + "/tokens/" + strconv.FormatInt(p.prodToken, 10) + "/revoke", "delete": p.agentPath(p.prod) + "/delete",
				}[form])
				values.Set("name", "staging")
				values.Set("confirm", "prod")
				tt.meanwhile(p)
				got := lead.post(action, values)
				if got.status != want {
					t.Errorf("%s = %d, want %d: %s", form, got.status, want, got.text("main"))
				}
				if got.status >= 400 && (got.doc.Find("h1").Length() != 1 || got.doc.Find("main a[href]").Length() == 0) {
					t.Errorf("%s ends without a sentence and a next step: %s", form, got.text("main"))
				}
				if got.status >= 400 && p.gitlab.Calls(gitlabtest.OpDeleteAgent)+p.gitlab.Calls(gitlabtest.OpRevokeToken)+p.gitlab.Calls(gitlabtest.OpRegisterAgent) != 0 {
					t.Errorf("%s: GitLab was asked for the change", form)
				}
			}
		})
	}
}

func TestAFormOfAnEndedSessionSaysHowToComeBack(t *testing.T) {
	t.Parallel()
	p := newPortal(t)
	lead := p.as("lead")
	page := p.agentPath(p.prod) + "/tokens/new"
	action, values := lead.form(page)
	values.Set("name", "second")
	visitor := p.visitor()
	visitor.header.Set("Referer", p.server.URL+page)
	got := visitor.post(action, values)
	want := "/auth/login?" + url.Values{"next": {page}}.Encode()
	if got.status != http.StatusUnauthorized || got.doc.Find("main a[href='"+want+"']").Length() != 1 {
		t.Errorf("a form without a session = %d, want 401 with a link to %s: %s", got.status, want, got.body)
	}
	asHTMX := visitor.htmx("reveal")
	asHTMX.header.Set("HX-Current-URL", p.server.URL+page)
	got = asHTMX.post(action, values)
	if got.status != http.StatusUnauthorized || got.header.Get("HX-Redirect") != "" || !strings.Contains(got.body, want[len("/auth"):len("/auth/login")]) {
		t.Errorf("the same by htmx = %d, HX-Redirect %q: %s", got.status, got.header.Get("HX-Redirect"), got.body)
	}
	if got.doc.Find("a[target=_blank]").Length() != 1 {
		t.Errorf("the way to sign in leaves the form: %s", got.body)
	}
}
