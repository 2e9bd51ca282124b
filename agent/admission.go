package agent

import (
	"context"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// admitFollowUp refuses what should not be asked for, before anything is lost. The lock is held.
func (t *till) admitFollowUp(ctx context.Context, id checkout.OrderID, wish station.FollowUpWish) (followup.Started, error) {
	var none followup.Started
	switch {
	case t.stopped:
		return none, &station.Refusal{Phrase: catalogue.RefuseStopping}
	case t.followUps.awaited() >= followUpMax:
		return none, &station.Refusal{Phrase: catalogue.RefuseManyFollowUps}
	case len(t.followUps.open) >= returnsMax+followUpMax:
		return none, &station.Refusal{Phrase: catalogue.RefuseManyReturns}
	}
	if err := t.serviceable(); err != nil {
		return none, err
	}
	order, err := t.orderOf(ctx, id)
	if err != nil {
		return none, err
	}
	done, err := t.followUpsOf(ctx, id)
	if err != nil {
		return none, err
	}
	amount := money.Money{Minor: wish.Amount, Currency: t.config.Currency}
	returned := t.returnsOffline(ctx, id, wish.Kind)
	if refusal := t.refuseAmount(order, done, wish); refusal != nil {
		return none, refusal
	}
	if returned && takenOffline(done) >= followup.OfflineMax {
		return none, &station.Refusal{Phrase: catalogue.RefuseManyReturns, More: catalogue.ReturnsMost(followup.OfflineMax)}
	}
	if wish.Kind == message.FollowUp_FOLLOW_UP_VOID {
		amount.Minor = order.GetPayment().GetAmount()
	}
	undoes, refusal := undone(done, wish)
	if refusal != nil {
		return none, refusal
	}
	if wish.Cashier == "" {
		wish.Cashier = t.config.Cashier
	}
	if returned {
		order = followup.Taken(order, done)
	}
	return followup.Started{
		Offline: returned, Kind: wish.Kind, Original: order, Amount: amount, Undoes: undoes, Last: wish.Last,
		Cashier: wish.Cashier, Note: wish.Note, Origin: wish.Origin,
	}, nil
}

// returnsOffline reports whether the till gives an order back by itself: its own offline payment, before the cloud has it
// (SPEC.md 7.8.6). The lock is held.
func (t *till) returnsOffline(ctx context.Context, id checkout.OrderID, kind followup.Kind) bool {
	h, err := t.find(ctx, id)
	if err != nil || h.sale.State != checkout.ApprovedOffline || !followup.Takes(kind) {
		return false
	}
	return t.parts.Journal.Waiting(h.sale.PaymentSequence, h.sale.PaymentSequence) > 0
}

// takenOffline counts what the till has accepted by itself.
func takenOffline(done []followup.FollowUp) int {
	n := 0
	for _, f := range done {
		if f.Offline {
			n++
		}
	}
	return n
}

// awaited counts the follow-ups that somebody waits for: not those that the till accepted by itself.
func (d *followUpDesk) awaited() int {
	n := 0
	for _, h := range d.open {
		if h.followUp.State != followup.TakenOffline {
			n++
		}
	}
	return n
}

// refuseAmount refuses an amount that does not fit the kind, the till or what is left.
func (t *till) refuseAmount(order *message.OrderFound, done []followup.FollowUp, wish station.FollowUpWish) *station.Refusal {
	switch wish.Kind {
	case message.FollowUp_FOLLOW_UP_REFUND, message.FollowUp_FOLLOW_UP_TOP_UP, message.FollowUp_FOLLOW_UP_COMPLETE:
		if wish.Amount <= 0 || wish.Amount > t.config.AmountMax {
			return &station.Refusal{Phrase: catalogue.RefuseAmount, More: t.amounts()}
		}
	case message.FollowUp_FOLLOW_UP_VOID:
		if wish.Amount != 0 && wish.Amount != order.GetPayment().GetAmount() {
			return &station.Refusal{Phrase: catalogue.RefuseAmount, More: catalogue.VoidIsWhole(t.sum(order.GetPayment().GetAmount()))}
		}
	default:
		if wish.Amount != 0 {
			return &station.Refusal{Phrase: catalogue.RefuseAmount, More: catalogue.TakesNoAmount()}
		}
	}
	if order.GetPayment().GetCurrency() != t.config.Currency.Code {
		return &station.Refusal{Phrase: catalogue.RefuseCurrency, More: catalogue.TakesCurrency(t.config.Currency)}
	}
	phrase := followup.Refuses(order, done, wish.Kind, wish.Amount, t.shiftNow())
	if phrase == catalogue.None {
		return nil
	}
	return &station.Refusal{Phrase: phrase, More: t.left(order, done, phrase)}
}

func (t *till) shiftNow() followup.Shift {
	now := followup.Shift{Terminal: t.config.Terminal.String()}
	if t.shifts.current != nil {
		now.Batch = t.shifts.current.Batch
	}
	return now
}

// left says what is left of an order where that is why something is refused.
func (t *till) left(order *message.OrderFound, done []followup.FollowUp, phrase catalogue.Phrase) catalogue.Text {
	left := followup.LeftOf(order, done)
	switch {
	case phrase != catalogue.RefuseMoreThanLeft:
		return catalogue.Text{}
	case order.GetPayment().GetStanding().GetHold() && left.Refund > 0:
		return catalogue.Listed(catalogue.StillHeld(t.sum(left.Held)), catalogue.Refundable(t.sum(left.Refund)))
	case order.GetPayment().GetStanding().GetHold():
		return catalogue.StillHeld(t.sum(left.Held))
	default:
		return catalogue.Refundable(t.sum(left.Refund))
	}
}

// sum is an amount in the till's currency.
func (t *till) sum(minor int64) money.Money {
	return money.Money{Minor: minor, Currency: t.config.Currency}
}

// undone is the completion that an undo takes back: the one named, else the latest of this till that stands.
func undone(done []followup.FollowUp, wish station.FollowUpWish) (followup.ID, *station.Refusal) {
	if wish.Kind != message.FollowUp_FOLLOW_UP_UNDO {
		return followup.ID{}, nil
	}
	if wish.Undoes != (followup.ID{}) {
		return wish.Undoes, nil // another till's completion too: the cloud knows
	}
	gone := make(map[followup.ID]bool)
	var latest followup.ID
	for _, f := range done {
		if f.Kind == message.FollowUp_FOLLOW_UP_UNDO && f.State != followup.Declined {
			gone[f.Undoes] = true
		}
	}
	for _, f := range done {
		if f.Kind == message.FollowUp_FOLLOW_UP_COMPLETE && f.State == followup.Approved && !gone[f.ID] {
			latest = f.ID
		}
	}
	if latest == (followup.ID{}) {
		return latest, &station.Refusal{Phrase: catalogue.RefuseNoCompletion}
	}
	return latest, nil
}
