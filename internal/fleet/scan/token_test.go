package scan_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/fleet"
)

// rotating is a person whose token is renewed as often as a test wants.
type rotating struct {
	*reader
	secrets  []string
	calls    atomic.Int32
	refusals []error
}

func (w *world) rotating(secrets int) *rotating {
	w.t.Helper()
	r := &rotating{reader: w.person("rotating")}
	for range secrets {
		r.secrets = append(r.secrets, w.AddPersonalToken(gitlabtest.PersonalToken{User: r.id, Scopes: []string{"api"}}))
	}
	r.source = func(_ context.Context, refused error) (*agentread.Reader, error) {
		n := int(r.calls.Add(1))
		if refused != nil {
			r.refusals = append(r.refusals, refused)
		}
		if n > len(r.secrets) {
			return nil, errSourceGone
		}
		return w.reader(r.secrets[n-1]), nil
	}
	return r
}

// refuse makes GitLab refuse a token from the n-th call of an operation on.
func (w *world) refuse(op, secret string, from int32, fault gitlabtest.Fault) {
	var calls atomic.Int32
	w.Inject(op, fault.When(func(r *http.Request) bool {
		return r.Header.Get("Authorization") == "Bearer "+secret && calls.Add(1) >= from
	}))
}

func TestO10ATokenThatIsRenewedDuringAScanLosesNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		graphQLOff bool
		prepare    func(w *world, secret string)
		expired    bool
		agents     int
	}{
		"revoked in the middle of 40 reads by REST": {true, func(w *world, secret string) {
			w.refuse(gitlabtest.OpListAgents, secret, 10, gitlabtest.TokenRevoked())
		}, false, 80},
		"expired in the middle of 40 reads by REST": {true, func(w *world, secret string) {
			w.refuse(gitlabtest.OpListAgents, secret, 10, gitlabtest.TokenExpired())
		}, true, 80},
		"expired at once": {true, func(w *world, secret string) {
			w.refuse("", secret, 1, gitlabtest.TokenExpired())
		}, true, 80},
		"refused by GraphQL, which does not say that it is expired": {false, func(w *world, secret string) {
			w.refuse(gitlabtest.OpGraphQL, secret, 1, gitlabtest.GraphQLError(http.StatusUnauthorized, "Invalid token"))
			w.refuse(gitlabtest.OpCurrentUser, secret, 1, gitlabtest.TokenExpired())
		}, true, 80},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = tc.graphQLOff })
			lead := w.rotating(2)
			lead.many(40)
			tc.prepare(w, lead.secrets[0])
			got := lead.read()
			if len(got.Agents) != tc.agents || len(got.Warnings) != 0 {
				t.Errorf("%d agents and %d warnings, want %d and none", len(got.Agents), len(got.Warnings), tc.agents)
			}
			if _, unknown := tokenCount(got); (unknown > 0) != tc.graphQLOff {
				t.Errorf("the tokens of %d agents are unknown", unknown)
			}
			if n := lead.calls.Load(); n != 2 || len(lead.refusals) != 1 {
				t.Fatalf("%d clients were asked for, want 2", n)
			}
			if refused := lead.refusals[0]; !errors.Is(refused, gitlabapi.ErrUnauthorized) || errors.Is(refused, gitlabapi.ErrTokenExpired) != tc.expired {
				t.Errorf("the source was told %v", refused)
			}
		})
	}
}

func TestAPersonWhomGitLabRefusesForGoodGetsAnError(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		secrets int
		want    error
	}{
		"no newer token":             {1, errSourceGone},
		"newer tokens are dead, too": {10, gitlabapi.ErrUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = true })
			lead := w.rotating(tc.secrets)
			lead.many(40)
			w.Inject(gitlabtest.OpListProjects, gitlabtest.TokenRevoked().When(func(r *http.Request) bool {
				return r.URL.Query().Get("min_access_level") == "40"
			}))
			got, err := w.service.Read(t.Context(), lead.viewer, lead.source, nil)
			if got != nil || !errors.Is(err, tc.want) {
				t.Errorf("read %v, %v, want %v", got, err, tc.want)
			}
			if n := lead.calls.Load(); n > 3 {
				t.Errorf("%d clients were asked for, want at most 3", n)
			}
			if view := w.service.Cached(lead.viewer); view.Snapshot != nil || view.Scanning {
				t.Errorf("afterwards: %+v", view)
			}
		})
	}
}

func TestASourceWithoutClientIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lead := w.rotating(0)
	if _, err := w.service.Read(t.Context(), lead.viewer, lead.source, nil); !errors.Is(err, errSourceGone) {
		t.Errorf("error = %v, want the source's own", err)
	}
	if n := w.Calls(""); n != 0 {
		t.Errorf("%d calls to GitLab without a token", n)
	}
	rows := []fleet.Agent{{Project: &agent.Project{ID: 1, Maintains: true}, Agent: agent.Agent{ID: 1, TokenCount: agent.Unread}}}
	if _, err := w.service.Enrich(t.Context(), lead.viewer, lead.source, rows); !errors.Is(err, errSourceGone) {
		t.Errorf("Enrich: %v, want the source's own", err)
	}
}
