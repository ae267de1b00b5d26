package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/history/transitions"
	"gitlab-agent-portal/internal/watch"
	"gitlab-agent-portal/internal/watch/rules"
)

const (
	// watchEvery is how often the demo's watch looks: whoever plays with the sandbox waits for it.
	watchEvery = 3 * time.Second
	// watchedFor is since when the demo's past says that it has watched.
	watchedFor = 75 * day
	// retention is that of the settings, which the demo leaves as it is.
	retention = 400 * day
	// lostReadings is how long ago nobody could read GitLab, and lostFor for how long.
	lostReadings, lostFor = 19 * day, 5 * time.Hour
)

// WatchLimits are those of a watch that looks at the demo's GitLab, whose times are always fresh.
func WatchLimits(limits rules.Limits) rules.Limits {
	return rules.NewLimits(limits.Thresholds, watchEvery).Trusting()
}

// addWatcher adds a service account that sees what the teams have, and returns its token.
func (d *seeder) addWatcher() string {
	bot := d.AddUser(gitlabtest.User{Username: "service-account-watch", Name: "Agent watch", Bot: true})
	for _, group := range []string{"shop", "platform", "data", "stores"} {
		d.AddGroupMember(d.groups[group], bot, gitlabtest.Maintainer)
	}
	return d.AddPersonalToken(gitlabtest.PersonalToken{
		User: bot, Name: "agent portal", Scopes: []string{"read_api"}, ExpiresAt: d.now.AddDate(0, 8, 0).Truncate(day),
	})
}

// Seed gives the portal's database a past: what a watch would have kept of the agents, had it been
// there for some weeks.
func (d *Demo) Seed(ctx context.Context, db *database.DB) error {
	p := d.seeded.past()
	now := func() time.Time { return d.seeded.now }
	tx, err := db.Write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("the demo's past: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // of no effect after the commit
	store := alerts.New(db, retention, now)
	for _, one := range p.over { // before those that are open: there is one of a kind and agent at a time
		_, began := store.Save(ctx, tx, []alert.Alert{one}, nil)
		_, ended := store.Save(ctx, tx, nil, []alert.Alert{one})
		err = errors.Join(err, began, ended)
	}
	_, opened := store.Save(ctx, tx, p.open, nil)
	err = errors.Join(err, opened, watch.Remember(ctx, db, tx, p.states), transitions.New(db, retention, now).Note(ctx, tx, p.transitions))
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return fmt.Errorf("the demo's past: %w", err)
	}
	return nil
}

// past is what a watch would have kept.
type past struct {
	now         time.Time
	states      []rules.State
	transitions []history.Transition
	open, over  []alert.Alert
}

// past plays the past of the agents that were seeded; the others are new to the watch.
func (d *seeder) past() *past {
	p := &past{now: d.now.UTC().Truncate(time.Second)}
	p.over = append(p.over, alert.Alert{
		Kind: alert.WatchFailing, Since: p.now.Add(-lostReadings), OpenedAt: p.now.Add(15*time.Minute - lostReadings), ResolvedAt: p.now.Add(lostFor - lostReadings),
	})
	paths := make([]string, 0, len(d.agents))
	for path := range d.agents {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		project, name := path[:strings.LastIndexByte(path, '/')], path[strings.LastIndexByte(path, '/')+1:]
		p.add(agent.Project{ID: d.projects[project], Path: project}, d.asRead(d.agents[path], name))
	}
	slices.SortStableFunc(p.over, func(a, b alert.Alert) int { return a.OpenedAt.Compare(b.OpenedAt) })
	slices.SortStableFunc(p.open, func(a, b alert.Alert) int { return a.OpenedAt.Compare(b.OpenedAt) })
	return p
}

// asRead is an agent of the simulator's as a reading has it.
func (d *seeder) asRead(id int64, name string) agent.Agent {
	var read []agent.Token
	a := agent.Agent{ID: id, Name: name}
	for _, t := range d.Tokens(id) {
		account := agent.AccountActive
		switch t.CreatedBy {
		case 0:
			account = agent.AccountGone
		case d.people[petra]:
			account = agent.AccountBlocked
		}
		read = append(read, agent.Token{
			ID: t.ID, CreatedAt: t.CreatedAt.UTC().Truncate(time.Second), CreatedBy: agent.Person{Account: account},
			LastUsedAt: t.LastUsedAt.UTC().Truncate(time.Second), UseKnown: true,
		})
	}
	a.SetTokens(read)
	a.CreatedAt = d.now.Add(-9 * day)
	if oldest := a.OldestToken(); !oldest.IsZero() {
		a.CreatedAt = oldest.Add(-time.Minute)
	}
	a.CreatedAt = a.CreatedAt.UTC().Truncate(time.Second)
	return a
}

// add plays the past of one agent: what the rules say of it now, and outages until then.
func (p *past) add(project agent.Project, a agent.Agent) {
	limits := rules.NewLimits(agent.NewThresholds(90*day, 30*day, 90*day), watchEvery).Trusting()
	var state rules.State
	var opened []alert.Alert
	for _, ago := range []time.Duration{2 * watchEvery, watchEvery, 0} {
		next, outcome := limits.See(state, project, a, p.now.Add(-ago))
		state, opened = next, append(opened, outcome.Opened...)
		for _, one := range outcome.Transitions {
			if !one.Kind.OfConnection() {
				p.transitions = append(p.transitions, one)
			}
		}
	}
	p.connect(&state, a)
	for _, one := range opened {
		one.OpenedAt = p.openedAt(one)
		p.open = append(p.open, one)
	}
	p.states = append(p.states, state)
}

// openedAt is when a watch that has been there all the while would have been sure of an alert.
func (p *past) openedAt(a alert.Alert) time.Time {
	after := map[alert.Kind]time.Duration{
		alert.Disconnected: 35 * time.Minute, alert.NeverConnected: day, alert.TokenDue: -14 * day, alert.Idle: 30 * day,
		alert.CreatorLeft: -6 * day, alert.TooMany: -40 * day,
	}
	at, began := a.Since.Add(after[a.Kind]), p.now.Add(-watchedFor)
	switch {
	case at.Before(began):
		return began
	case at.After(p.now):
		return p.now
	default:
		return at
	}
}

// connect plays the connection of an agent from its first contact to its last, and the outages in between.
func (p *past) connect(state *rules.State, a agent.Agent) {
	last := a.LastContact()
	if last.IsZero() {
		return
	}
	began := a.CreatedAt.Add(12 * time.Minute)
	if watched := p.now.Add(-watchedFor); began.Before(watched) {
		began = watched
	}
	state.FirstSeen = began
	if last.Before(began) { // it had been silent by then
		p.note(a, history.NotConnected, last)
		return
	}
	p.note(a, history.Connected, began)
	state.StatusSince = began
	for _, o := range p.outages(a, began, last) {
		p.note(a, o.kind, o.from)
		p.note(a, history.Connected, o.to)
		state.StatusSince = o.to
		if o.kind == history.NotConnected && o.to.Sub(o.from) > 35*time.Minute {
			p.over = append(p.over, alert.Alert{
				Kind: alert.Disconnected, Subject: state.Subject, Since: o.from, OpenedAt: o.from.Add(35 * time.Minute), ResolvedAt: o.to.Add(5 * time.Minute),
			})
		}
	}
	if state.Status == agent.StatusNotConnected {
		p.note(a, history.NotConnected, last)
		state.StatusSince = last
	}
}

func (p *past) note(a agent.Agent, kind history.Kind, at time.Time) {
	p.transitions = append(p.transitions, history.Transition{AgentID: a.ID, At: at, Kind: kind})
}

// outage is a time in which an agent was not connected, or nobody knew.
type outage struct {
	kind     history.Kind
	from, to time.Time
}

// outages are those of an agent within a time: more of one, fewer of another, the same on every start.
func (p *past) outages(a agent.Agent, began, last time.Time) []outage {
	found := []outage{{history.Unknown, p.now.Add(-lostReadings), p.now.Add(lostFor - lostReadings)}}
	for n := range a.ID * 7 % 4 {
		from := p.now.Add(-time.Duration(3+a.ID%11+n*13) * day).Add(time.Duration(a.ID*37+n*211) * time.Minute)
		found = append(found, outage{history.NotConnected, from, from.Add(time.Duration(18+(a.ID*53+n*97)%420) * time.Minute)})
	}
	slices.SortFunc(found, func(x, y outage) int { return x.from.Compare(y.from) })
	var kept []outage
	for _, o := range found {
		if o.from.After(began) && o.to.Before(last) {
			kept, began = append(kept, o), o.to
		}
	}
	return kept
}
