package views

import (
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/rotation"
)

// RotationModel is the guided rotation of one agent's token.
type RotationModel struct {
	Project   Project
	AgentID   int64
	AgentName string
	Phase     rotation.Phase
	// Old is the token that goes, New the one that stays; their ID is 0 where that is open.
	Old, New agent.Token
	// Tokens are all active ones, for the phases in which they are not told apart.
	Tokens []RotationToken
	// Longest says that the proposed token is the one that was idle longest; otherwise it was
	// never used.
	Longest bool
	// Observed is for how long the old token was seen to stand still, Needed how long it has to
	// be, and Proven that the new one's last use advanced meanwhile.
	Observed, Needed time.Duration
	Proven           bool
	// StillSince is since when it did, and Due when it can most likely be revoked; zero where that is
	// not known.
	StillSince, Due time.Time
	// OlderConnection is since when something has been connected that was so before the new
	// token was first used; zero for nothing.
	OlderConnection time.Time
	// Unstored is what is known of a new token whose value nobody said they stored.
	Unstored UnstoredToken
	// Drop is the token that the person chose to drop, 0 for none.
	Drop int64
	// Place is where the person chose to install the agent, and Back the fleet that they came from.
	Place agent.Place
	Back  string
	// Steps are the commands that put a new token into the cluster.
	Steps []Snippet
	// Ended is when a rotation that is over was, and TookOver when its new token was first used, zero
	// where nobody looked. Connected says that the agent is connected, and Undisturbed that it was
	// throughout.
	Ended, TookOver        time.Time
	Connected, Undisturbed bool
	// Next is the rotation to go on with after this one; nil for none that is known.
	Next *NextRotation
	// Live makes the page look again by itself.
	Live bool
	// Tag is the state that the page shows, so that a look that finds the same changes nothing.
	Tag string
	// Announce has a screen reader say the phase: it is new.
	Announce bool
}

// RotationToken is a token among which one is to be dropped.
type RotationToken struct {
	agent.Token
	// Proposed is the one that most likely goes. Offered says that it may be revoked here, and
	// Waitable that the page can watch it fall silent first.
	Proposed, Offered, Waitable bool
}

// UnstoredToken is a token that the portal created and whose value nobody said they stored. It is
// the zero value where there is none.
type UnstoredToken struct {
	TokenID   int64
	TokenName string
	// CreatedBy is the username of who created it, and At when.
	CreatedBy string
	At        time.Time
	// Likely says that only name and creator tell that it is the one.
	Likely bool
}

// Is reports whether there is one.
func (t UnstoredToken) Is() bool { return t.TokenID != 0 }

// text says what happened, and how sure that is.
func (t UnstoredToken) text(l *i18n.Printer) []i18n.Part {
	if t.Likely {
		return l.Parts("rotation.unstored.likely", "Token", t.TokenName, "Person", "@"+t.CreatedBy)
	}
	return l.Parts("rotation.unstored.text", "Token", t.TokenName, "Person", "@"+t.CreatedBy)
}

// titleParts are the phase in one line, in which {{.When}} may be a point in time.
func (m RotationModel) titleParts(l *i18n.Printer) []i18n.Part {
	switch {
	case m.Phase != rotation.Finished:
		return []i18n.Part{{Text: m.title(l)}}
	case m.Undisturbed && !m.TookOver.IsZero():
		return l.Parts("rotation.finished.undisturbed_at", "Token", m.New.Name)
	case m.Undisturbed:
		return l.Parts("rotation.finished.undisturbed", "Token", m.New.Name)
	default:
		return l.Parts("rotation.finished.plain", "Token", m.New.Name, "Old", m.Old.Name)
	}
}

// title is the phase in one line.
func (m RotationModel) title(l *i18n.Printer) string {
	if m.Phase == rotation.TooMany {
		return l.T("rotation.phase.too_many", "Number", len(m.Tokens))
	}
	return phaseTitle(l, m.Phase)
}

// phaseTitle is a phase in one line, where the tokens are not counted.
func phaseTitle(l *i18n.Printer, phase rotation.Phase) string {
	return l.T("rotation.phase." + string(phase))
}

// next is what to do in the phase.
func (m RotationModel) next(l *i18n.Printer) string {
	if m.Phase == rotation.Finished && !m.Connected {
		return l.T("rotation.next.finished_lost")
	}
	if m.Phase == rotation.Quiet && m.Old.LastUsedAt.IsZero() {
		return l.T("rotation.next.quiet_unused")
	}
	return l.T("rotation.next." + string(m.Phase))
}

// notice is the phase as a notice, in the colour of what is to be done.
func (m RotationModel) notice(l *i18n.Printer) Notice {
	n := Notice{Kind: NoticeInfo, Title: m.title(l), Text: m.next(l)}
	switch m.Phase {
	case rotation.Quiet:
		n.Kind = NoticeSuccess
	case rotation.Finished:
		n.Kind = NoticeSuccess
		if !m.Connected {
			n.Kind = NoticeWarning
		}
	case rotation.Unknown, rotation.TooMany, rotation.StillUsed, rotation.Unstored:
		n.Kind = NoticeWarning
	}
	return n
}

// A step's state, as style and words know it.
const (
	stepDone = "done"
	stepNow  = "now"
	stepTodo = "todo"
)

// step is the state of one of the five steps: 1 create, 2 install, 3 seen in use, 4 old one
// quiet, 5 revoke.
func (m RotationModel) step(number int) string {
	current := map[rotation.Phase]int{
		rotation.NoToken: 1, rotation.Start: 1, rotation.NeverUsed: 2, rotation.Install: 2, rotation.Unstored: 2,
		rotation.Watch: 4, rotation.StillUsed: 4, rotation.Quiet: 5, rotation.Finished: 6,
	}[m.Phase]
	switch {
	case number < current:
		return stepDone
	case number == current:
		return stepNow
	default:
		return stepTodo
	}
}

// hasSteps reports whether it is clear which token goes and which stays.
func (m RotationModel) hasSteps() bool {
	return m.Phase != rotation.Unknown && m.Phase != rotation.Choose && m.Phase != rotation.TooMany
}

// observed says for how many minutes the old token stood still.
func (m RotationModel) observed(l *i18n.Printer) string {
	return l.N("rotation.observed", int(m.Observed/time.Minute))
}

// why says what the minutes prove, and what is missing.
func (m RotationModel) why(l *i18n.Printer) string {
	switch {
	case m.Proven:
		return l.T("rotation.proven")
	case m.Observed < rotation.QuietFresh:
		return l.T("rotation.unproven")
	default:
		return l.T("rotation.stale")
	}
}

// watched reports whether the old token is watched, or was.
func (m RotationModel) watched() bool {
	isWatched := m.Phase == rotation.Watch || m.Phase == rotation.StillUsed || m.Phase == rotation.Quiet
	return isWatched && !m.Old.LastUsedAt.IsZero()
}

// giveUp names what ends a rotation whose new token was never used.
func (m RotationModel) giveUp(l *i18n.Printer) string {
	if m.Old.ID == 0 {
		return l.T("rotation.revoke_unused")
	}
	return l.T("rotation.abort")
}

// reason says why a token is proposed.
func (m RotationModel) reason(l *i18n.Printer) string {
	if m.Longest {
		return l.T("rotation.propose.longest_idle")
	}
	return l.T("rotation.propose.never_used")
}

// url is the address of the page as it is, with the choice that was made.
func (m RotationModel) url(u URLs) string { return m.dropURL(u, m.Drop) }

// dropURL is the address of the page with the choice of a token to drop.
func (m RotationModel) dropURL(u URLs, token int64) string {
	return atPlace(u.Rotation(m.Project.ID, m.AgentID, token), m.Place)
}

// connectURL says how to install the agent.
func (m RotationModel) connectURL(u URLs) string {
	return atPlace(u.Agent(m.Project.ID, m.AgentID, TabConnect), m.Place)
}

// origin is where forms lead back to.
func (m RotationModel) origin() Origin { return Origin{Rotation: true, Place: m.Place} }

// newURL creates the next token and comes back here.
func (m RotationModel) newURL(u URLs) string {
	return m.origin().On(u.TokenNew(m.Project.ID, m.AgentID))
}

// revokeURL revokes a token and comes back here.
func (m RotationModel) revokeURL(u URLs, token int64) string {
	return m.origin().On(u.TokenRevoke(m.Project.ID, m.AgentID, token))
}
