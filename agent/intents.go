package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
)

var _ station.Desk = (*till)(nil)

// Start begins a sale, or returns the one that the same origin began before.
func (t *till) Start(ctx context.Context, start station.Start) (checkout.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch before, err := t.begunSale(ctx, start.Origin); {
	case err != nil:
		return checkout.View{}, err
	case before != nil:
		return t.view(before), nil
	}
	if err := t.admit(start); err != nil {
		return checkout.View{}, err
	}
	id, err := uuid.NewV7FromReader(t.parts.Random)
	if err != nil {
		return checkout.View{}, fmt.Errorf("mint order id: %w", err)
	}
	if start.Cashier == "" {
		start.Cashier = t.config.Cashier
	}
	if err := t.needShift(ctx, start.Cashier); err != nil {
		return checkout.View{}, err
	}
	h := &held{}
	event := checkout.Started{
		OrderID: checkout.OrderID(id), Amount: start.Amount, Cashier: start.Cashier, Note: start.Note, Origin: start.Origin,
		Hold: start.Hold, HoldExpires: start.HoldExpires, Order: shopOrder(start),
	}
	event.Batch, event.Voucher = t.shifts.numbers()
	if err := t.give(ctx, h, event, nil); err != nil {
		return checkout.View{}, refuseJournal(err)
	}
	t.shifts.voucher = event.Voucher
	t.sales[h.sale.OrderID] = h
	return t.view(h), nil
}

// admit refuses a sale that should not begin, before anything is lost.
func (t *till) admit(start station.Start) error {
	switch {
	case t.stopped:
		return &station.Refusal{Phrase: catalogue.RefuseStopping}
	case start.Amount.Currency != t.config.Currency:
		return &station.Refusal{Phrase: catalogue.RefuseCurrency, More: catalogue.TakesCurrency(t.config.Currency)}
	case start.Amount.Minor <= 0 || start.Amount.Minor > t.config.AmountMax:
		return &station.Refusal{Phrase: catalogue.RefuseAmount, More: t.amounts()}
	case start.Hold && !start.HoldExpires.IsZero() && !start.HoldExpires.After(t.parts.Clock()):
		return &station.Refusal{Phrase: catalogue.RefuseInvalid, More: catalogue.HoldEndPassed()}
	case start.Hold && start.AcceptWithin > 0:
		return &station.Refusal{Phrase: catalogue.RefuseInvalid, More: catalogue.HoldTakesNoOrder()}
	case t.front != checkout.OrderID{}:
		return &station.Refusal{Phrase: catalogue.RefuseSaleOpen, Sale: t.front}
	case t.undecided() >= openMax:
		return &station.Refusal{Phrase: catalogue.RefuseTooManyOpen}
	}
	if err := t.serviceable(); err != nil || len(t.sales) < heldMax {
		return err
	}
	return &station.Refusal{Phrase: catalogue.RefuseTooManyOpen}
}

// undecided counts the sales in memory whose outcome is open.
func (t *till) undecided() int {
	n := 0
	for _, h := range t.sales {
		if h.sale.State != checkout.ApprovedOffline {
			n++
		}
	}
	return n
}

// amounts says which amounts are taken.
func (t *till) amounts() catalogue.Text { return catalogue.AmountsTaken(t.sum(t.config.AmountMax)) }

// serviceable refuses while the journal cannot take a payment or the cloud would not.
func (t *till) serviceable() error {
	if err := t.parts.Journal.Room(); err != nil {
		return refuseJournal(err)
	}
	switch {
	case errors.Is(t.unread, errLeftOpen):
		return &station.Refusal{Phrase: catalogue.RefuseLeftOpen}
	case t.unread != nil:
		return &station.Refusal{Phrase: catalogue.RefuseJournalDamaged, Detail: t.unread.Error()}
	}
	if t.shifts.current == nil && !t.config.ShiftByItself {
		return &station.Refusal{Phrase: catalogue.RefuseNoShift}
	}
	if barred := t.barred(); barred != nil {
		return barred
	}
	if t.parts.Journal.Tail().Epoch == 0 {
		return &station.Refusal{Phrase: catalogue.RefuseNotSignedIn}
	}
	return nil
}

// refuseJournal puts the journal's errors into words.
func refuseJournal(err error) *station.Refusal {
	var displaced *journal.DisplacedError
	switch {
	case errors.As(err, &displaced):
		return &station.Refusal{Phrase: catalogue.RefuseJournalMoved, Detail: err.Error()}
	case journal.IsDamaged(err):
		return &station.Refusal{Phrase: catalogue.RefuseJournalDamaged, Detail: err.Error()}
	case errors.Is(err, journal.ErrNoEpoch):
		return &station.Refusal{Phrase: catalogue.RefuseNotSignedIn}
	case errors.Is(err, journal.ErrNoRoom):
		return &station.Refusal{Phrase: catalogue.RefuseNoRoom}
	case errors.Is(err, journal.ErrClosed), errors.Is(err, context.Canceled):
		return &station.Refusal{Phrase: catalogue.RefuseStopping}
	default:
		return &station.Refusal{Phrase: catalogue.RefuseJournal, Detail: err.Error()}
	}
}

// Press gives an intent to a sale.
func (t *till) Press(ctx context.Context, id checkout.OrderID, intent station.Intent) (checkout.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, err := t.find(ctx, id)
	if err != nil {
		return checkout.View{}, err
	}
	decided, decides := intent.(checkout.OrderDecided)
	if _, cancels := intent.(checkout.CancelPressed); cancels || decides {
		// Whoever knows only the sale that was begun wants the customer not to be charged, or means the same order.
		if h, err = t.newest(ctx, h); err != nil {
			return checkout.View{}, err
		}
	}
	if decides {
		if err := t.refuseOrder(ctx, h, decided.Standing); err != nil {
			return checkout.View{}, err
		}
	} else if !allowed(h.sale, intent) {
		return checkout.View{}, &station.Refusal{Phrase: catalogue.RefuseState, More: t.view(h).Title, Detail: h.sale.State.String()}
	}
	if _, asks := intent.(checkout.CodeWanted); asks {
		if barred := t.barred(); barred != nil {
			return checkout.View{}, barred
		}
	}
	if cancel, ok := intent.(checkout.CancelPressed); ok && cancel.Cashier == "" && !cancel.TimedOut {
		intent = checkout.CancelPressed{Cashier: h.sale.Cashier}
	}
	if _, reprint := intent.(checkout.ReprintPressed); reprint && t.printer.full() {
		return checkout.View{}, &station.Refusal{Phrase: catalogue.RefusePrinter}
	}
	if err := t.give(ctx, h, intent, nil); err != nil {
		return checkout.View{}, refuseJournal(err)
	}
	return t.view(h), nil
}

// allowed reports whether the intent makes sense in the sale's state. The machine holds against the others as well.
func allowed(s checkout.Sale, intent station.Intent) bool {
	switch intent.(type) {
	case checkout.CancelPressed:
		return !s.State.Final()
	case checkout.CodeWanted:
		return s.State == checkout.Waiting
	case checkout.ReprintPressed:
		return s.Printable()
	default:
		return false
	}
}

// Sale returns a sale, also one that ended long ago.
func (t *till) Sale(ctx context.Context, id checkout.OrderID) (checkout.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, err := t.find(ctx, id)
	if err != nil {
		return checkout.View{}, err
	}
	return t.view(h), nil
}

func (t *till) view(h *held) checkout.View {
	view := t.rules.View(h.sale, h.notice)
	if copies := t.reprints.of(h.sale.OrderID); copies != nil {
		view.Reprint = *copies
	}
	return view
}

// find returns a sale from memory or the journal, or refuses with RefuseNoSale. The lock is held.
func (t *till) find(ctx context.Context, id checkout.OrderID) (*held, error) {
	if h, open := t.sales[id]; open {
		return h, nil
	}
	if h, found := t.recent.get(id); found {
		return h, nil
	}
	stored, err := t.parts.Journal.Find(ctx, journal.OrderID(id))
	if errors.Is(err, journal.ErrNotFound) {
		return nil, &station.Refusal{Phrase: catalogue.RefuseNoSale}
	}
	if err != nil {
		return nil, fmt.Errorf("find sale: %w", err)
	}
	h := &held{}
	if err := h.sale.UnmarshalBinary(stored.State); err != nil {
		return nil, fmt.Errorf("read sale: %w", err)
	}
	return h, nil
}
