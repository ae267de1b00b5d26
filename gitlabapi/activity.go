package gitlabapi

import (
	"context"
	"net/http"
	"time"
)

// ActivityKind says what GitLab noted of an agent. GitLab adds kinds over time.
type ActivityKind string

// The kinds of what is done through the portal, too. GitLab has more
// (app/models/agents/activity_event.rb).
const (
	ActivityTokenCreated ActivityKind = "token_created"
	ActivityTokenRevoked ActivityKind = "token_revoked"
)

// ActivityEvent is something that GitLab noted of an agent. GitLab forgets it after a week or
// two hundred events.
type ActivityEvent struct {
	At    time.Time
	Kind  ActivityKind
	User  *Person        // nil: nobody, or GitLab no longer knows
	Token *ActivityToken // nil: none, or GitLab no longer knows
}

// ActivityToken is the token that an event is about, which may be revoked by now.
type ActivityToken struct {
	ID   int64
	Name string
}

// AgentActivity is what GitLab tells of an agent, newest first.
type AgentActivity struct {
	Events []ActivityEvent
	// More says that GitLab has older events, which were not asked for.
	More bool
}

const activityOp = "read agent activity"

// activityQuery costs 28 of the 250 that GitLab allows: an event 1 + recordedAt kind level
// + user (1+2) + agentToken (1+3) = 11, of them (pageInfo (1+1) + 11 + 1) · 2.
const activityQuery = `query Activity($path: ID!, $name: String!) {
  project(fullPath: $path) {
    clusterAgent(name: $name) {
      id
      activityEvents(first: 100) {
        pageInfo { hasNextPage }
        nodes { recordedAt kind user { name username } agentToken { id name } }
      }
    }
  }
}`

type activityData struct {
	Project *struct {
		Agent *struct {
			ID     GlobalID      `json:"id"`
			Events *activityJSON `json:"activityEvents"`
		} `json:"clusterAgent"`
	} `json:"project"`
}

type activityJSON struct {
	PageInfo pageInfo `json:"pageInfo"`
	Nodes    []*struct {
		RecordedAt time.Time `json:"recordedAt"`
		Kind       string    `json:"kind"`
		User       *Person   `json:"user"`
		Token      *struct {
			ID   GlobalID `json:"id"`
			Name string   `json:"name"`
		} `json:"agentToken"`
	} `json:"nodes"`
}

// AgentActivity returns the newest hundred events that GitLab keeps of an agent, which it
// shows to Maintainers: everybody else is told that there are none, without an error. It needs
// GraphQL (https://docs.gitlab.com/api/graphql/reference/#clusteragentactivityevent).
//
// ErrNotFound when no agent that the person may see has this name and number. A *PartialError
// comes with what was answered.
func (c *Client) AgentActivity(ctx context.Context, agent AgentName) (AgentActivity, error) {
	q := graphQLRequest{
		Query: activityQuery, OperationName: "Activity",
		Variables: map[string]string{"path": agent.ProjectPath, "name": agent.Name},
	}
	data, errs, err := query[activityData](ctx, c, activityOp, q)
	if err != nil {
		return AgentActivity{}, err
	}
	if data.Project == nil || data.Project.Agent == nil || int64(data.Project.Agent.ID) != agent.ID {
		if len(errs) > 0 {
			return AgentActivity{}, noData(activityOp, errs)
		}
		return AgentActivity{}, &Error{Op: activityOp, Status: http.StatusOK, kind: ErrNotFound, detail: "no such agent"}
	}
	events := data.Project.Agent.Events
	if events == nil || events.Nodes == nil {
		return AgentActivity{}, noData(activityOp, errs)
	}
	activity, missing := events.activity()
	for _, e := range errs[:min(len(errs), maxTrouble)] {
		missing = append(missing, e.Message)
	}
	if len(missing) > 0 {
		return activity, &PartialError{Op: activityOp, Messages: missing}
	}
	return activity, nil
}

// activity converts what was answered, and says what was not.
func (a *activityJSON) activity() (activity AgentActivity, missing []string) {
	activity.More = a.PageInfo.HasNextPage
	for _, node := range a.Nodes {
		if node == nil || node.Kind == "" || node.RecordedAt.IsZero() {
			missing = []string{"an event was not answered"}
			continue
		}
		event := ActivityEvent{At: node.RecordedAt, Kind: ActivityKind(node.Kind), User: node.User}
		if node.Token != nil {
			event.Token = &ActivityToken{ID: int64(node.Token.ID), Name: node.Token.Name}
		}
		activity.Events = append(activity.Events, event)
	}
	return activity, missing
}
