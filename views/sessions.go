package views

import (
	"cmp"
	"time"

	"gitlab-agent-portal/internal/i18n"
)

// SessionsModel is what the page of the person's sessions shows.
type SessionsModel struct {
	// Nonce proves that the forms come from the portal.
	Nonce string
	Rows  []SessionRow
	// ApplicationsURL is GitLab's page of the applications that the person has authorised.
	ApplicationsURL string
}

// SessionRow is one session of the person.
type SessionRow struct {
	// Handle names the session in the form that ends it.
	Handle string
	// Browser and System are names, empty where they are not known.
	Browser, System string
	// Address is the network address that it was last seen at, empty for none.
	Address         string
	BegunAt, SeenAt time.Time
	// Here says that this very request is the session's.
	Here bool
}

// What the form that ends sessions says beside a handle.
const (
	EndOthers = "others" // all but this one
	EndAll    = "all"
)

// client is what the session is used with, in words.
func (r SessionRow) client(l *i18n.Printer) string {
	if r.Browser != "" && r.System != "" {
		return l.T("sessions.client", "Browser", r.Browser, "System", r.System)
	}
	return cmp.Or(r.Browser, r.System, l.T("sessions.client.unknown"))
}
