package followup

import (
	"github.com/yuantill/yuantill/protocol/message"
)

// OwnKey is the idempotency key of what a till asks for by itself, because an order was not accepted. No client's key is the
// same: theirs are printable ASCII.
const OwnKey = "\x01not accepted"

// Way is what to do next so that an order that was not accepted costs its customer nothing.
type Way uint8

// The ways.
const (
	WayWait   Way = iota + 1 // something that gives money back is not definite
	WayBack                  // nothing is left: all of it went back
	WayAsk                   // ask for a void or refund
	WayPerson                // what was asked for was refused for good
)

// Kept is what is left of an order's money by its standing and by what was done with it here: the standing may not have been
// told yet of a payment that the till took by itself.
func Kept(order *message.OrderFound, done []FollowUp) int64 {
	left := order.GetPayment().GetAmount()
	for _, f := range done {
		switch {
		case f.State != Approved:
		case f.Kind == message.FollowUp_FOLLOW_UP_VOID:
			left = 0
		case f.Kind == message.FollowUp_FOLLOW_UP_REFUND:
			left -= f.Moved().Minor
		}
	}
	return max(0, min(left, LeftOf(order, done).Refund))
}

// GiveBack decides it: a void in the shift that took the payment, where that is refused a refund, of what is left when
// somebody gave back a part. A refusal is final, unless it was of more than is left.
func GiveBack(order *message.OrderFound, done []FollowUp, now Shift) (way Way, kind Kind, amount int64) {
	left := Kept(order, done)
	switch {
	case undecided(done) > 0:
		return WayWait, 0, 0
	case left == 0:
		return WayBack, 0, 0
	case order.GetPayment().GetOutcome() != message.Outcome_OUTCOME_APPROVED:
		return WayPerson, 0, 0
	}
	void := refusesVoid(order, Left{Refund: left}, 0, now) == 0
	for _, f := range done {
		if f.Origin.Key != OwnKey || f.State == Approved {
			continue
		}
		switch {
		case f.State == NotCarriedOut, f.Kind == message.FollowUp_FOLLOW_UP_REFUND && f.Amount.Minor <= left:
			return WayPerson, 0, 0
		case f.Kind == message.FollowUp_FOLLOW_UP_VOID:
			void = false
		}
	}
	if void {
		return WayAsk, message.FollowUp_FOLLOW_UP_VOID, 0
	}
	return WayAsk, message.FollowUp_FOLLOW_UP_REFUND, left
}
