package gitlabapi

import (
	"context"
	"sync/atomic"
	"time"
)

// Meter adds up the attempts at GitLab that are made under one context. Its zero value is ready,
// and it may be used concurrently.
type Meter struct{ attempts, took atomic.Int64 }

type meterKey struct{}

// WithMeter returns a context whose calls to GitLab m adds up.
func WithMeter(ctx context.Context, m *Meter) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

// Attempts is how many requests have been answered or have failed, retries included.
func (m *Meter) Attempts() int64 { return m.attempts.Load() }

// Took is how long they took together, which is more than went by where they ran at once.
func (m *Meter) Took() time.Duration { return time.Duration(m.took.Load()) }

// measure tells the context's meter, if it has one, of an attempt.
func measure(ctx context.Context, took time.Duration) {
	if m, ok := ctx.Value(meterKey{}).(*Meter); ok {
		m.attempts.Add(1)
		m.took.Add(int64(took))
	}
}
