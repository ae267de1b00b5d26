package audit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/audit"
	"gitlab-agent-portal/internal/database/databasetest"
)

func TestN8WhatGitLabHasNotShownIsAClaim(t *testing.T) {
	t.Parallel()
	named := audit.Claim{ProjectID: 20, AgentID: 5, TokenID: 7}
	for _, tt := range []struct {
		name       string
		shown      audit.Target
		wantClaims audit.Claim
	}{
		{"nothing was shown", audit.Target{}, named},
		{"the project", audit.Target{ProjectID: 20, ProjectPath: "shop/payments"}, audit.Claim{AgentID: 5, TokenID: 7}},
		{"project and agent", audit.Target{ProjectID: 20, AgentID: 5, AgentName: "prod"}, audit.Claim{TokenID: 7}},
		{"all of it", audit.Target{ProjectID: 20, AgentID: 5, TokenID: 7}, audit.Claim{}},
		{"another token", audit.Target{ProjectID: 20, AgentID: 5, TokenID: 8}, audit.Claim{TokenID: 7}},
	} {
		got := audit.Event{}.About(named, tt.shown)
		if diff := cmp.Diff(audit.Event{Target: tt.shown, Claim: tt.wantClaims}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestN8ClaimsAreInNoProjectsHistory(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, _ := openNew(t, fresh(t))
			claim := refusal()
			claim.Target, claim.Claim = audit.Target{}, audit.Claim{ProjectID: 20, AgentID: 5, TokenID: 7}
			record(t, log, claim)
			id, err := log.Begin(t.Context(), claim)
			if err != nil {
				t.Fatal(err)
			}
			project, agent := audit.Filter{Projects: []int64{20}}, audit.Filter{Projects: []int64{20}, AgentID: 5}
			for _, filter := range []audit.Filter{project, agent} {
				if rows := page(t, log, filter, 0, 10); len(rows) != 0 {
					t.Errorf("%+v has %+v", filter, rows)
				}
			}
			if rows := page(t, log, audit.Filter{Projects: []int64{0}}, 0, 10); len(rows) != 2 || rows[1].Claim != claim.Claim {
				t.Errorf("kept apart are %+v, want the claims", rows)
			}
			// GitLab then shows two of the three.
			learnt := audit.Target{ProjectID: 20, AgentID: 5}
			if err := log.Finish(t.Context(), id, activity.OK, learnt); err != nil {
				t.Fatal(err)
			}
			rows := page(t, log, agent, 0, 10)
			if len(rows) != 1 || rows[0].Target != learnt || rows[0].Claim != (audit.Claim{TokenID: 7}) {
				t.Errorf("after that the agent has %+v", rows)
			}
		})
	}
}

func TestN8WhoeverCreatedATokenIsFoundByIt(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, _ := openNew(t, fresh(t))
			history{t, log}.create(activity.OK, 7)
			for _, tt := range []struct {
				actor int64
				token audit.Claim
				want  bool
			}{
				{42, audit.Claim{ProjectID: 20, AgentID: 5, TokenID: 7}, true},
				{43, audit.Claim{ProjectID: 20, AgentID: 5, TokenID: 7}, false},
				{42, audit.Claim{ProjectID: 21, AgentID: 5, TokenID: 7}, false},
				{42, audit.Claim{ProjectID: 20, AgentID: 6, TokenID: 7}, false},
				{42, audit.Claim{ProjectID: 20, AgentID: 5, TokenID: 8}, false},
			} {
				event, found, err := log.CreatedBy(t.Context(), tt.actor, tt.token)
				if found != tt.want || err != nil || found && event.Target.AgentName != "prod" {
					t.Errorf("CreatedBy(%d, %+v) = %+v, %v, %v", tt.actor, tt.token, event, found, err)
				}
			}
		})
	}
}
