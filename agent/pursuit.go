package agent

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// giveFollowUp brings an event to a follow-up, carries out all that follows, and returns the first error of the journal.
// The lock is held.
func (t *till) giveFollowUp(ctx context.Context, h *heldFollowUp, event followup.Event) error {
	// As for a sale: what was asked for happens or does not.
	return t.carryFollowUpThrough(context.WithoutCancel(ctx), h, []followup.Event{event})
}

// carryFollowUpThrough brings events to a follow-up until nothing follows any more.
func (t *till) carryFollowUpThrough(ctx context.Context, h *heldFollowUp, pending []followup.Event) error {
	defer t.settleFollowUp(h)
	return carry(pending, func(next followup.Event) ([]followup.Event, error) {
		follows, err := t.stepFollowUp(ctx, h, next)
		if err != nil {
			t.logger.ErrorContext(ctx, "commit failed", "follow-up", h.followUp.ID, "event", fmt.Sprintf("%T", next), "error", err)
			t.keepFollowUpReports(ctx, h, next)
			follows = afterFollowUpFailure(next)
		}
		return follows, err
	})
}

// stepFollowUp carries out one event and returns what follows from it; with an error the follow-up is as before.
func (t *till) stepFollowUp(ctx context.Context, h *heldFollowUp, event followup.Event) ([]followup.Event, error) {
	after, effects := t.followUps.rules.Step(h.followUp, event, t.parts.Clock())
	jobs := t.printer.prepare(followUpSlip(after), after.ID, effects)
	order := t.orderAfter(ctx, h.followUp, after)
	recorded, err := t.commitFollowUp(ctx, h, after, effects, order)
	if err != nil {
		t.printer.abandon(jobs)
		return nil, err
	}
	h.followUp = after
	reports := t.printer.release(jobs)
	t.carryOutFollowUp(ctx, h, effects, recorded)
	t.adoptOrder(order)
	if after.State.Final() {
		t.lookAfter(after.Order())
	}
	// Places come before reports: the next snapshot has to know them, a restart reckons by it.
	var follows []followup.Event
	for _, r := range recorded {
		if r.kind == record.FollowUpRequested {
			follows = append(follows, followup.Recorded{Sequence: r.sequence})
		}
	}
	for _, report := range reports {
		if printed, ok := report.(checkout.Printed); ok {
			follows = append(follows, followup.Printed{Printed: printed})
		}
	}
	return follows, nil
}

// afterFollowUpFailure is what the machine is told when an event's commit failed. What could not begin is nothing.
func afterFollowUpFailure(failed followup.Event) []followup.Event {
	switch failed.(type) {
	case followup.Started, followup.JournalFailed:
		return nil
	default:
		return []followup.Event{followup.JournalFailed{Cause: failed}}
	}
}

// changedOrder is an order of this till whose standing an answer has changed.
type changedOrder struct {
	held *held
	sale checkout.Sale // as it is once that is committed
}

// orderAfter returns the order as an answer's standing leaves it; nil when it is another terminal's or unchanged.
func (t *till) orderAfter(ctx context.Context, before, after followup.FollowUp) *changedOrder {
	standing := after.Result.GetStanding()
	// What is under way counts as done in a standing: only a definite answer's is shown.
	if standing == nil || !after.State.Final() || before.State.Final() {
		return nil
	}
	if order, known := t.followUps.found[after.Order()]; known {
		if restood := checkout.Restand(order.GetPayment(), standing); restood != nil {
			changed := proto.CloneOf(order)
			changed.Payment = restood
			t.followUps.keep(changed)
		}
	}
	h, err := t.find(ctx, after.Order())
	if err != nil {
		return nil // not this till's
	}
	sale, effects := t.rules.Step(h.sale, checkout.StandingLearned{Standing: standing}, t.parts.Clock())
	if len(effects) == 0 {
		return nil
	}
	return &changedOrder{held: h, sale: sale}
}

// adoptOrder shows the order as it was committed.
func (t *till) adoptOrder(order *changedOrder) {
	if order == nil {
		return
	}
	order.held.sale = order.sale
	t.settle(order.held)
	t.feed.PublishSale(t.view(order.held), t.parts.Clock())
}

// commitFollowUp makes a step's records, the follow-up and its order durable, all together.
func (t *till) commitFollowUp(
	ctx context.Context, h *heldFollowUp, after followup.FollowUp, effects []followup.Effect, order *changedOrder,
) ([]recorded, error) {
	var entries []journal.Entry
	for _, effect := range effects {
		if e, ok := effect.(checkout.Commit); ok {
			entries = append(entries, journal.Entry{Type: e.Type, Body: e.Body, Begun: e.Begun})
		}
	}
	if len(entries) == 0 {
		return nil, nil
	}
	state, err := after.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("encode follow-up: %w", err)
	}
	last := &entries[len(entries)-1]
	last.FollowUp = &journal.FollowUpSnapshot{
		ID: journal.FollowUpID(after.ID), OrderID: journal.OrderID(after.Order()), State: state, Open: after.Open(),
	}
	if order != nil {
		state, err := order.sale.MarshalBinary()
		if err != nil {
			return nil, fmt.Errorf("encode sale: %w", err)
		}
		last.Sale = &journal.Snapshot{OrderID: journal.OrderID(order.sale.OrderID), State: state, Open: order.sale.Open()}
	}
	records, err := t.parts.Journal.Append(ctx, entries...)
	if err != nil {
		return nil, fmt.Errorf("commit follow-up: %w", err)
	}
	t.shifts.committed()
	recorded, urgent, err := remember(records)
	if urgent != nil {
		h.records = urgent
	}
	return recorded, err
}

// carryOutFollowUp does what the machine wants after everything is durable, in its order.
func (t *till) carryOutFollowUp(ctx context.Context, h *heldFollowUp, effects []followup.Effect, committed []recorded) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case checkout.SendNow:
			t.sendNow(ctx, committed, nil)
		case checkout.Ask:
			// Of what was accepted offline nobody at the counter waits for: no reason to hurry a connection.
			if h.followUp.State != followup.TakenOffline || t.parts.Uplink.Status().Connected {
				t.ask(ctx, h.records, e.Sequence)
			}
		case checkout.Forget:
			t.parts.Uplink.Forget(e.Sequence)
		case checkout.Show:
			h.notice = e.Notice
			t.feed.PublishFollowUp(t.followUpView(h), t.parts.Clock())
		case checkout.SetTimer:
			h.wake = e.At
			signal(t.rearm)
		case checkout.Warn:
			t.logger.ErrorContext(ctx, "should not happen", "what", e.What, "follow-up", h.followUp.ID)
		}
	}
}

// settleFollowUp moves a follow-up that is over out of the way.
func (t *till) settleFollowUp(h *heldFollowUp) {
	if h.followUp.State.Final() && h.followUp.Unprinted == 0 {
		delete(t.followUps.open, h.followUp.ID)
		h.records, h.wake = nil, time.Time{}
	}
}

// tickFollowUps gives a Tick to every follow-up whose time has come. The lock is held.
func (t *till) tickFollowUps(ctx context.Context, now time.Time) {
	var due []*heldFollowUp
	for _, h := range t.followUps.open {
		if !h.wake.IsZero() && !h.wake.After(now) {
			due = append(due, h)
		}
	}
	slices.SortFunc(due, func(a, b *heldFollowUp) int {
		return cmp.Compare(a.followUp.RequestSequence, b.followUp.RequestSequence)
	}) // oldest first
	for _, h := range due {
		h.wake = time.Time{}
		// The error is in the log, and the machine has set a new time to try again.
		_ = t.giveFollowUp(ctx, h, followup.Tick{})
	}
}

func (t *till) followUpAnswer(ctx context.Context, result *message.FollowUpResult) {
	if len(result.GetFollowUpId()) != len(followup.ID{}) {
		t.logger.ErrorContext(ctx, "answer without a follow-up", "bytes", len(result.GetFollowUpId()))
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	h, err := t.findFollowUp(ctx, followup.ID(result.GetFollowUpId()))
	if err != nil {
		t.logger.ErrorContext(ctx, "answer for a follow-up that is not known",
			"follow-up", followup.ID(result.GetFollowUpId()), "error", err)
		t.tellStrange(err)
		return
	}
	// On an error it is unchanged; the cloud is asked again and answers again.
	_ = t.giveFollowUp(ctx, h, followup.ResultArrived{Result: result})
}

// recoverFollowUps takes up what has no definite outcome, asking with the record there is. The lock is held.
func (t *till) recoverFollowUps(ctx context.Context) error {
	open, err := t.parts.Journal.OpenFollowUps(ctx)
	if err != nil {
		return fmt.Errorf("read open follow-ups: %w", err)
	}
	for _, stored := range open {
		h := &heldFollowUp{}
		if err := h.followUp.UnmarshalBinary(stored.State); err != nil {
			t.tellUnread(ctx, fmt.Errorf("read open follow-up %s: %w", followup.ID(stored.ID), err))
			continue
		}
		t.logger.WarnContext(ctx, "follow-up taken up after restart", "follow-up", h.followUp.ID, "state", h.followUp.State)
		t.followUps.open[h.followUp.ID] = h
		// A journal that fails is told by the machine's own effects, which keep trying.
		_ = t.giveFollowUp(ctx, h, followup.Restarted{Last: stored.Last})
	}
	t.tellLeftOpen(ctx, "follow-ups", len(open))
	return nil
}
