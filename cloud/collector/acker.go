package collector

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
)

const (
	// ackEvery is the least time between two rounds of acknowledgements: what is committed meanwhile shares one. A lone
	// record is acknowledged at once.
	ackEvery = 2 * time.Millisecond
	// ackLater is how long the acknowledgement of a sale's records waits at least, and half of how long at most: they
	// follow each other within milliseconds as a rule, and one acknowledgement serves them all. Terminals send again
	// after seconds.
	ackLater = 100 * time.Millisecond
	// ackTogether is how many records may wait for one acknowledgement.
	ackTogether = 8
)

// patient reports whether a record's acknowledgement may wait for the next ones of its sale.
func patient(kind record.Type) bool {
	switch kind {
	case record.OutcomeShown, record.FollowUpShown, record.ReceiptPrinted:
		return true
	default:
		return kind.Urgent()
	}
}

// due says when a terminal's next acknowledgement is to be sent.
type due uint8

const (
	dueNot   due = iota
	dueLater     // with the terminal's next record that cannot wait, after ackTogether, or after ackLater
	dueNow       // in the next round
)

// acker sends acknowledgements: one a terminal and round, whatever was committed for it since.
type acker struct {
	downlink *Downlink
	metrics  *metrics
	logger   *slog.Logger
	wake     chan struct{}

	mu    sync.Mutex
	ready []*tracker // guarded by mu; each at most once
	// Those that may wait, by the turn of ackLater in which they came. Guarded by mu.
	turn  uint64        // from 1
	turns [2][]*tracker // this turn's at turn%2, each at most once; the one before at the other
}

func newAcker(downlink *Downlink, m *metrics, logger *slog.Logger) *acker {
	return &acker{downlink: downlink, metrics: m, logger: logger, wake: make(chan struct{}, 1), turn: 1}
}

// add asks for an acknowledgement of what is durable. It never blocks.
func (a *acker) add(t *tracker) {
	t.mu.Lock()
	before := t.due
	t.due = dueNow
	t.mu.Unlock()
	if before == dueNow {
		return
	}
	a.mu.Lock()
	a.ready = append(a.ready, t)
	a.mu.Unlock()
	a.rouse()
}

// addLater asks for one that may wait for the terminal's next records. It never blocks.
func (a *acker) addLater(t *tracker, records int) {
	t.mu.Lock()
	before := t.due
	if before == dueNot {
		t.due = dueLater
	}
	t.together += records
	full := t.together >= ackTogether
	t.mu.Unlock()
	switch {
	case full:
		a.add(t)
		return
	case before != dueNot:
		return
	}
	a.mu.Lock()
	first := len(a.turns[0])+len(a.turns[1]) == 0
	if t.turn != a.turn {
		t.turn = a.turn
		a.turns[a.turn%2] = append(a.turns[a.turn%2], t)
	}
	a.mu.Unlock()
	if first {
		a.rouse()
	}
}

func (a *acker) rouse() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// run sends round after round until the context ends.
func (a *acker) run(ctx context.Context) {
	pause, later := time.NewTimer(0), time.NewTimer(ackLater)
	defer pause.Stop()
	defer later.Stop()
	waiting := true // later is running, here for nobody yet
	var round []*tracker
	for {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		select {
		case <-a.wake:
		case <-later.C:
			waiting = a.turnOver()
			if waiting {
				later.Reset(ackLater)
			}
		case <-ctx.Done():
			return
		}
		var anyLater bool
		round, anyLater = a.round(ctx, round)
		if anyLater && !waiting {
			waiting = true
			later.Reset(ackLater)
		}
		pause.Reset(ackEvery)
	}
}

// round acknowledges to everybody who is due, and reports whether others may wait. It returns room for the next round.
func (a *acker) round(ctx context.Context, room []*tracker) (used []*tracker, anyLater bool) {
	a.mu.Lock()
	round := a.ready
	a.ready = room[:0]
	anyLater = len(a.turns[0])+len(a.turns[1]) > 0
	a.mu.Unlock()
	for i, t := range round {
		a.acknowledge(ctx, t)
		round[i] = nil
	}
	return round, anyLater
}

// turnOver begins the next turn: those of the turn before the present one have waited long enough. It reports whether
// any others are waiting.
func (a *acker) turnOver() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	old := a.turns[(a.turn+1)%2]
	for i, t := range old {
		t.mu.Lock()
		if t.due == dueLater && t.turn != a.turn {
			t.due = dueNow
			a.ready = append(a.ready, t)
		}
		t.mu.Unlock()
		old[i] = nil
	}
	a.turn++
	a.turns[a.turn%2] = old[:0]
	return len(a.turns[(a.turn+1)%2]) > 0
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
