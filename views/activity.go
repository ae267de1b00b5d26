package views

import (
	"slices"
	"strconv"
	"time"

	"gitlab-agent-portal/internal/activity"
	"gitlab-agent-portal/internal/i18n"
)

// ActivityQuery is what the list of activity is narrowed down to, as the address has it. The
// same fields hold what is wrong with each.
type ActivityQuery struct {
	// Project is a full path or a number, Agent a name, Actor a username.
	Project, Agent, Actor string
	// Action is one of activity.OfAgents, or empty for all.
	Action string
	// From and Until are days, 2006-01-02, both included, in the zone of that name; empty: in UTC.
	From, Until, Zone string
}

// ActivityModel is the list of what was done through the portal.
type ActivityModel struct {
	Query ActivityQuery
	// Wrong has a sentence for each field that cannot be used; the list is empty then.
	Wrong ActivityQuery
	Rows  []ActivityRow
	// Zone is what days are told in, and Presets are days to choose.
	Zone    *time.Location
	Presets []ActivityPreset
	// Projects, Agents and People are what the fields suggest.
	Projects, Agents, People []string
	// Newer and Older are the addresses of the neighbouring pages, empty at the ends.
	Newer, Older string
	// NoProjects says that the person is Maintainer of no project.
	NoProjects bool
	// Limit is how many projects the list was cut off at; 0 when it covers all.
	Limit int
}

// ActivityRow is one entry of the list.
type ActivityRow struct {
	// Number is the entry's own in the portal, 0 for one of GitLab's.
	Number int64
	At     time.Time
	Source ActivitySource
	// Actor is a username; empty for somebody who was not signed in, or whom GitLab forgot.
	Actor   string
	Action  activity.Action
	Outcome activity.Outcome // empty for an entry of GitLab's, which tells what happened
	// What it was about, with the names of the time; zero values where there is none.
	ProjectID   int64
	ProjectPath string
	AgentID     int64
	AgentName   string
	TokenID     int64
	TokenName   string
	// UnconfirmedAgentID and UnconfirmedTokenID are what the request named and GitLab did not show
	// to whoever sent it; 0 for none.
	UnconfirmedAgentID int64
	UnconfirmedTokenID int64
	// Times is how many equal refusals the entry stands for; with more than one, At is when the
	// first came and LastAt when the last.
	Times  int64
	LastAt time.Time
	// RefersTo is the number of the entry whose outcome was looked into; 0 for none.
	RefersTo    int64
	RefersToURL string
}

// ActivitySource is who noted an entry.
type ActivitySource string

// The sources of entries.
const (
	SourcePortal ActivitySource = "portal"
	SourceGitLab ActivitySource = "gitlab"
	SourceBoth   ActivitySource = "both" // GitLab's entry of the portal's act
)

// actionWord is the action in the person's language. GitLab adds kinds of its own over time.
func actionWord(l *i18n.Printer, a activity.Action) string {
	switch a {
	case activity.AgentRegister, activity.AgentDelete, activity.TokenCreate, activity.TokenStored, activity.TokenRevoke, activity.Reconciled,
		activity.ConfigCommit, activity.MergeRequestOpen, activity.ReceiverCreate, activity.ReceiverDelete, activity.AlertAcknowledge, activity.AlertWithdraw,
		activity.NotedTokenCreated, activity.NotedTokenRevoked, activity.NotedConnected, activity.NotedDisconnected:
		return l.T("activity.action." + string(a))
	default:
		return string(a)
	}
}

// what is what was done, or what was only tried.
func (r ActivityRow) what(l *i18n.Printer) string {
	if r.Outcome == activity.OK && slices.Contains(activity.OfAgents(), r.Action) && r.Action != activity.Reconciled {
		return l.T("activity.done." + string(r.Action))
	}
	return actionWord(l, r.Action)
}

// outcome is how the action ended, in words; a look afterwards has words of its own.
func (r ActivityRow) outcome(l *i18n.Printer) string {
	if r.RefersTo != 0 {
		return l.T("activity.found." + string(r.Outcome))
	}
	return l.T("activity.outcome." + string(r.Outcome))
}

func outcomeIcon(o activity.Outcome) IconName {
	switch o {
	case activity.OK:
		return IconConnected
	case activity.Refused:
		return IconRefused
	case activity.Failed:
		return IconNotConnected
	case activity.Pending:
		return IconPending
	default:
		return IconUnknown
	}
}

// RefersToAnchor is the place in its page of the entry that r refers to.
func (r ActivityRow) RefersToAnchor() string { return entryAnchor(r.RefersTo) }

func entryAnchor(number int64) string { return "entry-" + strconv.FormatInt(number, 10) }

// isNarrowed reports whether the list shows less than everything.
func (q ActivityQuery) isNarrowed() bool {
	q.Zone = ""
	return q != ActivityQuery{}
}

// ofProject and ofActor narrow the list down to what one entry has in common with others.
func (q ActivityQuery) ofProject(path string) ActivityQuery {
	q.Project = path
	return q
}

func (q ActivityQuery) ofActor(name string) ActivityQuery {
	q.Actor = name
	return q
}

// AgentActivityModel is the tab of an agent's page that tells what was done to it.
type AgentActivityModel struct {
	// Hidden says that the person is no Maintainer: GitLab shows activity to nobody else.
	Hidden bool
	Rows   []ActivityRow
	// GitLabMissing says that GitLab's own entries could not be read, or not all of them.
	GitLabMissing bool
	// MoreURL lists the portal's older entries, empty when there are none.
	MoreURL string
	// MoreInGitLab says that GitLab has older entries of its own.
	MoreInGitLab bool
}
