package sitetest

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// The references of the orders that can be found.
const (
	ReferencePaid   = "260501000042" // a payment of ¥12.50, of which ¥2.50 went back
	ReferenceHeld   = "260501000043" // a hold of ¥300.00
	ReferenceFailed = "260501000044" // a payment of ¥12.50 that was declined
	ReferenceOpen   = "260501000045" // one that has no result yet
	ReferenceSilent = "260501000099" // the cloud does not answer
	ReferenceDone   = "260501000077" // of everything that was done with them
)

// desk is what the till does with orders. A follow-up's note chooses how it goes, as a sale's does; it is decided when
// it is asked for the second time.
type desk struct {
	followUps map[followup.ID]followup.FollowUp
	keys      map[string]followup.ID
	notes     map[followup.ID]string
	reprints  map[followup.ID]checkout.Reprint
}

func newDesk() desk {
	return desk{
		followUps: make(map[followup.ID]followup.FollowUp), keys: make(map[string]followup.ID), notes: make(map[followup.ID]string),
		reprints: make(map[followup.ID]checkout.Reprint),
	}
}

func rules() followup.Rules { return followup.Rules{Timing: checkout.DefaultTiming()} }

// order is an order that the till knows.
func (t *Till) order(reference string) *message.OrderFound {
	found := &message.OrderFound{
		Found: true, Method: message.Method_METHOD_CODE, RequestedAt: t.Now.UnixMicro(), Terminal: "10000001", Batch: 1, Voucher: 42,
		Payment: &message.PaymentResult{
			OrderId: append([]byte{1, 0x96, 1}, make([]byte, 13)...), Outcome: message.Outcome_OUTCOME_APPROVED, Amount: 1250,
			Currency: "CNY", Reference: reference, PayerOperator: "ICBC", WalletMasked: "001234******1234",
			Standing: &message.Standing{Paid: 1250, Refunded: 250},
		},
	}
	switch reference {
	case ReferenceHeld:
		found.Payment.OrderId[2], found.Payment.Amount = 2, 30000
		found.Payment.Standing = &message.Standing{Held: 30000, Hold: true, HoldExpires: t.Now.Add(720 * time.Hour).UnixMicro()}
	case ReferenceFailed:
		found.Payment.OrderId[2], found.Payment.Outcome, found.Payment.Standing = 3, message.Outcome_OUTCOME_DECLINED, nil
		found.Payment.Reason = message.Reason_REASON_INSUFFICIENT_FUNDS
	case ReferenceOpen:
		found.Payment.OrderId[2], found.Payment.Outcome, found.Payment.Standing = 4, message.Outcome_OUTCOME_UNKNOWN, nil
	}
	return found
}

// referenceOf is the reference of an order that can be found.
func referenceOf(order checkout.OrderID) string {
	return map[byte]string{1: ReferencePaid, 2: ReferenceHeld, 3: ReferenceFailed, 4: ReferenceOpen}[order[2]]
}

// Lookup implements station.Finder.
func (t *Till) Lookup(_ context.Context, wanted station.Wanted) (station.FoundOrder, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	reference := wanted.Text
	if wanted.Voucher != 0 && wanted.Batch == 0 {
		open, err := t.openShift()
		if err != nil {
			return station.FoundOrder{}, &station.Refusal{Phrase: catalogue.RefuseNoBatch}
		}
		wanted.Batch = open.Batch
	}
	if wanted.Voucher == 42 && wanted.Batch == 1 {
		reference = ReferencePaid
	} else if f, known := t.numbered(wanted); known {
		reference = referenceOf(f.Order())
	}
	switch reference {
	case ReferencePaid, ReferenceHeld, ReferenceFailed, ReferenceOpen:
		order := t.order(reference)
		return station.FoundOrder{Order: order, Here: true, Left: followup.LeftOf(order, nil), FollowUps: t.done(order)}, nil
	case ReferenceSilent:
		return station.FoundOrder{}, &station.Refusal{Phrase: catalogue.RefuseLookupSilent}
	default:
		return station.FoundOrder{}, &station.Refusal{Phrase: catalogue.RefuseLookupNothing}
	}
}

// numbered is the follow-up with a number, which leads to its order. The lock is held.
func (t *Till) numbered(wanted station.Wanted) (followup.FollowUp, bool) {
	for _, f := range t.desk.followUps {
		if wanted.Voucher != 0 && f.Voucher == wanted.Voucher && f.Batch == wanted.Batch ||
			wanted.Voucher == 0 && f.Result.GetReference() == wanted.Text {
			return f, true
		}
	}
	return followup.FollowUp{}, false
}

// Sales implements station.Finder.
func (t *Till) Sales(_ context.Context, _ int, holds bool) ([]checkout.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sale.OrderID == (checkout.OrderID{}) || holds && !t.sale.Hold {
		return nil, nil
	}
	return []checkout.View{t.view()}, nil
}

// FollowUp implements station.FollowUps.
func (t *Till) FollowUp(_ context.Context, order checkout.OrderID, wish station.FollowUpWish) (followup.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id, known := t.desk.keys[wish.Origin.Key]; known {
		return rules().View(t.desk.followUps[id], catalogue.None), nil
	}
	switch wish.Note {
	case NoteBusy:
		return followup.View{}, &station.Refusal{Phrase: catalogue.RefuseFollowUpOpen}
	case NoteTooMuch:
		return followup.View{}, &station.Refusal{Phrase: catalogue.RefuseMoreThanLeft, More: catalogue.Refundable(money.Money{Minor: 1000, Currency: money.CNY})}
	case NoteBroken:
		return followup.View{}, context.DeadlineExceeded
	}
	original := t.order(referenceOf(order))
	if original.GetPayment().GetOutcome() != message.Outcome_OUTCOME_APPROVED {
		return followup.View{}, &station.Refusal{Phrase: followup.Refuses(original, nil, wish.Kind, wish.Amount, followup.Shift{})}
	}
	made, _ := rules().Step(followup.FollowUp{}, followup.Started{
		ID: followup.ID{0xF0, byte(len(t.desk.followUps) + 1)}, Kind: wish.Kind, Original: original,
		Amount: money.Money{Minor: wish.Amount, Currency: money.CNY}, Undoes: wish.Undoes, Last: wish.Last,
		Cashier: wish.Cashier, Note: wish.Note, Batch: t.batch(), Voucher: 43, Origin: wish.Origin,
		Offline: wish.Note == NoteOffline,
	}, t.Now)
	t.desk.followUps[made.ID], t.desk.keys[wish.Origin.Key], t.desk.notes[made.ID] = made, made.ID, wish.Note
	return rules().View(made, catalogue.None), nil
}

// batch is the open shift's; follow-ups are made without one too. The lock is held.
func (t *Till) batch() uint32 {
	if open, err := t.openShift(); err == nil {
		return open.Batch
	}
	return 1
}

// Follow implements station.FollowUps.
func (t *Till) Follow(_ context.Context, id followup.ID) (followup.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, known := t.desk.followUps[id]
	switch {
	case !known:
		return followup.View{}, &station.Refusal{Phrase: catalogue.RefuseNoFollowUp}
	case f.State.Final():
		for _, copy := range f.Unprinted.Each() {
			f, _ = rules().Step(f, followup.Printed{Printed: reportOf(copy, t.desk.notes[id])}, t.Now)
		}
		t.desk.followUps[id] = f
		t.desk.reprints[id] = reportReprint(t.desk.reprints[id], t.desk.notes[id])
		return t.desk.view(f), nil
	}
	var event followup.Event
	switch t.desk.notes[id] {
	case NoteDecline:
		event = followup.ResultArrived{Result: answer(f, message.Outcome_OUTCOME_DECLINED)}
	case NoteUnknown, NoteOffline:
		event = followup.Restarted{}
	default:
		event = followup.ResultArrived{Result: answer(f, message.Outcome_OUTCOME_APPROVED)}
	}
	f, _ = rules().Step(f, event, t.Now)
	t.desk.followUps[id] = f
	return t.desk.view(f), nil
}

// answer is the cloud's to a follow-up.
func answer(f followup.FollowUp, outcome message.Outcome) *message.FollowUpResult {
	order := f.Order()
	r := &message.FollowUpResult{
		FollowUpId: f.ID[:], OrderId: order[:], Kind: f.Kind, Outcome: outcome, Amount: max(f.Amount.Minor, 1250), Currency: "CNY",
		Reference: ReferenceDone, Revision: 1, Standing: f.Original.GetPayment().GetStanding(),
	}
	if f.Amount.Minor != 0 {
		r.Amount = f.Amount.Minor
	}
	if outcome == message.Outcome_OUTCOME_DECLINED {
		r.Reason = message.Reason_REASON_SHIFT_CLOSED
	}
	return r
}

// FollowUps implements station.FollowUps.
func (t *Till) FollowUps(_ context.Context, order checkout.OrderID) ([]followup.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.done(&message.OrderFound{Payment: &message.PaymentResult{OrderId: order[:]}}), nil
}

// done is what was done with an order. The lock is held.
func (t *Till) done(order *message.OrderFound) (views []followup.View) {
	for _, f := range t.desk.followUps {
		if f.Order() == checkout.OrderID(order.GetPayment().GetOrderId()) {
			views = append(views, rules().View(f, catalogue.None))
		}
	}
	return views
}

// ReprintFollowUp implements station.FollowUps.
func (t *Till) ReprintFollowUp(_ context.Context, id followup.ID, copies checkout.Copies) (followup.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, known := t.desk.followUps[id]
	switch {
	case !known:
		return followup.View{}, &station.Refusal{Phrase: catalogue.RefuseNoFollowUp}
	case !f.Printable():
		return followup.View{}, &station.Refusal{Phrase: catalogue.RefuseState, More: rules().View(f, catalogue.None).Title}
	}
	f, _ = rules().Step(f, followup.ReprintPressed{Copies: copies}, t.Now)
	t.desk.followUps[id] = f
	asked := t.desk.reprints[id]
	for _, copy := range copies.Each() {
		asked.Ask(copy)
	}
	t.desk.reprints[id] = asked
	return t.desk.view(f), nil
}

func (d *desk) view(f followup.FollowUp) followup.View {
	view := rules().View(f, catalogue.None)
	view.Reprint = d.reprints[f.ID]
	return view
}
