package views

import (
	"slices"
	"time"

	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
)

// PodsModel are the pods that are connected as an agent.
type PodsModel struct {
	// Untold is why they are not known; empty where GitLab told.
	Untold fleet.Untold
	Pods   []Pod
	// Warnings are what GitLab says of them, each sentence once.
	Warnings []PodWarning
	// KnowsWarnings says that GitLab warns of versions that need an update.
	KnowsWarnings bool
}

// Pod is an agentk that is connected.
type Pod struct {
	Name, Namespace, Version, Commit string
	Since                            time.Time
	// Warned says that GitLab warns of its version.
	Warned bool
}

// PodWarning is a sentence of GitLab's, and of how many pods it is.
type PodWarning struct {
	Text string
	Pods int
}

// versions are the distinct versions that pods say they have.
func (m PodsModel) versions() []string {
	var versions []string
	for _, pod := range m.Pods {
		if pod.Version != "" {
			versions = append(versions, pod.Version)
		}
	}
	slices.Sort(versions)
	return slices.Compact(versions)
}

// differ reports whether pods of different versions are connected.
func (m PodsModel) differ() bool { return len(m.versions()) > 1 }

// untold says why nothing is known.
func (m PodsModel) untold(l *i18n.Printer) string { return l.T("pods.untold." + string(m.Untold)) }

// shortCommit is as much of a commit as people read.
func (p Pod) shortCommit() string { return p.Commit[:min(len(p.Commit), 11)] }
