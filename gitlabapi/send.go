package gitlabapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/hashicorp/go-retryablehttp"
)

// answer is a response that was read in full.
type answer struct {
	status int
	header http.Header
	body   []byte // good until do returns
	closer io.Closer
}

// send makes the HTTP request of r and returns GitLab's answer of whatever
// status, to be closed.
func (c *Client) send(ctx context.Context, r request) (answer, error) {
	req, err := c.newRequest(withAttempt(ctx, c.attempt(r)), r)
	if err != nil {
		return answer{}, err
	}
	resp, err := c.core.roundTrip(req, r.write())
	if err != nil {
		return answer{}, err
	}
	body, err := content(resp)
	if err != nil {
		_ = resp.Body.Close()
		return answer{}, err
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body, closer: resp.Body}, nil
}

// attempt is what the transport has to know of r.
func (c *Client) attempt(r request) attempt {
	a := attempt{
		op: r.op, write: r.write(), text: r.text, call: Call{Lane: c.lane(r), Person: c.person},
		isAnonymous: c.token.IsZero(), isGrant: r.grant, insists: r.insists(),
	}
	if !a.write {
		a.tried = new(int)
	}
	return a
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	body, contentType, err := r.encode()
	if err != nil {
		return nil, err
	}
	address := c.core.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if !c.token.IsZero() {
		req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	return req, nil
}

// encode gives the body of r and its content type.
func (r request) encode() (io.Reader, string, error) {
	switch {
	case r.form != nil:
		return strings.NewReader(r.form.Encode()), "application/x-www-form-urlencoded", nil
	case r.json != nil:
		data, err := json.Marshal(r.json)
		return bytes.NewReader(data), "application/json", err
	default:
		return http.NoBody, "", nil
	}
}

func (c *core) roundTrip(req *http.Request, write bool) (*http.Response, error) {
	if write {
		return c.writes.Do(req)
	}
	c.retries.called()
	again, err := retryablehttp.FromRequest(req)
	if err != nil {
		return nil, err
	}
	return c.reads.Do(again)
}

// failed makes an Error of a call without a usable answer.
func (c *Client) failed(ctx context.Context, r request, err error) *Error {
	broke, ok := errors.AsType[*attemptError](err)
	if !ok {
		broke = broken(ctx, err, 0, false) // between attempts, or before the first
	}
	e := &Error{Op: r.op, Status: broke.status, RetryAfter: wholeSeconds(broke.wait), kind: broke.kind, unknown: r.write() && broke.sent}
	if isContext(broke.cause) {
		e.cause = broke.cause
		return e
	}
	cause := broke.cause
	if address, ok := errors.AsType[*url.Error](cause); ok {
		cause = address.Err // without the URL and its query
	}
	e.detail = clean(cause.Error(), c.secretsOf(r)...)
	return e
}

// refused makes an Error of an answer that is no success.
func (c *Client) refused(r request, a answer) *Error {
	secrets := c.secretsOf(r)
	f := readFailure(a.status, a.header.Get("Content-Type"), a.body)
	e := &Error{
		Op:        r.op,
		Status:    a.status,
		Message:   clean(f.text, secrets...),
		RequestID: requestID(a.header, secrets),
		kind:      kindOf(a.status, f),
		// Something that reads GitLab's answers may withhold one; who wants a login reads none.
		unknown: r.write() && (a.status >= 500 || f.foreign && a.status != http.StatusUnauthorized),
		code:    f.code,
	}
	if f.foreign {
		e.detail = "an answer of type " + strconv.Quote(clean(a.header.Get("Content-Type"), secrets...)) + " is not GitLab's"
	}
	e.RetryAfter, _ = retryAfter(a.header, c.core.now())
	if a.status >= 300 && a.status <= 399 {
		e.kind, e.unknown = ErrForeign, false
		e.detail = "a redirect that is not followed" + clean(redirectHost(a.header), secrets...)
	}
	return e
}

func (c *Client) secretsOf(r request) []Secret { return append([]Secret{c.token}, r.secrets...) }

// redirectHost names where a redirect wanted to go, without path and query.
func redirectHost(header http.Header) string {
	to, err := url.Parse(header.Get("Location"))
	if err != nil || to.Host == "" {
		return ""
	}
	return ", to " + to.Scheme + "://" + to.Host + "; is the base URL right?"
}

// requestID reads GitLab's X-Request-Id, which goes into logs and pages.
func requestID(header http.Header, secrets []Secret) string {
	id := clean(header.Get("X-Request-Id"), secrets...)
	if len(id) > 64 {
		return ""
	}
	return id
}

// malformed is the Error of a success whose body is not what the API promises.
func (c *Client) malformed(r request, a answer, detail string) *Error {
	return &Error{
		Op: r.op, Status: a.status, RequestID: requestID(a.header, c.secretsOf(r)),
		kind: ErrMalformed, detail: detail, unknown: r.write(),
	}
}

// readDeadline bounds a read of one or several requests.
func (c *core) readDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.timeouts.Read)
}
