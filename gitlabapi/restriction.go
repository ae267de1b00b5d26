package gitlabapi

import (
	"errors"
	"strings"
)

// Restriction is why GitLab lets an account do nothing, or nothing but read, whatever its role in a
// project: what its 403 says. Where the sentence is in another language or a newer one, none is
// known; the sentence itself is in Error.Reasons.
type Restriction string

// The restrictions that GitLab names
// (lib/gitlab/auth/user_access_denied_reason.rb, lib/gitlab/middleware/read_only.rb).
const (
	RestrictionNone        Restriction = ""
	RestrictionBlocked     Restriction = "blocked"
	RestrictionPending     Restriction = "pending"     // an administrator has to approve the account
	RestrictionDeactivated Restriction = "deactivated" // signing in to GitLab activates it again
	RestrictionUnconfirmed Restriction = "unconfirmed" // the address of e-mail
	RestrictionTerms       Restriction = "terms"       // of service, to be accepted
	RestrictionPassword    Restriction = "password"    // it expired
	RestrictionReadOnly    Restriction = "read_only"   // the instance takes no changes, as in maintenance
	RestrictionAddress     Restriction = "address"     // calls from the portal's IP address are not allowed
)

// RestrictionOf returns what a 403 says of the account; RestrictionNone for every other error.
func RestrictionOf(err error) Restriction {
	e, ok := errors.AsType[*Error](err)
	if !ok || !errors.Is(err, ErrForbidden) || errors.Is(err, ErrInsufficientScope) {
		return RestrictionNone
	}
	return restrictionIn(strings.ToLower(e.Message))
}

// restrictionIn looks for parts of GitLab's sentences, which it does not translate. An account that
// waits for approval is "hence blocked".
func restrictionIn(text string) Restriction {
	for _, known := range []struct {
		part string
		is   Restriction
	}{
		{"pending approval", RestrictionPending},
		{"terms of service", RestrictionTerms},
		{"password expired", RestrictionPassword},
		{"password has expired", RestrictionPassword},
		{"deactivated", RestrictionDeactivated},
		{"not confirmed", RestrictionUnconfirmed},
		{"read-only instance", RestrictionReadOnly},
		{"maintenance mode", RestrictionReadOnly},
		{"ip address", RestrictionAddress},
		{"your ip", RestrictionAddress},
		{"blocked", RestrictionBlocked},
		{"banned", RestrictionBlocked},
	} {
		if strings.Contains(text, known.part) {
			return known.is
		}
	}
	return RestrictionNone
}

// Restriction is what the state of an account says
// (https://docs.gitlab.com/api/users/#get-the-current-user): JiHu lets a blocked person read
// that, and refuses everything else.
func (u User) Restriction() Restriction {
	switch u.State {
	case "", "active": // older versions leave it out
		return RestrictionNone
	case "blocked_pending_approval":
		return RestrictionPending
	case "deactivated":
		return RestrictionDeactivated
	default: // blocked, ldap_blocked, banned, and what is to come
		return RestrictionBlocked
	}
}
