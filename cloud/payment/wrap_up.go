package payment

import (
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// takeRest takes back an order of which something went back already, or is going back: only the rest, and only once
// everything under way is definite.
func (s *step) takeRest(reason operator.Reason) {
	if reason == operator.ReasonNone {
		reason = operator.ReasonOther
	}
	s.p.State, s.p.Reason, s.p.DecidedAt = RestReturning, reason, s.now
	s.tell()
}

// wrapUp ends what can be ended once nothing is under way: what a reversal leaves to be returned, and holds.
func (s *step) wrapUp() {
	if s.p.Pursued() {
		return
	}
	switch s.p.State {
	case RestReturning:
		s.returnRest()
	case Held:
		s.endHold()
	default:
	}
}

// returnRest sends back what is left of a payment or a hold, first what is held, then what was paid.
func (s *step) returnRest() {
	if s.p.Hold && !s.p.closing() && s.p.rest() > 0 {
		s.beginOwn(operator.KindCancel, s.p.rest())
		return
	}
	if left := s.p.paidSurely() - s.p.refunded(false); left > 0 {
		s.beginOwn(operator.KindRefund, left)
		return
	}
	s.settle(RestReturned, s.p.Reason)
}

// endHold closes a hold that was ended, and sets free what is still held when its time is over.
func (s *step) endHold() {
	switch {
	case s.p.closing():
		s.p.State = HoldEnded
	case s.now.Before(s.p.HoldUntil):
	case s.p.rest() > 0:
		s.beginOwn(operator.KindCancel, s.p.rest())
	default:
		s.p.State = HoldEnded
		s.tell()
	}
}

func (s *step) beginOwn(kind operator.FollowUpKind, amount int64) {
	if len(s.p.FollowUps) >= followUpsKept {
		s.alarm(AlarmFollowUpOpen) // not reached: a payment's end needs at most ownMax of them, and one more for each dispute
		return
	}
	s.begin(FollowUp{ID: ownID(s.p.OrderID, len(s.p.FollowUps), 0), Kind: kind, Amount: amount})
}

// schedule sets the next tick of an order that stands: a follow-up to ask for again, or the end of a hold.
func (s *step) schedule() {
	s.p.NextAt = time.Time{}
	sooner := func(at time.Time) {
		if s.p.NextAt.IsZero() || at.Before(s.p.NextAt) {
			s.p.NextAt = at
		}
	}
	for _, f := range s.p.FollowUps {
		if f.Status == UnderWay && f.Attempts > 0 {
			sooner(f.NextAt)
		}
	}
	if s.p.State == Held && s.now.Before(s.p.HoldUntil) {
		sooner(s.p.HoldUntil)
	}
}
