package collector

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
)

// ackEvery is the least time between two rounds of acknowledgements: what is committed meanwhile shares one. A lone
// record is acknowledged at once.
const ackEvery = 2 * time.Millisecond

// acker sends acknowledgements: one a terminal and round, whatever was committed for it since.
type acker struct {
	downlink *Downlink
	metrics  *metrics
	logger   *slog.Logger
	wake     chan struct{}

	mu    sync.Mutex
	ready []*tracker // guarded by mu; each at most once
}

func newAcker(downlink *Downlink, m *metrics, logger *slog.Logger) *acker {
	return &acker{downlink: downlink, metrics: m, logger: logger, wake: make(chan struct{}, 1)}
}

// add asks for an acknowledgement of what is durable. It never blocks.
func (a *acker) add(t *tracker) {
	t.mu.Lock()
	waiting := t.waiting
	t.waiting = true
	t.mu.Unlock()
	if waiting {
		return
	}
	a.mu.Lock()
	a.ready = append(a.ready, t)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *acker) run(ctx context.Context) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	var round []*tracker
	for {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		select {
		case <-a.wake:
		case <-ctx.Done():
			return
		}
		a.mu.Lock()
		round, a.ready = a.ready, round[:0]
		a.mu.Unlock()
		for i, t := range round {
			a.acknowledge(ctx, t)
			round[i] = nil
		}
		pause.Reset(ackEvery)
	}
}

func (a *acker) acknowledge(ctx context.Context, t *tracker) {
	err := a.downlink.send(ctx, t, record.Acknowledgement, t.acknowledgement())
	if err == nil {
		a.metrics.acknowledgements.Inc()
		return
	}
	if ctx.Err() == nil && !errors.Is(err, ErrNoEpoch) {
		a.logger.LogAttrs(ctx, slog.LevelWarn, "send acknowledgement",
			slog.String("terminal", t.terminal.ID.String()), slog.Any("cause", err))
	}
}
