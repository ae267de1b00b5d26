package gitlabapi

import (
	"context"
	"net/http"
)

// Trace names what a call is made for, in the words of those who follow one request through several
// programs. Its values are sent as they are; an empty one is left out.
type Trace struct {
	// RequestID goes into X-Request-Id, which GitLab takes for its correlation id where it is told
	// to trust the caller (https://docs.gitlab.com/administration/logs/tracing_correlation_id/).
	RequestID string
	// Parent and State are traceparent and tracestate (https://www.w3.org/TR/trace-context/).
	Parent, State string
}

type traceKey struct{}

// WithTrace returns a context whose calls to GitLab carry t.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// traceIn is the context's trace, if it has one.
func traceIn(ctx context.Context) Trace {
	t, _ := ctx.Value(traceKey{}).(Trace)
	return t
}

// trace adds the headers of the context's trace, if it has one.
func trace(ctx context.Context, header http.Header) {
	t := traceIn(ctx)
	for name, value := range map[string]string{"X-Request-Id": t.RequestID, "Traceparent": t.Parent, "Tracestate": t.State} {
		if value != "" {
			header.Set(name, value)
		}
	}
}
