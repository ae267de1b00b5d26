// Package message puts into words what a route, or Alertmanager, is told of alerts. A message names
// agents, projects and kinds, and leads to the portal; nothing that somebody typed and no secret is in it.
package message

import (
	"encoding/json"
	"fmt"
	"time"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/i18n"
)

// MaxItems is how many agents a message names at most. It says how many more there are.
const MaxItems = 20

// MaxInJSON is how many changes a message for machines has at most: some 400 KB, since many receivers take
// no more than 1 MB. It says how many more there are.
const MaxInJSON = 1000

// State says what became of an alert. Its text is its name in payloads and in the database.
type State string

// The states.
const (
	Opened   State = "opened"
	Resolved State = "resolved"
)

// StateOf is what a change made of its alert.
func StateOf(change alert.Change) State {
	if change.Open() {
		return Opened
	}
	return Resolved
}

// Links leads to the portal.
type Links struct {
	// Agent is the address of an agent's page, of a project and an agent by their numbers.
	Agent func(projectID, agentID int64) string
	// Alerts is the address of the page with all alerts.
	Alerts string
}

// Of is where an alert leads to.
func (l Links) Of(a alert.Alert) string {
	if a.Kind.OfWatch() || a.AgentID == 0 {
		return l.Alerts
	}
	return l.Agent(a.ProjectID, a.AgentID)
}

// Batch is what one message tells: changes of one kind and one state, or all changes of a week.
type Batch struct {
	// Name is random and the same for every try of the message, so that a receiver can tell whether it
	// has it already.
	Name string
	// At is when the batch was put together.
	At      time.Time
	Digest  bool
	Changes []alert.Change
}

// Message is a batch in words.
type Message struct {
	Name string
	At   time.Time
	// Type is what the message is, for machines: alert.opened, alert.resolved, alert.digest or alert.test.
	Type string
	// Kind and Severity are empty for a digest.
	Kind     alert.Kind
	Severity alert.Severity
	Lang     i18n.Lang
	// Heading is one line that says it all; Lines say more, one each; Advice is what to do, empty for nothing.
	Heading string
	Lines   []string
	Advice  string
	// URL leads to the portal.
	URL string
	// Changes are those that the message tells.
	Changes []alert.Change

	links   Links
	printer *i18n.Printer
}

// Write puts a batch, which is not empty, into the printer's words.
func Write(p *i18n.Printer, links Links, b Batch) Message {
	m := Message{Name: b.Name, At: b.At, Lang: p.Lang(), URL: links.Alerts, Changes: b.Changes, links: links, printer: p}
	if b.Digest {
		return m.digest()
	}
	first := b.Changes[0]
	state := StateOf(first)
	m.Type, m.Kind, m.Severity = "alert."+string(state), first.Kind, first.Kind.Severity()
	title := many(p, b.Changes)
	if len(b.Changes) == 1 {
		title, m.URL = One(p, first.Alert), links.Of(first.Alert)
		m.Lines = []string{span(p, first.Alert)}
	} else {
		m.Lines = m.items()
	}
	if state == Resolved {
		m.Heading = p.T("notify.resolved", "What", title)
		return m
	}
	m.Heading = p.T("notify.heading", "Severity", p.T("alerts.severity."+string(m.Severity)), "What", title)
	m.Advice = Advice(p, m.Kind)
	return m
}

// Test is a message that says only that messages arrive.
func Test(p *i18n.Printer, links Links, name string, now time.Time) Message {
	return Message{
		Name: name, At: now, Type: "alert.test", Lang: p.Lang(), Heading: p.T("notify.test"),
		Lines: []string{p.T("notify.test.text")}, URL: links.Alerts, links: links, printer: p,
	}
}

// LinkText is what stands for URL where links have a text.
func (m Message) LinkText() string { return m.printer.T("notify.link") }

// items names the first agents.
func (m Message) items() []string {
	lines := make([]string, 0, MaxItems+1)
	for _, change := range m.Changes[:min(len(m.Changes), MaxItems)] {
		lines = append(lines, m.printer.T("notify.item", "Agent", change.AgentName, "Project", change.ProjectPath, "When", span(m.printer, change.Alert)))
	}
	return append(lines, m.rest(len(m.Changes)-len(lines))...)
}

// rest says how many more there are.
func (m Message) rest(count int) []string {
	if count <= 0 {
		return nil
	}
	return []string{m.printer.N("notify.more", count)}
}

// payload is a message for machines.
type payload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Kind     alert.Kind     `json:"kind,omitempty"`
	Severity alert.Severity `json:"severity,omitempty"`
	Heading  string         `json:"heading"`
	URL      string         `json:"url"`
	Alerts   []item         `json:"alerts"`
	// More is how many are left out.
	More int `json:"more,omitzero"`
}

type item struct {
	ID         int64          `json:"id"`
	State      State          `json:"state"`
	Kind       alert.Kind     `json:"kind"`
	Severity   alert.Severity `json:"severity"`
	Group      string         `json:"group,omitempty"`
	ProjectID  int64          `json:"project_id,omitempty"`
	Project    string         `json:"project,omitempty"`
	AgentID    int64          `json:"agent_id,omitempty"`
	Agent      string         `json:"agent,omitempty"`
	Since      time.Time      `json:"since,omitzero"`
	OpenedAt   time.Time      `json:"opened_at,omitzero"`
	ResolvedAt time.Time      `json:"resolved_at,omitzero"`
	URL        string         `json:"url"`
}

// JSON is the message for machines, with the first MaxInJSON changes.
func (m Message) JSON() ([]byte, error) {
	told := m.Changes[:min(len(m.Changes), MaxInJSON)]
	content := payload{m.Type, m.At.UTC(), data{m.Kind, m.Severity, m.Heading, m.URL, make([]item, 0, len(told)), len(m.Changes) - len(told)}}
	for _, change := range told {
		content.Data.Alerts = append(content.Data.Alerts, item{
			ID: change.ID, State: StateOf(change), Kind: change.Kind, Severity: change.Kind.Severity(), Group: change.Group(),
			ProjectID: change.ProjectID, Project: change.ProjectPath, AgentID: change.AgentID, Agent: change.AgentName,
			Since: change.Since, OpenedAt: change.OpenedAt, ResolvedAt: change.ResolvedAt, URL: m.links.Of(change.Alert),
		})
	}
	text, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("write a message as JSON: %w", err)
	}
	return text, nil
}
