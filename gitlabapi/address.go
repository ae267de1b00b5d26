package gitlabapi

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// addresses are those of one instance.
type addresses struct {
	browsers *url.URL // for people's browsers, in links and in what they copy
	calls    *url.URL // for our calls; the same, unless the operator knows a shorter way
}

func parseAddresses(baseURL, internalURL string) (addresses, error) {
	browsers, err := parseBase(baseURL)
	if err != nil || internalURL == "" {
		return addresses{browsers, browsers}, err
	}
	calls, err := parseBase(internalURL)
	return addresses{browsers, calls}, err
}

func parseBase(baseURL string) (*url.URL, error) {
	base, err := url.Parse(strings.TrimRight(baseURL, "/"))
	switch {
	case err != nil:
		return nil, errors.New("gitlab: the base URL cannot be parsed")
	case base.Scheme != "https" && base.Scheme != "http":
		return nil, errors.New("gitlab: the base URL must begin with https:// or http://")
	case base.Hostname() == "":
		return nil, errors.New("gitlab: the base URL has no host")
	case base.User != nil:
		return nil, errors.New("gitlab: the base URL must not hold a user name or password")
	case base.RawQuery != "" || base.ForceQuery || strings.Contains(baseURL, "#"):
		return nil, errors.New("gitlab: the base URL must not have a query or a fragment")
	case path.Clean("/"+base.Path) != "/"+strings.TrimPrefix(base.Path, "/"):
		return nil, errors.New("gitlab: the base URL's path must not have empty, . or .. parts")
	}
	return base, nil
}

// relocate makes a redirect to the address for browsers one to the address for
// calls. GitLab builds its redirects from its external_url, whichever way a request
// came, and the operator wants our calls to stay on theirs.
func (a addresses) relocate(resp *http.Response, asked *url.URL) {
	location := resp.Header.Get("Location")
	if a.calls == a.browsers || location == "" {
		return
	}
	to, err := asked.Parse(location)
	if err != nil || !within(a.browsers, to) {
		return
	}
	inside := strings.TrimPrefix(to.EscapedPath(), a.browsers.EscapedPath())
	if to.RawQuery != "" {
		inside += "?" + to.RawQuery
	}
	resp.Header.Set("Location", a.calls.String()+inside)
}

// followWithin follows a few redirects of a GET inside the configured instance:
// a project that moved answers 301 to its number. Any other redirect is returned
// as it is, so that neither the token nor a POST goes where nobody sent it.
func followWithin(base *url.URL) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		if !within(base, next.URL) || via[0].Method != http.MethodGet || len(via) > maxRedirects {
			return http.ErrUseLastResponse
		}
		return nil
	}
}

// within says whether u leads into the instance at base.
func within(base, u *url.URL) bool {
	return origin(u) == origin(base) && u.User == nil && strings.HasPrefix(path.Clean(u.Path), base.Path+"/")
}

func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// origin is scheme, host and port, in one spelling.
func origin(u *url.URL) string {
	port := u.Port()
	switch {
	case port == "" && u.Scheme == "https":
		port = "443"
	case port == "" && u.Scheme == "http":
		port = "80"
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
