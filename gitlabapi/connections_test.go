package gitlabapi_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func TestConnectionsAreToldOrUnknown(t *testing.T) {
	t.Parallel()
	inAgent := func(connections string) string {
		return `{"data":{"a0":{"clusterAgent":{"id":"gid://gitlab/Clusters::Agent/5","connections":` + connections + `}}}}`
	}
	known := func(since ...time.Time) map[int64][]time.Time { return map[int64][]time.Time{5: since} }
	none := map[int64][]time.Time{}
	tests := []struct {
		name, answer string
		want         map[int64][]time.Time
		err          error
	}{
		{"two", inAgent(`{"nodes":[{"connectedAt":"2026-11-24T03:07:00Z"},{"connectedAt":"2026-11-24T04:07:00+01:00"}]}`), known(at, at), nil},
		{"none", inAgent(`{"nodes":[]}`), known(), nil},
		{"an entry that was not answered", inAgent(`{"nodes":[null]}`), none, nil},
		{
			"no agent server", `{"data":{"a0":{"clusterAgent":{"id":"gid://gitlab/Clusters::Agent/5","connections":null}}},"errors":[{"message":"Gitlab::Kas::Client::ConfigurationError"}]}`,
			none, gitlabapi.ErrGraphQL,
		},
		{"another agent of that name", `{"data":{"a0":{"clusterAgent":{"id":"gid://gitlab/Clusters::Agent/6","connections":{"nodes":[]}}}}}`, none, nil},
		{"no such agent", `{"data":{"a0":{"clusterAgent":null}}}`, none, nil},
		{"no such project", `{"data":{"a0":null}}`, none, nil},
		{"an instance that does not know the field", `{"errors":[{"message":"Field 'connections' doesn't exist"}]}`, nil, gitlabapi.ErrGraphQL},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := fakeBody(t, func(w http.ResponseWriter, _ []byte) { replyJSON(200, tt.answer)(w, nil) })
			got, err := c.Connections(t.Context(), []gitlabapi.AgentName{{ID: 5, ProjectPath: "shop/payments", Name: "prod"}})
			same := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
			if diff := cmp.Diff(tt.want, got, same); diff != "" || !errors.Is(err, tt.err) {
				t.Errorf("Connections: %v, want %v (-want +got):\n%s", err, tt.err, diff)
			}
		})
	}
}

func TestConnectionsOfFiftyAgentsAreTwoQueries(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 50)
	got, err := c.maintainer.Connections(t.Context(), c.agents)
	if err != nil || len(got) != 50 {
		t.Errorf("connections of %d agents, %v, want 50", len(got), err)
	}
	if n := c.Calls(gitlabtest.OpGraphQL); n != 2 {
		t.Errorf("%d queries, want 2", n)
	}
}
