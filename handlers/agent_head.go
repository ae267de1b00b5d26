package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentconfig"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/snippets"
	"gitlab-agent-portal/views"
)

const (
	// headEvents is how many of GitLab's events the head of an agent's page shows.
	headEvents = 5
	// awaitParam is the token whose first use a page that looks again by itself waits for.
	awaitParam = "await"
)

// wantAround is what an agent's page shows around it, by its tab. What a page that looks again by
// itself shows is its head.
func wantAround(r *http.Request, tab views.Tab) agentread.Want {
	if isPoll(r) {
		return agentread.Want{Pods: true}
	}
	return agentread.Want{
		Pods: true, Trouble: true, Config: true,
		Activity: tab == views.TabActivity, KAS: tab == views.TabConnect || tab == views.TabUse,
	}
}

// agentHead is what the head of an agent's page tells of it beside its tokens.
func (h *Handlers) agentHead(r *http.Request, s *session, found agentread.ProjectAgent, around agentread.Around) views.AgentHead {
	now := h.Now()
	head := views.AgentHead{
		Trouble: found.Agent.Trouble(now), Versions: podVersions(around.Pods), ConfigBroken: isBroken(around),
	}
	head.Awaited, head.Live = found.Agent.Awaited(now)
	if awaited, ok := found.Agent.Token(numberParam(r, awaitParam)); ok && !awaited.LastUsedAt.IsZero() {
		head.Arrived, head.Awaited, head.Live = true, awaited, false
	}
	if found.Agent.Status(now) == agent.StatusNotConnected {
		head.Steps = diagnosis(r, h.keptPlace(r, s, found.Agent).Or(h.propose(s, found.Agent).place))
		for _, event := range around.Activity.Events[:min(len(around.Activity.Events), headEvents)] {
			head.Events = append(head.Events, notedRow(event))
		}
	}
	return head
}

// podVersions are the versions that run as an agent, the oldest first.
func podVersions(pods gitlabapi.Pods) []string {
	var versions []string
	for _, pod := range pods.List {
		if pod.Version != "" {
			versions = append(versions, pod.Version)
		}
	}
	slices.SortFunc(versions, agent.CompareVersions)
	return slices.Compact(versions)
}

// isBroken reports whether the agent's configuration file is one that GitLab does not take.
func isBroken(around agentread.Around) bool {
	if errors.Is(around.ConfigErr, gitlabapi.ErrTooLarge) {
		return true
	}
	if around.ConfigErr != nil || around.Config == nil {
		return false
	}
	_, problems := agentconfig.Parse(around.Config)
	return len(problems) > 0
}

// diagnosis are the commands that tell why an agent is not connected.
func diagnosis(r *http.Request, place agent.Place) []views.Snippet {
	params := snippets.Params{Namespace: place.Namespace, Release: place.Release, SecretName: place.Secret}
	var steps []views.Snippet
	for _, step := range params.Diagnosis() {
		id := string(step.ID)
		steps = append(steps, views.Snippet{ID: id, Title: printer(r).T("agent.diagnosis." + id), Code: step.Code})
	}
	return steps
}

// renderHead answers a page that waits for its agent: with what is true now, or with 304 if that is
// what it shows.
func (h *Handlers) renderHead(w http.ResponseWriter, r *http.Request, model views.AgentModel) error {
	if model.Head.Tag == r.Header.Get(headerTag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	p := h.projectPage(w, r, "")
	return h.render(w, r, http.StatusOK, nil, views.AgentHeadAgain(p, model))
}

// stateTag is short for what a page shows, to the minute, in the person's language.
func (h *Handlers) stateTag(r *http.Request, shown any) string {
	hash := sha256.Sum256(fmt.Appendf(nil, "%v %v %+v", printer(r).Lang(), h.Now().Truncate(time.Minute), shown))
	return hex.EncodeToString(hash[:8])
}
