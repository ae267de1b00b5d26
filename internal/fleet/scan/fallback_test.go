package scan_test

import (
	"net/http"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/fleet/scan"
)

func TestH11WithoutGraphQLTheAgentsAreThereAndTheirTokensUnknown(t *testing.T) {
	t.Parallel()
	const some = 120
	for name, tc := range map[string]struct {
		settings func(*gitlabtest.Settings)
		fault    *gitlabtest.Fault
		fallback agent.Fallback
		unknown  int // agents
		graphQL  int // queries, at most
		rest     int // lists
	}{
		"on":  {fallback: agent.FallbackNone, graphQL: 6}, // a third of them about versions, and a third about files
		"off": {settings: func(s *gitlabtest.Settings) { s.GraphQLOff = true }, fallback: agent.FallbackUnsupported, unknown: 2 * some, graphQL: 2, rest: some},
		"partial": {
			settings: func(s *gitlabtest.Settings) { s.GraphQLErrors = map[int64]string{2: "GRPC::Unavailable", 7: "x"} },
			fallback: agent.FallbackPartial, unknown: 4, graphQL: 6, rest: 2,
		},
		"refused by cost until it is small enough": {
			settings: func(s *gitlabtest.Settings) { s.ComplexityLimit = 50 }, fallback: agent.FallbackNone, graphQL: 11,
		},
		"refused by cost however small": {
			settings: func(s *gitlabtest.Settings) { s.ComplexityLimit = 10 }, fallback: agent.FallbackTooComplex, unknown: 2 * some, graphQL: 25, rest: some,
		},
		"of an instance that does not know a field": {
			settings: func(s *gitlabtest.Settings) { s.GraphQLLacks = []string{"ClusterAgent.tokens"} },
			fallback: agent.FallbackUnsupported, unknown: 2 * some, graphQL: 2, rest: some,
		},
		"forbidden to the person": {
			fault:    new(gitlabtest.GraphQLError(http.StatusForbidden, "API not accessible for user")),
			fallback: agent.FallbackRefused, unknown: 2 * some, graphQL: 2, rest: some,
		},
		"refusing a token that REST accepts": {
			fault:    new(gitlabtest.GraphQLError(http.StatusUnauthorized, "Invalid token")),
			fallback: agent.FallbackRefused, unknown: 2 * some, graphQL: 2, rest: some,
		},
		"failing": {
			fault:    new(gitlabtest.Status(http.StatusInternalServerError)),
			fallback: agent.FallbackUnavailable, unknown: 2 * some, graphQL: 6, rest: some,
		},
		"answering nonsense": {
			fault:    new(gitlabtest.Reply(http.StatusOK, "application/json", `{"data":[]}`)),
			fallback: agent.FallbackUnavailable, unknown: 2 * some, graphQL: 2, rest: some,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tc.settings != nil {
				w.Configure(tc.settings)
			}
			if tc.fault != nil {
				w.Inject(gitlabtest.OpGraphQL, *tc.fault)
			}
			lead := w.person("lead")
			lead.many(some)
			got := lead.read()
			if len(got.Agents) != 2*some || len(got.Warnings) != 0 || got.Fallback != tc.fallback {
				t.Errorf("%d agents, warnings %v, fallback %v; want %d, none, %v", len(got.Agents), got.Warnings, got.Fallback, 2*some, tc.fallback)
			}
			if _, unknown := tokenCount(got); unknown != tc.unknown {
				t.Errorf("the tokens of %d agents are unknown, want %d", unknown, tc.unknown)
			}
			for _, a := range got.Agents {
				if status := a.Status(w.clock.Now()); (status == agent.StatusUnknown) == a.TokensRead() {
					t.Fatalf("%s: status %v, tokens read: %v", a.Name, status, a.TokensRead())
				}
			}
			if g, r := w.Calls(gitlabtest.OpGraphQL), w.Calls(gitlabtest.OpListAgents); g > tc.graphQL || r != tc.rest {
				t.Errorf("%d queries and %d lists, want at most %d, and %d", g, r, tc.graphQL, tc.rest)
			}
			want := 0
			if tc.fallback != agent.FallbackNone {
				want = 1
			}
			if n := w.log.count("the fleet was not read in full"); n != want {
				t.Errorf("it was logged %d times, want %d", n, want)
			}
			if scan := w.scanned(); scan.Fallback != tc.fallback || scan.Projects != some || scan.Agents != 2*some || scan.Err != nil {
				t.Errorf("observed %+v", scan)
			}
		})
	}
}

func TestH11GraphQLThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deadlines := w.deadlines(scan.GraphQLTimeout)
	gate := gitlabtest.NewGate()
	w.Inject(gitlabtest.OpGraphQL, gitlabtest.Hold(gate))
	lead := w.person("lead")
	lead.many(3)
	lead.look()
	if err := gate.Await(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	deadlines.pass()
	if got := lead.read(); len(got.Agents) != 6 || got.Fallback != agent.FallbackSlow {
		t.Errorf("%d agents, fallback %v, want 6 and slow", len(got.Agents), got.Fallback)
	}
}

func TestH11AnInstanceWithoutGraphQLIsAskedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
	lead := w.person("lead")
	lead.many(250)
	rest, more := gitlabtest.NewGate(), gitlabtest.NewGate()
	w.Inject(gitlabtest.OpListAgents, gitlabtest.Hold(rest))
	w.Inject(gitlabtest.OpListProjects, gitlabtest.Hold(more).When(func(r *http.Request) bool { return r.URL.Query().Has("id_after") }))
	lead.look()
	if err := rest.Await(t.Context(), 1); err != nil { // the first 100 projects have fallen back
		t.Fatal(err)
	}
	rest.Open()
	more.Open()
	if got := lead.read(); len(got.Agents) != 500 {
		t.Errorf("%d agents, want 500", len(got.Agents))
	}
	if n := w.Calls(gitlabtest.OpGraphQL); n != 1 {
		t.Errorf("%d queries, want 1", n)
	}
}
