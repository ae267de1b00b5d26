package handlers

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/klauspost/compress/gzhttp"

	"gitlab-agent-portal/internal/fleet"
	"gitlab-agent-portal/views"
)

// The named events of the stream: ready makes the page ask for the list, as far as there is one, done
// ends the stream.
const (
	eventReady = "ready"
	eventDone  = "done"
)

// fleetProgress streams how far the scan of the fleet is, as server-sent events, until there
// is something to show or a reason why not.
func (h *Handlers) fleetProgress(w http.ResponseWriter, r *http.Request, s *session) error {
	release, ok := h.Requests.Streams.Take(s.User.ID)
	defer release()
	stream, err := startStream(w)
	switch {
	case err != nil:
		return err
	case !ok:
		return h.endStream(r, stream, errTooManyStreams)
	}
	defer stream.keepAlive(cmp.Or(h.Heartbeat, heartbeat))()
	_, failed := h.Fleet.Read(r.Context(), fleetViewer(r, s), h.fleetSource(r, s), h.tellProgress(r, s, stream))
	if failed != nil {
		return h.endStream(r, stream, scopeError(r, failed))
	}
	stream.event(eventReady, nil)
	stream.event(eventDone, nil)
	return nil
}

// A page that has nothing else to show asks for what was read so far: after growAfter, within which
// most lists are whole, and then every growEvery.
const growAfter, growEvery = time.Second, 3 * time.Second

// tellProgress returns what tells the stream of the progress, and makes a page that shows nothing, or
// what was read so far, ask for more of it now and then.
func (h *Handlers) tellProgress(r *http.Request, s *session, stream *stream) func(fleet.Progress) {
	p, ctx := h.barePage(printer(r), ""), r.Context()
	view := h.Fleet.Cached(fleetViewer(r, s))
	grows, shown, next := view.Snapshot == nil || view.Partial, view.Progress.Done, h.Now().Add(growEvery)
	if shown == 0 {
		next = h.Now().Add(growAfter)
	}
	return func(progress fleet.Progress) {
		stream.show(ctx, views.FleetProgress(p, progress))
		if grows && progress.Done > shown && !h.Now().Before(next) {
			shown, next = progress.Done, h.Now().Add(growEvery)
			stream.event(eventReady, nil)
		}
	}
}

// endStream says why there is nothing to show. The answer has begun: the error is for the log.
func (h *Handlers) endStream(r *http.Request, s *stream, failed error) error {
	stateOf(r).err = failed
	ctx, cancel := toTell(r.Context())
	defer cancel()
	s.show(ctx, views.NoticeFragment(h.barePage(printer(r), ""), h.problemNotice(r, classify(failed, false))))
	s.event(eventDone, nil)
	return nil
}

// heartbeat is how long a stream is silent at most. Proxies cut off what says nothing for 30 s, or less.
const heartbeat = 15 * time.Second

// eventTimeout is how long a reader may take for one event. One that stopped reading would
// otherwise keep its goroutine and its connection for good.
const eventTimeout = 10 * time.Second

const eventStream = "text/event-stream"

// stream is an answer of server-sent events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buffer  bytes.Buffer
	mu      sync.Mutex // of what is sent
}

// startStream begins the answer. It lives as long as there is something to say, so each event
// has its time in place of the server's deadline for the whole, and nothing on the way may hold
// it back to compress it.
func startStream(w http.ResponseWriter) (*stream, error) {
	s := &stream{w: w, control: http.NewResponseController(w)}
	if err := s.control.SetWriteDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("lifting the deadline of a stream: %w", err)
	}
	header := w.Header()
	header.Set("Content-Type", eventStream)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	header.Set(gzhttp.HeaderNoCompression, "1")
	w.WriteHeader(http.StatusOK)
	s.send([]byte(": reading\n\n")) // so that the headers leave at once
	return s, nil
}

// keepAlive sends a comment, which no page hears, now and then, until the function that it returns is
// called.
func (s *stream) keepAlive(every time.Duration) (end func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	ticker := time.NewTicker(every)
	go func() {
		defer close(done)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				s.send([]byte(": still reading\n\n"))
			case <-ended:
				return
			}
		}
	}()
	return func() {
		close(ended)
		<-done
	}
}

// send writes and waits for no reader longer than eventTimeout: a deadline that is over cuts the
// connection off.
func (s *stream) send(data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	late := time.AfterFunc(eventTimeout, func() { _ = s.control.SetWriteDeadline(time.Unix(0, 1)) })
	defer late.Stop()
	_, _ = s.w.Write(data)
	_ = s.control.Flush()
}

// show sends a component, which the page puts into the place of the last one. What cannot be
// sent any more has no reader: the request's context ends too.
func (s *stream) show(ctx context.Context, component templ.Component) {
	var markup bytes.Buffer
	if err := component.Render(ctx, &markup); err == nil {
		s.event("", markup.Bytes())
	}
}

// event sends an event; a name is heard as an event of the page, data without one is shown.
func (s *stream) event(name string, data []byte) {
	s.buffer.Reset()
	if name != "" {
		fmt.Fprintf(&s.buffer, "event: %s\n", name)
	}
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		fmt.Fprintf(&s.buffer, "data: %s\n", line)
	}
	s.buffer.WriteByte('\n')
	s.send(s.buffer.Bytes())
}
