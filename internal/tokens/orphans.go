package tokens

import (
	"context"
	"maps"
	"slices"
	"time"

	"gitlab-agent-portal/internal/audit"
)

// ActiveToken is what has to be known of an active token to tell whether it is an orphan.
type ActiveToken struct {
	AgentID, ID int64
	Name        string
	// CreatorID is the creator's number, CreatorUsername their username: either will do.
	CreatorID       int64
	CreatorUsername string
	// NeverUsed is false also where it is not known.
	NeverUsed bool
}

// Orphan is an active token that was never used, that the portal created, and of which nobody
// said that they stored it: most likely a secret that is lost.
type Orphan struct {
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

// Orphans returns the orphans among active tokens, by token id. It asks the audit once for
// every 1,000 agents with tokens that were never used.
func (s *Service) Orphans(ctx context.Context, active []ActiveToken) (map[int64]Orphan, error) {
	unused := make(map[int64][]ActiveToken)
	for _, token := range active {
		if token.NeverUsed {
			unused[token.AgentID] = append(unused[token.AgentID], token)
		}
	}
	orphans := make(map[int64]Orphan)
	for agents := range slices.Chunk(slices.Sorted(maps.Keys(unused)), agentsPerQuery) {
		unstored, err := s.audit.Unstored(ctx, agents)
		if err != nil {
			return nil, err
		}
		for _, create := range unstored {
			for _, token := range unused[create.AgentID] {
				if isOrphan(token, create) {
					orphans[token.ID] = Orphan{TokenID: token.ID, CreatedBy: create.CreatorName, At: create.At, Likely: create.TokenID == 0}
				}
			}
		}
	}
	return orphans, nil
}

// isOrphan reports whether a never used token of the same agent is what create made, or may have
// made.
func isOrphan(token ActiveToken, create audit.UnstoredToken) bool {
	if create.TokenID != 0 {
		return token.ID == create.TokenID
	}
	sameCreator := token.CreatorID != 0 && token.CreatorID == create.CreatorID ||
		token.CreatorUsername != "" && token.CreatorUsername == create.CreatorName
	return sameCreator && token.Name == create.TokenName && !slices.Contains(create.KnownIDs, token.ID)
}
