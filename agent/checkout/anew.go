package checkout

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// A terminal that was copied may have records that the cloud refuses for ever: it has begun nothing for them, since what it
// has stored it answers. What they asked for is asked for anew, by records that name the refused ones (SPEC.md 7.5.1).
//
// Nothing is authorised anew: an order whose request was refused is this copy's alone, and is taken back. Only what a hard
// wallet has signed, or was asked to, is requested once more: it has debited itself, and its operator has to see it.
//
// A reversal of an order that other copies know as well is another matter: one of them may have handed over the goods. The
// till that has had the sale in hand since it was asked for knows that it has not, and asks for the reversal anew. One that
// took the sale up after a restart may be the copy. It moves no money: it withdraws the reversal and takes for the outcome
// what the cloud says of the payment, which ends there by itself.

// recordRefused does what follows from the refusal. A record that is not the newest of its kind was dealt with before.
func (r Rules) recordRefused(s Sale, e RecordRefused, now time.Time) (Sale, []Effect) {
	payment := e.Sequence == s.PaymentSequence
	if e.Sequence == 0 || !payment && e.Sequence != s.ReversalSequence {
		return s, nil
	}
	switch {
	case s.State == ApprovedOffline && e.Payment != nil:
		return r.presentAnew(s, e, now)
	case s.State == Reversed && payment && s.unpresented(e):
		return requestAnew(s, e)
	case !s.State.asked():
		return s, nil
	case payment && s.ReversalRecorded && !s.withdrawn() && !s.unpresented(e):
		return s, nil
	case !payment && s.withdrawn():
		return s, nil
	case !payment && s.Resumed:
		return r.withdraw(s, now)
	default:
		return r.reverseAnew(s, e, now)
	}
}

// withdrawn reports whether the record that asked for the reversal was refused and is not to be made anew.
func (s Sale) withdrawn() bool {
	return s.ReversalRecorded && s.Reversal == message.Reason_REASON_UNSPECIFIED
}

// withdraw goes back to asking about the payment, by its own record and until that is definite.
func (r Rules) withdraw(s Sale, now time.Time) (Sale, []Effect) {
	s.Reversal, s.ReversalBy, s.AskedAt = message.Reason_REASON_UNSPECIFIED, "", now
	return s, []Effect{Save{}, Forget{Sequence: s.ReversalSequence}, Ask{Sequence: s.PaymentSequence},
		Show{Notice: catalogue.NoticeReversalWithdrawn}, r.timer(s)}
}

// unpresented reports whether a hard wallet may have paid what the cloud has not heard of: an order that was cancelled
// unseen is answered without an amount.
func (s Sale) unpresented(e RecordRefused) bool {
	return s.Method == message.Method_METHOD_TAP && e.Payment != nil && s.Result.GetAmount() == 0
}

// commitAgain records the request once more, in the place of the one that was refused.
func commitAgain(s Sale, e RecordRefused) Commit {
	body := proto.CloneOf(e.Payment)
	body.Again = s.PaymentSequence
	return Commit{Type: record.PaymentRequested, Body: body, Begun: true}
}

// presentAnew hands in once more what the till took by itself. As the first time, the outcome is the last record of the
// commit, and nobody waits for the answer.
func (r Rules) presentAnew(s Sale, e RecordRefused, now time.Time) (Sale, []Effect) {
	refused := s.PaymentSequence
	effects := []Effect{commitAgain(s, e), commitOutcome(s, nil)}
	s.PaymentSequence, s.AskedAt = 0, now
	return s, append(effects, Forget{Sequence: refused}, Show{Notice: catalogue.NoticeRecordAnew}, r.timer(s))
}

// requestAnew hands in what a hard wallet has signed for an order that the cloud has cancelled unseen. It goes up in its
// turn: the sale is over, and what the cloud does about it ends without money (SPEC.md 7.4.5). Its place is not kept over a
// restart, so that it is not made anew again for the one that was refused.
func requestAnew(s Sale, e RecordRefused) (Sale, []Effect) {
	again := commitAgain(s, e)
	s.PaymentSequence = 0
	return s, []Effect{again, Show{Notice: catalogue.NoticeRecordAnew}}
}

// reverseAnew asks for the payment to be taken back by a record that the cloud can take.
func (r Rules) reverseAnew(s Sale, e RecordRefused, now time.Time) (Sale, []Effect) {
	payment, reversal := s.PaymentSequence, s.ReversalSequence
	if s.Reversal == message.Reason_REASON_UNSPECIFIED {
		s.Reversal = message.Reason_REASON_OTHER
	}
	s.State, s.ReversalRecorded, s.AskedAt = Reversing, true, now
	s, effects := tellUnknown(s)
	if s.unpresented(e) {
		effects = append(effects, commitAgain(s, e))
	}
	// The reversal is the last record of the commit, right behind the request: that is how a restart finds both.
	effects = append(effects, commitReversal(s), SendNow{}, Forget{Sequence: payment})
	if reversal != 0 {
		effects = append(effects, Forget{Sequence: reversal})
	}
	if s.unpresented(e) {
		s.PaymentSequence = 0
	}
	s.ReversalSequence = 0
	return s, append(effects, Arm{}, Show{Notice: catalogue.NoticeRecordAnew}, r.timer(s))
}
