package fleetlist

import (
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agentstatus"
)

// Row is one agent of the fleet.
type Row struct {
	ProjectID, AgentID int64
	// Path is the project's full path, Group what of it comes before the project's own.
	Path, Group string
	Agent       string
	CanManage   bool
	Archived    bool
	Status      agentstatus.Status
	// LastContact is the newest use of any active token; zero for never, and with
	// agentstatus.Unknown.
	LastContact time.Time
	// Tokens are the active tokens as far as they could be read.
	Tokens []Token
	// Count is the number of active tokens, which may exceed len(Tokens); -1 when unknown.
	Count  int
	Review agentstatus.Review
	// NotStored says that a token was created through the portal and nobody said they stored it,
	// which only the audit knows.
	NotStored bool
}

// NotStored is the kind of attention that goes with Row.NotStored.
const NotStored = "not_stored"

// Kinds lists the kinds of attention, as addresses and exports name them, in the order in which
// they are told: what may be lost comes before the rules of agentstatus.
func Kinds() []string {
	kinds := []string{NotStored}
	for _, rule := range agentstatus.Rules() {
		kinds = append(kinds, rule.String())
	}
	return kinds
}

// Due lists the kinds of attention that the agent needs, in their order.
func (r Row) Due() []string {
	var due []string
	if r.NotStored {
		due = append(due, NotStored)
	}
	for _, rule := range r.Review.Due() {
		due = append(due, rule.String())
	}
	return due
}

// urgency is for how many reasons the agent needs attention.
func (r Row) urgency() int {
	if r.NotStored {
		return r.Review.Urgency() + 1
	}
	return r.Review.Urgency()
}

// Token is an active token of a row.
type Token struct {
	ID                    int64
	Name                  string
	CreatedAt, LastUsedAt time.Time
}

// Oldest is when the oldest of the tokens that could be read was created; zero without any.
func (r Row) Oldest() time.Time {
	var oldest time.Time
	for _, token := range r.Tokens {
		if oldest.IsZero() || token.CreatedAt.Before(oldest) {
			oldest = token.CreatedAt
		}
	}
	return oldest
}

// inGroup reports whether the project is in the group or in one below it.
func (r Row) inGroup(group string) bool {
	return r.Group == group || strings.HasPrefix(r.Group, group+"/")
}

func (r Row) role() Role {
	if r.CanManage {
		return CanManage
	}
	return ReadOnly
}

// needs reports whether the row needs attention of the kind, or of any.
func (r Row) needs(kind string) bool {
	due := r.Due()
	return kind == AnyAttention && len(due) > 0 || slices.Contains(due, kind)
}

// holds reports whether each of the words is in one of the row's names. The words are in lower
// case.
func (r Row) holds(words []string) bool {
	for _, word := range words {
		if !r.named(word) {
			return false
		}
	}
	return true
}

func (r Row) named(word string) bool {
	if strings.Contains(strings.ToLower(r.Agent), word) || strings.Contains(strings.ToLower(r.Path), word) {
		return true
	}
	for _, token := range r.Tokens {
		if strings.Contains(strings.ToLower(token.Name), word) {
			return true
		}
	}
	return false
}
