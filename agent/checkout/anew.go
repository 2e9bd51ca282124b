package checkout

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// A terminal that was copied may have records that the cloud refuses for ever. What they asked for is asked for anew, by
// records that name the refused ones (SPEC.md 7.5.1). Nothing is authorised anew: the payment is taken back, whether the
// cloud has it or not. Only what a hard wallet has signed, or was asked to, is requested once more: it has debited itself,
// and its operator has to see it. All of it is idempotent on the order, and the shell asks for it once an epoch.

// recordRefused makes anew what the refused record asked for. One that is not the newest of its kind was made anew before.
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
	case s.State.asked() && (!payment || !s.ReversalRecorded || s.unpresented(e)):
		return r.reverseAnew(s, e, now)
	default:
		return s, nil
	}
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
	return Commit{Type: record.PaymentRequested, Body: body}
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
