package collector

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/protocol/topic"
)

// AckLater is the time between two calls of TurnOver while somebody waits.
const AckLater time.Duration = ackLater

// A collector can also be worked step by step on its caller's goroutine, for a world that has a time of its own: Handle,
// Acknowledge and TurnOver do what Run and Deliver do by themselves. Run must not be running then.

// Handle works a message through.
func (c *Collector) Handle(ctx context.Context, m Message) {
	terminal, lane, err := topic.ParseSubject(m.Subject)
	if err != nil {
		c.metrics.refused("subject")
		return
	}
	c.workers[0].take(ctx, delivery{terminal: terminal, lane: lane, data: m.Data})
	c.tellOfFloods(ctx)
	c.TryAgain(ctx)
}

// TryAgain stores alarms, states and records aside that could not be stored before, as far as it is time. Run does it too.
func (c *Collector) TryAgain(ctx context.Context) {
	c.notes.again(ctx, c.config.Downlink.config.Clock())
}

// Acknowledge sends the acknowledgements that are due, and reports whether others wait for TurnOver.
func (c *Collector) Acknowledge(ctx context.Context) (waiting bool) {
	_, waiting = c.acker.round(ctx, nil)
	return waiting
}

// TurnOver makes those due that have waited, and reports whether others still wait.
func (c *Collector) TurnOver() (waiting bool) { return c.acker.turnOver() }
