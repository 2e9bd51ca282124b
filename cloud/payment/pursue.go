package payment

import (
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// What follows an approval: each follow-up is part of its payment, so that a limit is checked in the same step and
// revision that stores what it allows. Those of a payment go on side by side; those of a hold one after another, because
// what is still held depends on the one before.

// followUpRequested takes a follow-up on or says why not. One that is known already is only told.
func (s *step) followUpRequested(asked *Asked) {
	if asked == nil {
		return
	}
	if s.p.followUp(asked.ID) >= 0 {
		s.tellFollowUp(asked.ID)
		return
	}
	if reason := s.objection(asked); reason != operator.ReasonNone {
		s.effects = append(s.effects, Effect{Kind: DeclineFollowUp, FollowUp: asked.ID, Reason: reason})
		if asked.Offline { // the customer was told that it is done
			s.alarm(AlarmReturnNotDone)
		}
		return
	}
	f := asked.FollowUp
	switch f.Kind {
	case operator.KindVoid:
		f.Amount = s.p.Amount
		if !s.p.inShift(asked) { // given back already, so it is booked; what is wrong is the terminal
			s.alarm(AlarmVoidOfClosedShift)
		}
	case operator.KindCancel:
		f.Amount = s.p.rest()
	case operator.KindUndo:
		completion, _ := s.p.FollowUp(f.Undoes)
		f.Amount = completion.Amount
	default:
	}
	s.begin(f)
	s.effects = append(s.effects, Effect{Kind: TakeFollowUp, FollowUp: f.ID})
}

// begin adds a follow-up; finish asks for it.
func (s *step) begin(f FollowUp) {
	f.Status, f.Reason, f.CreatedAt, f.Revision = UnderWay, operator.ReasonNone, s.now, 1
	f.Freed, f.Fee, f.Attempts, f.DecidedAt, f.NextAt = 0, 0, 0, time.Time{}, time.Time{}
	// What does not belong to the kind would make a request of it that no operator understands, for ever.
	f.Last = f.Last && f.Kind == operator.KindComplete
	if f.Kind != operator.KindUndo {
		f.Undoes = operator.FollowUpID{}
	}
	s.p.FollowUps = append(s.p.FollowUps, f)
}

// objection is why a follow-up is declined at once (SPEC 7.6.2 to 7.6.4).
func (s *step) objection(asked *Asked) operator.Reason {
	p := s.p
	switch {
	case asked.Kind < operator.KindVoid || asked.Kind > operator.KindUndo:
		return operator.ReasonInvalidRequest
	case p.State != Approved && p.State != Held && p.State != HoldEnded:
		return operator.ReasonNotPaid
	case asked.Currency != p.Currency || !asked.amountMakesSense():
		return operator.ReasonInvalidRequest
	case p.Hold && asked.Kind == operator.KindVoid || !p.Hold && asked.Kind > operator.KindRefund:
		return operator.ReasonInvalidRequest
	case len(p.FollowUps) >= FollowUpsMax:
		return operator.ReasonLimitExceeded
	}
	switch asked.Kind {
	case operator.KindVoid:
		return p.voidObjection(asked)
	case operator.KindRefund:
		if asked.Amount > p.paidSurely()-p.refunded(false) {
			return operator.ReasonLimitExceeded
		}
		return operator.ReasonNone
	default:
		if p.State == HoldEnded || p.closing() || !s.now.Before(p.HoldUntil) {
			return operator.ReasonHoldEnded
		}
		return p.holdObjection(asked)
	}
}

// amountMakesSense: void, cancel and undo are of the whole, so they need not say how much.
func (a *Asked) amountMakesSense() bool {
	switch a.Kind {
	case operator.KindVoid, operator.KindCancel, operator.KindUndo:
		return a.Amount >= 0 && a.Amount <= AmountMax
	default:
		return a.Amount > 0 && a.Amount <= AmountMax
	}
}

func (p Payment) voidObjection(asked *Asked) operator.Reason {
	switch {
	case asked.Amount != 0 && asked.Amount != p.Amount:
		return operator.ReasonInvalidRequest
	case p.refunded(false) > 0:
		return operator.ReasonLimitExceeded
	case p.Offline && asked.Offline && asked.Terminal == p.Terminal: // the terminal has given it back already
	case !p.inShift(asked):
		return operator.ReasonShiftClosed
	}
	return operator.ReasonNone
}

// inShift reports whether it was asked for in the shift that took the payment.
func (p Payment) inShift(asked *Asked) bool {
	return p.Batch != 0 && asked.Batch == p.Batch && asked.Terminal == p.Terminal
}

func (p Payment) holdObjection(asked *Asked) operator.Reason {
	if asked.Kind == operator.KindUndo {
		return p.undoObjection(asked)
	}
	switch {
	case p.spent(), asked.Kind == operator.KindCancel && p.rest() <= p.taking(): // what is coming cannot be cancelled yet
		return operator.ReasonHoldEnded
	case asked.Kind == operator.KindTopUp && p.heldAtMost()+asked.Amount > AmountMax,
		asked.Kind == operator.KindComplete && p.paidAtMost()+asked.Amount > p.completionLimit():
		return operator.ReasonLimitExceeded
	default:
		return operator.ReasonNone
	}
}

func (p Payment) undoObjection(asked *Asked) operator.Reason {
	completion, known := p.FollowUp(asked.Undoes)
	switch {
	case !known || completion.Kind != operator.KindComplete:
		return operator.ReasonInvalidRequest
	case asked.Amount != 0 && asked.Amount != completion.Amount:
		return operator.ReasonInvalidRequest
	case completion.Status != Done:
		return operator.ReasonNotPaid
	}
	if _, perhaps := p.undone(completion.ID); perhaps || completion.Amount > p.paidSurely()-p.refunded(false) {
		return operator.ReasonLimitExceeded
	}
	return operator.ReasonNone
}

// pursue asks for the follow-ups whose turn has come and that were never asked for.
func (s *step) pursue() {
	for i := range s.p.FollowUps {
		f := &s.p.FollowUps[i]
		if f.Status != UnderWay {
			continue
		}
		if f.Attempts == 0 {
			if f.Kind == operator.KindCancel {
				f.Amount = s.p.rest() // what came before it is definite now
			}
			s.ask(f)
		}
		if s.p.Hold {
			return
		}
	}
}

// ask asks the operator for a follow-up, as often as it takes: it is idempotent there on its id.
func (s *step) ask(f *FollowUp) {
	f.Attempts = increment(f.Attempts)
	f.NextAt = s.now.Add(s.timing.backOff(f.Attempts))
	if f.Attempts%uint32(s.timing.AlarmAttempts) == 0 {
		s.alarm(AlarmFollowUpOpen)
	}
	s.effects = append(s.effects, Effect{Kind: CallFollowUp, Operator: s.p.Operator, FollowUp: f.ID})
}

// askAgain asks for the follow-ups that are due, or for all after a restart.
func (s *step) askAgain(all bool) {
	for i := range s.p.FollowUps {
		f := &s.p.FollowUps[i]
		if f.Status == UnderWay && f.Attempts > 0 && (all || !s.now.Before(f.NextAt)) {
			s.ask(f)
		}
	}
}

// followUpUnanswered: whether it was lost or never left, it is asked for again at its time. The terminal hears once that
// the outcome is unknown.
func (s *step) followUpUnanswered(e Event) {
	if i := s.p.followUp(e.FollowUp); i >= 0 && s.p.FollowUps[i].Status == UnderWay && s.p.FollowUps[i].Attempts == 1 {
		s.tellFollowUp(e.FollowUp)
	}
}

// followUpAnswered takes an operator's statement about a follow-up.
func (s *step) followUpAnswered(e Event) {
	answer := e.FollowUpAnswer
	i := s.p.followUp(e.FollowUp)
	if i < 0 || answer == nil || answer.ID != e.FollowUp || answer.OrderID != s.p.OrderID || e.Operator != s.p.Operator {
		s.alarm(AlarmForeignAnswer)
		return
	}
	f := &s.p.FollowUps[i]
	switch {
	case answer.Status == operator.FollowUpPending:
		s.followUpUnanswered(e)
	case f.Status != UnderWay:
		if (answer.Status == operator.FollowUpDone) != (f.Status == Done) {
			s.alarm(AlarmFollowUpContradiction)
		}
	case answer.Status == operator.FollowUpRefused:
		s.refused(f, i, answer.Reason)
	case answer.Status != operator.FollowUpDone:
		s.followUpUnanswered(e)
	case answer.Amount != f.Amount || answer.Currency != s.p.Currency:
		s.alarm(AlarmAmountMismatch)
		s.followUpUnanswered(e)
	default:
		s.carriedOut(f, answer.Reference)
	}
}

// carriedOut books a follow-up and tells whoever asked for it.
func (s *step) carriedOut(f *FollowUp, reference string) {
	effect := Effect{Kind: Post, Amount: f.Amount, FollowUp: f.ID}
	switch f.Kind {
	case operator.KindVoid:
		effect.Posting, f.Fee = PostVoid, s.p.feeBack(f.Amount, -1)
	case operator.KindRefund:
		effect.Posting, f.Fee = PostRefund, s.p.feeBack(f.Amount, -1)
	case operator.KindTopUp:
		effect.Posting, effect.Amount, effect.Held = PostTopUp, 0, f.Amount
	case operator.KindComplete:
		rest := s.p.rest()
		f.Fee, f.Freed = Fee(f.Amount, s.p.FeeRate, s.p.FeeCap), min(f.Amount, rest)
		if f.Last {
			f.Freed = rest
		}
		effect.Posting, effect.Held = PostCompletion, f.Freed
	case operator.KindCancel:
		f.Freed = f.Amount
		effect.Posting, effect.Amount, effect.Held = PostRelease, 0, f.Freed
	case operator.KindUndo:
		completion, _ := s.p.FollowUp(f.Undoes)
		f.Fee, f.Freed = s.p.feeBack(f.Amount, completion.Fee), completion.Freed
		effect.Posting, effect.Held = PostUndo, f.Freed
	}
	effect.Fee = f.Fee
	f.Status, f.DecidedAt, f.NextAt, f.OperatorReference = Done, s.now, time.Time{}, bounded(reference)
	f.Revision = increment(f.Revision)
	s.effects = append(s.effects, effect)
	s.tellEnd(f)
}

// refused ends a follow-up. One of the cloud's own goes on under another id, since what it is for must be done.
func (s *step) refused(f *FollowUp, i int, reason operator.Reason) {
	if reason == operator.ReasonNone {
		reason = operator.ReasonOther
	}
	if !f.own() {
		f.Status, f.Reason, f.DecidedAt, f.NextAt = Refused, reason, s.now, time.Time{}
		f.Revision = increment(f.Revision)
		if s.p.Offline { // perhaps given back by the terminal itself
			s.alarm(AlarmReturnNotDone)
		}
		s.tellEnd(f)
		return
	}
	s.alarm(AlarmFollowUpRefused)
	if f.Kind == operator.KindCancel && reason == operator.ReasonHoldEnded {
		s.carriedOut(f, "") // the operator was quicker: nothing is held there any more
		return
	}
	f.Round = increment(f.Round)
	f.ID = ownID(s.p.OrderID, i, f.Round)
}

// tellEnd tells the terminal that asked. The payment's own terminal hears its result when it is another, or when the cloud
// itself asked: else it would take the payment for one that is kept, and its order for one to be made.
func (s *step) tellEnd(f *FollowUp) {
	if !f.own() {
		s.tellFollowUp(f.ID)
	}
	if f.Terminal != s.p.Terminal {
		s.tell()
	}
}

func (s *step) tellFollowUp(id operator.FollowUpID) {
	for _, effect := range s.effects {
		if effect.Kind == AnswerFollowUp && effect.FollowUp == id {
			return
		}
	}
	s.effects = append(s.effects, Effect{Kind: AnswerFollowUp, FollowUp: id})
}
