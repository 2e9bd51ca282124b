package payment

import "github.com/yuantill/yuantill/cloud/operator"

// A payment that a terminal accepted by itself is presented to the operator until that is definite, and never taken back:
// neither give_up nor a reversal counts (SPEC.md 7.8.4). Presenting it again is what an operator expects of such a
// payment: it settles a wallet's number once.

// What only offline payments have; numbered apart from the others.
const (
	// EventDeclined says that the payment must not be presented to anybody; Event.Reason is why.
	EventDeclined EventKind = 64
	// PostLoss books a covered offline payment that was not honoured: the sale stands, the loss is ours. PostLossReturn
	// undoes it when the operator honours it after all.
	PostLoss       PostingKind = 64
	PostLossReturn PostingKind = 65
	// AlarmNotHonoured tells a person of such a payment.
	AlarmNotHonoured AlarmKind = 64
	// AlarmReturnNotDone tells of what a terminal gave back of one by itself and that is not carried out.
	AlarmReturnNotDone AlarmKind = 65
	// AlarmNotOwed tells of one that was not honoured and is not covered: nothing is booked, a person decides.
	AlarmNotOwed AlarmKind = 66
	// AlarmVoidOfClosedShift tells of a void that a terminal gave back by itself in another shift than the payment's.
	AlarmVoidOfClosedShift AlarmKind = 67
)

// offline handles what is otherwise for an offline payment, and reports whether it did.
func (s *step) offline(e Event) bool {
	open := s.p.State == Created || s.p.State.waiting()
	switch e.Kind {
	case EventRequested:
		if s.p.State != Created {
			return false
		}
		s.present()
	case EventTick:
		if !open {
			return false
		}
		if !s.p.NextAt.IsZero() && !s.now.Before(s.p.NextAt) {
			s.present()
		}
	case EventRecovered:
		if !open {
			return false
		}
		s.present() // the call may have left or not: it is presented again either way
	case EventUnknown, EventNotSent:
		// The timer that was set with the call presents it again.
		return e.Call == CallAuthorise
	case EventReversalRequested:
		s.repeat()
	case EventAnswer:
		if e.Call != CallAuthorise {
			return false
		}
		s.presented(e)
	default:
		return false
	}
	return true
}

// present asks the operator to honour the payment, and sets the time to ask again.
func (s *step) present() {
	if s.p.State == Created {
		s.p.State, s.p.SentAt = Authorising, s.now
	} else {
		s.p.State = Querying
	}
	s.p.GiveUpAt, s.p.Submitted = s.p.SentAt, true
	s.retry()
	s.call(CallAuthorise)
}

// presented takes the operator's answer after checking that it is about this payment. Anything but a definite answer
// changes nothing: the payment is presented again.
func (s *step) presented(e Event) {
	switch {
	case e.Operator != s.p.Operator || e.Answer.OrderID != s.p.OrderID:
		s.alarm(AlarmForeignAnswer)
	case !s.amountFits(e.Answer):
		s.alarm(AlarmAmountMismatch)
	case e.Answer.Status == operator.StatusApproved:
		s.honoured(e.Answer)
	case e.Answer.Status == operator.StatusDeclined:
		s.notHonoured(e.Answer.Reason)
	case e.Answer.Status == operator.StatusReversed || e.Answer.Status == operator.StatusRefunded:
		s.alarm(AlarmContradiction) // nobody asked for that
		s.notHonoured(operator.ReasonOther)
	}
}

func (s *step) honoured(a operator.Answer) {
	switch {
	case s.p.State.waiting():
	case s.p.State == Declined:
		s.alarm(AlarmContradiction)
		if s.p.Covered {
			s.post(PostLossReturn)
		}
	default:
		if a.Reference != s.p.OperatorReference {
			s.alarm(AlarmSecondReference)
		}
		return
	}
	s.take(a)
	s.p.Fee = Fee(s.p.Amount, s.p.FeeRate, s.p.FeeCap)
	s.p.Debit = DebitSale
	s.post(PostSale)
	s.settle(Approved, operator.ReasonNone)
}

// notHonoured tells a person, and books the loss where it is ours. Anybody who has a terminal's keys can say that it took a
// payment by itself: what is not covered is owed to nobody by itself.
func (s *step) notHonoured(reason operator.Reason) {
	if reason == operator.ReasonNone {
		reason = operator.ReasonOther
	}
	switch {
	case s.p.State == Created || s.p.State.waiting():
		if s.p.Covered {
			s.alarm(AlarmNotHonoured)
			s.post(PostLoss)
		} else {
			s.alarm(AlarmNotOwed)
		}
		s.settle(Declined, reason)
	case s.p.State != Declined:
		s.alarm(AlarmContradiction)
	}
}

// declined ends a payment that must not be presented; one that was taken offline is not honoured.
func (s *step) declined(reason operator.Reason) {
	switch {
	case s.p.State != Created:
		s.repeat()
	case s.p.Offline:
		s.notHonoured(reason)
	default:
		s.settle(Declined, reason)
	}
}
