package demo

import (
	"cmp"
	"slices"
	"time"

	"gitlab-agent-portal/internal/activity"
)

// historyAge is how far back what was done through the portal goes when the demo starts.
const historyAge = 21 * day

// Act is something that somebody did through the portal before the demo started.
type Act struct {
	At                   time.Time
	PersonID             int64
	Username             string
	Action               activity.Action
	Outcome              activity.Outcome
	ProjectID, AgentID   int64
	ProjectPath          string
	AgentName, TokenName string
	TokenID              int64
}

// history is what was done in the last three weeks, in its order: what GitLab has was made then, and
// a few things that are not to be seen in it any more.
func (d *seeder) history() []Act {
	var acts []Act
	for _, p := range projects() {
		by := cmp.Or(p.by, olivia)
		if by == petra {
			by = mara
		}
		acts = append(acts, d.historyOf(p.path, by)...)
	}
	acts = append(acts, d.oddities()...)
	slices.SortStableFunc(acts, func(a, b Act) int { return a.At.Compare(b.At) })
	return acts
}

// historyOf is how the young agents and tokens of a project came about.
func (d *seeder) historyOf(path, by string) (acts []Act) {
	project := d.projects[path]
	for _, one := range d.Agents(project) {
		act := Act{PersonID: d.people[by], Username: by, Outcome: activity.OK, ProjectID: project, ProjectPath: path, AgentID: one.ID, AgentName: one.Name}
		add := func(at time.Time, action activity.Action) {
			if d.now.Sub(at) < historyAge {
				act.At, act.Action = at, action
				acts = append(acts, act)
			}
		}
		add(one.CreatedAt, activity.AgentRegister)
		for _, token := range d.Tokens(one.ID) {
			act.TokenID, act.TokenName = token.ID, token.Name
			add(token.CreatedAt, activity.TokenCreate)
			add(token.CreatedAt.Add(40*time.Second), activity.TokenStored)
		}
	}
	return acts
}

// oddities are a rotation for every few days, and what did not work out.
func (d *seeder) oddities() []Act {
	const hour = time.Hour
	act := func(age time.Duration, who, path, agent, token string, action activity.Action, outcome activity.Outcome) Act {
		return Act{
			At: d.now.Add(-age), PersonID: d.people[who], Username: who, Action: action, Outcome: outcome,
			ProjectID: d.projects[path], ProjectPath: path, AgentID: d.agents[path+"/"+agent], AgentName: agent, TokenName: token,
		}
	}
	return []Act{
		act(20*day+3*hour, mara, "shop/storefront/web", "production", "helm 2025", activity.TokenRevoke, activity.OK),
		act(19*day+6*hour, mara, "shop/storefront/images", "cdn-legacy", "", activity.AgentDelete, activity.OK),
		act(17*day+2*hour, olivia, "shop/checkout/payments", "production-eu", "vault 2025", activity.TokenRevoke, activity.OK),
		act(15*day+5*hour, tomas, "shop/checkout/payments", "production-eu", "", activity.TokenCreate, activity.Refused),
		act(13*day+1*hour, mara, "platform/clusters/europe", "eu-central-1", "", activity.ConfigCommit, activity.OK),
		act(11*day+4*hour, mara, "platform/registry-mirror", "mirror", "flux old", activity.TokenRevoke, activity.OK),
		act(9*day+7*hour, chenwei, "data/pipelines/orders", "batch", "", activity.ConfigCommit, activity.OK),
		act(7*day+2*hour, mara, "shop/warehouse/stock", "hall-1", "helm spare", activity.TokenCreate, activity.OK),
		act(7*day+1*hour, mara, "shop/warehouse/stock", "hall-1", "helm spare", activity.TokenRevoke, activity.OK),
		act(6*day+3*hour, olivia, "platform/identity", "production", "vault test", activity.TokenRevoke, activity.OK),
		act(4*day+5*hour, mara, "platform/runners", "runners-gpu", "flux try", activity.TokenRevoke, activity.OK),
		act(2*day+6*hour, chenwei, "data/lake", "lake-prod", "", activity.TokenCreate, activity.Failed),
		act(30*hour, tomas, "shop/storefront/web", "staging", "", activity.AgentDelete, activity.Refused),
	}
}
