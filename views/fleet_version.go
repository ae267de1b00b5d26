package views

import (
	"slices"

	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/internal/i18n"
)

// untoldReasons are why versions of agents on screen are not known, each in a sentence. While a list
// is being read, they may come yet.
func (m FleetModel) untoldReasons(l *i18n.Printer) []string {
	var sentences []string
	for _, reason := range []fleet.Untold{fleet.UntoldRole, fleet.UntoldReadOnly, fleet.UntoldUnanswered} {
		if !m.Partial && slices.ContainsFunc(m.Rows, func(r FleetRow) bool { return r.Untold() == reason }) {
			sentences = append(sentences, l.T("fleet.version.untold."+string(reason)))
		}
	}
	return sentences
}

// isVersion reports whether the column is that of versions, which is narrow.
func (c FleetColumn) isVersion() bool { return c.Column == fleet.ByVersion }
