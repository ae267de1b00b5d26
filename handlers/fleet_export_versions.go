package handlers

import (
	"strconv"

	"gitlab-agent-portal/internal/fleet"
)

// exportedVersions are the versions of an agent as the JSON export has them, or why they are not
// known.
type exportedVersions struct {
	Versions        []string     `json:"versions"`
	UpdateNeeded    *bool        `json:"update_needed"`
	VersionsUnknown fleet.Untold `json:"versions_unknown,omitzero"`
}

func exportVersions(row fleet.Row) exportedVersions {
	if reason := row.Untold(); reason != "" {
		return exportedVersions{VersionsUnknown: reason}
	}
	return exportedVersions{Versions: append([]string{}, row.Running.Versions...), UpdateNeeded: &row.Running.Warned}
}

// updateNeeded says whether GitLab warns of a version, empty when it is unknown.
func updateNeeded(row fleet.Row) string {
	if row.Untold() != "" {
		return ""
	}
	return strconv.FormatBool(row.Running.Warned)
}
