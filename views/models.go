package views

import (
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/i18n"
)

// Page is what every full page needs around its content: the chrome.
type Page struct {
	L    *i18n.Printer
	U    URLs
	Now  time.Time
	CSS  string // address of the style sheet, with its content hash
	JS   string // address of the script, with its content hash
	Icon string // address of the icon sprite; use as Icon + "#name"

	// Favicon is the address of the portal's own drawing, for the tab and the header.
	Favicon string

	// Title names the page in the tab and in history; the portal's name follows it.
	Title string
	// Section marks the current entry of the navigation: "fleet", "rotations", "projects", "alerts", "activity",
	// "history" or "".
	Section string
	// Wide says that the page is a list that takes what room a large screen has.
	Wide bool
	// Rotating is how many rotations are under way that the person may go on with, as far as the fleet was
	// read a moment ago.
	Rotating int
	// Path is the address of this page, where a choice of language or theme returns to.
	Path string
	// WaitURL is where a browser without script goes at once, to wait for what a script would
	// fill in; empty for nowhere.
	WaitURL string
	// Theme is "light", "dark" or empty for the system's.
	Theme string
	// NoKeys says that the person turned the shortcuts of a single character off.
	NoKeys bool
	// User is nil for a visitor who has not signed in.
	User *User
	// Mark tells the page's session from others, without opening it, and MarkCookie has the one of now: a
	// page that a browser brings back shows nothing of another. Empty for a visitor.
	Mark, MarkCookie string
	// SignOutNonce and PreferencesNonce prove that the page's own forms come from the portal.
	SignOutNonce, PreferencesNonce string
	// Version is the running portal's.
	Version string
	// GitLabName is the host of GITLAB_URL, as people know it.
	GitLabName string
	// GitLabURL is the instance's address without a trailing slash.
	GitLabURL string
	// Demo carries the address of the demo's sandbox; empty outside the demo.
	Demo string
	// ReadOnly says that the portal itself may only read (scope read_api).
	ReadOnly bool
	// ClockOff is by how much the clocks of GitLab and of the portal differ, where that is so much
	// that a status may be wrong; 0 where it is not.
	ClockOff time.Duration
	// Notice is the result of what the person just did, or nil.
	Notice *Notice
	// Watched says that there is a watch, and so alerts and a history to look at, and Alerts how many of them are open and nobody
	// looks after.
	Watched bool
	Alerts  int
}

// User is the signed-in person.
type User struct {
	Name, Username string
}

// NoticeKind decides colour and icon of a notice; the words carry the meaning.
type NoticeKind string

// The kinds of notice.
const (
	NoticeSuccess NoticeKind = "success"
	NoticeInfo    NoticeKind = "info"
	NoticeWarning NoticeKind = "warning"
	NoticeDanger  NoticeKind = "danger"
)

// Notice is a sentence about what happened and what to do next, already in the person's language.
type Notice struct {
	Kind  NoticeKind
	Title string
	Text  string
	// Said is GitLab's own sentence, in whatever language it has; empty for none.
	Said string
	// Link is the next step; empty for none.
	Link     string
	LinkText string
	// Beside opens the link in another tab, since this page holds what would be lost with it.
	Beside bool
	// RequestID identifies the request in the operator's log; shown with errors only.
	RequestID string
}

// Field is one input of a form with what was typed and what is wrong with it.
type Field struct {
	Value string
	// Error is a sentence in the person's language; empty when the value is fine.
	Error string
}

// Pager links the pages of a list. Prev and Next are empty at the ends.
type Pager struct {
	Prev, Next string
	Page       int
	// Pages and Total are 0 when GitLab does not count (above 10,000 rows).
	Pages, Total int
}

// WelcomeModel is the first page before sign-in.
type WelcomeModel struct {
	// LoginURL starts the sign-in.
	LoginURL string
}

// MessageModel is a page that says one thing: an error, a refusal, a goodbye.
type MessageModel struct {
	Heading string
	Text    string
	// Said is GitLab's own sentence, in whatever language it has; empty for none.
	Said string
	// Actions are the next steps, the first one is the main one.
	Actions   []Action
	RequestID string
}

// Action is a link that is offered as a next step.
type Action struct {
	Text, URL string
}

// ProjectsModel is the list of projects.
type ProjectsModel struct {
	Query    string
	Projects []agent.Project
	Pager    Pager
	// Register says that a project is chosen to register an agent in.
	Register bool
	// Agents counts agents by project as the fleet was read last; nil where it was not, and then nothing is
	// said of them.
	Agents map[int64]ProjectAgents
}

// ProjectAgents are how many agents a project has, and how many of them went down within a day.
type ProjectAgents struct{ All, Down int }

// Project is the project whose agents a page shows, and what the person may do there.
type Project struct {
	agent.Project
	// URL is the project's page in GitLab.
	URL string
}

// AgentsModel is the list of one project's agents.
type AgentsModel struct {
	Project Project
	Agents  []agent.Agent
	Pager   Pager
	// Unregistered are folders of configuration files without an agent, to whoever may register one.
	Unregistered []string
}

// AgentFormModel is the form that registers an agent.
type AgentFormModel struct {
	Form
	Project    Project
	Name       Field
	FirstToken bool
}

// AgentModel is one agent's page.
type AgentModel struct {
	agent.Agent
	Project Project
	Tab     Tab
	// Place is where the person chose to install the agent.
	Place agent.Place
	// Unstored are tokens whose value is most likely lost.
	Unstored []UnstoredToken
	Head     AgentHead
	// Back is the fleet as it was filtered when the person came from it; empty if they did not.
	Back     string
	Activity AgentActivityModel
	// Alerts are those of the agent that are open, the newest first.
	Alerts  []alert.Alert
	Connect ConnectModel
	Pods    PodsModel
	Use     UseModel
	Access  ConfigModel
	History HistoryModel
}

// Snippet is a command to copy, with the sentence that explains it.
type Snippet struct {
	ID    string
	Title string
	Text  string
	Code  string
}

// TokenFormModel is the form that creates a token.
type TokenFormModel struct {
	Form
	Project     Project
	AgentID     int64
	AgentName   string
	Name        Field
	Description Field
	// Limit lists the active tokens when there are already two; the form is then replaced
	// by an explanation and a way to revoke one of them.
	Limit []agent.Token
	// From is the page that the form leads back to.
	From Origin
}

// RevealModel shows a new token. It is the only model that carries a secret, and it is
// rendered into exactly one response.
type RevealModel struct {
	Project   Project
	AgentID   int64
	AgentName string
	TokenID   int64
	TokenName string
	// Secret is the token's value, shown this once.
	Secret string
	Nonce  string
	// Registered says that the agent was registered in the same step.
	Registered bool
	Connect    ConnectModel
	// From is the page that the confirmation leads back to.
	From Origin
}

// Action is where the word goes that the token is stored.
func (m *RevealModel) Action(u URLs) string { return u.TokenStored(m.Project.ID, m.AgentID, m.TokenID) }

// TokenRevokeModel asks whether a token is to be revoked.
type TokenRevokeModel struct {
	Form
	Project   Project
	AgentID   int64
	AgentName string
	Token     agent.Token
	// LastToken says that the agent is left without a token.
	LastToken bool
	// Guard asks for the agent's name: the token is the only one in use, or nobody can tell.
	Guard   bool
	Confirm Field
	// IsSilent says that the token was seen not to be used, while its successor was, for so long that
	// it can go: Silent.
	IsSilent bool
	Silent   time.Duration
	// From is the page that the form leads back to.
	From Origin
}

// OutcomeModel says that nobody knows whether GitLab created a token (or registered an agent),
// and lists what it may have created.
type OutcomeModel struct {
	Project   Project
	AgentID   int64
	AgentName string
	// Candidates are tokens that appeared since, by the same person, with the same name, never used.
	Candidates []agent.Token
	// Checked is false when GitLab could not be asked afterwards either.
	Checked bool
	// From is the page that the form was opened from.
	From Origin
}

// UsedFormModel answers a form that was sent a second time after the first was done.
type UsedFormModel struct {
	Project Project
	AgentID int64
	// TokenID is 0 when it is not known what the first one led to.
	TokenID   int64
	TokenName string
	// From is the page that the form was opened from.
	From Origin
}
