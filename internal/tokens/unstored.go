package tokens

import (
	"context"
	"maps"
	"slices"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/audit"
)

// Unstored is an active token that was never used, that the portal created, and of which nobody
// said that they stored it: most likely a secret that is lost.
type Unstored struct {
	TokenID int64
	// CreatedBy is the username of who created it through the portal, and At when.
	CreatedBy string
	At        time.Time
	// Likely says that the create's answer was lost and the token was recognised by its name
	// and its creator only.
	Likely bool
}

// agentsPerQuery keeps the list of one query below what any database takes.
const agentsPerQuery = 1000

// Unstored returns the unstored tokens of agents, by the token's number. It asks the audit once for
// every 1,000 agents with tokens that were never used.
func (s *Service) Unstored(ctx context.Context, agents []agent.Agent) (map[int64]Unstored, error) {
	unused := make(map[int64][]agent.Token)
	for _, one := range agents {
		for _, token := range one.Tokens {
			if token.NeverUsed() {
				unused[one.ID] = append(unused[one.ID], token)
			}
		}
	}
	found := make(map[int64]Unstored)
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(unused)), agentsPerQuery) {
		creates, err := s.audit.Unstored(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, create := range creates {
			for _, token := range unused[create.AgentID] {
				if isUnstored(token, create) {
					found[token.ID] = Unstored{TokenID: token.ID, CreatedBy: create.CreatorName, At: create.At, Likely: create.TokenID == 0}
				}
			}
		}
	}
	return found, nil
}

// isUnstored reports whether a never used token of the same agent is what create made, or may have
// made.
func isUnstored(token agent.Token, create audit.UnstoredToken) bool {
	if create.TokenID != 0 {
		return token.ID == create.TokenID
	}
	return isCreator(token.CreatedBy, create) && token.Name == create.TokenName && !slices.Contains(create.KnownIDs, token.ID)
}

// isCreator reports whether somebody is who sent create. People change their usernames, and take
// those of others: the name decides only where GitLab did not tell the number.
func isCreator(by agent.Person, create audit.UnstoredToken) bool {
	if by.ID != 0 && create.CreatorID != 0 {
		return by.ID == create.CreatorID
	}
	return by.Username != "" && by.Username == create.CreatorName
}
