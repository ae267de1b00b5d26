package handlers

import (
	"cmp"
	"net/http"
	"time"
)

// paceTime is how long a reader may take for one piece of an answer that has no time for the whole: a
// few kilobytes.
const paceTime = 30 * time.Second

// pacedWriter writes an answer that takes as long as its reader needs, and cuts off a reader that
// stalls: each piece has its time, in place of the server's deadline for the whole.
type pacedWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	pace    time.Duration
}

// paced is w for an answer of any length.
func (h *Handlers) paced(w http.ResponseWriter) *pacedWriter {
	return &pacedWriter{w: w, control: http.NewResponseController(w), pace: cmp.Or(h.Pace, paceTime)}
}

// Write gives the reader time for b, and for what is buffered before it. Where there is no connection
// that could have a deadline nobody stalls either.
func (p *pacedWriter) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(p.pace)) //nolint:forbidigo // of a connection, whose clock is the system's
	return p.w.Write(b)
}
