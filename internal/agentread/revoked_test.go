package agentread_test

import (
	"sync"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/rotation"
)

// TestATokenRevokedBetweenListAndReadIsGone revokes a token after it was listed, whoever is then
// asked about its use.
func TestATokenRevokedBetweenListAndReadIsGone(t *testing.T) {
	t.Parallel()
	ways := map[string]func(w *world, id int64) (agent.Agent, error){
		"an agent": func(w *world, id int64) (agent.Agent, error) {
			found, err := w.Agent(w.t.Context(), w.project, id)
			return found.Agent, err
		},
		"a selection": func(w *world, id int64) (agent.Agent, error) {
			found := w.Selection(w.t.Context(), []agentread.Ref{{Project: w.project, Agent: id}})[0]
			return found.Agent, found.Err
		},
		"a page of agents": func(w *world, _ int64) (agent.Agent, error) {
			_, page, err := w.Agents(w.t.Context(), w.project, 1)
			return page.Items[0], err
		},
	}
	for name, read := range ways {
		for _, graphQLOff := range []bool{true, false} {
			if !graphQLOff && name != "an agent" {
				continue // GraphQL tells of all tokens at once there
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				id := w.agent("prod", 2)
				tokens := w.Instance.Tokens(id)
				first, second := tokens[0], tokens[1]
				w.Configure(func(s *gitlabtest.Settings) { s.GraphQLOff = graphQLOff })
				gate, op := gitlabtest.NewGate(), gitlabtest.OpGetToken
				if !graphQLOff {
					op = gitlabtest.OpGraphQL
				}
				t.Cleanup(gate.Open)
				w.Inject(op, gitlabtest.Hold(gate))
				var reading sync.WaitGroup
				reading.Go(func() {
					got, err := read(w, id)
					if err != nil || !got.UseKnown() || got.TokenCount != 1 || len(got.Tokens) != 1 || got.Tokens[0].ID != first.ID {
						t.Errorf("without GraphQL %v: %+v, %v, want the other token alone", graphQLOff, got, err)
					}
					if phase := rotation.Of(rotation.Facts{Tokens: got.Tokens, Now: noon()}).Phase; phase == rotation.Unknown {
						t.Error("the rotation is unknown")
					}
				})
				if err := gate.Await(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				w.RevokeToken(second.ID)
				gate.Open()
				reading.Wait()
			})
		}
	}
}
