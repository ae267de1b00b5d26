// Package alert knows what the watch may tell of before anyone looks: kinds, their severity, and what
// one alert is. It decides nothing about when an alert opens; that is internal/watch's.
package alert

import (
	"time"

	"gitlab-agent-portal/internal/agent"
)

// Kind is what an alert is about. Its text is its name in addresses, exports, labels of Alertmanager
// and catalogues.
type Kind string

// The kinds about one agent.
const (
	// Disconnected: the agent was in contact and is not any more, for longer than the operator's
	// ALERT_DISCONNECTED.
	Disconnected Kind = "disconnected"
	// NeverConnected: the agent was registered more than a day ago and was never in contact.
	NeverConnected Kind = "never_connected"
	// TokenDue: a token reaches the operator's TOKEN_MAX_AGE within 14 days.
	TokenDue Kind = "token_due"
	// TokenOverdue: a token is older than TOKEN_MAX_AGE.
	TokenOverdue Kind = "token_overdue"
	// Idle: a token was in use once, but not for the operator's TOKEN_MAX_IDLE.
	Idle Kind = "idle"
	// TooMany: the agent has more active tokens than a rotation needs.
	TooMany Kind = "too_many"
	// CreatorLeft: who created a token cannot use GitLab any more.
	CreatorLeft Kind = "creator_left"
	// UpdateNeeded: GitLab warns of the version of a pod that is connected.
	UpdateNeeded Kind = "update_needed"
	// ConfigInvalid: GitLab's agent server refuses the agent's configuration file.
	ConfigInvalid Kind = "config_invalid"
)

// The kinds about the watch itself, which concern no agent and everybody.
const (
	// WatchFailing: the watch could read nothing for a while.
	WatchFailing Kind = "watch_failing"
	// WatchTokenDue: a token that the watch reads with ends soon.
	WatchTokenDue Kind = "watch_token_due"
	// MessagesDropped: messages could not be delivered for a day and were given up.
	MessagesDropped Kind = "messages_dropped"
)

// Kinds lists all kinds in the order in which they are told: what is broken comes first.
func Kinds() []Kind {
	return []Kind{
		WatchFailing, Disconnected, NeverConnected, ConfigInvalid, TokenOverdue, TokenDue, TooMany, Idle, CreatorLeft, UpdateNeeded,
		WatchTokenDue, MessagesDropped,
	}
}

// Severity is how soon somebody has to look. Its text is its name in labels and catalogues.
type Severity string

// The severities.
const (
	Critical Severity = "critical" // something is broken now
	Warning  Severity = "warning"  // something will break, or ought not to be as it is
	Info     Severity = "info"     // something to tidy up
)

// Severities lists all severities, the gravest first.
func Severities() []Severity { return []Severity{Critical, Warning, Info} }

// Severity is how soon somebody has to look at an alert of the kind.
func (k Kind) Severity() Severity {
	switch k {
	case Disconnected, WatchFailing:
		return Critical
	case NeverConnected, ConfigInvalid, TokenOverdue, TokenDue, TooMany, WatchTokenDue, MessagesDropped:
		return Warning
	default:
		return Info
	}
}

// OfWatch reports whether the kind is about the watch itself and no agent.
func (k Kind) OfWatch() bool {
	return k == WatchFailing || k == WatchTokenDue || k == MessagesDropped
}

// Subject is the agent that an alert is about, by its names as they were read last. The zero value
// stands for the watch itself.
type Subject struct {
	ProjectID   int64
	ProjectPath string
	AgentID     int64
	AgentName   string
}

// Group is the path of the group, or of the person, that the project is in; "" for the watch itself.
func (s Subject) Group() string {
	project := agent.Project{Path: s.ProjectPath}
	return project.Group()
}

// Alert is one state of one rule for one agent, or for the watch. There is at most one that is open per
// kind and subject.
type Alert struct {
	// ID is the portal's own number; a later alert has a greater one.
	ID   int64
	Kind Kind
	Subject
	// Since is when what the alert tells of began, such as the agent's last contact; it may lie long
	// before OpenedAt. A token that is due has the day on which it reaches its limit.
	Since time.Time
	// OpenedAt is when the watch was sure of it.
	OpenedAt time.Time
	// ResolvedAt is when the watch saw that it is over; zero while it is open.
	ResolvedAt time.Time
	// Acknowledgement is who looks after it; zero for nobody.
	Acknowledgement
}

// Acknowledgement says that somebody knows of an alert and for how long it need not be told again.
type Acknowledgement struct {
	ByID  int64
	By    string // the person's user name
	At    time.Time
	Until time.Time
	Note  string
}

// Open reports whether what the alert tells of still lasts.
func (a Alert) Open() bool { return a.ResolvedAt.IsZero() }

// Acknowledged reports whether somebody looks after the alert now.
func (a Alert) Acknowledged(now time.Time) bool { return now.Before(a.Until) }

// Change is an alert that has just opened or been resolved.
type Change struct{ Alert }
