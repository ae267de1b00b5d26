package gitlabtest

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Cut closes the connection without an answer. By itself the operation does not take place; with
// AfterCommit it does and only the answer is lost.
func Cut() Fault {
	return Fault{left: forever, deliver: func(*exchange, http.ResponseWriter, Answer) { abort() }}
}

// abort makes the HTTP server close the connection and say nothing more.
func abort() { panic(http.ErrAbortHandler) }

// CutAfterHeaders sends the answer's headers and half of its body, then closes the connection. The
// operation takes place.
func CutAfterHeaders() Fault {
	return Fault{left: forever, late: true, deliver: func(_ *exchange, w http.ResponseWriter, a Answer) {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
		start(w, a)
		_, _ = w.Write(a.Body[:len(a.Body)/2])
		flush(w)
		abort()
	}}
}

// Reset is Cut with a TCP reset in place of an orderly close.
func Reset() Fault {
	return Fault{left: forever, deliver: func(_ *exchange, w http.ResponseWriter, _ Answer) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			abort() // HTTP/2 resets the stream this way
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}}
}

// Drip sends the answer's headers at once and its body one byte at a time, with a pause before
// each. A long pause makes a body that never comes. The operation takes place.
func Drip(pause time.Duration) Fault {
	return Fault{left: forever, late: true, deliver: func(x *exchange, w http.ResponseWriter, a Answer) {
		start(w, a)
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for i := range a.Body {
			if !waitFor(x, tick.C) {
				return
			}
			_, _ = w.Write(a.Body[i : i+1])
			flush(w)
		}
	}}
}

// Oversized puts size bytes of white space in front of the answer, which leaves it good JSON. The
// operation takes place.
func Oversized(size int64) Fault {
	return Fault{left: forever, late: true, deliver: func(_ *exchange, w http.ResponseWriter, a Answer) {
		start(w, a)
		_, _ = io.CopyN(w, spaces{}, size)
		_, _ = io.Copy(w, bytes.NewReader(a.Body))
	}}
}

// start sends the answer's status and headers. Like everything that writes to a client, it cannot
// do anything about one that has gone.
func start(w http.ResponseWriter, a Answer) {
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Status)
	flush(w)
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

// spaces is an endless run of white space.
type spaces struct{}

// Read fills p.
func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
