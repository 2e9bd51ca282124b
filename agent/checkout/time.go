package checkout

import (
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// tick does whatever is due; a Tick too many changes nothing.
func (r Rules) tick(s Sale, now time.Time) (Sale, []Effect) {
	late := !now.Before(s.Deadline)
	switch s.State {
	case Waiting:
		if late {
			return r.abandon(s, message.Reason_REASON_TIMED_OUT)
		}
		return s, []Effect{r.timer(s)}
	case Tapping:
		return r.tickTapping(s, late, now)
	case CardUnknown:
		if late {
			s.Reversal = message.Reason_REASON_TIMED_OUT
			return r.request(s, message.Method_METHOD_TAP, now)
		}
		return s, []Effect{r.timer(s)}
	case Reversing:
		if s.reversalDue() {
			return r.reverse(s, s.Reversal, s.ReversalBy, now)
		}
		if s.Reversal == message.Reason_REASON_UNSPECIFIED && late && !s.withdrawn() {
			return r.reverse(s, message.Reason_REASON_TIMED_OUT, "", now)
		}
		return r.ask(s, nil, now)
	case Authorising, AwaitingPassword, AwaitingScan, Querying:
		if late {
			return r.reverse(s, message.Reason_REASON_TIMED_OUT, "", now)
		}
		return r.tickAsked(s, now)
	case ApprovedOffline:
		return r.ask(s, nil, now)
	default:
		return s, nil
	}
}

// tickTapping tries again to record what a card answered, or stops waiting for the card's answer.
func (r Rules) tickTapping(s Sale, late bool, now time.Time) (Sale, []Effect) {
	due := !now.Before(s.AskedAt.Add(r.Timing.AskEvery))
	switch {
	case s.Card.Refused != nil && due:
		return r.cardRefused(s, *s.Card.Refused, now)
	case len(s.Card.Transaction) != 0 && due:
		return r.requestTap(s, now)
	case !s.Card.heard() && late:
		return r.cardLost(s, catalogue.None, now)
	default:
		return s, []Effect{r.timer(s)}
	}
}

// tickAsked says "unknown" when the answer takes too long, and asks again.
func (r Rules) tickAsked(s Sale, now time.Time) (Sale, []Effect) {
	var effects []Effect
	if s.State != Querying && !now.Before(r.silentAt(s)) {
		s.State = Querying
		s, effects = tellUnknown(s)
		effects = append(effects, Show{})
	}
	return r.ask(s, effects, now)
}

// ask asks the cloud when that is due. In a sale that is being taken back the reversal is what is repeated: repeating
// the payment would be wrong where the cloud has not seen it yet.
func (r Rules) ask(s Sale, effects []Effect, now time.Time) (Sale, []Effect) {
	every := r.Timing.AskEvery
	switch s.State {
	case Reversing:
		every = r.askInterval(s)
	case ApprovedOffline:
		every = r.Timing.AskSlowly
	default: // the customer waits
	}
	if !now.Before(s.AskedAt.Add(every)) {
		s.AskedAt = now
		effects = append(effects, Ask{Sequence: s.askSequence()})
	}
	return s, append(effects, r.timer(s))
}

func (s Sale) askSequence() uint64 {
	if s.ReversalSequence != 0 && !s.withdrawn() {
		return s.ReversalSequence
	}
	return s.PaymentSequence
}

// cancel ends the sale before a payment, and asks for it to be taken back afterwards: a payment is never just forgotten.
func (r Rules) cancel(s Sale, e CancelPressed, now time.Time) (Sale, []Effect) {
	reason := e.reason()
	switch s.State {
	case Waiting:
		return r.abandon(s, reason)
	case Tapping:
		s.Reversal, s.ReversalBy = reason, e.Cashier
		return s, []Effect{Save{}, Show{Notice: catalogue.NoticeCancelDuringTap}}
	case CardUnknown:
		s.Reversal, s.ReversalBy = reason, e.Cashier
		return r.request(s, message.Method_METHOD_TAP, now)
	case Authorising, AwaitingPassword, AwaitingScan, Querying:
		return r.reverse(s, reason, e.Cashier, now)
	case Reversing:
		if s.Reversal == message.Reason_REASON_UNSPECIFIED {
			return r.reverse(s, reason, e.Cashier, now)
		}
		return s, []Effect{Show{}}
	default:
		return s, []Effect{Show{Notice: catalogue.NoticeAlreadyDecided}}
	}
}

// journalFailed keeps what only this process knows, says that the journal does not work, and tries again where money
// may have moved. s is the sale as it was before the event that failed.
func (r Rules) journalFailed(s Sale, e JournalFailed, now time.Time) (Sale, []Effect) {
	show := Show{Notice: catalogue.NoticeJournal}
	switch {
	case s.State == Waiting:
		// Nothing was asked of anybody. The journal still says "waiting" and is put right at the next start.
		s.State = Abandoned
		return s, []Effect{LeaveCard{}, Arm{}, show}
	case s.State.Final():
		if restarted, is := e.Cause.(Restarted); is {
			s = resume(s, restarted, now)
		}
		return s, []Effect{show}
	}
	s = keepHeard(s, e.Cause, now)
	s.AskedAt = now
	return s, []Effect{show, SetTimer{At: now.Add(r.Timing.AskEvery)}}
}

// keepHeard keeps of an event that could not be made durable what nobody would tell a second time.
func keepHeard(s Sale, cause Event, now time.Time) Sale {
	switch e := cause.(type) {
	case CardPaid:
		if s.State.cardStage() {
			s.State, s.Card.Transaction, s.Card.Accepted = Tapping, e.Transaction, e.Offline
		} else if s.CardInDoubt() {
			s.Card.Transaction = e.Transaction // goes with the next record
		}
	case CardRefused:
		if s.State == Tapping && s.definite(e) {
			s.Card.Refused = &e
		}
	case CancelPressed:
		if s.State == Tapping {
			s.Reversal, s.ReversalBy = e.reason(), e.Cashier
		}
	case Recorded:
		s = placed(s, e)
	case Restarted:
		s = resume(s, e, now)
	}
	return s
}

// cardStage reports whether a hard wallet may still be heard of.
func (s State) cardStage() bool { return s == Tapping || s == CardUnknown }

// restart takes up a sale where the journal has it. What the customer's code was is gone for good; the payment is asked
// about, never sent anew. A receipt is never printed again by itself.
func (r Rules) restart(s Sale, e Restarted, now time.Time) (Sale, []Effect) {
	s = resume(s, e, now)
	s, effects := unsurePrints(s)
	switch s.State {
	case Waiting:
		s, ended := r.abandon(s, message.Reason_REASON_OTHER)
		return s, append(effects, ended...)
	case Tapping, CardUnknown:
		s, lost := r.cardLost(s, catalogue.NoticeRestarted, now)
		return s, append(effects, lost...)
	case Authorising, AwaitingPassword, AwaitingScan, Querying, Reversing:
		if s.State != Reversing {
			s.State = Querying
			s.Deadline = earliest(s.Deadline, now.Add(r.giveUp(s.Method)))
		}
		s, told := tellUnknown(s)
		effects = append(append(effects, told...), Ask{Sequence: s.askSequence()})
		return s, append(effects, Show{Notice: catalogue.NoticeRestarted}, r.timer(s))
	case ApprovedOffline:
		show := Show{}
		if len(effects) > 0 {
			show.Notice = catalogue.NoticeReceiptUnsure
		}
		return s, append(effects, Ask{Sequence: s.askSequence()}, show, r.timer(s))
	default:
		show := Show{Notice: catalogue.NoticeReceiptUnsure}
		if len(effects) == 0 { // it is open for its order
			show.Notice = catalogue.None
		}
		return s, append(effects, show)
	}
}

// resume fills in what was not known when the sale was last saved: the place of the record saved with it.
func resume(s Sale, e Restarted, now time.Time) Sale {
	switch {
	case s.State == ApprovedOffline && s.PaymentSequence == 0:
		s.PaymentSequence = e.Last - 1 // the outcome was committed right behind it
	case !s.State.asked() || s.withdrawn():
	case s.ReversalRecorded && s.PaymentSequence == 0 && s.ReversalSequence == 0:
		s.PaymentSequence, s.ReversalSequence = e.Last-1, e.Last // both were made anew in one commit
	case s.PaymentSequence == 0:
		s.PaymentSequence = e.Last
	case s.ReversalRecorded && s.ReversalSequence == 0:
		s.ReversalSequence = e.Last
	}
	s.AskedAt, s.HeardAt, s.Resumed = now, now, true
	// A clock that was set back while the till was off must not make a deadline of hours.
	if s.Card.At.After(now) {
		s.Card.At = now
	}
	return s
}

// RequestedAsOf is the place of the payment's record, for a sale as the journal has it with its latest record; 0 when there
// is none. The snapshot that went with the payment itself cannot say.
func (s Sale) RequestedAsOf(last uint64) uint64 {
	return resume(s, Restarted{Last: last}, s.AskedAt).PaymentSequence
}

// unsurePrints records that nobody saw whether the copies were printed.
func unsurePrints(s Sale) (Sale, []Effect) {
	var effects []Effect
	for _, report := range s.Unprinted.Unsure() {
		effects = append(effects, Commit{Type: record.ReceiptPrinted, Body: report.body(s.OrderID)})
	}
	s.Unprinted = 0
	return s, effects
}
