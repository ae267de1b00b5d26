package agentread_test

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
)

// noon is when everything happens; GitLab keeps milliseconds.
func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 359_000_000, time.UTC) }

// world is a GitLab with one project, and the reader of its Maintainer.
type world struct {
	*gitlabtest.Instance
	t       *testing.T
	project int64
	people  map[string]int64
	missing int // readings that went without GraphQL
	*agentread.Reader
}

func newWorld(t *testing.T, options ...func(*agentread.Config)) *world {
	t.Helper()
	w := &world{t: t, Instance: gitlabtest.Start(t, gitlabtest.WithNow(noon)), people: map[string]int64{}}
	group := w.AddGroup(gitlabtest.Group{Path: "shop"})
	w.project = w.AddProject(gitlabtest.Project{Path: "payments", Name: "Payments", Group: group})
	for name, level := range map[string]gitlabtest.AccessLevel{"lead": gitlabtest.Maintainer, "dev": gitlabtest.Developer, "guest": gitlabtest.Guest} {
		w.people[name] = w.AddUser(gitlabtest.User{Username: name, Name: "The " + name})
		w.AddMember(w.project, w.people[name], level)
	}
	w.people["root"] = w.AddUser(gitlabtest.User{Username: "root", Name: "Administrator", Admin: true})
	w.Reader = w.as("lead", options...)
	return w
}

// as is the reader of somebody.
func (w *world) as(name string, options ...func(*agentread.Config)) *agentread.Reader {
	w.t.Helper()
	client, err := gitlabapi.New(w.URL, gitlabapi.Options{Now: noon})
	if err != nil {
		w.t.Fatal(err)
	}
	cfg := agentread.Config{Log: slog.New(slog.DiscardHandler), Missing: func() { w.missing++ }}
	for _, option := range options {
		option(&cfg)
	}
	secret := w.AddPersonalToken(gitlabtest.PersonalToken{User: w.people[name]})
	return agentread.New(cfg).For(client.WithToken(gitlabapi.NewSecret(secret)), w.people[name])
}

// agent registers an agent with so many tokens, the first of them used a minute ago.
func (w *world) agent(name string, tokens int) int64 {
	id := w.AddAgent(gitlabtest.Agent{Project: w.project, Name: name, CreatedBy: w.people["lead"]})
	for i := range tokens {
		token := gitlabtest.Token{Agent: id, Name: fmt.Sprintf("%s-%d", name, i), CreatedBy: w.people["lead"], CreatedAt: noon().AddDate(0, -1, i)}
		if i == 0 {
			token.LastUsedAt = noon().Add(-time.Minute)
		}
		w.AddToken(token)
	}
	return id
}

// calls are the operations that GitLab was asked for since the last look, sorted.
func (w *world) calls() []string {
	var ops []string
	for _, r := range w.Requests() {
		ops = append(ops, r.Op)
	}
	w.ResetCounters()
	slices.Sort(ops)
	return ops
}

// count is how often each operation was asked for, as "2 graphql".
func count(ops []string) []string {
	counts := map[string]int{}
	for _, op := range ops {
		counts[op]++
	}
	var counted []string
	for op, n := range counts {
		counted = append(counted, fmt.Sprint(n, " ", op))
	}
	slices.SortFunc(counted, cmp.Compare)
	return counted
}

// withoutGraphQL are ways in which GraphQL does not answer.
func withoutGraphQL() map[string]func(*world) {
	return map[string]func(*world){
		"no GraphQL": func(w *world) { w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true }) },
		"an unknown field": func(w *world) {
			w.Configure(func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"Project.userPermissions"} })
		},
		"a forbidden API": func(w *world) {
			w.Inject(gitlabtest.OpGraphQL, gitlabtest.GraphQLError(403, "API not accessible for user"))
		},
		"a refused token":   func(w *world) { w.Inject(gitlabtest.OpGraphQL, gitlabtest.GraphQLError(401, "Invalid token")) },
		"a page of a proxy": func(w *world) { w.Inject(gitlabtest.OpGraphQL, gitlabtest.SignInPage()) },
		"a timeout in a 200": func(w *world) {
			w.Inject(gitlabtest.OpGraphQL, gitlabtest.GraphQLError(200, "Timeout on Query.projects"))
		},
		"an error beside the data": func(w *world) {
			w.Configure(func(s *gitlabtest.Settings) { s.GraphQLErrors = map[int64]string{w.project: "GRPC::Unavailable"} })
		},
	}
}

// either is the first access, or the second without one.
func either(access, otherwise agent.Access) agent.Access { return cmp.Or(access, otherwise) }
