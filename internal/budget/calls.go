package budget

import (
	"context"

	"gitlab-agent-portal/gitlabapi"
)

// Calls shares out the calls to GitLab. The zero value is not usable; see NewCalls.
type Calls struct{ lanes map[gitlabapi.Lane]*Pool }

// NewCalls returns Calls with all places free.
func NewCalls() *Calls {
	return &Calls{lanes: map[gitlabapi.Lane]*Pool{
		gitlabapi.LaneRead:    NewPool(readsAtOnce, readsPerPerson),
		gitlabapi.LaneChange:  NewPool(changesAtOnce, changesPerPerson),
		gitlabapi.LaneRenewal: NewPool(renewalsAtOnce, renewalsAtOnce),
		gitlabapi.LaneSignIn:  NewPool(signInsAtOnce, signInsAtOnce),
	}}
}

// Admit waits for a place for the call; it is a gitlabapi.Admission. Of those who wait, whoever has
// the fewest calls under way comes first. What is done for nobody in particular, such as renewing a
// grant, has no share of its own to fill.
func (c *Calls) Admit(ctx context.Context, call gitlabapi.Call) (done func(), err error) {
	lane, ok := c.lanes[call.Lane]
	if !ok { // it was let through before
		return func() {}, nil
	}
	return lane.Acquire(ctx, call.Person)
}
