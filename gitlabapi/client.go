package gitlabapi

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Client calls one GitLab instance. Copies made by WithToken share connections,
// limits and settings; all methods may be called concurrently.
type Client struct {
	core     *core
	token    Secret
	person   int64
	admitted bool
}

// core is what all copies of a client share.
type core struct {
	base     string   // where calls go: scheme, host and path, without a slash at the end
	address  *url.URL // where browsers go; nobody changes it
	reads    *retryablehttp.Client
	writes   *http.Client
	retries  *retryBudget
	timeouts Timeouts
	clock    *clock
	now      func() time.Time
	// noReceptive says that the instance's GraphQL does not know receptive agents.
	noReceptive atomic.Bool
	// noWarnings says that it does not warn of the versions of agents.
	noWarnings atomic.Bool
	// noGroupAgents says that it does not know the agents of groups.
	noGroupAgents atomic.Bool
}

// New makes a client without a token for the instance that browsers reach at
// baseURL, which may have a path. Its error does not repeat an address, which may
// hold a password.
func New(baseURL string, opts Options) (*Client, error) {
	places, err := parseAddresses(baseURL, opts.InternalURL)
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	rt, retries := newTransport(places, opts), newRetryBudget(opts)
	return &Client{core: &core{
		base:     places.calls.String(),
		address:  places.browsers,
		reads:    newReads(rt, places.calls, retries, opts),
		writes:   &http.Client{Transport: rt, CheckRedirect: refuseRedirect},
		retries:  retries,
		timeouts: opts.Timeouts,
		clock:    rt.clock,
		now:      opts.Now,
	}}, nil
}

// WithToken returns a copy of the client that calls on behalf of token's owner.
func (c *Client) WithToken(token Secret) *Client {
	bound := *c
	bound.token = token
	return &bound
}

// BaseURL returns a copy of the instance's address for browsers, without a slash
// at the end: for links and for what people copy.
func (c *Client) BaseURL() *url.URL {
	address := *c.core.address
	return &address
}

// request is one call, before it is sent.
type request struct {
	op     string // for errors, logs and metrics
	method string // "": GET
	path   string // escaped, below the base URL; "": there can be no such thing
	query  url.Values
	json   any        // body, or
	form   url.Values // body
	// repeatable is a POST that changes nothing: GraphQL queries.
	repeatable bool
	// text says that the answer is not JSON but a file, as plain text.
	text bool
	// signIn says that the call is made for a visitor.
	signIn bool
	// grant says that the call is for tokens of a person's.
	grant bool
	// endsGrant says that the call ends such tokens.
	endsGrant bool
	secrets   []Secret // in the body, to be kept out of errors
}

// insists reports whether r is sent whatever is known of GitLab: what takes rights away is worth a try.
func (r request) insists() bool { return r.method == http.MethodDelete || r.endsGrant }

func (r request) write() bool { return r.method != "" && !r.repeatable }

// do is the one way to GitLab's API: it sends r, repeats reads, and decodes the
// answer into out, unless that is nil; into a *[]byte it goes as it is.
func (c *Client) do(ctx context.Context, r request, out any) (answer, error) {
	if r.path == "" {
		return answer{}, &Error{Op: r.op, kind: ErrNotFound, detail: "no project can have this name"}
	}
	timeout := c.core.timeouts.Read
	if r.write() {
		timeout = c.core.timeouts.Write
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	a, err := c.send(ctx, r)
	if err != nil {
		return answer{}, c.failed(ctx, r, err)
	}
	defer func() { _ = a.closer.Close() }()
	if a.status < 200 || a.status > 299 {
		return answer{}, c.refused(r, a)
	}
	if out == nil {
		return a, nil
	}
	if file, ok := out.(*[]byte); ok {
		*file = bytes.Clone(a.body)
		return a, nil
	}
	if err := decode(a.body, out); err != nil {
		return answer{}, c.malformed(r, a, jsonTrouble(err))
	}
	return a, nil
}

const fieldMissing = "a required field is missing"

// one calls for a single entity, W on the wire, and converts it.
func one[W, T any](ctx context.Context, c *Client, r request, convert func(W) (T, bool)) (T, error) {
	var wire W
	var none T
	a, err := c.do(ctx, r, &wire)
	if err != nil {
		return none, err
	}
	value, ok := convert(wire)
	if !ok {
		return none, c.malformed(r, a, fieldMissing)
	}
	return value, nil
}

// list calls for one page of entities and converts each.
func list[W, T any](ctx context.Context, c *Client, r request, convert func(W) (T, bool)) (Page[T], error) {
	items, a, err := entities(ctx, c, r, convert)
	if err != nil {
		return Page[T]{}, err
	}
	page, trouble := pageOf(items, r.query, a.header)
	if trouble != "" {
		return Page[T]{}, c.malformed(r, a, trouble)
	}
	return page, nil
}

// entities calls for a list, W on the wire, and converts each of it.
func entities[W, T any](ctx context.Context, c *Client, r request, convert func(W) (T, bool)) ([]T, answer, error) {
	wire := make([]W, 0, perPageOf(r.query))
	a, err := c.do(ctx, r, &wire)
	if err != nil {
		return nil, a, err
	}
	if wire == nil {
		return nil, a, c.malformed(r, a, "null instead of a list")
	}
	items := make([]T, 0, len(wire))
	for _, w := range wire {
		item, ok := convert(w)
		if !ok {
			return nil, a, c.malformed(r, a, fieldMissing)
		}
		items = append(items, item)
	}
	return items, a, nil
}
