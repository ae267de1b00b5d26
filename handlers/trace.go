package handlers

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"strings"

	"gitlab-agent-portal/gitlabapi"
)

const (
	// maxRequestID is as long an X-Request-Id as is taken on: it goes into every line and row.
	maxRequestID = 64
	// maxTraceState is what a tracestate may measure to be passed on, as W3C asks of everybody.
	maxTraceState = 512
)

// traceOf names the request in the log, in the audit and to GitLab: as a trusted proxy has named it,
// or anew. What anybody else says could name two requests alike, or switch on the tracing of all.
func (h *Handlers) traceOf(r *http.Request) gitlabapi.Trace {
	trace := gitlabapi.Trace{RequestID: rand.Text()}
	if !trusts(h.TrustedProxies, peerOf(r)) {
		return trace
	}
	if id, ok := only(r.Header, "X-Request-Id"); ok && len(id) <= maxRequestID && isPlain(id) {
		trace.RequestID = id
	}
	if parent, ok := only(r.Header, "Traceparent"); ok && isTraceParent(parent) {
		trace.Parent, trace.State = parent, traceState(r.Header)
	}
	return trace
}

// only is the value of a header that was sent once and is not empty.
func only(header http.Header, name string) (string, bool) {
	values := header.Values(name)
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}

// traceParent is the form of version 00, which is all that is known of later ones too
// (https://www.w3.org/TR/trace-context/#traceparent-header).
var traceParent = regexp.MustCompile(`\A([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}\z`)

func isTraceParent(text string) bool {
	parts := traceParent.FindStringSubmatch(text)
	return parts != nil && parts[1] != "ff" && strings.Trim(parts[2], "0") != "" && strings.Trim(parts[3], "0") != ""
}

// traceState is passed on beside a traceparent; empty if it is longer than anybody has to take, or
// not plain.
func traceState(header http.Header) string {
	state := strings.Join(header.Values("Tracestate"), ",")
	if len(state) > maxTraceState || strings.ContainsFunc(state, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return state
}

// traceID is the part of a traceparent that all programs share; empty for none.
func traceID(trace gitlabapi.Trace) string {
	if trace.Parent == "" {
		return ""
	}
	return strings.Split(trace.Parent, "-")[1]
}
