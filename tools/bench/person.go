//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// person is somebody's browser.
type person struct{ client *http.Client }

// newPerson returns a browser that keeps up to so many connections to a host.
func newPerson(connections int) (person, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return person{}, err
	}
	return person{&http.Client{
		Jar: jar,
		// Compression is asked for by hand, so that answers are taken as they come.
		Transport: &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}, nil
}

// newPeople returns so many browsers, of as many people, that share their connections.
func newPeople(n, connections int) ([]person, error) {
	people := make([]person, n)
	for i := range people {
		var err error
		if people[i], err = newPerson(connections); err != nil {
			return nil, err
		}
		people[i].client.Transport = people[0].client.Transport
	}
	return people, nil
}

// answer is a response that was read.
type answer struct {
	status   int
	location string
	body     []byte
}

// send asks for an address, with the form or the header if there is one.
func (p person) send(ctx context.Context, address string, form url.Values, header http.Header) (answer, error) {
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return answer{}, err
	}
	maps.Copy(request.Header, header)
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := p.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header.Get("Location"), content}, err
}

// signIn signs the person in through the whole of OAuth. Only GitLab's page is passed over: of a
// thousand people it would be long, and what its form sends is in its address.
func (p person) signIn(ctx context.Context, portalURL, gitlabURL, username string) error {
	asked, err := p.send(ctx, portalURL+"/auth/login", nil, nil)
	if err != nil {
		return err
	}
	authorize, err := url.Parse(asked.location)
	if err != nil {
		return err
	}
	form := authorize.Query()
	form.Set("user", username)
	form.Set("decision", "allow")
	allowed, err := p.send(ctx, gitlabURL+"/oauth/authorize", form, nil)
	if err != nil {
		return err
	}
	back, err := p.send(ctx, allowed.location, nil, nil)
	if err == nil && back.status != http.StatusSeeOther {
		return fmt.Errorf("signing in as %s ended with status %d", username, back.status)
	}
	return err
}

// load lets people in turn ask for an address, n times in all, over as many connections as are given, and
// returns how long each answer took, sorted.
func load(ctx context.Context, people []person, address string, header http.Header, n, connections int) ([]time.Duration, error) {
	took := make([]time.Duration, n)
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range connections {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				begun := clock()
				got, err := people[int(i)%len(people)].send(ctx, address, nil, header)
				if err != nil {
					return err
				}
				if got.status != http.StatusOK {
					return fmt.Errorf("%s: status %d", address, got.status)
				}
				took[i] = clock().Sub(begun)
			}
			return nil
		})
	}
	err := group.Wait()
	slices.Sort(took)
	return took, err
}
