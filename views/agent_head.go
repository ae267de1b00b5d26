package views

import (
	"strings"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/i18n"
)

// AgentHead is what the head of an agent's page says beside its name: what runs, what is wrong, and
// what to do now.
type AgentHead struct {
	Trouble agent.Trouble
	// Versions are what runs as the agent, the oldest first; empty where that is not known.
	Versions []string
	// ConfigBroken says that GitLab does not take the agent's configuration file.
	ConfigBroken bool
	// Steps are the commands that tell why the agent is not connected, and Events the last things
	// that GitLab noted of it.
	Steps  []Snippet
	Events []ActivityRow
	// Awaited is the token whose first use the page waits for, and Live says that it looks again by
	// itself. Arrived says that the token was used since the page began to wait.
	Awaited       agent.Token
	Live, Arrived bool
	// Tag is the state that the head shows, so that a look that finds the same changes nothing.
	Tag string
}

// fullName is the agent's name where several projects are meant, as kubectl's contexts in pipelines
// have it.
func (m AgentModel) fullName() string { return m.Project.Path + ":" + m.Name }

// awaitURL is the address of the page while it waits.
func (m AgentModel) awaitURL(u URLs) string {
	return withQuery(m.at(u.Agent(m.Project.ID, m.ID, m.Tab)), "await", itoa(m.Head.Awaited.ID))
}

// running says which version runs, or which.
func (m AgentModel) running(l *i18n.Printer) string { return l.List(m.Head.Versions) }

// arrived says that the agent is connected with the token that was awaited.
func (m AgentModel) arrived(l *i18n.Printer) string {
	return strings.Join(append([]string{l.T("status.connected")}, m.Head.Versions...), l.T("agent.arrived.separator"))
}

// advice is what to do now.
func (m AgentModel) advice(l *i18n.Printer) string {
	switch trouble := m.Head.Trouble; {
	case trouble == agent.TroubleSilent && m.Receptive:
		return l.T("status.receptive.advice")
	case trouble == agent.TroubleNoToken && !m.Project.canManage():
		return l.T("agent.advice.no_token_reader")
	default:
		return l.T("agent.advice." + string(trouble))
	}
}

// showsSteps reports whether the way to install the agent is what helps.
func (h AgentHead) showsSteps() bool {
	return h.Trouble == agent.TroubleAwaited || h.Trouble == agent.TroubleNever || h.Trouble == agent.TroubleRevoked
}

// notice is the trouble's colour and icon: what somebody just did is none yet.
func (h AgentHead) notice() Notice {
	if h.Trouble == agent.TroubleAwaited {
		return Notice{Kind: NoticeInfo}
	}
	return Notice{Kind: NoticeWarning}
}

func (h AgentHead) class() string { return h.notice().class() + " trouble" }

func (h AgentHead) icon() IconName {
	if h.Trouble == agent.TroubleAwaited {
		return IconWait
	}
	return h.notice().icon()
}
