package gitlabapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

func prodAgent() gitlabapi.AgentName {
	return gitlabapi.AgentName{ID: 5, ProjectPath: "shop/web/api", Name: "prod"}
}

// activity writes the answer about agent 5 with the given events.
func activity(more string, events ...string) string {
	return `{"data":{"project":{"clusterAgent":{"id":"gid://gitlab/Clusters::Agent/5","activityEvents":{"pageInfo":{"hasNextPage":` +
		more + `},"nodes":[` + strings.Join(events, ",") + `]}}}}}`
}

const (
	createdEvent = `{"recordedAt":"2026-11-24T03:00:00Z","kind":"token_created","level":"info","user":{"name":"Lea D.","username":"lead"},` +
		`"agentToken":{"id":"gid://gitlab/Clusters::AgentToken/11","name":"first","status":"REVOKED"}}`
	connectedEvent = `{"recordedAt":"2026-11-24T02:00:00Z","kind":"agent_connected","level":"info","user":null,"agentToken":null}`
	novelEvent     = `{"recordedAt":"2026-11-24T01:00:00Z","kind":"agent_danced","level":"info"}`
)

func created() gitlabapi.ActivityEvent {
	return gitlabapi.ActivityEvent{
		At: when("2026-11-24T03:00:00Z"), Kind: gitlabapi.ActivityTokenCreated,
		User: &gitlabapi.Person{Name: "Lea D.", Username: "lead"}, Token: &gitlabapi.ActivityToken{ID: 11, Name: "first"},
	}
}

func TestActivityTellsOfTokensThatAreGone(t *testing.T) {
	t.Parallel()
	c, seen := fake(t, quick(), replyJSON(200, activity("true", createdEvent, connectedEvent, novelEvent)))
	got, err := c.AgentActivity(t.Context(), prodAgent())
	if err != nil {
		t.Fatal(err)
	}
	want := gitlabapi.AgentActivity{More: true, Events: []gitlabapi.ActivityEvent{
		created(),
		{At: when("2026-11-24T02:00:00Z"), Kind: "agent_connected"},
		{At: when("2026-11-24T01:00:00Z"), Kind: "agent_danced"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("activity (-want +got):\n%s", diff)
	}
	var q struct {
		OperationName string
		Variables     map[string]string
	}
	if err := json.Unmarshal([]byte(seen.all()[0].Body), &q); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"path": "shop/web/api", "name": "prod"}, q.Variables); diff != "" || q.OperationName != "Activity" {
		t.Errorf("asked %q with (-want +got):\n%s", q.OperationName, diff)
	}
}

func TestH11ActivityInPart(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"an event that is null":       activity("false", createdEvent, "null"),
		"an event without a time":     activity("false", createdEvent, `{"kind":"token_created"}`),
		"an error beside the data":    with(activity("false", createdEvent), `{"message":"GRPC::Unavailable","path":["project"]}`),
		"an error that holds a token": with(activity("false", createdEvent), `{"message":"`+canary+`"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), replyJSON(200, answer))
			got, err := c.AgentActivity(t.Context(), prodAgent())
			var partial *gitlabapi.PartialError
			if !errors.As(err, &partial) || !errors.Is(err, gitlabapi.ErrGraphQL) || leaks(err.Error()) {
				t.Errorf("error = %v, want a *PartialError", err)
			}
			if diff := cmp.Diff([]gitlabapi.ActivityEvent{created()}, got.Events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestH11ActivityThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status  int
		body    string
		meaning map[string]bool
	}{
		"no such project":  {200, `{"data":{"project":null}}`, is("not found")},
		"no such agent":    {200, `{"data":{"project":{"clusterAgent":null}}}`, is("not found")},
		"another agent":    {200, strings.Replace(activity("false"), "Agent/5", "Agent/6", 1), is("not found")},
		"an unknown field": {200, `{"errors":[{"message":"Field 'activityEvents' doesn't exist on type 'ClusterAgent'"}]}`, is("graphql", "unsupported")},
		"null and an error": {
			200, `{"data":{"project":{"clusterAgent":null}},"errors":[{"message":"Internal server error"}]}`, is("unavailable"),
		},
		"null events":       {200, `{"data":{"project":{"clusterAgent":{"id":"gid://gitlab/Clusters::Agent/5","activityEvents":null}}}}`, is("graphql")},
		"a time of no kind": {200, activity("false", `{"recordedAt":"`+canary+`"}`), is("malformed", "unavailable")},
		"no GraphQL":        {404, `{"error":"404 Not Found"}`, is("graphql", "unsupported")},
		"a dead token":      {401, `{"errors":[{"message":"Invalid token"}]}`, is("unauthorized")},
		"no access":         {403, `{"errors":[{"message":"API not accessible for user"}]}`, is("forbidden")},
		"a 500":             {500, `{"errors":[{"message":"Internal server error"}]}`, is("unavailable")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := fake(t, quick(), replyJSON(tc.status, tc.body))
			got, err := c.AgentActivity(t.Context(), prodAgent())
			if diff := cmp.Diff(tc.meaning, meaning(err)); diff != "" || got.Events != nil {
				t.Fatalf("activity = %v, %v, meaning differs (-want +got):\n%s", got, err, diff)
			}
			if leaks(err.Error()) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func TestOnlyMaintainersAreShownActivity(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	c.AddToken(gitlabtest.Token{Agent: c.agents[0].ID, Name: "second", CreatedAt: at.Add(-time.Minute)})
	got, err := c.maintainer.AgentActivity(t.Context(), c.agents[0])
	if err != nil || len(got.Events) == 0 {
		t.Errorf("a Maintainer sees %d events, %v", len(got.Events), err)
	}
	if got, err := c.other.AgentActivity(t.Context(), c.agents[0]); err != nil || len(got.Events) != 0 {
		t.Errorf("a Developer sees %d events, %v, want none and no error", len(got.Events), err)
	}
	c.Inject(gitlabtest.OpGraphQL, gitlabtest.GraphQLError(http.StatusOK, "Query has complexity of 301, which exceeds max complexity of 250"))
	if _, err := c.maintainer.AgentActivity(t.Context(), c.agents[0]); !errors.Is(err, gitlabapi.ErrGraphQL) {
		t.Errorf("error = %v, want ErrGraphQL", err)
	}
}
