package crashtest

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// clock moves on by a millisecond whenever somebody looks at it, so that it says the same in every run.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.UnixMicro(1_790_000_000_000_000).UTC()} }

// Now is the time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

// queued is a context that tells when an Append has joined the queue: the journal asks for Done once before it queues
// an entry and once when it has.
type queued struct {
	context.Context
	mu    sync.Mutex
	asked int
	ready chan struct{}
}

func newQueued(ctx context.Context) *queued { return &queued{Context: ctx, ready: make(chan struct{})} }

// Done implements context.Context.
func (q *queued) Done() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.asked++; q.asked == 2 {
		close(q.ready)
	}
	return q.Context.Done()
}

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }
