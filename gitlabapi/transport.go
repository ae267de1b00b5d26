package gitlabapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	userAgent = "gitlab-agent-portal"

	maxBody      = 1 << 20  // of an answer
	maxErrorBody = 64 << 10 // of a refusal, of which a sentence is wanted
)

// transport is one attempt at the wire. It waits until it is let through, reads
// the body before it returns (so that a broken, endless or foreign body is a
// failure of the attempt, like a broken connection), and tells the observers.
type transport struct {
	base    http.RoundTripper
	places  addresses
	buffers buffers
	admit   Admission
	header  time.Duration
	log     *slog.Logger
	observe func(op string, status int, took time.Duration)
	clock   *clock
	health  *health
	now     func() time.Time
}

func newTransport(places addresses, opts Options) *transport {
	dialer := &net.Dialer{Timeout: opts.Timeouts.Dial, KeepAlive: 15 * time.Second}
	return &transport{
		base: &http.Transport{
			Proxy:                  func(r *http.Request) (*url.URL, error) { return opts.Proxy(r.URL) },
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: opts.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    opts.Timeouts.TLS,
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           opts.MaxInFlight,
			MaxIdleConnsPerHost:    opts.MaxInFlight,
			MaxResponseHeaderBytes: 256 << 10,
			// Shorter than what servers and load balancers keep: a write on a
			// connection that the other side has just closed fails, and is not
			// repeated.
			IdleConnTimeout: 30 * time.Second,
			// A dead HTTP/2 connection would otherwise take every call with it.
			HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second},
		},
		places:  places,
		admit:   opts.Admit,
		header:  opts.Timeouts.Header,
		log:     opts.Log,
		observe: opts.Observe,
		clock:   &clock{observe: opts.ObserveClock},
		health:  newHealth(opts),
		now:     opts.Now,
	}
}

// RoundTrip makes one attempt. The response's body is in memory.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	a, _ := ctx.Value(attemptKey{}).(attempt)
	done, refused := t.enter(ctx, a)
	if refused != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, refused
	}
	defer done()
	started := t.now()
	resp, failed := t.exchange(req, a)
	if failed != nil {
		t.report(ctx, a.op, failed.status, t.now().Sub(started))
		t.health.failed(ctx, a, failed)
		return nil, failed
	}
	t.report(ctx, a.op, resp.StatusCode, t.now().Sub(started))
	t.health.answered(a, resp)
	return resp, nil
}

// enter waits until the attempt may be sent. What is of no use does not wait, and is not sent either
// if that shows while it waits.
func (t *transport) enter(ctx context.Context, a attempt) (done func(), refused *attemptError) {
	if refused := t.health.refusal(ctx, a, false); refused != nil {
		return nil, refused
	}
	done, err := t.admit(ctx, a.call)
	if err != nil {
		return nil, broken(ctx, err, 0, false)
	}
	if refused := t.health.refusal(ctx, a, true); refused != nil {
		done()
		return nil, refused
	}
	return done, nil
}

func (t *transport) report(ctx context.Context, op string, status int, took time.Duration) {
	t.observe(op, status, took)
	measure(ctx, took)
	t.log.DebugContext(ctx, "call to GitLab", "request_id", traceIn(ctx).RequestID, "op", op, "status", status, "took_ms", took.Milliseconds())
}

var (
	errSlowHeader = errors.New("no header within the time allowed for it")
	errLargeBody  = errors.New("the body exceeds 1 MiB")
	errOtherType  = errors.New("the body is of another content type")
	errForeign    = errors.New("a success of this content type is not GitLab's")
)

// exchange sends the request and reads the whole answer.
func (t *transport) exchange(req *http.Request, a attempt) (*http.Response, *attemptError) {
	ctx, cancel := context.WithCancelCause(req.Context())
	defer cancel(nil)
	var sent atomic.Bool
	out := req.Clone(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	}))
	want, _ := a.accepts("")
	out.Header.Set("Accept", want)
	out.Header.Set("User-Agent", userAgent)
	trace(ctx, out.Header)
	headerTime := t.header
	if a.write {
		// A write may take its whole time; and without GetBody net/http cannot send
		// a body again, whatever it thinks of the connection's state.
		headerTime, out.GetBody = math.MaxInt64, nil
	}
	timer := time.AfterFunc(headerTime, func() { cancel(errSlowHeader) })
	asked := t.now()
	resp, err := t.base.RoundTrip(out)
	came := t.now()
	timer.Stop()
	if err != nil {
		return nil, broken(ctx, err, 0, sent.Load())
	}
	t.places.relocate(resp, out.URL)
	if err := buffer(resp, t.buffers.get(a.write), a); err != nil {
		return nil, broken(ctx, err, resp.StatusCode, true)
	}
	if resp.StatusCode <= 299 { // others may come from something in between
		t.clock.compare(resp.Header, asked, came)
	}
	return resp, nil
}

// buffer replaces the body by what it holds, in memory. Of a refusal, the status
// says most and a part of the body is enough.
func buffer(resp *http.Response, data *pooledBody, a attempt) error {
	wire := resp.Body
	defer func() { _ = wire.Close() }()
	success := resp.StatusCode >= 200 && resp.StatusCode <= 299
	limit := int64(maxErrorBody)
	if success {
		limit = maxBody
	}
	data.Grow(int(min(max(resp.ContentLength, 0), limit)) + bytes.MinRead)
	_, err := data.ReadFrom(io.LimitReader(wire, limit+1))
	contentType := resp.Header.Get("Content-Type")
	_, fits := a.accepts(contentType)
	switch {
	case !success:
		data.Truncate(min(data.Len(), int(limit)))
	case err != nil:
		return err
	case data.Len() > int(limit):
		return errLargeBody
	case data.Len() > 0 && !fits && !isJSON(contentType) && !isText(contentType):
		return errForeign
	case data.Len() > 0 && !fits:
		return errOtherType
	}
	resp.Body = data
	return nil
}
