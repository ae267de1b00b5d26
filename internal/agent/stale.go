package agent

import "time"

// Stale reports whether nothing was heard of the agent for so long that it can be deleted: it was in
// contact, but not for MaxSilence, or never since it was registered and since its newest token was
// created. While it is not known when its tokens were used, it is not.
func (a Agent) Stale(limits Thresholds, now time.Time) bool {
	if !a.UseKnown() || a.CreatedAt.IsZero() {
		return false
	}
	if last := a.LastContact(); !last.IsZero() {
		return now.Sub(last) > limits.MaxSilence
	}
	return now.Sub(a.newestStart()) > limits.NeverConnected
}

// Disconnected reports whether the agent was in contact and is not any more, for longer than the limit
// and not for so long that it is stale.
func (a Agent) Disconnected(limits Thresholds, now time.Time) bool {
	return a.Status(now) == StatusNotConnected && now.Sub(a.LastContact()) > limits.Disconnected && !a.Stale(limits, now)
}

// newestStart is when the agent was registered, or its newest token created.
func (a Agent) newestStart() time.Time {
	newest := a.CreatedAt
	for i := range a.Tokens {
		if created := a.Tokens[i].CreatedAt; created.After(newest) {
			newest = created
		}
	}
	return newest
}
