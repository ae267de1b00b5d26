package views

import (
	"strings"
	"testing"
	"time"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

func testActivity() []ActivityRow {
	row := func(number int64, action activity.Action, outcome activity.Outcome) ActivityRow {
		return ActivityRow{
			Number: number, At: before(time.Duration(20-number) * time.Hour), Source: SourcePortal, Actor: "mara", Action: action, Outcome: outcome,
			ProjectID: 20, ProjectPath: "shop/platform/checkout", AgentID: 1, AgentName: "prod-eu", TokenID: 7, TokenName: "prod cluster",
		}
	}
	looked, bare, hostile := row(17, "reconciled", "ok"), row(12, "agent_register", "refused"), row(11, "token_create", "ok")
	looked.RefersTo, looked.RefersToURL = 16, "/portal/activity?project=20&before=17#entry-16"
	bare.Actor, bare.ProjectPath, bare.AgentID, bare.AgentName, bare.TokenID, bare.TokenName = "", "", 9, "", 8, ""
	hostile.Actor, hostile.ProjectPath, hostile.AgentName, hostile.TokenName = hostileName, hostileName, hostileName, hostileName
	several := row(10, "token_revoke", "refused")
	several.AgentID, several.AgentName, several.TokenID, several.TokenName = 0, "", 0, ""
	several.UnconfirmedAgentID, several.UnconfirmedTokenID, several.Times, several.LastAt = 9, 8, 37, before(9*time.Hour)
	return []ActivityRow{
		row(18, "token_revoke", "pending"), looked, row(16, "token_create", "unknown"), row(15, "token_stored", "ok"),
		row(14, "agent_delete", "failed"), row(13, "token_create", "refused"), bare, hostile, several,
	}
}

// notedActivity has entries of GitLab's among the portal's.
func notedActivity() []ActivityRow {
	rows := testActivity()
	rows[3].Source = SourceBoth
	return append(rows,
		ActivityRow{At: before(30 * time.Hour), Source: SourceGitLab, Action: "agent_connected"},
		ActivityRow{At: before(40 * time.Hour), Source: SourceGitLab, Action: "token_revoked", Actor: hostileName, TokenID: 3, TokenName: hostileName},
		ActivityRow{At: before(50 * time.Hour), Source: SourceGitLab, Action: "novelty"},
	)
}

func activityStates() []state {
	hostile := ActivityQuery{Project: hostileName, Agent: hostileName, Actor: hostileName, Action: hostileName, From: hostileName, Until: hostileName}
	tab := func(name string, shown AgentActivityModel, access agent.Access) state {
		m := testAgent()
		m.Tab, m.Activity, m.Project.Access = TabActivity, shown, access
		return both(name, AgentPage, AgentTab, m)
	}
	const manage = agent.AccessManage
	return []state{
		both("activity", ActivityPage, ActivityList, ActivityModel{Rows: testActivity(), Newer: "?after=18", Older: "?before=11", Limit: 3000}),
		both("activity, narrowed", ActivityPage, ActivityList, ActivityModel{Rows: testActivity()[:1], Query: hostile}),
		both("activity, wrong", ActivityPage, ActivityList, ActivityModel{Query: hostile, Wrong: ActivityQuery{Project: "Wrong.", From: "Wrong.", Until: "Wrong."}}),
		both("no activity", ActivityPage, ActivityList, ActivityModel{}),
		both("no activity found", ActivityPage, ActivityList, ActivityModel{Query: hostile}),
		both("no activity to see", ActivityPage, ActivityList, ActivityModel{NoProjects: true}),
		tab("agent, activity", AgentActivityModel{Rows: notedActivity(), GitLabMissing: true, MoreURL: "/portal/activity", MoreInGitLab: true}, manage),
		tab("agent, no activity", AgentActivityModel{}, manage),
		tab("agent, activity hidden", AgentActivityModel{Hidden: true}, agent.AccessRole),
	}
}

func TestActivityRows(t *testing.T) {
	t.Parallel()
	rows := render(t, ActivityPage(testPage(i18n.English), ActivityModel{Rows: testActivity(), Query: ActivityQuery{Agent: "prod-eu"}})).Find("#activity tbody tr:not(.day-row)")
	for i, want := range []struct {
		what, outcome string
		icon          IconName
	}{
		{"Revoke token #18 prod cluster", "In progress", IconPending},
		{"Check afterwards #17 for entry #16", "Was done", IconConnected},
		{"Create token #16 prod cluster", "Unknown", IconUnknown},
		{"Confirmed as stored #15", "Done", IconConnected},
		{"Delete agent #14", "Failed", IconNotConnected},
		{"Create token #13", "Refused", IconRefused},
		{"Register agent #12 token #8", "Refused", IconRefused},
	} {
		row := rows.Eq(i)
		wantText(t, row, "th", want.what)
		wantText(t, row, "td:last-child .badge", want.outcome)
		wantAttr(t, row, "td:last-child use", "href", "/portal/static/icons.svg#"+string(want.icon))
	}
	wantAttr(t, rows.Eq(1), "th a", "href", "/portal/activity?project=20&before=17#entry-16")
	wantAttr(t, rows.Eq(2), "th ~ td a", "href", "/portal/projects/20/agents/1?tab=activity")
	wantAttr(t, rows.Eq(2), "td a.path", "href", "/portal/activity?project=shop%2Fplatform%2Fcheckout&agent=prod-eu")
	wantAttr(t, rows.Eq(2), "td:nth-child(3) a", "href", "/portal/activity?agent=prod-eu&actor=mara")
	wantText(t, rows.Eq(6), "td:nth-child(3)", "not signed in")
	wantText(t, rows.Eq(6), "td:nth-child(2)", "agent #9 project #20")
	wantText(t, rows.Eq(8), "th", "Revoke token #10 token #8, unconfirmed")
	wantText(t, rows.Eq(8), "td:nth-child(2)", "agent #9, unconfirmed shop/platform/checkout")
	wantText(t, rows.Eq(8), "td:last-child .times", "× 37")
	wantAttr(t, rows.Eq(8), ".last time", "datetime", before(9*time.Hour).UTC().Format(time.RFC3339))
}

func TestEveryActionHasWordsForWhatWasDoneAndForWhatWasTried(t *testing.T) {
	t.Parallel()
	for _, lang := range []i18n.Lang{i18n.English, i18n.Chinese} {
		for _, action := range activity.OfAgents() {
			for _, outcome := range []activity.Outcome{activity.OK, activity.Refused} {
				row := ActivityRow{Action: action, Outcome: outcome}
				if words := row.what(i18n.For(lang)); words == "" || strings.Contains(words, string(action)) {
					t.Errorf("%s: %s, which ended %s, reads %q", lang, action, outcome, words)
				}
			}
		}
	}
}
