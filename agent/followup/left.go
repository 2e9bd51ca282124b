package followup

import (
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
)

// Left is what may still be done with an approved order, as far as this terminal knows; the cloud decides.
type Left struct {
	Refund int64 // may still go back of what was paid
	Held   int64 // of a hold: is held and not completed
}

// Shift is the shift in which something is asked for.
type Shift struct {
	Terminal string
	Batch    uint32 // 0 while none is open
}

// took reports whether the shift took the payment.
func (s Shift) took(order *message.OrderFound) bool {
	return s.Batch != 0 && order.GetBatch() == s.Batch && order.GetTerminal() == s.Terminal
}

// LeftOf returns what is left of an order by its standing and by what was asked for here and is not definite. Where the
// standing counts that already, less is left than there is, until it is definite.
func LeftOf(order *message.OrderFound, open []FollowUp) Left {
	standing := standingOf(order)
	left := Left{Refund: standing.GetPaid() - standing.GetRefunded()}
	if standing.GetHold() && !standing.GetClosed() {
		left.Held = standing.GetHeld() - standing.GetPaid()
	}
	if !standing.GetHold() && standing.GetClosed() {
		left.Refund = 0
	}
	for _, f := range open {
		if f.State.Final() {
			continue // the standing counts it
		}
		switch f.Kind {
		case message.FollowUp_FOLLOW_UP_REFUND:
			left.Refund -= f.Amount.Minor
		case message.FollowUp_FOLLOW_UP_VOID:
			left.Refund = 0
		case message.FollowUp_FOLLOW_UP_COMPLETE:
			left.Held -= f.Amount.Minor
		}
	}
	return Left{Refund: max(0, left.Refund), Held: max(0, left.Held)}
}

// standingOf is the order's standing; an answer without one is of an order with which nothing was done.
func standingOf(order *message.OrderFound) *message.Standing {
	if standing := order.GetPayment().GetStanding(); standing != nil {
		return standing
	}
	return &message.Standing{Paid: order.GetPayment().GetAmount()}
}

// Refuses says why something is not asked for at all, or None. It refuses what certainly is wrong and what could pass a
// limit while something else is open; everything else is for the cloud to decide.
func Refuses(order *message.OrderFound, open []FollowUp, kind Kind, amount int64, now Shift) catalogue.Phrase {
	switch order.GetPayment().GetOutcome() {
	case message.Outcome_OUTCOME_APPROVED:
	case message.Outcome_OUTCOME_DECLINED, message.Outcome_OUTCOME_REVERSED:
		return catalogue.RefuseNotApproved
	default:
		return catalogue.RefuseUndecided
	}
	standing := standingOf(order)
	pending := awaited(standing, open)
	left := LeftOf(order, open)
	switch kind {
	case message.FollowUp_FOLLOW_UP_VOID:
		return refusesVoid(order, left, pending, now)
	case message.FollowUp_FOLLOW_UP_REFUND:
		switch {
		case standing.GetHold() && !standing.GetClosed() && pending == 0:
			// Another till may have completed some of it, and this one may not have been told: there may be more than is known here.
			return catalogue.None
		case amount > left.Refund && pending > 0 && amount <= standing.GetPaid()-standing.GetRefunded():
			return catalogue.RefuseFollowUpOpen
		case amount > left.Refund:
			return beyond(left, pending)
		}
	case message.FollowUp_FOLLOW_UP_TOP_UP, message.FollowUp_FOLLOW_UP_COMPLETE, message.FollowUp_FOLLOW_UP_CANCEL,
		message.FollowUp_FOLLOW_UP_UNDO:
		return refusesHold(standing, pending, kind)
	default:
		return catalogue.RefuseKindUnfit
	}
	return catalogue.None
}

// refusesVoid: the shift that took a payment takes it back as a whole; nothing else does, not even offline, where nobody
// would be there to decline it.
func refusesVoid(order *message.OrderFound, left Left, pending int, now Shift) catalogue.Phrase {
	standing := standingOf(order)
	switch {
	case standing.GetHold():
		return catalogue.RefuseKindUnfit
	case pending == 0 && left.Refund == 0:
		return catalogue.RefuseNothingLeft
	case !now.took(order):
		return catalogue.RefuseShiftClosed
	case pending > 0:
		return catalogue.RefuseFollowUpOpen
	case standing.GetClosed() || left.Refund < standing.GetPaid():
		return beyond(left, pending)
	default:
		return catalogue.None
	}
}

// beyond refuses what is more than is left, or what certainly nothing is left of.
func beyond(left Left, pending int) catalogue.Phrase {
	if left.Refund == 0 && pending == 0 {
		return catalogue.RefuseNothingLeft
	}
	return catalogue.RefuseMoreThanLeft
}

// refusesHold: what is done with a hold goes one after another, since each changes what the next may do. How much may be
// completed is in the merchant's plan, which only the cloud knows.
func refusesHold(standing *message.Standing, pending int, kind Kind) catalogue.Phrase {
	switch {
	case !standing.GetHold():
		return catalogue.RefuseKindUnfit
	case pending > 0:
		return catalogue.RefuseFollowUpOpen
	case standing.GetClosed() && kind != message.FollowUp_FOLLOW_UP_UNDO:
		return catalogue.RefuseHoldEnded
	default:
		return catalogue.None
	}
}

// undecided counts what has no definite end yet.
func undecided(all []FollowUp) int {
	n := 0
	for _, f := range all {
		if !f.State.Final() {
			n++
		}
	}
	return n
}

// awaited counts what has to end before it is known what is left. What the till gave back by itself is gone, and nobody
// answers for it while the till is away from the cloud; only where the standing has something back already may that be the
// same money.
func awaited(standing *message.Standing, all []FollowUp) int {
	n := undecided(all)
	if standing.GetRefunded() > 0 || standing.GetClosed() {
		return n
	}
	for _, f := range all {
		if f.State == TakenOffline {
			n--
		}
	}
	return n
}
