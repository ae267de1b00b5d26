package scan

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/agentread"
)

// maxRenewals is how often one call is repeated with a newer token. Tokens last
// for hours: a second renewal in one scan is odd, a third is a loop.
const maxRenewals = 2

// personalSlots bound the calls for one person, over all grants and scans. They
// exist as long as somebody uses them; Service.mu guards users.
type personalSlots struct {
	*semaphore.Weighted
	users int
}

// caller makes one scan's calls: never more at once than person and portal may,
// and with the token that is valid by then.
type caller struct {
	slots       []*semaphore.Weighted
	withTimeout func(context.Context, time.Duration) (context.Context, context.CancelFunc)

	mu         sync.Mutex // held while source is asked
	source     Source
	reader     *agentread.Reader
	generation int
	refused    error // why there is no reader any more
}

// caller returns the viewer's caller, to be released.
func (s *Service) caller(v Viewer, source Source) (c *caller, release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.people[v.Person]
	if own == nil {
		own = &personalSlots{Weighted: semaphore.NewWeighted(int64(s.cfg.PerPerson))}
		s.people[v.Person] = own
	}
	own.users++
	release = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if own.users--; own.users == 0 {
			delete(s.people, v.Person)
		}
	}
	// The person's own slot first: whoever waits for that does not keep one from others.
	return &caller{slots: []*semaphore.Weighted{own.Weighted, s.slots}, withTimeout: s.withTimeout, source: source}, release
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

// inTurn waits for a slot of each kind and holds them during the call.
func (c *caller) inTurn(ctx context.Context, timeout time.Duration, call func(context.Context) error) error {
	for _, slots := range c.slots {
		if err := slots.Acquire(ctx, 1); err != nil {
			return err
		}
		defer slots.Release(1)
	}
	ctx, cancel := c.withTimeout(ctx, timeout)
	defer cancel()
	return call(ctx)
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
