package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
)

// ambiguities are the ways in which the answer to a change that happened gets lost.
func ambiguities() map[string]gitlabtest.Fault {
	return map[string]gitlabtest.Fault{
		"cut before the headers": gitlabtest.Cut().AfterCommit(), "cut after the headers": gitlabtest.CutAfterHeaders(),
		"reset": gitlabtest.Reset().AfterCommit(), "502 in HTML": gitlabtest.BadGateway().AfterCommit(),
		"504": gitlabtest.Status(http.StatusGatewayTimeout).AfterCommit(), "503 without a body": gitlabtest.EmptyUnavailable().AfterCommit(),
		"a stall past the deadline": gitlabtest.Hold(gitlabtest.NewGate()).AfterCommit(), "a body that drips": gitlabtest.Drip(time.Second),
		"half a JSON": gitlabtest.Truncated(), "a sign-in page": gitlabtest.SignInPage().AfterCommit(), "more than a megabyte": gitlabtest.Oversized(2 << 20),
	}
}

// wantReconciled wants one row of the action, of unknown outcome, and one that refers to it.
func (p *portal) wantReconciled(action activity.Action, outcome activity.Outcome) {
	p.t.Helper()
	rows := slices.DeleteFunc(p.audit(), func(e audit.Event) bool { return e.Action != action && e.Action != activity.Reconciled })
	if len(rows) != 2 {
		p.t.Errorf("the audit has %d rows, want one and its reconciliation: %+v", len(rows), rows)
		return
	}
	first, second := rows[0], rows[1]
	if first.Action != action || first.Outcome != activity.Unknown || first.ActorID != p.people["lead"] || first.RequestID == "" {
		p.t.Errorf("the row of the action: %+v", first)
	}
	if second.Action != activity.Reconciled || second.Outcome != outcome || second.RefersTo != first.ID {
		p.t.Errorf("the reconciliation: %+v, want %s of row %d", second, outcome, first.ID)
	}
}

// hurry gives changes two seconds from now on: enough for a busy machine, and not long to wait
// where GitLab never answers.
func (p *portal) hurry() {
	p.t.Helper()
	p.restart(setUp{keys: p.config.Keys, timeouts: gitlabapi.Timeouts{Write: 2 * time.Second}})
}

// relax gives changes their own time again.
func (p *portal) relax() {
	p.t.Helper()
	p.gitlab.ClearFaults("")
	p.restart(setUp{keys: p.config.Keys})
}

// TestH1AnAmbiguousCreateLeavesOneTokenAndOnePage sends the form once and then twice more.
func TestH1AnAmbiguousCreateLeavesOneTokenAndOnePage(t *testing.T) {
	t.Parallel()
	for name, fault := range ambiguities() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			p.hurry()
			action, values := lead.form(p.agentPath(p.idle) + "/tokens/new")
			values.Set("name", "lost")
			p.gitlab.Inject(gitlabtest.OpCreateToken, fault)
			got := lead.post(action, values)
			if got.status != http.StatusBadGateway && got.status != http.StatusGatewayTimeout {
				t.Errorf("creating = %d, want 502 or 504", got.status)
			}
			made := p.gitlab.Tokens(p.idle)
			if len(made) != 1 || p.gitlab.Calls(gitlabtest.OpCreateToken) != 1 {
				t.Fatalf("GitLab saw %d creates and has %d tokens, want 1 and 1", p.gitlab.Calls(gitlabtest.OpCreateToken), len(made))
			}
			if got.doc.Find("h1").Length() != 1 || !strings.Contains(got.text("h1"), "Was the token created") {
				t.Errorf("the page says %q, want that it is not known", got.text("h1"))
			}
			revoke := fmt.Sprintf("%s/tokens/%d/revoke", p.agentPath(p.idle), made[0].ID)
			if !strings.Contains(got.text("main"), "lost") || got.doc.Find("main a[href='"+revoke+"']").Length() != 1 {
				t.Errorf("the page does not name the token and offer to revoke it: %s", got.text("main"))
			}
			p.wantReconciled(activity.TokenCreate, activity.OK)
			for range 2 {
				if again := lead.post(action, values); again.status != http.StatusConflict || !strings.Contains(again.text("main"), "lost") {
					t.Errorf("the form sent again = %d: %s", again.status, again.text("main"))
				}
			}
			if n := p.gitlab.Calls(gitlabtest.OpCreateToken); n != 1 {
				t.Errorf("GitLab saw %d creates in all, want 1", n)
			}
			p.relax()
			if done := lead.submit(revoke, nil); done.status != http.StatusSeeOther || !p.gitlab.Tokens(p.idle)[0].Revoked {
				t.Errorf("revoking what the page offered = %d", done.status)
			}
		})
	}
}

func TestH1AnAmbiguousRegistrationGoesOnToItsToken(t *testing.T) {
	t.Parallel()
	for name, fault := range ambiguities() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			p.hurry()
			p.gitlab.Inject(gitlabtest.OpRegisterAgent, fault)
			got := lead.submit(p.address("/projects/{project}/agents/new"), url.Values{"name": {"staging"}, "first_token": {"1"}})
			if got.status != http.StatusOK || secretIn(t, got) != p.newestAgentSecret() {
				t.Errorf("registering = %d, want the first token", got.status)
			}
			if n := p.gitlab.Calls(gitlabtest.OpRegisterAgent); n != 1 || len(p.gitlab.Agents(p.project)) != 3 {
				t.Errorf("GitLab saw %d registrations and has %d agents, want 1 and 3", n, len(p.gitlab.Agents(p.project)))
			}
			p.wantReconciled(activity.AgentRegister, activity.OK)
		})
	}
}

// TestV6AnUnknownOutcomeIsAuditedTwice looks at the ends that a look can have.
func TestV6AnUnknownOutcomeIsAuditedTwice(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault gitlabtest.Fault
		// meanwhile happens while the create is at GitLab.
		meanwhile func(p *portal)
		want      activity.Outcome
	}{
		{"the token was made", gitlabtest.Cut().AfterCommit(), func(*portal) {}, activity.OK},
		{"no token was made", gitlabtest.Cut(), func(*portal) {}, activity.Failed},
		{"GitLab cannot be asked afterwards", gitlabtest.Cut().AfterCommit(), func(p *portal) {
			p.gitlab.Inject(gitlabtest.OpListTokens, gitlabtest.Status(http.StatusForbidden))
		}, activity.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			action, values := lead.form(p.agentPath(p.idle) + "/tokens/new")
			values.Set("name", "lost")
			gate := gitlabtest.NewGate()
			p.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
			p.gitlab.Inject(gitlabtest.OpCreateToken, tt.fault)
			answers := make(chan *answer, 1)
			go func() { answers <- lead.post(action, values) }()
			if err := gate.Await(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			tt.meanwhile(p)
			gate.Open()
			if got := <-answers; got.status != http.StatusBadGateway {
				t.Errorf("creating = %d, want 502", got.status)
			}
			p.wantReconciled(activity.TokenCreate, tt.want)
		})
	}
}

func TestH8WhatCannotBeReadIsUnknownAndTheRestIsShown(t *testing.T) {
	t.Parallel()
	faults := map[string]gitlabtest.Fault{
		"500": gitlabtest.Status(500), "404": gitlabtest.Status(404), "403": gitlabtest.Status(403), "a cut": gitlabtest.Cut(), "half a JSON": gitlabtest.Truncated(),
		"HTML": gitlabtest.SignInPage(), "wrong types": gitlabtest.Reply(200, "application/json", `{"id":"x"}`), "a silence": gitlabtest.Hold(gitlabtest.NewGate()),
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			list := p.address("/projects/{project}/agents")
			p.gitlab.Configure(func(s *gitlabtest.Settings) {
				s.GraphQLErrors = map[int64]string{p.project: "an error beside the data"}
			})
			ofProd := func(r *http.Request) bool {
				return strings.Contains(r.URL.Path, fmt.Sprintf("/cluster_agents/%d/tokens", p.prod))
			}
			p.gitlab.Inject(gitlabtest.OpListTokens, fault.When(ofProd))
			page := lead.get(list)
			if got := statuses(page); page.status != http.StatusOK || got["prod"] != "Unknown" || got["idle"] != "Never connected" {
				t.Errorf("the list = %d with %v, want prod unknown and idle as it is", page.status, got)
			}
			if page.doc.Find("main .notice, main [role=status], #notice *").Length() == 0 {
				t.Error("the page does not say that something is missing")
			}
			p.gitlab.ClearFaults("")
			if got := statuses(lead.get(list)); got["prod"] != "Connected" {
				t.Errorf("once GitLab answers again: %v, want prod connected", got)
			}
		})
	}
}

func TestH9ARevocationThatHappenedIsSaidToHaveHappened(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		wrong  func(p *portal)
		status int
		text   string
	}{
		{"204", func(*portal) {}, http.StatusSeeOther, ""},
		{"404, as somebody was faster", func(p *portal) {
			p.gitlab.Inject(gitlabtest.OpRevokeToken, gitlabtest.Status(http.StatusNotFound).AfterCommit())
		}, http.StatusSeeOther, ""},
		{"204 after the deadline", func(p *portal) {
			p.gitlab.Inject(gitlabtest.OpRevokeToken, gitlabtest.Hold(gitlabtest.NewGate()).AfterCommit())
		}, http.StatusSeeOther, ""},
		{"a cut", func(p *portal) { p.gitlab.Inject(gitlabtest.OpRevokeToken, gitlabtest.Cut().AfterCommit()) }, http.StatusSeeOther, ""},
		{"a cut before it happened", func(p *portal) { p.gitlab.Inject(gitlabtest.OpRevokeToken, gitlabtest.Cut()) }, http.StatusBadGateway, "not known"},
		{"403", func(p *portal) { p.gitlab.Inject(gitlabtest.OpRevokeToken, gitlabtest.Status(http.StatusForbidden)) }, http.StatusForbidden, "GitLab does not allow this"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			lead := p.as("lead")
			p.hurry()
			tt.wrong(p)
			got := lead.submit(p.address("/projects/{project}/agents/{agent}/tokens/{token}/revoke"), url.Values{"confirm": {"prod"}})
			if got.status != tt.status || !strings.Contains(got.text("main"), tt.text) {
				t.Errorf("revoking = %d %q, want %d and %q", got.status, got.text("main"), tt.status, tt.text)
			}
			if n := p.gitlab.Calls(gitlabtest.OpRevokeToken); n != 1 {
				t.Errorf("GitLab saw %d revocations, want 1", n)
			}
			p.relax()
			if notice := lead.get(p.agentPath(p.prod)).text("#notice"); tt.status == http.StatusSeeOther && !strings.Contains(notice, "prod-token") {
				t.Errorf("the agent's page says %q, want that the token is revoked", notice)
			}
		})
	}
}

// TestH10TheLimitIsGitLabsRaceNotOurs lets two creates pass our look at the limit together.
func TestH10TheLimitIsGitLabsRaceNotOurs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		agent func(p *portal) int64
		race  bool
		shown int
		// active is how many active tokens the agent has in the end.
		active int
	}{
		{"there is room for both", func(p *portal) int64 { return p.idle }, false, 2, 2},
		{"there is room for one", func(p *portal) int64 { return p.prod }, false, 1, 2},
		{"GitLab counts before either is there", func(p *portal) int64 { return p.prod }, true, 2, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			agent := tt.agent(p)
			if tt.race {
				p.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.TokenLimitRace())
			}
			answers := p.createTwiceAtOnce(agent)
			shown := 0
			for _, got := range answers {
				switch got.status {
				case http.StatusOK:
					secretIn(t, got)
					shown++
				case http.StatusUnprocessableEntity:
				default:
					t.Errorf("a create was answered %d: %s", got.status, got.text("main"))
				}
			}
			page := p.as("lead").get(p.agentPath(agent))
			rows := page.doc.Find("main td a[href$='/revoke']").Length()
			if shown != tt.shown || rows != tt.active {
				t.Errorf("%d creates succeeded and the page lists %d tokens, want %d and %d", shown, rows, tt.shown, tt.active)
			}
			if tt.active > 2 && !strings.Contains(page.text("main"), "more than two") {
				t.Errorf("the page does not warn of three active tokens: %s", page.text("main"))
			}
		})
	}
}

// createTwiceAtOnce holds two creates at GitLab's door until both are there.
func (p *portal) createTwiceAtOnce(agent int64) []*answer {
	p.t.Helper()
	gate := gitlabtest.NewGate()
	p.gitlab.Inject(gitlabtest.OpCreateToken, gitlabtest.Hold(gate))
	answers := make([]*answer, 2)
	var creates sync.WaitGroup
	for i := range answers {
		lead := p.as("lead")
		action, values := lead.form(p.agentPath(agent) + "/tokens/new")
		values.Set("name", fmt.Sprintf("number-%d", i))
		creates.Go(func() { answers[i] = lead.post(action, values) })
	}
	if err := gate.Await(context.WithoutCancel(p.t.Context()), 2); err != nil {
		p.t.Fatal(err)
	}
	gate.Open()
	creates.Wait()
	return answers
}
