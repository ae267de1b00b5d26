package views

import (
	"github.com/a-h/templ"

	"gitlab-agent-portal/internal/i18n"
)

// Loss is what is about to be taken away, or was, from the environments that have an agent.
type Loss string

// The losses. The zero value is none: the list is only looked at.
const (
	LossAgent  Loss = "delete" // the agent is to be deleted
	LossToken  Loss = "revoke" // a token that is in use is to be revoked
	LossListed Loss = "list"   // the agent is one of a list that is to be deleted
	LossDone   Loss = "done"   // the agent is deleted
)

// trigger is when htmx loads what is lost: at once, and in a list of agents as the person comes to it.
func (l Loss) trigger() string {
	if l == LossListed {
		return "revealed"
	}
	return "load"
}

// dependentsID is the id of a place. Its end has what goes wrong told there.
func dependentsID(agent int64, loss Loss) string {
	return "dependents-" + itoa(agent) + string(loss) + "-notice"
}

// DependentsModel says which environments have an agent, and what was not looked at.
type DependentsModel struct {
	Project      Project
	AgentID      int64
	AgentName    string
	Loss         Loss
	Environments []DependentEnvironment
	// Looked is in how many projects, and Max in how many at most.
	Looked, Max int
	// Hidden, Unread and Cut are full paths of groups and projects: see agentread.Dependents.
	Hidden, Unread, Cut []string
	More, Instance      bool
	// Grants is why it is not known whom the configuration grants access; empty where it is.
	Grants string
}

// DependentEnvironment is an environment that has the agent.
type DependentEnvironment struct {
	Name, Project string
	// URL is the environment's page in GitLab, and ProjectURL the project's.
	URL, ProjectURL string
	// Namespace and FluxPath may be empty.
	Namespace, FluxPath string
}

const (
	// maxDependentsNamed is how many environments a form names, and maxPathsNamed how many groups
	// and projects a sentence.
	maxDependentsNamed = 8
	maxPathsNamed      = 10
)

// Title names the page.
func (m DependentsModel) Title(l *i18n.Printer) string {
	return l.T("titles.dependents", "Agent", m.AgentName)
}

// Fragment is what replaces the place that asked for it: the table on the agent's page, a short list
// in a form.
func (m DependentsModel) Fragment(p Page) templ.Component {
	if m.Loss == "" {
		return DependentsSection(p, m)
	}
	return DependentsLost(p, m)
}

// gaps say what was not looked at, or not shown to the person.
func (m DependentsModel) gaps(l *i18n.Printer) []string {
	var gaps []string
	if m.Grants != "" {
		gaps = append(gaps, l.T("dependents.grants."+m.Grants))
	}
	if m.Instance {
		gaps = append(gaps, l.T("dependents.instance"))
	}
	if m.More {
		gaps = append(gaps, l.T("dependents.more", "Max", m.Max))
	}
	for _, list := range []struct {
		id    string
		paths []string
	}{{"dependents.hidden", m.Hidden}, {"dependents.unread", m.Unread}, {"dependents.cut", m.Cut}} {
		if len(list.paths) > 0 {
			gaps = append(gaps, l.T(list.id, "Paths", someOf(l, list.paths)))
		}
	}
	return gaps
}

// someOf names the first of the paths, and how many more there are.
func someOf(l *i18n.Printer, paths []string) string {
	if len(paths) <= maxPathsNamed {
		return l.List(paths)
	}
	return l.N("dependents.and_more", len(paths)-maxPathsNamed, "Names", l.List(paths[:maxPathsNamed]))
}

// summary says how many environments there are, or what happens to them.
func (m DependentsModel) summary(l *i18n.Printer) string {
	switch count := len(m.Environments); {
	case count > 0 && m.Loss == "":
		return l.N("dependents.count", count)
	case count > 0:
		return l.N("dependents.lost."+m.Loss.word(), count)
	case len(m.gaps(l)) > 0:
		return l.T("dependents.none_found")
	default:
		return l.T("dependents.none")
	}
}

// word names the sentence about the loss: it does not matter whether an agent is one of several.
func (l Loss) word() string {
	if l == LossListed {
		return string(LossAgent)
	}
	return string(l)
}

// scope says where was looked.
func (m DependentsModel) scope(l *i18n.Printer) string { return l.N("dependents.scope", m.Looked) }

// named are the environments that a form names; of a deletion that is done all of them.
func (m DependentsModel) named() []DependentEnvironment {
	if m.Loss == LossDone {
		return m.Environments
	}
	return m.Environments[:min(len(m.Environments), maxDependentsNamed)]
}

// leftOut reports whether there is more than is named.
func (m DependentsModel) leftOut() bool { return len(m.named()) < len(m.Environments) }

// worthTelling reports whether there is anything to say after a deletion.
func (m DependentsModel) worthTelling(l *i18n.Printer) bool {
	return len(m.Environments) > 0 || len(m.gaps(l)) > 0
}
