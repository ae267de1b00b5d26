package handlers

import (
	"fmt"
	"net/http"
	"slices"

	"gitlab-agent-portal/internal/agentread"
)

// maxSelected is how many agents one page works on.
const maxSelected = 50

// refString writes an agent of a selection as addresses have it.
func refString(ref agentread.Ref) string { return fmt.Sprintf("%d.%d", ref.Project, ref.Agent) }

// refStrings writes agents as addresses have them.
func refStrings(refs []agentread.Ref) []string {
	written := make([]string, 0, len(refs))
	for _, ref := range refs {
		written = append(written, refString(ref))
	}
	return written
}

// selectedAgents are the agents that the address names, each once, and whether there were more
// than a page works on. What names no agent is passed over.
func selectedAgents(r *http.Request) (refs []agentread.Ref, more bool) {
	for _, value := range r.URL.Query()["agent"] {
		ids, ok := parseIDs(value, 2)
		if !ok {
			continue
		}
		if ref := (agentread.Ref{Project: ids[0], Agent: ids[1]}); !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs[:min(len(refs), maxSelected)], len(refs) > maxSelected
}
