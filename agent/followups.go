package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/packed"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// heldFollowUp is a follow-up in memory.
type heldFollowUp struct {
	followUp followup.FollowUp
	// notice is what was last shown beside it.
	notice catalogue.Phrase
	// wake is when the machine wants a Tick; zero for never.
	wake time.Time
	// records is its request by sequence, kept for sending it again.
	records map[uint64]record.Record
}

// followUpDesk keeps what is being done with approved orders. It never holds the till: sales go on meanwhile.
type followUpDesk struct {
	rules followup.Rules
	open  map[followup.ID]*heldFollowUp // without a definite outcome, or still printing
	// found are other terminals' orders that were looked up, newest last.
	found map[checkout.OrderID]*message.OrderFound
	order []checkout.OrderID
}

func newFollowUpDesk(rules checkout.Rules) followUpDesk {
	return followUpDesk{
		rules: followup.Rules{Timing: rules.Timing, MerchantID: rules.MerchantID, Terminal: rules.Terminal},
		open:  make(map[followup.ID]*heldFollowUp), found: make(map[checkout.OrderID]*message.OrderFound),
	}
}

// keep remembers another terminal's order.
func (d *followUpDesk) keep(order *message.OrderFound) {
	id := checkout.OrderID(order.GetPayment().GetOrderId())
	if _, known := d.found[id]; !known {
		if len(d.order) == foundMax {
			delete(d.found, d.order[0])
			d.order = append(d.order[:0], d.order[1:]...)
		}
		d.order = append(d.order, id)
	}
	d.found[id] = order
}

// FollowUp asks for something to be done with an approved order, or returns what the same origin asked for before.
func (t *till) FollowUp(ctx context.Context, order checkout.OrderID, wish station.FollowUpWish) (followup.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch before, err := t.begunFollowUp(ctx, wish.Origin); {
	case err != nil:
		return followup.View{}, err
	case before != nil:
		return t.followUpView(before), nil
	}
	h, err := t.beginFollowUp(ctx, order, wish)
	if err != nil {
		return followup.View{}, err
	}
	return t.followUpView(h), nil
}

// beginFollowUp asks for something to be done with an approved order. The lock is held.
func (t *till) beginFollowUp(ctx context.Context, order checkout.OrderID, wish station.FollowUpWish) (*heldFollowUp, error) {
	event, err := t.admitFollowUp(ctx, order, wish)
	if err != nil {
		return nil, err
	}
	id, err := t.followUpID(ctx, order, wish.Origin)
	if err != nil {
		return nil, err
	}
	if err := t.needShift(ctx, event.Cashier); err != nil {
		return nil, err
	}
	event.ID = id
	event.Batch, event.Voucher = t.shifts.numbers()
	h := &heldFollowUp{}
	if err := t.giveFollowUp(ctx, h, event); err != nil {
		return nil, refuseJournal(err)
	}
	t.shifts.voucher = event.Voucher
	t.followUps.open[h.followUp.ID] = h
	return h, nil
}

// orderOf returns an order of this till, or another terminal's that was looked up. The lock is held.
func (t *till) orderOf(ctx context.Context, id checkout.OrderID) (*message.OrderFound, error) {
	h, err := t.find(ctx, id)
	if err == nil {
		return t.asFound(h.sale), nil
	}
	if order, known := t.followUps.found[id]; known && errors.Is(err, &station.Refusal{Phrase: catalogue.RefuseNoSale}) {
		return order, nil
	}
	return nil, err
}

// asFound is a sale of this till in the words in which the cloud tells of any order.
func (t *till) asFound(s checkout.Sale) *message.OrderFound {
	payment := proto.CloneOf(s.Result)
	if payment == nil {
		payment = &message.PaymentResult{}
	}
	payment.OrderId, payment.Outcome, payment.Reason, payment.ShownCode = s.OrderID[:], s.Outcome(), s.Reason(), ""
	payment.Amount, payment.Currency = s.Amount.Minor, s.Amount.Currency.Code
	if payment.Standing == nil && s.Hold && s.State == checkout.Approved {
		payment.Standing = &message.Standing{Held: s.Amount.Minor, Hold: true, HoldExpires: packed.Micros(s.HoldExpires)}
	}
	if payment.GetWalletMasked() == "" && s.Offline {
		payment.WalletMasked = s.Card.Wallet.Masked()
	}
	found := &message.OrderFound{
		Found: true, Payment: payment, Method: s.Method, Terminal: t.config.Terminal.String(), Batch: s.Batch, Voucher: s.Voucher,
	}
	found.RequestedAt = packed.Micros(s.RequestedAt)
	return found
}

// followUpsOf returns what was done with an order on this till, oldest first, as memory has it. The lock is held.
func (t *till) followUpsOf(ctx context.Context, order checkout.OrderID) ([]followup.FollowUp, error) {
	stored, err := t.parts.Journal.FollowUpsOf(ctx, journal.OrderID(order))
	if err != nil {
		return nil, fmt.Errorf("find follow-ups: %w", err)
	}
	all := make([]followup.FollowUp, 0, len(stored))
	for _, one := range stored {
		if h, open := t.followUps.open[followup.ID(one.ID)]; open {
			all = append(all, h.followUp)
			continue
		}
		var f followup.FollowUp
		if err := f.UnmarshalBinary(one.State); err != nil {
			return nil, fmt.Errorf("read follow-up: %w", err)
		}
		all = append(all, f)
	}
	return all, nil
}

// FollowUps returns what was done with an order on this till, oldest first.
func (t *till) FollowUps(ctx context.Context, order checkout.OrderID) ([]followup.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	done, err := t.followUpsOf(ctx, order)
	if err != nil {
		return nil, err
	}
	views := make([]followup.View, 0, len(done))
	for _, f := range done {
		views = append(views, t.followUps.rules.View(f, catalogue.None))
	}
	return views, nil
}

// Follow returns one follow-up, also one that ended long ago, or refuses with RefuseNoFollowUp.
func (t *till) Follow(ctx context.Context, id followup.ID) (followup.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, err := t.findFollowUp(ctx, id)
	if err != nil {
		return followup.View{}, err
	}
	return t.followUpView(h), nil
}

// ReprintFollowUp puts a follow-up's slip on paper once more.
func (t *till) ReprintFollowUp(ctx context.Context, id followup.ID, copies checkout.Copies) (followup.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, err := t.findFollowUp(ctx, id)
	switch {
	case err != nil:
		return followup.View{}, err
	case !h.followUp.Printable():
		return followup.View{}, &station.Refusal{Phrase: catalogue.RefuseState, More: t.followUpView(h).Title}
	case t.printer.full():
		return followup.View{}, &station.Refusal{Phrase: catalogue.RefusePrinter}
	}
	if err := t.giveFollowUp(ctx, h, followup.ReprintPressed{Copies: copies}); err != nil {
		return followup.View{}, refuseJournal(err)
	}
	return t.followUpView(h), nil
}

func (t *till) followUpView(h *heldFollowUp) followup.View {
	view := t.followUps.rules.View(h.followUp, h.notice)
	if copies := t.reprints.of(h.followUp.ID); copies != nil {
		view.Reprint = *copies
	}
	return view
}

// findFollowUp returns a follow-up from memory or the journal, or refuses with RefuseNoFollowUp. The lock is held.
func (t *till) findFollowUp(ctx context.Context, id followup.ID) (*heldFollowUp, error) {
	if h, open := t.followUps.open[id]; open {
		return h, nil
	}
	stored, err := t.parts.Journal.FindFollowUp(ctx, journal.FollowUpID(id))
	if errors.Is(err, journal.ErrNotFound) {
		return nil, &station.Refusal{Phrase: catalogue.RefuseNoFollowUp}
	}
	if err != nil {
		return nil, fmt.Errorf("find follow-up: %w", err)
	}
	h := &heldFollowUp{}
	if err := h.followUp.UnmarshalBinary(stored.State); err != nil {
		return nil, fmt.Errorf("read follow-up: %w", err)
	}
	return h, nil
}
