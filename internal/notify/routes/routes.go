// Package routes reads NOTIFY_FILE: who is told of which alerts, in which language, and where. What is
// wrong with the file is said all at once, and never by quoting it: any value may be a secret.
package routes

import (
	"context"
	"slices"
	"strings"
	"time"

	"gitlab-agent-portal/internal/alert"
	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/notify/message"
	"gitlab-agent-portal/internal/notify/target"
)

// Target is where a route leads.
type Target interface {
	// Kind is what receives the messages.
	Kind() target.Kind
	// Send sends a message once.
	Send(ctx context.Context, m message.Message) error
}

// Route is one way of alerts to somebody.
type Route struct {
	// Name is the file's own name for it, by which the outbox knows what it was told.
	Name string
	Lang i18n.Lang
	// Digest is when a week's changes are told; nil for each change at once.
	Digest *Digest
	Target Target

	groups     []string
	kinds      []alert.Kind
	severities []alert.Severity
}

// Wants reports whether the route is told of an alert: what it does not name does not matter. A route
// that names groups is not told of the watch itself, which is in none.
func (r Route) Wants(a alert.Alert) bool {
	return (len(r.groups) == 0 || slices.ContainsFunc(r.groups, func(group string) bool { return isWithin(a.Group(), group) })) &&
		(len(r.kinds) == 0 || slices.Contains(r.kinds, a.Kind)) &&
		(len(r.severities) == 0 || slices.Contains(r.severities, a.Kind.Severity()))
}

// isWithin reports whether a group is another one, or lies below it. GitLab does not tell capitals apart.
func isWithin(group, outer string) bool {
	group, outer = strings.ToLower(group), strings.ToLower(outer)
	return group == outer || strings.HasPrefix(group, outer+"/")
}

// Digest is a time of the week, in UTC.
type Digest struct {
	Weekday time.Weekday
	// At is how long after midnight.
	At time.Duration
}

// Next is the first such time after another.
func (d Digest) Next(after time.Time) time.Time {
	after = after.UTC()
	midnight := time.Date(after.Year(), after.Month(), after.Day(), 0, 0, 0, 0, time.UTC)
	next := midnight.AddDate(0, 0, int(d.Weekday-after.Weekday()+7)%7).Add(d.At)
	if !next.After(after) {
		next = next.AddDate(0, 0, 7)
	}
	return next
}

// parseDigest reads "monday 08:00".
func parseDigest(text string) (Digest, bool) {
	name, clock, _ := strings.Cut(text, " ")
	at, err := time.Parse("15:04", clock)
	if err != nil {
		return Digest{}, false
	}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.EqualFold(name, day.String()) {
			return Digest{day, time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute}, true
		}
	}
	return Digest{}, false
}
