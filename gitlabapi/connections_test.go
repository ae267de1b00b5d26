package gitlabapi_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
)

func TestConnectionsAreToldOrUnknown(t *testing.T) {
	t.Parallel()
	inAgent := func(connections string) string {
		return `{"data":{"project":{"clusterAgent":{"connections":` + connections + `}}}}`
	}
	tests := []struct {
		name, answer string
		want         []time.Time
		err          error
	}{
		{"two", inAgent(`{"nodes":[{"connectedAt":"2026-11-24T03:07:00Z"},{"connectedAt":"2026-11-24T04:07:00+01:00"}]}`), []time.Time{at, at}, nil},
		{"none", inAgent(`{"nodes":[]}`), nil, nil},
		{"an entry that was not answered", inAgent(`{"nodes":[null]}`), nil, nil},
		{
			"no agent server", `{"data":{"project":{"clusterAgent":{"connections":null}}},"errors":[{"message":"Gitlab::Kas::Client::ConfigurationError"}]}`,
			nil, gitlabapi.ErrGraphQL,
		},
		{"no such agent", `{"data":{"project":{"clusterAgent":null}}}`, nil, gitlabapi.ErrGraphQL},
		{"no such project", `{"data":{"project":null}}`, nil, gitlabapi.ErrGraphQL},
		{"an instance that does not know the field", `{"errors":[{"message":"Field 'connections' doesn't exist"}]}`, nil, gitlabapi.ErrGraphQL},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := fakeBody(t, func(w http.ResponseWriter, _ []byte) { replyJSON(200, tt.answer)(w, nil) })
			got, err := c.Connections(t.Context(), "shop/payments", "prod")
			same := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
			if diff := cmp.Diff(tt.want, got, same); diff != "" || !errors.Is(err, tt.err) {
				t.Errorf("Connections: %v, want %v (-want +got):\n%s", err, tt.err, diff)
			}
		})
	}
}
