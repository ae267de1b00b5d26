package gitlabapi

import "context"

// Lane is what a call is for, to whoever decides how many may be under way.
type Lane int

// The lanes.
const (
	// LaneRead is for what people look at.
	LaneRead Lane = iota
	// LaneChange is for changes, and for ending a person's grant.
	LaneChange
	// LaneRenewal is for renewing a person's grant, which all of a morning's people need at once.
	LaneRenewal
	// LaneSignIn is for the codes that visitors bring, which anybody can make up.
	LaneSignIn
	// LaneAdmitted is for what whoever makes the call has waited for; see Admitted.
	LaneAdmitted
)

// String is the lane's name in metrics.
func (l Lane) String() string {
	return [...]string{"read", "change", "renewal", "sign_in", "admitted"}[l]
}

// Call is one attempt that is about to be sent.
type Call struct {
	Lane Lane
	// Person is whom it is made for, as For has named them; 0: nobody in particular.
	Person int64
}

// Admission waits until a call may be sent, and returns what to call when it has been answered. Its
// error is ctx's. It is called concurrently.
type Admission func(ctx context.Context, call Call) (done func(), err error)

// atMost admits so many calls at once, whatever they are for.
func atMost(limit int) Admission {
	slots := make(chan struct{}, limit)
	return func(ctx context.Context, _ Call) (func(), error) {
		select {
		case slots <- struct{}{}:
			return func() { <-slots }, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// For returns a copy of the client whose calls are made for a person, by whatever number the caller
// tells people apart. See Options.Admit.
func (c *Client) For(person int64) *Client {
	mine := *c
	mine.person = person
	return &mine
}

// Admitted returns a copy of the client for a caller that shares its calls out by itself.
func (c *Client) Admitted() *Client {
	admitted := *c
	admitted.admitted = true
	return &admitted
}

// lane is what r is for.
func (c *Client) lane(r request) Lane {
	switch {
	case c.admitted:
		return LaneAdmitted
	case r.signIn:
		return LaneSignIn
	case r.grant:
		return LaneRenewal
	case r.write():
		return LaneChange
	default:
		return LaneRead
	}
}
