package handlers

import (
	"fmt"
	"math"
	"net/http"
	"time"
)

// serverTiming tells the person's browser what a page took, and how much of that was GitLab's, as
// its network panel shows it (W3C Server Timing). A visitor learns nothing about the portal's load.
func (h *Handlers) serverTiming(w http.ResponseWriter, r *http.Request) {
	state := stateOf(r)
	if state.session == nil {
		return
	}
	w.Header().Set("Server-Timing", fmt.Sprintf(`total;dur=%.1f, gitlab;dur=%.1f;desc="calls: %d"`,
		milliseconds(h.Now().Sub(state.started)), milliseconds(state.gitlab.Took()), state.gitlab.Attempts()))
}

// milliseconds of d, to a tenth.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)*10/float64(time.Millisecond)) / 10
}
