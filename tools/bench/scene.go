//go:build unix

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// sessionKey seals sessions that last as long as a measurement.
const sessionKey = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"

// scene is a GitLab and the portals in front of it.
type scene struct {
	gitlab, floor *child
	portals       []*portalChild
	facts         Facts
}

// portalChild is a portal that was started.
type portalChild struct {
	*child
	url string
}

// setUp starts a GitLab, and a portal from each of the programs. The scene has to be stopped even
// after an error.
func setUp(ctx context.Context, folder string, agents, people int, programs ...string) (*scene, error) {
	return setUpFor(ctx, folder, Organisation{Agents: agents, People: people}, programs...)
}

// setUpFor is setUp for an organisation.
func setUpFor(ctx context.Context, folder string, organisation Organisation, programs ...string) (*scene, error) {
	sc := new(scene)
	own, err := os.MkdirTemp(folder, "scene")
	if err != nil {
		return sc, err
	}
	for _, program := range programs {
		portal, err := startPortal(ctx, program)
		if err != nil {
			return sc, err
		}
		sc.portals = append(sc.portals, portal)
		organisation.Callbacks = append(organisation.Callbacks, portal.url+"/auth/callback")
	}
	if sc.gitlab, err = start(ctx, "", roleGitLab); err != nil {
		return sc, err
	}
	sc.facts, err = call[Facts](ctx, sc.gitlab, "Start", organisation)
	if err != nil {
		return sc, err
	}
	for i, portal := range sc.portals {
		database := filepath.Join(own, fmt.Sprintf("%d.db", i))
		if _, err := call[None](ctx, portal.child, "Start", sc.environ(portal.url, "sqlite:"+database)); err != nil {
			return sc, err
		}
	}
	return sc, nil
}

// environ are the settings of a portal over the scene's GitLab.
func (sc *scene) environ(publicURL, database string) []string {
	return []string{
		"GITLAB_URL=" + sc.facts.URL, "GITLAB_CLIENT_ID=" + sc.facts.ClientID, "GITLAB_CLIENT_SECRET=" + sc.facts.ClientSecret,
		"PUBLIC_URL=" + publicURL, "DATABASE_URL=" + database, "SESSION_KEYS=" + sessionKey,
	}
}

// startPortal starts the process of a portal, whose address GitLab has to know before it runs.
func startPortal(ctx context.Context, program string) (*portalChild, error) {
	process, err := start(ctx, program, rolePortal)
	if err != nil {
		return nil, err
	}
	address, err := call[string](ctx, process, "Listen", None{})
	return &portalChild{process, address}, err
}

// stop ends the children.
func (sc *scene) stop() {
	for _, portal := range sc.portals {
		portal.stop()
	}
	for _, c := range []*child{sc.floor, sc.gitlab} {
		if c != nil {
			c.stop()
		}
	}
}

// callsOf counts the calls to GitLab that come of what is done.
func (sc *scene) callsOf(ctx context.Context, do func() error) (int, error) {
	before, err := call[int](ctx, sc.gitlab, "Calls", None{})
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := call[int](ctx, sc.gitlab, "Calls", None{})
	return after - before, err
}

// page is the address of the list of agents.
func (sc *scene) page(portal *portalChild) string {
	return fmt.Sprintf("%s/projects/%d/agents", portal.url, sc.facts.Project)
}

// signIn signs the person with that number in.
func (sc *scene) signIn(ctx context.Context, portal *portalChild, browser person, number int) error {
	return browser.signIn(ctx, portal.url, sc.facts.URL, personName(number))
}

// contender is a portal with somebody signed in, ready to be measured.
func (sc *scene) contender(ctx context.Context, name string, portal *portalChild, n int) (*contender, error) {
	people, err := newPeople(n, connections)
	if err != nil {
		return nil, err
	}
	for i, one := range people {
		if err := sc.signIn(ctx, portal, one, i); err != nil {
			return nil, err
		}
	}
	return &contender{
		name: name, process: portal.child, people: people, address: sc.page(portal), mark: "row-link",
		header: http.Header{"Accept-Encoding": {"gzip"}, "Accept-Language": {"en-GB,en;q=0.9,de;q=0.8"}},
	}, nil
}

// startFloor starts the bare proxy and says what to ask it for.
func (sc *scene) startFloor(ctx context.Context) (*contender, error) {
	var err error
	if sc.floor, err = start(ctx, "", roleFloor); err != nil {
		return nil, err
	}
	address, err := call[string](ctx, sc.floor, "Start", sc.facts.URL)
	if err != nil {
		return nil, err
	}
	browser, err := newPerson(connections)
	return &contender{
		name: "bare reverse proxy", process: sc.floor, people: []person{browser}, mark: "config_project",
		address: fmt.Sprintf("%s/api/v4/projects/%d/cluster_agents?per_page=50", address, sc.facts.Project),
		header:  http.Header{"Authorization": {"Bearer " + sc.facts.Token}},
	}, err
}
