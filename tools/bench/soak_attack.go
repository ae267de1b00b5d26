//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// How hard a soak is attacked: as far as one machine can play the attackers and the portals at once.
// Each of the hands below asks, waits for the answer, pauses, and asks again.
const (
	strangerHands, strangerPause = 20, 200 * time.Millisecond
	tabHands, tabPause           = 100, time.Second
	outsiderHands, outsiderPause = 20, 200 * time.Millisecond
	deleterHands, deleterPause   = 4, 50 * time.Millisecond
	streamHands, streamPause     = 50, 500 * time.Millisecond
	idleHands, idlePause         = 2400, 2 * time.Second
)

// The people that attack; see Organisation.
const (
	tabPerson      = "tabs"
	outsiderPerson = "outsider"
	deleterPerson  = "deleter"
	streamPerson   = "streams"
)

// attack is one kind of attacker.
type attack struct {
	name  string
	hands int
	pause time.Duration
	// browser is the attacker's, where all hands share one.
	browser *person
	// act does it once, as one of the hands, and returns what became of it, in a word.
	act func(ctx context.Context, hand int) (string, error)

	mu    sync.Mutex
	ended map[string]int
}

// attacks are those whose names contain the word, signed in where they have to be.
func (sc *scene) attacks(ctx context.Context, word string) ([]*attack, error) {
	group, ctx := errgroup.WithContext(ctx)
	enter := func(name string) *person {
		browser := new(person)
		group.Go(func() (err error) {
			if *browser, err = newPerson(tabHands); err != nil {
				return err
			}
			return browser.signIn(ctx, sc.portals[0].url, sc.facts.URL, name)
		})
		return browser
	}
	tabs, outsider, deleter, streams := enter(tabPerson), enter(outsiderPerson), enter(deleterPerson), enter(streamPerson)
	all := []*attack{
		{name: "strangers with made-up codes", hands: strangerHands, pause: strangerPause, act: sc.madeUpCode},
		{name: "one person's tabs of /rotations", hands: tabHands, pause: tabPause, browser: tabs, act: sc.tab(tabs)},
		{name: "an outsider's changes", hands: outsiderHands, pause: outsiderPause, browser: outsider, act: sc.foreignChange(outsider)},
		{name: "one person's deletions", hands: deleterHands, pause: deleterPause, browser: deleter, act: sc.deletion(deleter)},
		{name: "one person's streams", hands: streamHands, pause: streamPause, browser: streams, act: sc.stream(streams)},
		{name: "idle connections", hands: idleHands, pause: idlePause, act: sc.idle},
	}
	all = slices.DeleteFunc(all, func(one *attack) bool { return !strings.Contains(one.name, word) })
	return all, group.Wait()
}

// launch attacks until ctx ends.
func launch(ctx context.Context, all []*attack) {
	var hands sync.WaitGroup
	for _, one := range all {
		for hand := range one.hands {
			hands.Go(func() { one.goOn(ctx, hand) })
		}
	}
	hands.Wait()
	for _, one := range all {
		if one.browser != nil {
			one.browser.client.CloseIdleConnections()
		}
	}
}

func (a *attack) goOn(ctx context.Context, hand int) {
	for rest(ctx, a.pause) {
		end, err := a.act(ctx, hand)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			end = innermost(err).Error()
		}
		a.note(end)
	}
}

func (a *attack) note(end string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended == nil {
		a.ended = map[string]int{}
	}
	a.ended[end]++
}

// String is what became of the attack, the most frequent first.
func (a *attack) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var ends []string
	for _, end := range slices.SortedFunc(maps.Keys(a.ended), func(x, y string) int { return cmp.Compare(a.ended[y], a.ended[x]) }) {
		ends = append(ends, fmt.Sprintf("%d %s", a.ended[end], end))
	}
	return a.name + ": " + strings.Join(ends[:min(len(ends), 4)], ", ")
}

// portal is the one that a hand is sent to.
func (sc *scene) portal(hand int) *portalChild { return sc.portals[hand%len(sc.portals)] }

// from is a request of somebody at an address of their own, who uses a browser.
func from(address string) http.Header {
	return http.Header{"Sec-Fetch-Site": {"same-origin"}, "Accept-Language": {"en"}, "X-Forwarded-For": {address}}
}

// madeUpCode comes back from GitLab with a code that GitLab never gave: half of the hands from one
// address, the others each from one of their own.
func (sc *scene) madeUpCode(ctx context.Context, hand int) (string, error) {
	header, public := from(fmt.Sprintf("203.0.113.%d", hand*(hand%2))), sc.portals[0].url
	browser, err := newPerson(1)
	if err != nil {
		return "", err
	}
	defer browser.client.CloseIdleConnections()
	asked, err := browser.send(ctx, public+"/auth/login", nil, header)
	if err != nil {
		return "", err
	}
	authorize, err := url.Parse(asked.location)
	if err != nil {
		return "", err
	}
	back := url.Values{"state": {authorize.Query().Get("state")}, "code": {"made-up"}}
	return ended(browser.send(ctx, public+"/auth/callback?"+back.Encode(), nil, header))
}

// tab looks at the rotations of as many agents as a page takes.
func (sc *scene) tab(browser *person) func(context.Context, int) (string, error) {
	query := url.Values{}
	for _, agent := range sc.facts.Agents {
		query.Add("agent", fmt.Sprintf("%d.%d", sc.facts.Project, agent))
	}
	return func(ctx context.Context, hand int) (string, error) {
		return ended(browser.send(ctx, sc.portal(hand).url+"/rotations?"+query.Encode(), nil, from("198.51.100.1")))
	}
}

// foreignChange sends changes of agents that the person cannot even see.
func (sc *scene) foreignChange(browser *person) func(context.Context, int) (string, error) {
	return func(ctx context.Context, hand int) (string, error) {
		address := fmt.Sprintf("%s/projects/%d/agents/%d/delete", sc.portal(hand).url, sc.facts.Project, sc.facts.Agents[hand%len(sc.facts.Agents)])
		return ended(browser.send(ctx, address, url.Values{"confirm": {"x"}}, from("198.51.100.2")))
	}
}

// deletion deletes one of the person's own agents, as fast as the form can be fetched and sent.
func (sc *scene) deletion(browser *person) func(context.Context, int) (string, error) {
	spare := make(chan SpareAgent, len(sc.facts.Spare))
	for _, agent := range sc.facts.Spare {
		spare <- agent
	}
	return func(ctx context.Context, hand int) (string, error) {
		var agent SpareAgent
		select {
		case agent = <-spare:
		default:
			return "none left to delete", nil
		}
		public, header := sc.portal(hand).url, from("198.51.100.3")
		page, err := browser.send(ctx, fmt.Sprintf("%s/projects/%d/agents/%d/delete", public, agent.Project, agent.ID), nil, header)
		if err != nil {
			return "", err
		}
		action, form := formIn(page.body)
		form.Set("confirm", agent.Name)
		end, err := ended(browser.send(ctx, public+cmp.Or(action, "/"), form, header))
		if end != "200" {
			spare <- agent // still there
		}
		return end, err
	}
}

// stream opens a stream of progress and reads it to its end.
func (sc *scene) stream(browser *person) func(context.Context, int) (string, error) {
	return func(ctx context.Context, hand int) (string, error) {
		got, err := browser.send(ctx, sc.portal(hand).url+"/fleet/progress", nil, from("198.51.100.4"))
		if err == nil && !bytes.Contains(got.body, []byte("event: ready")) {
			return "refused", nil
		}
		return ended(got, err)
	}
}

// idle opens a connection, says nothing, and waits for the portal to close it.
func (sc *scene) idle(ctx context.Context, hand int) (string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(sc.portal(hand).url, "http://"))
	if err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_, _ = conn.Read(make([]byte, 1))
	return "closed by the portal", conn.Close()
}

// ended is how a request ended, in a word.
func ended(got answer, err error) (string, error) { return fmt.Sprint(got.status), err }

// rest pauses, and reports whether ctx goes on.
func rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
