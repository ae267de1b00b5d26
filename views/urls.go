package views

import (
	"net/url"
	"strconv"
	"strings"

	"gitlab-agent-portal/internal/agent"
)

// Patterns of the portal's own addresses, as the route table registers them.
// They live beside the functions that build the addresses, so that both change
// together and no path is written anywhere else.
const (
	PatternHome        = "/{$}"
	PatternFleetCSV    = "/fleet.csv"
	PatternFleetJSON   = "/fleet.json"
	PatternFind        = "/find"
	PatternProgress    = "/fleet/progress"
	PatternGroups      = "/groups"
	PatternLogin       = "/auth/login"
	PatternCallback    = "/auth/callback"
	PatternLogout      = "/auth/logout"
	PatternPreferences = "/preferences"
	PatternSessions    = "/sessions"
	PatternSessionsEnd = "/sessions/end"
	PatternProjects    = "/projects"
	PatternGo          = "/go/{path...}"
	PatternAgents      = "/projects/{project}/agents"
	PatternShared      = "/projects/{project}/shared-agents"
	PatternAgentNew    = "/projects/{project}/agents/new"
	PatternAgent       = "/projects/{project}/agents/{agent}"
	PatternAgentDelete = "/projects/{project}/agents/{agent}/delete"
	PatternDependents  = "/projects/{project}/agents/{agent}/dependents"
	PatternConfigEdit  = "/projects/{project}/agents/{agent}/configuration"
	PatternConfigCheck = "/projects/{project}/agents/{agent}/configuration/check"
	PatternGrantees    = "/projects/{project}/agents/{agent}/configuration/grantees"
	PatternReceiver    = "/projects/{project}/agents/{agent}/receiver"
	PatternUnreceive   = "/projects/{project}/agents/{agent}/receiver/delete"
	PatternTokens      = "/projects/{project}/agents/{agent}/tokens"
	PatternTokenNew    = "/projects/{project}/agents/{agent}/tokens/new"
	PatternTokenStored = "/projects/{project}/agents/{agent}/tokens/{token}/stored"
	PatternTokenRevoke = "/projects/{project}/agents/{agent}/tokens/{token}/revoke"
	PatternActivity    = "/activity"
	PatternActivityCSV = "/activity.csv"
	PatternAlerts      = "/alerts"
	PatternAlertAck    = "/alerts/{alert}/acknowledge"
	PatternAlertDrop   = "/alerts/{alert}/withdraw"
	PatternHistory     = "/history"
	PatternReport      = "/report"
	PatternReportCSV   = "/report.csv"
	PatternRotation    = "/projects/{project}/agents/{agent}/rotation"
	PatternRotations   = "/rotations"
	PatternUnused      = "/unused-tokens"
	PatternStale       = "/stale-agents"
	PatternStatusHelp  = "/help/status"
	PatternKeysHelp    = "/help/keys"
	PatternHealth      = "/healthz"
	PatternReady       = "/readyz"
	PatternSecurityTxt = "/.well-known/security.txt"
	PatternStatic      = "/static/"
)

// URLs builds the portal's addresses below the path of PUBLIC_URL.
type URLs struct {
	// Base is the path of PUBLIC_URL without a trailing slash, empty at the root.
	Base string
}

// Home is the first page of the portal.
func (u URLs) Home() string { return u.Base + "/" }

// Fleet is the first page with the fleet that query, an encoded query string, selects.
func (u URLs) Fleet(query string) string { return withRawQuery(u.Home(), query) }

// FleetCSV exports what query selects as CSV.
func (u URLs) FleetCSV(query string) string { return withRawQuery(u.Base+PatternFleetCSV, query) }

// FleetJSON exports what query selects as JSON.
func (u URLs) FleetJSON(query string) string { return withRawQuery(u.Base+PatternFleetJSON, query) }

// FleetIn is the first page with the fleet of a scope.
func (u URLs) FleetIn(scope agent.Scope) string {
	return withQuery(u.Home(), "scope", string(scope))
}

// FleetProgress is the stream that tells how far the reading of the fleet of a scope is.
func (u URLs) FleetProgress(scope agent.Scope) string {
	return withQuery(u.Base+PatternProgress, "scope", string(scope))
}

// Find lists agents, projects and actions that match query.
func (u URLs) Find(query string) string { return withQuery(u.Base+PatternFind, "q", query) }

// Groups lists the groups that match query; page counts from 1.
func (u URLs) Groups(query string, page int) string {
	return withQuery(u.Base+PatternGroups, "q", query, "page", pageValue(page))
}

// Login starts the sign-in with GitLab and returns to next, a path of the portal.
func (u URLs) Login(next string) string {
	if next == "" || next == u.Home() {
		return u.Base + PatternLogin
	}
	return u.Base + PatternLogin + "?" + url.Values{"next": {next}}.Encode()
}

// Callback is the redirect URI that the GitLab application names.
func (u URLs) Callback() string { return u.Base + PatternCallback }

// Logout receives the sign-out form.
func (u URLs) Logout() string { return u.Base + PatternLogout }

// Preferences receives the choice of language and theme.
func (u URLs) Preferences() string { return u.Base + PatternPreferences }

// Sessions lists where the person is signed in.
func (u URLs) Sessions() string { return u.Base + PatternSessions }

// SessionsEnd receives which of these to sign out.
func (u URLs) SessionsEnd() string { return u.Base + PatternSessionsEnd }

// Projects lists the person's projects that match query; page counts from 1.
func (u URLs) Projects(query string, page int) string {
	return withQuery(u.Base+PatternProjects, "q", query, "page", pageValue(page))
}

// ProjectsToRegister is the same list for choosing where an agent is registered.
func (u URLs) ProjectsToRegister(query string, page int) string {
	return withQuery(u.Projects(query, page), "for", "register")
}

// Agents lists the agents of one project; page counts from 1.
func (u URLs) Agents(project int64, page int) string {
	return withQuery(u.project(project)+"/agents", "page", pageValue(page))
}

// Shared lists the agents of other projects that a project may use.
func (u URLs) Shared(project int64) string { return u.project(project) + "/shared-agents" }

// AgentNew is the form that registers an agent.
func (u URLs) AgentNew(project int64) string { return u.project(project) + "/agents/new" }

// AgentNewNamed is that form with a name filled in.
func (u URLs) AgentNewNamed(project int64, name string) string {
	return withQuery(u.AgentNew(project), "name", name)
}

// Agent is one agent's page; tab is empty for the first one.
func (u URLs) Agent(project, agent int64, tab Tab) string {
	if tab == TabTokens {
		tab = ""
	}
	return withQuery(u.agent(project, agent), "tab", string(tab))
}

// AgentDelete asks for, and receives, the deletion of an agent.
func (u URLs) AgentDelete(project, agent int64) string { return u.agent(project, agent) + "/delete" }

// Dependents lists the environments that have an agent; loss is what is about to be taken from them.
func (u URLs) Dependents(project, agent int64, loss Loss) string {
	return withQuery(u.agent(project, agent)+"/dependents", "for", string(loss))
}

// ConfigEdit shows, and receives, the form that changes an agent's configuration file.
func (u URLs) ConfigEdit(project, agent int64) string {
	return u.agent(project, agent) + "/configuration"
}

// ConfigCheck receives a changed file that is to be checked, and not to be written.
func (u URLs) ConfigCheck(project, agent int64) string {
	return u.ConfigEdit(project, agent) + "/check"
}

// Grantees lists what an agent can be granted to.
func (u URLs) Grantees(project, agent int64) string {
	return u.ConfigEdit(project, agent) + "/grantees"
}

// Receiver asks for, and receives, how GitLab is to reach an agent.
func (u URLs) Receiver(project, agent int64) string { return u.agent(project, agent) + "/receiver" }

// ReceiverDelete asks for, and receives, that GitLab forgets it.
func (u URLs) ReceiverDelete(project, agent int64) string {
	return u.Receiver(project, agent) + "/delete"
}

// Tokens receives the form that creates a token.
func (u URLs) Tokens(project, agent int64) string { return u.agent(project, agent) + "/tokens" }

// TokenNew is the form that creates a token.
func (u URLs) TokenNew(project, agent int64) string { return u.agent(project, agent) + "/tokens/new" }

// TokenStored receives the confirmation that a revealed token was stored.
func (u URLs) TokenStored(project, agent, token int64) string {
	return u.token(project, agent, token) + "/stored"
}

// TokenRevoke asks for, and receives, the revocation of a token.
func (u URLs) TokenRevoke(project, agent, token int64) string {
	return u.token(project, agent, token) + "/revoke"
}

// Activity lists what was done through the portal. before and after are the numbers of the
// entries that the page starts behind; both are 0 on the newest page.
func (u URLs) Activity(q ActivityQuery, before, after int64) string {
	return withQuery(u.Base+PatternActivity, append(q.pairs(), "before", numberValue(before), "after", numberValue(after))...)
}

// ActivityCSV is the same list as a file.
func (u URLs) ActivityCSV(q ActivityQuery) string {
	return withQuery(u.Base+PatternActivityCSV, q.pairs()...)
}

// pairs are the names and values of the query in the address.
func (q ActivityQuery) pairs() []string {
	return []string{
		"project", q.Project, "agent", q.Agent, "actor", q.Actor, "action", q.Action, "from", q.From, "until", q.Until, "tz", q.Zone,
	}
}

// Alerts lists the alerts that q selects.
func (u URLs) Alerts(q AlertsQuery) string { return withQuery(u.Base+PatternAlerts, q.pairs()...) }

// AlertAcknowledge asks for, and receives, who looks after an alert, and leads back to the list q.
func (u URLs) AlertAcknowledge(alert int64, q AlertsQuery) string {
	return withQuery(u.Base+PatternAlerts+"/"+itoa(alert)+"/acknowledge", q.pairs()...)
}

// AlertWithdraw receives that somebody no longer looks after an alert, and leads back to the list q.
func (u URLs) AlertWithdraw(alert int64, q AlertsQuery) string {
	return withQuery(u.Base+PatternAlerts+"/"+itoa(alert)+"/withdraw", q.pairs()...)
}

// History is how the agents of a scope, or of one group of it, did in the last days; 0 for the default.
func (u URLs) History(scope, group string, days int) string {
	value := ""
	if days > 0 {
		value = strconv.Itoa(days)
	}
	return withQuery(u.Base+PatternHistory, "scope", scope, "group", group, "days", value)
}

// Report is how agents did in a month.
func (u URLs) Report(q ReportQuery) string { return withQuery(u.Base+PatternReport, q.pairs()...) }

// ReportCSV is the same as a file.
func (u URLs) ReportCSV(q ReportQuery) string {
	return withQuery(u.Base+PatternReportCSV, q.pairs()...)
}

// pairs are the names and values of the query in the address.
func (q ReportQuery) pairs() []string {
	return []string{"scope", q.Scope, "group", q.Group, "month", q.Month}
}

// Rotation guides through the exchange of an agent's token; drop is the token that the person
// chose to be rid of, 0 for none.
func (u URLs) Rotation(project, agent, drop int64) string {
	value := ""
	if drop != 0 {
		value = itoa(drop)
	}
	return withQuery(u.agent(project, agent)+"/rotation", "drop", value)
}

// Rotations lists the rotations of several agents, each written as project.agent; without any, of all
// those whose rotation is under way.
func (u URLs) Rotations(agents []string) string {
	return withRawQuery(u.Base+PatternRotations, url.Values{"agent": agents}.Encode())
}

// Unused asks for, and receives, the revocation of the agents' tokens that were never used and
// are older than days; 0 for the default.
func (u URLs) Unused(agents []string, days int) string {
	query := url.Values{"agent": agents}
	if days > 0 {
		query.Set("days", strconv.Itoa(days))
	}
	if len(agents) == 0 {
		return u.Base + PatternUnused
	}
	return u.Base + PatternUnused + "?" + query.Encode()
}

// Stale asks for, and receives, the deletion of those of the agents that are stale.
func (u URLs) Stale(agents []string) string {
	return withRawQuery(u.Base+PatternStale, url.Values{"agent": agents}.Encode())
}

// KeysHelp lists the keyboard shortcuts.
func (u URLs) KeysHelp() string { return u.Base + PatternKeysHelp }

// StatusHelp explains the status words.
func (u URLs) StatusHelp() string { return u.Base + PatternStatusHelp }

// Static prefixes the path of a built asset.
func (u URLs) Static(path string) string { return u.Base + path }

func (u URLs) project(id int64) string { return u.Base + PatternProjects + "/" + itoa(id) }

func (u URLs) agent(project, agent int64) string {
	path := make([]byte, 0, 96) // lists have many of these
	path = append(append(path, u.Base...), PatternProjects+"/"...)
	path = strconv.AppendInt(path, project, 10)
	path = append(path, "/agents/"...)
	return string(strconv.AppendInt(path, agent, 10))
}

func (u URLs) token(project, agent, token int64) string {
	return u.agent(project, agent) + "/tokens/" + itoa(token)
}

func itoa(id int64) string { return strconv.FormatInt(id, 10) }

// pageValue leaves the first page without a query, so that a list has one address.
func pageValue(page int) string {
	if page <= 1 {
		return ""
	}
	return strconv.Itoa(page)
}

// numberValue leaves out a number that is none.
func numberValue(n int64) string {
	if n <= 0 {
		return ""
	}
	return itoa(n)
}

func withRawQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// withQuery appends to an address the pairs whose value is not empty, in the order given.
func withQuery(path string, pairs ...string) string {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		path += separator + pairs[i] + "=" + url.QueryEscape(pairs[i+1])
		separator = "&"
	}
	return path
}

// WithParam is an address of the portal's with one more parameter.
func WithParam(address, name, value string) string { return withQuery(address, name, value) }
