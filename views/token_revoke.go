package views

import "gitlab-agent-portal/internal/i18n"

// consequence says what will stop working.
func (m TokenRevokeModel) consequence(p Page) string {
	switch {
	case !m.Token.UsageKnown:
		return p.L.T("tokens.revoke.usage_unknown")
	case m.Token.LastUsedAt.IsZero():
		return p.L.T("tokens.revoke.never_used")
	default:
		return p.L.T("tokens.revoke.used", "Ago", p.L.Ago(p.Now, m.Token.LastUsedAt))
	}
}

// confirmField asks for a name to be typed before something is taken away.
func confirmField(label []i18n.Part, invalid, name string, length int, typed Field) FieldProps {
	return FieldProps{
		Name: "confirm", Label: label, Field: typed, Max: length, Focus: true,
		Exactly: name, Invalid: invalid, Missing: invalid,
	}
}
