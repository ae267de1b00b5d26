package views

import (
	"testing"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/rotation"
)

// rotationPhases are all of them.
func rotationPhases() []rotation.Phase {
	return []rotation.Phase{
		rotation.Unknown, rotation.NoToken, rotation.NeverUsed, rotation.Start, rotation.Choose, rotation.TooMany,
		rotation.Install, rotation.Unstored, rotation.StillUsed, rotation.Watch, rotation.Quiet,
	}
}

// testRotation is a rotation in a phase, with hostile names.
func testRotation(phase rotation.Phase) RotationModel {
	tokens := testTokens()
	m := RotationModel{
		Project: hostileProject(), AgentID: 1, AgentName: hostileName, Phase: phase,
		Observed: 9 * time.Minute, Needed: 10 * time.Minute, Proven: true, OlderConnection: before(time.Hour), Live: true, Tag: "tag",
		Tokens: []RotationToken{
			{Token: tokens[0], Offered: true, Waitable: true}, {Token: tokens[1], Proposed: true, Offered: true},
		},
	}
	switch phase {
	case rotation.NeverUsed:
		m.New = tokens[1]
	case rotation.Start:
		m.Old = tokens[0]
	case rotation.Install, rotation.Unstored:
		m.Old, m.New = tokens[0], tokens[1]
		m.Unstored = UnstoredToken{TokenID: 8, TokenName: hostileName, CreatedBy: hostileName, At: before(time.Hour), Likely: phase == rotation.Unstored}
	case rotation.StillUsed, rotation.Watch, rotation.Quiet:
		m.Old, m.New = tokens[0], tokens[0]
	}
	return m
}

// rotationStates are the pages about rotations in every state they can be in.
func rotationStates() []state {
	var list []state
	rotations := RotationsModel{Max: 50, More: true, UnusedURL: "/portal/unused-tokens?agent=20.1"}
	for i, phase := range rotationPhases() {
		reader := testRotation(phase)
		reader.Project.Access, reader.Live, reader.Longest, reader.Proven = agent.AccessRole, false, true, false
		list = append(list,
			both("a rotation: "+string(phase), RotationPage, Rotation, testRotation(phase)),
			both("a rotation for a reader: "+string(phase), RotationPage, Rotation, reader))
		access := []agent.Access{agent.AccessManage, agent.AccessRole}[i%2]
		rotations.Lines = append(rotations.Lines, RotationLine{
			Project: hostileProject().with(access), AgentID: int64(i + 1), AgentName: hostileName, Phase: phase, Tokens: 3,
		})
	}
	rotations.Lines = append(rotations.Lines, RotationLine{AgentID: 99, Problem: "Not found"})
	unused := UnusedModel{
		Agents: []string{"20.1"}, Days: 30, MaxDays: 3650, Max: 50, More: true, Unread: 1, ReadOnly: 2, Form: Form{Nonce: "form-nonce"},
		Rows: []UnusedRow{{Ref: "20.1.8", Project: hostileProject(), AgentName: hostileName, TokenName: hostileName, CreatedAt: before(time.Hour)}},
	}
	none := unused
	none.Rows, none.Agents = nil, nil
	return append(list,
		alone("several rotations", RotationsPage, rotations),
		alone("no rotations", RotationsPage, RotationsModel{}),
		both("unused tokens", UnusedPage, UnusedForm, unused),
		both("no unused tokens", UnusedPage, UnusedForm, none),
		both("unused tokens are revoked", UnusedResultPage, UnusedResults, UnusedResultModel{AgainURL: "/a", Results: []UnusedResult{
			{Project: hostileProject(), AgentID: 1, AgentName: hostileName, TokenID: 8, TokenName: hostileName, Revoked: true},
			{AgentID: 2, TokenID: 9, Problem: "Not found"},
		}}),
	)
}

func TestARotationShowsWhereItStands(t *testing.T) {
	t.Parallel()
	tests := map[rotation.Phase]struct {
		current string // the step one is at, empty where there are none
		says    string
		revokes int
	}{
		rotation.Unknown:   {"", "you cannot revoke", 0},
		rotation.NoToken:   {"Create a new token", "no token", 0},
		rotation.NeverUsed: {"Install it in the cluster", "never used", 1},
		rotation.Start:     {"Create a new token", "The old one keeps working", 0},
		rotation.Choose:    {"", "which one do you want to revoke", 2},
		rotation.TooMany:   {"", "2 active tokens are too many", 2},
		rotation.Install:   {"Install it in the cluster", "nobody has confirmed", 1},
		rotation.Unstored:  {"Install it in the cluster", "most likely", 1},
		rotation.StillUsed: {"Check that nothing uses the old one", "Not used for 9 minutes", 0},
		rotation.Watch:     {"Check that nothing uses the old one", "has been connected since 2026-11-24 02:07 UTC", 0},
		rotation.Quiet:     {"Revoke the old one", "Not used for 9 minutes", 1},
	}
	for _, phase := range rotationPhases() {
		t.Run(string(phase), func(t *testing.T) {
			t.Parallel()
			want := tests[phase]
			m := testRotation(phase)
			if phase == rotation.Unknown { // nothing is offered
				m.Tokens[0].Offered, m.Tokens[1].Offered = false, false
			}
			document := render(t, Rotation(testPage(i18n.English), m))
			if want.current == "" {
				wantCount(t, document.Selection, ".rotation-steps", 0)
			} else {
				wantText(t, document.Selection, `[aria-current="step"] h3`, want.current)
			}
			wantText(t, document.Selection, "#rotation", want.says)
			wantCount(t, document.Selection, "a[href*='/revoke?from=rotation']", want.revokes)
			m.Project.Access = agent.AccessRole
			reader := render(t, Rotation(testPage(i18n.English), m))
			wantCount(t, reader.Selection, "a[href*='/revoke'], a[href*='/new'], button", 0)
		})
	}
}

func TestOnlyARotationThatWaitsLooksAgain(t *testing.T) {
	t.Parallel()
	m := testRotation(rotation.Watch)
	live := render(t, Rotation(testPage(i18n.English), m))
	wantAttr(t, live.Selection, "#rotation", "hx-ptag", "tag")
	wantAttr(t, live.Selection, "#rotation", "hx-get", "/portal/projects/20/agents/1/rotation")
	wantCount(t, live.Selection, "[data-announce]", 0)
	m.Live, m.Announce = false, true
	still := render(t, Rotation(testPage(i18n.English), m))
	wantCount(t, still.Selection, "[data-live], [hx-get]:not([hx-target='#dialog-body'])", 0)
	wantText(t, still.Selection, "[data-announce]", "Checking")
}

func TestTheAddressesOfASelection(t *testing.T) {
	t.Parallel()
	u, guided := URLs{Base: "/portal"}, Origin{Rotation: true}
	placed := Origin{Rotation: true, Place: agent.Place{Namespace: "n", Release: "r", Secret: "s"}}
	for got, want := range map[string]string{
		u.Rotation(20, 5, 0):                  "/portal/projects/20/agents/5/rotation",
		u.Rotation(20, 5, 7):                  "/portal/projects/20/agents/5/rotation?drop=7",
		u.Rotations([]string{"20.5", "20.7"}): "/portal/rotations?agent=20.5&agent=20.7",
		u.Unused([]string{"20.5"}, 30):        "/portal/unused-tokens?agent=20.5&days=30",
		u.Unused([]string{"20.5"}, 0):         "/portal/unused-tokens?agent=20.5",
		u.Unused(nil, 30):                     "/portal/unused-tokens",
		guided.Back(u, 20, 5):                 u.Rotation(20, 5, 0),
		Origin{}.Back(u, 20, 5):               u.Agent(20, 5, ""),
		guided.On(u.TokenNew(20, 5)):          "/portal/projects/20/agents/5/tokens/new?from=rotation",
		guided.On(u.TokenRevoke(20, 5, 7)):    "/portal/projects/20/agents/5/tokens/7/revoke?from=rotation",
		Origin{}.On(u.TokenRevoke(20, 5, 7)):  u.TokenRevoke(20, 5, 7),
		placed.Back(u, 20, 5):                 "/portal/projects/20/agents/5/rotation?namespace=n&release=r&secret_name=s",
		placed.On(u.Agent(20, 5, TabConnect)): "/portal/projects/20/agents/5?tab=connect&from=rotation&namespace=n&release=r&secret_name=s",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
