package handlers

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/parallel"
)

// maxSelected is how many agents one page works on.
const maxSelected = 50

// agentRef names an agent in a selection, written "project.agent" in addresses.
type agentRef struct{ project, agent int64 }

func (a agentRef) String() string { return fmt.Sprintf("%d.%d", a.project, a.agent) }

// selectedAgents are the agents that the address names, each once, and whether there were more
// than a page works on. What names no agent is passed over.
func selectedAgents(r *http.Request) (refs []agentRef, more bool) {
	for _, value := range r.URL.Query()["agent"] {
		ids, ok := parseIDs(value, 2)
		if !ok {
			continue
		}
		if ref := (agentRef{ids[0], ids[1]}); !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs[:min(len(refs), maxSelected)], len(refs) > maxSelected
}

// parseIDs reads so many positive numbers that are joined by dots.
func parseIDs(value string, n int) ([]int64, bool) {
	parts := strings.Split(value, ".")
	if len(parts) != n {
		return nil, false
	}
	ids := make([]int64, n)
	for i, part := range parts {
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil || id <= 0 {
			return nil, false
		}
		ids[i] = id
	}
	return ids, true
}

// refStrings writes agents as addresses have them.
func refStrings(refs []agentRef) []string {
	written := make([]string, 0, len(refs))
	for _, ref := range refs {
		written = append(written, ref.String())
	}
	return written
}

// selected is one agent of a selection, or why it could not be read.
type selected struct {
	agentRef
	facts agentFacts
	err   error
}

// loadSelected reads the agents of a selection: all their tokens in one GraphQL query, each
// project's own facts once, and by REST only the agents that GraphQL left out. One that cannot be
// read stops none of the others.
func (h *Handlers) loadSelected(ctx context.Context, s *session, refs []agentRef) []selected {
	var projects []int64
	for _, ref := range refs {
		if !slices.Contains(projects, ref.project) {
			projects = append(projects, ref.project)
		}
	}
	asked, cancel := context.WithTimeout(ctx, usageTimeout)
	defer cancel()
	usages, err := s.gitlab.Usage(asked, projects)
	if err != nil {
		h.Log.WarnContext(ctx, "asking GraphQL for the use of selected agents' tokens", "error", err)
	}
	facts, failures := h.loadEachProject(ctx, s, projects)
	found := make([]selected, len(refs))
	failed := parallel.Each(maxParallelReads, refs, func(i int, ref agentRef) (err error) {
		found[i].agentRef = ref
		if failures[ref.project] != nil {
			return failures[ref.project]
		}
		if usage, ok := usages[ref.project].Agents[ref.agent]; ok {
			found[i].facts = factsOfUsage(facts[ref.project], usage)
			return nil
		}
		found[i].facts, err = h.loadAgent(ctx, s, ref.project, ref.agent)
		return err
	})
	for i := range found {
		found[i].err = failed[i]
	}
	return found
}

// loadEachProject reads what pages say of projects, in parallel, and why some could not be read.
func (h *Handlers) loadEachProject(ctx context.Context, s *session, ids []int64) (map[int64]projectFacts, map[int64]error) {
	found := make([]projectFacts, len(ids))
	failed := parallel.Each(maxParallelReads, ids, func(i int, id int64) (err error) {
		found[i], err = h.loadProject(ctx, s, id)
		return err
	})
	facts, failures := make(map[int64]projectFacts, len(ids)), make(map[int64]error)
	for i, id := range ids {
		facts[id] = found[i]
		if failed[i] != nil {
			failures[id] = failed[i]
		}
	}
	return facts, failures
}

// factsOfUsage puts together what GraphQL told of an agent. It knows people by name only.
func factsOfUsage(project projectFacts, agent gitlabapi.AgentUsage) agentFacts {
	facts := agentFacts{projectFacts: project, agent: gitlabapi.Agent{ID: agent.ID, Name: agent.Name}}
	for _, token := range agent.Tokens {
		facts.tokens = append(facts.tokens, gitlabapi.Token{ID: token.ID, Name: token.Name, CreatedAt: token.CreatedAt})
	}
	one := gitlabapi.ProjectUsage{Agents: map[int64]gitlabapi.AgentUsage{agent.ID: agent}}
	facts.known = usage{agents: usageOfProject(one)}
	return facts
}
