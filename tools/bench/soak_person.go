//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// visitor is one person of a soak, who maintains an agent of their own and is sent to one of the
// portals by chance with each request, as a balancer does.
type visitor struct {
	person
	tally   *tally
	portals []string
	// path is that of the agent's page, and name what the person's tokens begin with.
	path, name string
	// address is where the person's browser is.
	address string
	created int
	// signIn signs the person in once more.
	signIn func(context.Context) error
}

// tally counts what happens to everybody.
type tally struct {
	mu       sync.Mutex
	requests int
	lost     []string
	errors   map[string]int
	// revocations that were sent, and those of them that were refused.
	revocations int
	refused     []string
	// calm and attacked are how long pages took without and with attackers.
	calm, attacked []time.Duration
	underAttack    bool
}

// phase says whether there are attackers from now on.
func (t *tally) phase(attacked bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.underAttack = attacked
}

func (t *tally) page(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.underAttack {
		t.attacked = append(t.attacked, took)
	} else {
		t.calm = append(t.calm, took)
	}
}

// revocation notes how the sending of a revocation ended. What fails at GitLab is no refusal, nor is a
// token that is gone; 504 is one, since GitLab's faults are shorter than the portal's patience.
func (t *tally) revocation(name string, got answer, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.revocations++
	switch got.status {
	case http.StatusForbidden, http.StatusRequestTimeout, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusGatewayTimeout:
		t.refused = append(t.refused, fmt.Sprintf("%s by %d", name, got.status))
	}
	if err != nil {
		t.refused = append(t.refused, name+" without an answer")
	}
}

func (t *tally) request(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests++
	if kind != "" {
		t.errors[kind]++
	}
}

func (t *tally) lose(how string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lost = append(t.lost, how)
}

// live uses the portal until ctx ends, at most so many times.
func (v *visitor) live(ctx context.Context, times int, pause time.Duration) error {
	acts := []func(context.Context) error{
		v.looksAt("/projects"), v.looksAt("/projects?q=pay"), v.looksAt(v.path[:strings.LastIndex(v.path, "/")]),
		v.looksAt(v.path), v.looksAt(v.path + "?tab=connect"), v.creates, v.tidiesUp,
	}
	for range times {
		if !rest(ctx, pause/2+rand.N(pause)) { //nolint:gosec // no secret
			return nil
		}
		act := acts[rand.IntN(len(acts))] //nolint:gosec // no secret
		if err := act(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	return nil
}

// ask sends a request to one of the portals and notes how it went. Whoever turns out to have no
// session any more signs in again.
func (v *visitor) ask(ctx context.Context, path string, form url.Values) (answer, error) {
	begun := clock()
	got, err := v.send(ctx, v.portals[rand.IntN(len(v.portals))]+path, form, from(v.address)) //nolint:gosec // no secret
	if ctx.Err() == nil {
		v.note(path, form, got, err, clock().Sub(begun))
	}
	if err != nil {
		if ctx.Err() == nil {
			v.tally.request("no answer: " + innermost(err).Error())
		}
		return got, nil
	}
	isLost := got.status == http.StatusUnauthorized || strings.Contains(got.location, "/auth/login")
	if got.status >= http.StatusBadRequest {
		v.tally.request(fmt.Sprintf("%d %s", got.status, heading(got.body)))
	} else {
		v.tally.request("")
	}
	if isLost {
		v.tally.lose(fmt.Sprintf("%s by %d for %s", v.name, got.status, path))
		return got, v.signIn(ctx)
	}
	return got, nil
}

// note notes what belongs to a kind of request.
func (v *visitor) note(path string, form url.Values, got answer, err error, took time.Duration) {
	switch {
	case form == nil && err == nil:
		v.tally.page(took)
	case form != nil && strings.HasSuffix(path, "/revoke"):
		v.tally.revocation(v.name, got, err)
	}
}

// innermost is the cause at the bottom of err, which names no address.
func innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

func (v *visitor) looksAt(path string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := v.ask(ctx, path, nil)
		return err
	}
}

// creates sends the form for a new token twice at once, as a double click through a balancer does.
func (v *visitor) creates(ctx context.Context) error {
	page, err := v.ask(ctx, v.path+"/tokens/new", nil)
	if err != nil {
		return err
	}
	action, form := formIn(page.body)
	if action == "" {
		return nil // an error, or the agent has its two tokens
	}
	v.created++
	form.Set("name", fmt.Sprintf("%s-%d", v.name, v.created))
	var clicks sync.WaitGroup
	var failed [2]error
	for i := range failed {
		clicks.Go(func() { _, failed[i] = v.ask(ctx, action, form) })
	}
	clicks.Wait()
	return errors.Join(failed[:]...)
}

// tidiesUp revokes the agent's tokens.
func (v *visitor) tidiesUp(ctx context.Context) error {
	page, err := v.ask(ctx, v.path, nil)
	if err != nil {
		return err
	}
	for _, path := range linksIn(page.body, "/revoke") {
		page, err := v.ask(ctx, path, nil)
		if err != nil {
			return err
		}
		action, form := formIn(page.body)
		if action == "" {
			continue
		}
		if _, err := v.ask(ctx, action, form); err != nil {
			return err
		}
	}
	return nil
}

// formIn is where the page's form goes and what it holds; empty without one.
func formIn(page []byte) (action string, fields url.Values) {
	fields = url.Values{}
	form := parse(page).Find("#form form").First()
	form.Find("input[type=hidden]").Each(func(_ int, input *goquery.Selection) {
		fields.Set(input.AttrOr("name", ""), input.AttrOr("value", ""))
	})
	return form.AttrOr("action", ""), fields
}

// linksIn are the addresses on the page that end so.
func linksIn(page []byte, suffix string) []string {
	return parse(page).Find(`main a[href$="` + suffix + `"]`).Map(func(_ int, link *goquery.Selection) string {
		return link.AttrOr("href", "")
	})
}

func heading(page []byte) string { return strings.TrimSpace(parse(page).Find("h1").First().Text()) }

func parse(page []byte) *goquery.Document {
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(page))
	if err != nil {
		panic(err) // reading from memory does not fail
	}
	return doc
}
