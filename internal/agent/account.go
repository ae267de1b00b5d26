package agent

// Account is the state of a person's account, in GitLab's words but for AccountGone. There are more
// than are named here; AccountUnknown is the zero value.
type Account string

// The states that matter here.
const (
	AccountUnknown     Account = ""
	AccountActive      Account = "active"
	AccountBlocked     Account = "blocked"
	AccountLDAPBlocked Account = "ldap_blocked"
	AccountBanned      Account = "banned"
	AccountDeactivated Account = "deactivated"
	// AccountGone: GitLab knows no such person any more.
	AccountGone Account = "gone"
)

// Left reports whether the person cannot use GitLab any more. Of an account that waits for its
// approval, and of a state that is not known, it says no.
func (a Account) Left() bool {
	switch a {
	case AccountBlocked, AccountLDAPBlocked, AccountBanned, AccountDeactivated, AccountGone:
		return true
	default:
		return false
	}
}
