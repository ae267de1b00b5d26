//go:build e2e

package e2e

import (
	"slices"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/alert/alerts"
	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/history"
	"gitlab-agent-portal/internal/history/historytest"
)

// withPast is a portal over a past of months.
func (w *watched) withPast() *stage {
	w.past(w.db, time.Now())
	return w.stage
}

// outages are how long ago an agent lost contact, and for how long, in hours.
type outages [][2]float64

// past seeds agents, and what a watch saw of them.
func (s *stage) past(db *database.DB, now time.Time) {
	platform := s.gitlab.AddProject(gitlabtest.Project{Path: "clusters", Name: "Clusters", Group: s.gitlab.AddGroup(gitlabtest.Group{Path: "platform", Name: "Platform"})})
	s.gitlab.AddMember(platform, s.lead, gitlabtest.Maintainer)
	records := []history.Record{s.record(now, s.project, "shop/payments", s.prod, "prod", 400, outages{{620, 3}, {300, 0.5}, {120, 20}})}
	for i, one := range []struct {
		name  string
		first float64
		lost  outages
	}{
		{"eu-central-1", 400, nil},
		{"eu-west-2", 400, outages{{1900, 0.2}}},
		{"us-east-1", 400, outages{{700, 60}, {400, 12}, {90, 2}}},
		{"ap-south-1", 62, outages{{500, 30}}},
		{"edge-01", 11, nil},
		{"edge-02", 400, outages{{1300, 400}, {110, 110}}},
		{"build-farm", 400, outages{{121, 19}}},
	} {
		number := s.gitlab.AddAgent(gitlabtest.Agent{Project: platform, Name: one.name, CreatedBy: s.lead, CreatedAt: now.AddDate(0, -14, i)})
		token := gitlabtest.Token{Agent: number, Name: "cluster", CreatedBy: s.lead, CreatedAt: now.AddDate(0, -i, -3), Live: true}
		if one.name == "edge-02" {
			token.Live, token.LastUsedAt = false, now.Add(-110*time.Hour)
		}
		s.gitlab.AddToken(token)
		records = append(records, s.record(now, platform, "platform/clusters", number, one.name, one.first, one.lost))
	}
	gone := s.record(now, platform, "platform/clusters", 9000, "old-lab", 400, nil)
	gone.GoneAt = now.AddDate(0, 0, -20)
	if err := historytest.Fill(s.t.Context(), db, now, append(records, gone)...); err != nil {
		s.t.Fatal(err)
	}
	s.alarms(db, now, records)
}

// record is an agent that the watch has seen for so many days.
func (s *stage) record(now time.Time, project int64, path string, number int64, name string, days float64, lost outages) history.Record {
	at := func(hours float64) time.Time { return now.Add(-time.Duration(hours * float64(time.Hour))) }
	record := history.Record{AgentID: number, ProjectID: project, ProjectPath: path, AgentName: name, FirstSeen: at(24 * days)}
	note := func(hours float64, kind history.Kind, token int64) {
		record.Transitions = append(record.Transitions, history.Transition{AgentID: number, At: at(hours), Kind: kind, TokenID: token})
	}
	note(24*days, history.Registered, 0)
	note(24*days-1, history.Connected, 0)
	for _, outage := range lost {
		note(outage[0], history.NotConnected, 0)
		if outage[1] < outage[0] {
			note(outage[0]-outage[1], history.Connected, 0)
		}
	}
	if tokens := s.gitlab.Tokens(number); len(tokens) > 0 && days > 100 {
		note(200, history.TokenCreated, tokens[0].ID)
		note(190, history.TokenRevoked, 4711)
	}
	slices.SortStableFunc(record.Transitions, func(a, b history.Transition) int { return a.At.Compare(b.At) })
	return record
}

// alarms opens an alert for each agent's last outage.
func (s *stage) alarms(db *database.DB, now time.Time, records []history.Record) {
	var opened []alert.Alert
	for _, record := range records {
		for _, one := range record.Transitions {
			if one.Kind == history.NotConnected {
				opened = append(opened, alert.Alert{
					Kind: alert.Disconnected, Subject: alert.Subject{ProjectID: record.ProjectID, ProjectPath: record.ProjectPath, AgentID: record.AgentID, AgentName: record.AgentName},
					Since: one.At, OpenedAt: one.At.Add(30 * time.Minute),
				})
				break
			}
		}
	}
	tx := must(db.Write.BeginTx(s.t.Context(), nil))(s.t)
	must(alerts.New(db, 400*24*time.Hour, func() time.Time { return now }).Save(s.t.Context(), tx, opened, nil))(s.t)
	if err := tx.Commit(); err != nil {
		s.t.Fatal(err)
	}
}
