package scan

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentread"
	"gitlab-agent-portal/internal/budget"
)

// maxRenewals is how often one call is repeated with a newer token. Tokens last
// for hours: a second renewal in one scan is odd, a third is a loop.
const maxRenewals = 2

// caller makes one scan's calls: never more at once than person and portal may,
// and with the token that is valid by then.
type caller struct {
	slots       *budget.Pool
	turns       *turns
	turn        *turn // the scan's; nil: the calls are of no scan
	person      int64
	made        atomic.Int64 // calls
	withTimeout func(context.Context, time.Duration) (context.Context, context.CancelFunc)

	mu         sync.Mutex // held while source is asked
	source     Source
	reader     *agentread.Reader
	generation int
	refused    error // why there is no reader any more
}

// caller returns the viewer's caller; without a turn, nil, its calls are shared out like everybody's.
func (s *Service) caller(v Viewer, source Source, turn *turn) *caller {
	return &caller{slots: s.slots, turns: s.turns, turn: turn, person: v.Person, withTimeout: s.withTimeout, source: source}
}

// call runs one call of the reader, of which at most one request is in flight at
// a time, within timeout from when its turn has come. When GitLab refuses the
// token it is made again with the next one.
func (c *caller) call(ctx context.Context, timeout time.Duration, call func(context.Context, *agentread.Reader) error) error {
	for renewals := 0; ; renewals++ {
		reader, generation, err := c.current(ctx)
		if err != nil {
			return err
		}
		err = c.inTurn(ctx, timeout, func(ctx context.Context) error { return call(ctx, reader) })
		if !errors.Is(err, gitlabapi.ErrUnauthorized) {
			return err
		}
		c.renew(ctx, generation, err, renewals == maxRenewals)
	}
}

// inTurn waits for a place and holds it during the call.
func (c *caller) inTurn(ctx context.Context, timeout time.Duration, call func(context.Context) error) error {
	release, err := c.slot(ctx)
	if err != nil {
		return err
	}
	defer c.turns.freed()
	defer release()
	c.made.Add(1)
	ctx, cancel := c.withTimeout(ctx, timeout)
	defer cancel()
	return call(ctx)
}

// slot waits for a place, which the first call of a scan has already.
func (c *caller) slot(ctx context.Context) (release func(), err error) {
	if release := c.turn.first(); release != nil {
		return release, nil
	}
	return c.slots.Acquire(ctx, c.person)
}

// current is the reader for now.
func (c *caller) current(ctx context.Context) (*agentread.Reader, int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reader == nil && c.refused == nil {
		c.reader, c.refused = c.source(ctx, nil)
	}
	return c.reader, c.generation, c.refused
}

// renew asks for a reader with another token than that of the generation that was
// refused, once for all calls that it was refused to.
func (c *caller) renew(ctx context.Context, generation int, refused error, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.refused != nil || c.generation > generation:
	case last:
		c.refused = refused
	default:
		c.generation++
		c.reader, c.refused = c.source(ctx, refused)
	}
}

// refusal is why no call can be made any more, nil while they can.
func (c *caller) refusal() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused
}
