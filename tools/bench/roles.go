//go:build unix

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/rpc"
	"net/url"
	"os"
	"runtime"
	"time"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/portal"
)

// The roles of children.
const (
	roleGitLab = "gitlab"
	rolePortal = "portal"
	roleFloor  = "floor"
	roleFleet  = "fleet"
	roleWatch  = "watch"
)

// play does what the parent says until that closes the standard input.
func play(role string) error {
	server := rpc.NewServer()
	var receiver any
	switch role {
	case roleGitLab:
		receiver = new(GitLab)
	case rolePortal:
		receiver = new(Portal)
	case roleFloor:
		receiver = new(Floor)
	case roleFleet:
		receiver = new(Fleet)
	case roleWatch:
		receiver = new(Watch)
	default:
		return fmt.Errorf("there is no role %q", role)
	}
	// One core for each, so that a figure is that of a core and no child crowds out another.
	runtime.GOMAXPROCS(1)
	if err := server.RegisterName("Role", receiver); err != nil {
		return err
	}
	server.ServeConn(stream{os.Stdin, os.Stdout})
	return nil
}

// listen opens a free port of the loopback interface.
func listen(ctx context.Context) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
}

// serve answers on a free port until the process ends, and returns the address.
func serve(handler http.Handler) (string, error) {
	listener, err := listen(context.Background())
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), nil
}

// GitLab plays GitLab.
type GitLab struct {
	Meter
	server         *gitlabtest.Server
	agents, people []int64
}

// Organisation is what GitLab is to hold: one project whose members are all people, and a fleet of
// projects of the first person.
type Organisation struct {
	Agents, People, Projects int
	// AgentsEach is how many agents each of the projects has; 2 when zero.
	AgentsEach int
	// Shared is how many more projects there are of which all people are members.
	Shared int
	// Callbacks are the redirect URIs of the portals.
	Callbacks []string
	// TokenLifetime is that of access tokens; zero for GitLab's.
	TokenLifetime time.Duration
	// Attackers adds the people who attack a soak.
	Attackers bool
}

// Facts are what one has to know of a GitLab that was started.
type Facts struct {
	URL                    string
	ClientID, ClientSecret string
	Project                int64
	// Token is the first person's, for calls without the portal.
	Token string
	// Agents are the ids of the agents.
	Agents []int64
	// Spare are the agents that an attacker may delete.
	Spare []SpareAgent
}

// personName is the username of a person, counted from 0.
func personName(i int) string { return fmt.Sprintf("person-%d", i) }

// Start fills the simulator and answers.
func (g *GitLab) Start(in Organisation, out *Facts) error {
	gitlab := gitlabtest.New(gitlabtest.WithSettings(func(s *gitlabtest.Settings) {
		s.AccessTokenLifetime = cmp.Or(in.TokenLifetime, s.AccessTokenLifetime)
	}))
	g.server = gitlab
	group := gitlab.AddGroup(gitlabtest.Group{Path: "shop"})
	out.Project = gitlab.AddProject(gitlabtest.Project{Path: "payments", Name: "Payments", Group: group})
	var first int64
	for i := range in.People {
		person := gitlab.AddUser(gitlabtest.User{Username: personName(i), Name: fmt.Sprintf("Person Number %d", i)})
		g.people = append(g.people, person)
		gitlab.AddMember(out.Project, person, gitlabtest.Maintainer)
		if i == 0 {
			first = person
			out.Token = gitlab.AddPersonalToken(gitlabtest.PersonalToken{User: person})
		}
	}
	now := clock()
	for i := range in.Agents {
		agent := gitlab.AddAgent(gitlabtest.Agent{
			Project: out.Project, Name: fmt.Sprintf("production-cluster-%02d-eu-west", i), CreatedBy: first, CreatedAt: now.AddDate(0, -i, 0),
		})
		out.Agents = append(out.Agents, agent)
		if in.TokenLifetime != 0 {
			continue // people create tokens of their own
		}
		for number := range 1 + i%2 {
			gitlab.AddToken(gitlabtest.Token{
				Agent: agent, Name: fmt.Sprintf("token-%d", number), CreatedBy: first, CreatedAt: now.AddDate(0, 0, -i), LastUsedAt: now.Add(-time.Duration(i*i) * time.Minute),
			})
		}
	}
	for i := range in.Projects {
		service := g.addService(group, i, first)
		gitlab.AddMember(service, first, gitlabtest.Maintainer)
		for n := 2; n < in.AgentsEach; n++ {
			agent := gitlab.AddAgent(gitlabtest.Agent{Project: service, Name: fmt.Sprintf("store-%d", n), CreatedBy: first})
			gitlab.AddToken(gitlabtest.Token{Agent: agent, Name: "till", CreatedBy: first, Live: true})
		}
	}
	g.share(in, first)
	if in.Attackers {
		out.Spare = g.addAttackers(out.Project)
	}
	application := gitlab.AddApplication(gitlabtest.Application{RedirectURIs: in.Callbacks})
	out.ClientID, out.ClientSecret = application.ID, application.Secret
	g.agents = out.Agents
	var err error
	out.URL, err = serve(gitlab)
	return err
}

// addService adds a project with two agents.
func (g *GitLab) addService(group int64, i int, creator int64) (project int64) {
	project = g.server.AddProject(gitlabtest.Project{Path: fmt.Sprintf("service-%03d", i), Name: fmt.Sprintf("Service Number %d", i), Group: group})
	for number, tokens := range []int{2, 1 + i%2} {
		agent := g.server.AddAgent(gitlabtest.Agent{Project: project, Name: fmt.Sprintf("production-cluster-%d-eu-west", number), CreatedBy: creator})
		for n := range tokens {
			g.server.AddToken(gitlabtest.Token{Agent: agent, Name: fmt.Sprintf("token-%d", n), CreatedBy: creator, LastUsedAt: clock()})
		}
	}
	return project
}

// share adds a group of projects whose members are all people.
func (g *GitLab) share(in Organisation, creator int64) {
	group := g.server.AddGroup(gitlabtest.Group{Path: "platform"})
	for i := range in.People {
		g.server.AddGroupMember(group, g.people[i], gitlabtest.Maintainer)
	}
	for i := range in.Shared {
		g.addService(group, i, creator)
	}
}

// Calls returns how many requests there were.
func (g *GitLab) Calls(_ None, out *int) error { //nolint:unparam // net/rpc wants it so
	*out = len(g.server.Requests())
	return nil
}

// Hinder makes every call take the latency longer, and turns GraphQL off or on.
func (g *GitLab) Hinder(in Hindrance, _ *None) error { //nolint:unparam // net/rpc wants it so
	g.server.ClearFaults("")
	if in.Latency > 0 {
		g.server.Inject("", gitlabtest.Delay(in.Latency))
	}
	g.server.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = in.GraphQLOff })
	return nil
}

// Hindrance is what keeps GitLab from answering at once and at best.
type Hindrance struct {
	Latency    time.Duration
	GraphQLOff bool
}

// Floor is the least that something between a browser and GitLab costs: the standard library's
// reverse proxy, which passes GitLab's JSON on as it is.
type Floor struct{ Meter }

// Start passes everything on to target and returns the proxy's address.
func (*Floor) Start(target string, out *string) error {
	upstream, err := url.Parse(target)
	if err != nil {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64 // as the portal: a proxy that dials each time is no floor
	*out, err = serve(&httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
	})
	return err
}

// Portal is the whole program, composed as always.
type Portal struct {
	Meter
	listener net.Listener
}

// Listen opens the portal's port and returns its address, which GitLab has to know before the
// portal can start.
func (p *Portal) Listen(_ None, out *string) error {
	var err error
	if p.listener, err = listen(context.Background()); err != nil {
		return err
	}
	*out = "http://" + p.listener.Addr().String()
	return nil
}

// Start runs the portal with the given environment. Its log is written, but to nowhere.
func (p *Portal) Start(environ []string, _ *None) error {
	log, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	ready, ended := make(chan struct{}), make(chan error, 1)
	program := portal.Program{Environ: environ, Stdout: log, Listener: p.listener, Ready: func() { close(ready) }}
	go func() { ended <- program.Run(context.Background()) }()
	select {
	case <-ready:
		return nil
	case err := <-ended:
		return errors.Join(errors.New("the portal did not start"), err)
	}
}
