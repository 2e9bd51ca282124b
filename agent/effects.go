package agent

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/record"
)

// carryOut does what the machine wants after everything is durable, in its order.
func (t *till) carryOut(ctx context.Context, h *held, effects []checkout.Effect, committed []recorded, secret []byte) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case checkout.SendNow:
			t.sendNow(ctx, committed, secret)
		case checkout.Ask:
			// Of an offline payment nobody at the counter waits for: no reason to hurry a connection.
			if h.sale.State != checkout.ApprovedOffline || t.parts.Uplink.Status().Connected {
				t.ask(ctx, h.records, e.Sequence)
			}
		case checkout.Forget:
			t.parts.Uplink.Forget(e.Sequence)
		case checkout.PayCard, checkout.RecoverCard, checkout.LeaveCard:
			h.card = e
		case checkout.Arm:
			signal(t.armed)
		case checkout.Show:
			h.notice = e.Notice
			t.feed.PublishSale(t.view(h), t.parts.Clock())
		case checkout.SetTimer:
			h.wake = e.At
			signal(t.rearm)
		case checkout.Warn:
			t.logger.ErrorContext(ctx, "should not happen", "what", e.What, "sale", h.sale.OrderID)
		}
	}
}

// sendNow sends the urgent record that was just committed. That it cannot be sent now is no error: the machine asks
// again, and the uplink brings everything in the end.
func (t *till) sendNow(ctx context.Context, committed []recorded, secret []byte) {
	for _, r := range committed {
		if !r.kind.Urgent() {
			continue
		}
		if err := t.parts.Uplink.SendNow(r.bytes, secret); err != nil {
			t.logger.WarnContext(ctx, "not sent now", "record", r.kind, "sequence", r.sequence, "error", err)
		}
	}
}

// ask sends a record again; the uplink adds the secret while it has it.
func (t *till) ask(ctx context.Context, records map[uint64]record.Record, sequence uint64) {
	bytes, kept := records[sequence]
	if !kept {
		stored, err := t.parts.Journal.Get(ctx, sequence)
		if err != nil {
			t.logger.ErrorContext(ctx, "read record to ask again", "sequence", sequence, "error", err)
			return
		}
		bytes = stored
	}
	if err := t.parts.Uplink.SendNow(bytes, nil); err != nil {
		t.logger.DebugContext(ctx, "not asked now", "sequence", sequence, "error", err)
	}
}

// runTimer gives a Tick to every sale whose time has come, and looks at the clocks.
func (t *till) runTimer(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.rearm:
		case <-timer.C:
			t.tick(ctx)
		}
		timer.Reset(t.untilNext())
	}
}

func (t *till) tick(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.parts.Clock()
	t.doubtOrders(ctx)
	for _, h := range t.byAge(func(h *held) bool { return !h.wake.IsZero() && !h.wake.After(now) }) {
		h.wake = time.Time{}
		// The error is in the log, and the machine has set a new time to try again.
		_ = t.give(ctx, h, checkout.Tick{}, nil)
		t.giveBack(ctx, h)
	}
	t.tickFollowUps(ctx, now)
	t.tickLate(ctx, now)
	t.watchClock(ctx)
	t.watchCopy()
	t.watchJournal(ctx)
	t.keepLimits(ctx)
}

// byAge returns the sales in memory that are wanted, oldest first. The lock is held.
func (t *till) byAge(wanted func(*held) bool) []*held {
	var all []*held
	for _, h := range t.sales {
		if wanted(h) {
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(a, b *held) int { return bytes.Compare(a.sale.OrderID[:], b.sale.OrderID[:]) })
	return all
}

// untilNext is how long nothing is due by itself.
func (t *till) untilNext() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, next := t.parts.Clock(), watchEvery
	for _, h := range t.sales {
		if !h.wake.IsZero() {
			next = min(next, max(h.wake.Sub(now), time.Millisecond))
		}
	}
	for _, h := range t.followUps.open {
		if !h.wake.IsZero() {
			next = min(next, max(h.wake.Sub(now), time.Millisecond))
		}
	}
	if !t.late.wake.IsZero() {
		next = min(next, max(t.late.wake.Sub(now), time.Millisecond))
	}
	return next
}

// signal wakes a loop that may be busy; one signal waits, more are the same.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
