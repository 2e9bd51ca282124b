package payment

import (
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// unknown handles a call without a definite answer. For queries, reversals and refunds the timer that was set when they
// were called already does what is needed.
func (s *step) unknown(e Event) {
	if e.Call == CallFollowUp {
		s.followUpUnanswered(e)
		return
	}
	if e.Operator != s.p.Operator || (e.Call != CallAuthorise && e.Call != CallOrder) {
		return
	}
	s.p.Submitted = true
	if s.p.State == Authorising {
		s.p.State = Querying
		s.query()
	}
}

// notSent believes that an authorise or order never left only as long as nothing speaks against it.
func (s *step) notSent(e Event) {
	if e.Call == CallFollowUp {
		s.followUpUnanswered(e)
		return
	}
	if e.Operator != s.p.Operator || (e.Call != CallAuthorise && e.Call != CallOrder) || s.p.Submitted {
		return
	}
	switch s.p.State {
	case Authorising:
		if len(s.p.BackUps) > 0 {
			s.p.Operator, s.p.BackUps = s.p.BackUps[0], s.p.BackUps[1:]
			s.send()
			return
		}
		s.unwanted(Declined, operator.ReasonOperatorUnavailable)
	case Querying:
		// The terminal was told "unknown" by now; a back-up's authorisation would come too late for it.
		s.unwanted(Declined, operator.ReasonOperatorUnavailable)
	case Reversing:
		if !s.unseen() { // what a card signed is presented again at its time
			s.settle(Reversed, s.p.Reason)
		}
	default:
	}
}

// answered handles an operator's statement after checking that it is about this payment.
func (s *step) answered(e Event) {
	if e.Call == CallFollowUp {
		s.followUpAnswered(e)
		return
	}
	if e.Operator != s.p.Operator || s.p.State == Created {
		s.alarm(AlarmForeignAnswer)
		return
	}
	if e.Answer.OrderID != s.p.OrderID {
		s.alarm(AlarmForeignAnswer)
		s.unknown(e)
		return
	}
	if !s.amountFits(e.Answer) {
		s.alarm(AlarmAmountMismatch)
		s.p.Submitted = true
		s.unknown(e)
		return
	}
	if e.Answer.Status != operator.StatusNotFound || e.Call == CallAuthorise || e.Call == CallOrder {
		s.p.Submitted = true
	}
	if e.Answer.Status != operator.StatusNotFound {
		s.p.Seen = s.p.Signed
	}
	switch e.Answer.Status {
	case operator.StatusApproved:
		s.approvedAnswer(e)
	case operator.StatusDeclined:
		s.declinedAnswer(e)
	case operator.StatusAwaitingPassword:
		s.awaitingAnswer(e, AwaitingPassword)
	case operator.StatusAwaitingCustomer:
		s.awaitingAnswer(e, AwaitingCustomer)
	case operator.StatusReversed:
		s.reversedAnswer(e, Reversed)
	case operator.StatusRefunded:
		s.reversedAnswer(e, LateRefunded)
	case operator.StatusReversalRefused:
		s.reversalRefused(e)
	case operator.StatusRefundRefused:
		s.refundRefused()
	default:
		// NotFound proves nothing: the request may still be on its way. Only a confirmed reversal ends the wait.
		s.unknown(e)
	}
}

// amountFits compares amounts where the operator names one; an approval must.
func (s *step) amountFits(a operator.Answer) bool {
	if a.Amount == 0 && a.Status != operator.StatusApproved {
		return true
	}
	return a.Amount == s.p.Amount && a.Currency == s.p.Currency
}

func (s *step) approvedAnswer(e Event) {
	switch s.p.State {
	case Authorising, AwaitingPassword, AwaitingCustomer, Querying:
		s.take(e.Answer)
		if s.p.Hold {
			s.hold()
			return
		}
		s.p.Fee = Fee(s.p.Amount, s.p.FeeRate, s.p.FeeCap)
		s.p.Debit = DebitSale
		s.post(PostSale)
		s.settle(Approved, operator.ReasonNone)
	case Approved, Held, HoldEnded, RestReturning, RestReturned:
		if e.Answer.Reference != s.p.OperatorReference {
			s.alarm(AlarmSecondReference)
		}
	case Reversing:
		s.approvedWhileReversing(e)
	case Declined, Reversed, LateRefunded:
		s.alarm(AlarmLateApproval)
		s.suspend(e.Answer)
		s.startRefund()
	case LateRefunding, Created:
	}
}

// hold begins a hold: its end is as the terminal or the merchant's plan asked for, if that is sooner than HoldFor.
func (s *step) hold() {
	if latest := s.now.Add(s.timing.HoldFor); s.p.HoldUntil.IsZero() || latest.Before(s.p.HoldUntil) {
		s.p.HoldUntil = latest
	}
	s.p.Debit = DebitHold
	s.post(PostHold)
	s.settle(Held, operator.ReasonNone)
}

// approvedWhileReversing: the customer has paid what is being taken back. The reversal goes on at once; where it was
// refused, a refund takes its place.
func (s *step) approvedWhileReversing(e Event) {
	if s.p.Debit == DebitNone {
		s.alarm(AlarmLateApproval)
		s.suspend(e.Answer)
		if e.Call != CallReverse && !s.p.ReversalRefused && !s.now.Before(s.p.ReverseAt) {
			s.reverse()
		}
	}
	if s.p.ReversalRefused {
		s.startRefund()
	}
}

func (s *step) declinedAnswer(e Event) {
	reason := e.Answer.Reason
	if reason == operator.ReasonNone {
		reason = operator.ReasonOther
	}
	switch s.p.State {
	case Authorising, AwaitingPassword, AwaitingCustomer, Querying:
		s.settle(Declined, reason)
	case Reversing:
		if s.p.Debit != DebitNone {
			s.alarm(AlarmContradiction)
			return
		}
		s.settle(Declined, reason)
	case LateRefunding:
		// Nothing was debited after all, says the operator; a person sees that it said otherwise before.
		s.alarm(AlarmContradiction)
		s.giveBack(Reversed)
	case Approved, Held, HoldEnded, RestReturning, RestReturned:
		s.alarm(AlarmContradiction)
	case Reversed:
		s.rechecked(e)
	case Created, Declined, LateRefunded:
	}
}

// awaitingAnswer keeps waiting for the customer. In any state in which nobody waits any more it says nothing new.
func (s *step) awaitingAnswer(e Event, state State) {
	if !s.p.State.waiting() {
		return
	}
	if state == AwaitingCustomer && (s.p.Method != operator.MethodShown || e.Answer.ShownCode == "" || len(e.Answer.ShownCode) > shownCodeMax) {
		s.unknown(e)
		return
	}
	changed := s.p.State != state || s.p.ShownCode != e.Answer.ShownCode
	if s.p.State == Authorising {
		s.p.QueryAt = s.now.Add(s.timing.QueryEvery)
	}
	s.p.State, s.p.ShownCode = state, e.Answer.ShownCode
	if changed {
		s.tell()
	}
	s.wait()
}

// reversedAnswer ends a reversal or refund; end is Reversed or LateRefunded as the operator says.
func (s *step) reversedAnswer(e Event, end State) {
	switch s.p.State {
	case Authorising, AwaitingPassword, AwaitingCustomer, Querying:
		// Taken back at the operator without our asking, for example by hand.
		s.settle(end, operator.ReasonOther)
	case Reversing, LateRefunding:
		s.giveBack(end)
	case Approved, Held, HoldEnded, RestReturning, RestReturned:
		s.alarm(AlarmContradiction)
	case Reversed:
		s.rechecked(e)
	case Created, Declined, LateRefunded:
	}
}

// giveBack clears what was posted and settles.
func (s *step) giveBack(end State) {
	switch s.p.Debit {
	case DebitSale:
		s.post(PostReversal)
	case DebitSuspense:
		s.post(PostSuspenseReturn)
	case DebitHold:
		s.post(PostHoldReturn)
	case DebitNone:
	}
	s.p.Debit = DebitNone
	s.settle(end, s.p.Reason)
}

func (s *step) reversalRefused(e Event) {
	if s.p.State != Reversing || e.Call != CallReverse {
		return
	}
	if !s.p.ReversalRefused {
		s.alarm(AlarmReversalRefused)
	}
	s.p.ReversalRefused = true
	if s.p.Debit != DebitNone {
		s.startRefund()
		return
	}
	s.call(CallQuery)
}

func (s *step) refundRefused() {
	if s.p.State != LateRefunding {
		return
	}
	s.alarm(AlarmRefundRefused)
	// The operator may refuse because the money is back already; the query tells.
	s.call(CallQuery)
}

// suspend books money that came in for a payment that was taken back. Of a hold no money came in: it is held, until it
// is set free.
func (s *step) suspend(a operator.Answer) {
	s.take(a)
	if s.p.Hold {
		s.p.Debit = DebitHold
		s.post(PostHold)
		return
	}
	s.p.Debit = DebitSuspense
	s.post(PostSuspense)
}

func (s *step) startRefund() {
	s.p.State, s.p.Attempts = LateRefunding, 0
	if s.p.Reason == operator.ReasonNone {
		s.p.Reason = operator.ReasonOther
	}
	s.tell()
	s.refund()
}

// take keeps what an approval says, cut to what receipt and store can hold.
func (s *step) take(a operator.Answer) {
	s.p.OperatorReference = bounded(a.Reference)
	s.p.PayerOperator = bounded(a.PayerOperator)
	s.p.AuthCode, s.p.WalletMasked = "", ""
	if len(a.AuthCode) == authCodeLen {
		s.p.AuthCode = a.AuthCode
	}
	if len(a.WalletMasked) == walletLen && a.WalletMasked[6:12] == "******" {
		s.p.WalletMasked = a.WalletMasked
	}
}

func bounded(text string) string { return text[:min(len(text), textMax)] }

// settle makes the outcome definite and tells the terminal.
func (s *step) settle(state State, reason operator.Reason) {
	s.p.State, s.p.Reason, s.p.DecidedAt, s.p.NextAt = state, reason, s.now, time.Time{}
	s.p.ShownCode = ""
	if state == Reversed {
		s.scheduleRecheck()
	}
	s.tell()
}
