package views

import (
	"strconv"
	"time"

	"gitlab-agent-portal/internal/i18n"
	"gitlab-agent-portal/internal/rotation"
)

// NextRotation is an agent whose rotation can go on or is due.
type NextRotation struct {
	ProjectID, AgentID     int64
	ProjectPath, AgentName string
}

// hasClock reports whether it is known when the old token can be revoked.
func (m RotationModel) hasClock() bool { return m.watched() && !m.Due.IsZero() }

// dueText says when that is, if nothing uses the token until then.
func (m RotationModel) dueText(l *i18n.Printer) []i18n.Part {
	if m.Phase == rotation.StillUsed {
		return l.Parts("rotation.due_if")
	}
	return l.Parts("rotation.due")
}

// ready reports whether the old token can be revoked now.
func (m RotationModel) ready() bool { return m.Phase == rotation.Quiet }

// dueIn is how long it is until then, in milliseconds, for a script whose clock may be another.
func (m RotationModel) dueIn(now time.Time) string {
	return strconv.FormatInt(max(m.Due.Sub(now), 0).Milliseconds(), 10)
}

// waited and waits are how much of the waiting is over, in seconds, and all of it.
func (m RotationModel) waited(now time.Time) string {
	return seconds(min(now.Sub(m.StillSince), m.Due.Sub(m.StillSince)))
}

func (m RotationModel) waits() string { return seconds(m.Due.Sub(m.StillSince)) }

func seconds(d time.Duration) string { return strconv.Itoa(int(max(d, 0) / time.Second)) }

// fleetURL is the fleet as the person left it.
func (m RotationModel) fleetURL(u URLs) string {
	if m.Back != "" {
		return m.Back
	}
	return u.Home()
}
