package checkout

import (
	"bytes"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/packed"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// request asks for the payment. When the sale is already to be taken back (cancelled while a card was being read, or
// the card never answered) the reversal follows as soon as the request is recorded.
func (r Rules) request(s Sale, method message.Method, now time.Time) (Sale, []Effect) {
	s.Method = method
	s.State = Authorising
	s.RequestedAt, s.AskedAt, s.HeardAt = now, now, now
	s.Deadline = now.Add(r.giveUp(method))
	if s.Reversal != message.Reason_REASON_UNSPECIFIED {
		s.State = Reversing
	}
	s, effects := tellUnknown(s)
	body := r.requestBody(s)
	if r.ClockKnown {
		body.GiveUp = s.Deadline.Add(r.ClockOffset).UnixMicro()
	}
	others := s.TakesOthers()
	// The request is the last record of the commit: that is how a restart finds its sequence.
	effects = append(effects, Commit{Type: record.PaymentRequested, Body: body, Begun: method == message.Method_METHOD_TAP})
	return s, append(effects, SendNow{}, Arm{Scanner: others, Reader: others && !s.Hold}, Show{}, r.timer(s))
}

// requestBody is what the record of a payment says, online and offline.
func (r Rules) requestBody(s Sale) *message.PaymentRequested {
	body := &message.PaymentRequested{
		OrderId: s.OrderID[:], Method: s.Method,
		Amount: s.Amount.Minor, Currency: s.Amount.Currency.Code,
		MerchantId: r.MerchantID, Batch: s.Batch, Voucher: s.Voucher, Cashier: s.Cashier, Note: s.Note,
		CodeTail: s.CodeTail, CardTransaction: s.Card.Transaction, Terminal: r.Terminal,
		Hold: s.Hold, HoldExpires: packed.Micros(s.HoldExpires),
		OrderReference: s.Order.Reference, AcceptWithin: uint32(s.Order.Within / time.Second),
	}
	if s.Supersedes != (OrderID{}) {
		body.Supersedes = s.Supersedes[:]
	}
	return body
}

func (r Rules) giveUp(method message.Method) time.Duration {
	if method == message.Method_METHOD_SHOWN {
		return r.Timing.GiveUpShown
	}
	return r.Timing.GiveUp
}

// recorded learns a record's place in the journal, by which the cloud is asked again.
func (r Rules) recorded(s Sale, e Recorded, now time.Time) (Sale, []Effect) {
	s = placed(s, e)
	if s.reversalDue() && s.PaymentSequence != 0 { // the reversal names it; it may be the next to be told of
		return r.reverse(s, s.Reversal, s.ReversalBy, now)
	}
	return s, nil
}

// placed fills in where a record is.
func placed(s Sale, e Recorded) Sale {
	switch e.Type {
	case record.PaymentRequested:
		s.PaymentSequence = e.Sequence
	case record.ReversalRequested:
		s.ReversalSequence = e.Sequence
	}
	return s
}

// reversalDue reports whether the payment is to be taken back and the record that says so is missing.
func (s Sale) reversalDue() bool {
	return s.State == Reversing && s.Reversal != message.Reason_REASON_UNSPECIFIED && !s.ReversalRecorded
}

// reverse asks for the payment to be taken back. From here on only a definite answer ends the sale.
func (r Rules) reverse(s Sale, reason message.Reason, cashier string, now time.Time) (Sale, []Effect) {
	s.State = Reversing
	s.Reversal, s.ReversalBy, s.ReversalRecorded = reason, cashier, true
	s.AskedAt = now
	s, effects := tellUnknown(s)
	effects = append(effects, commitReversal(s), SendNow{}, Forget{Sequence: s.PaymentSequence})
	s.ReversalSequence = 0 // one that was withdrawn: a restart has to find the place of this one
	// Nobody knows at this point: the customer takes a slip along that says so and shows where to look.
	if reason == message.Reason_REASON_TIMED_OUT && s.Unprinted == 0 {
		s.Unprinted = CustomerCopy
		effects = append(effects, Print{Copies: CustomerCopy})
	}
	return s, append(effects, Arm{}, Show{}, r.timer(s))
}

// commitReversal records that the payment is to be taken back, in the place of a record that was refused if there is one.
func commitReversal(s Sale) Commit {
	return Commit{Type: record.ReversalRequested, Body: &message.ReversalRequested{
		OrderId: s.OrderID[:], PaymentSequence: s.PaymentSequence, Reason: s.Reversal, Cashier: s.ReversalBy,
		Again: s.ReversalSequence,
	}}
}

// result takes an answer of the cloud.
func (r Rules) result(s Sale, result *message.PaymentResult, now time.Time) (Sale, []Effect) {
	if !bytes.Equal(result.GetOrderId(), s.OrderID[:]) {
		return s, []Effect{Warn{What: "answer for another sale"}}
	}
	if s.State.Final() {
		return r.lateResult(s, result)
	}
	if s.State == ApprovedOffline {
		return r.offlineResult(s, result, now)
	}
	if !s.State.asked() || result.GetRevision() < s.revision() {
		return s, nil
	}
	if !matches(s, result) {
		return s, []Effect{Warn{What: "answer with another amount"}, Show{Notice: catalogue.NoticeMismatch}}
	}
	if result.GetStage() != message.Stage_STAGE_FINAL {
		return r.progress(s, result, now)
	}
	// The reversal wins (SPEC.md 7.4.5): what the cloud approved before it heard of it, it takes back all the same.
	if result.GetOutcome() == message.Outcome_OUTCOME_APPROVED && s.Reversal != message.Reason_REASON_UNSPECIFIED {
		return s, []Effect{Show{Notice: catalogue.NoticePaidTakenBack}}
	}
	return r.decide(s, result)
}

// matches reports whether the answer is about this sale's money. Only an answer that says "approved" must carry it.
func matches(s Sale, result *message.PaymentResult) bool {
	if result.GetOutcome() != message.Outcome_OUTCOME_APPROVED && result.GetAmount() == 0 {
		return true
	}
	return result.GetAmount() == s.Amount.Minor && result.GetCurrency() == s.Amount.Currency.Code
}

// decide ends the sale. The record comes first: what is not recorded is neither shown nor printed.
func (r Rules) decide(s Sale, result *message.PaymentResult) (Sale, []Effect) {
	var copies Copies
	switch result.GetOutcome() {
	case message.Outcome_OUTCOME_APPROVED:
		s.State, copies = Approved, bothCopies
	case message.Outcome_OUTCOME_DECLINED:
		s.State = Declined
		if s.CardInDoubt() || s.CardDebited() {
			copies = CustomerCopy // it tells the customer whom to ask
		}
	case message.Outcome_OUTCOME_REVERSED:
		s.State, copies = Reversed, CustomerCopy
		// The customer pays another order and gets its receipt; this one is on paper only when money went back.
		if s.Reversal == message.Reason_REASON_SUPERSEDED && !result.GetRefunded() {
			copies = 0
		}
	default:
		return s, []Effect{Warn{What: "final answer without a definite outcome"}}
	}
	s.Result = result
	if s.Unprinted&copies&CustomerCopy != 0 {
		s.Unprinted |= laterSlip
	}
	s.Unprinted |= copies
	effects := []Effect{commitOutcome(s, result)}
	if copies != 0 {
		effects = append(effects, Print{Copies: copies})
	}
	show := Show{}
	if s.State == Approved && s.withdrawn() {
		show.Notice = catalogue.NoticePaidAfterAll
	}
	effects = append(effects, show, Arm{}, Forget{Sequence: s.PaymentSequence})
	if s.ReversalSequence != 0 {
		effects = append(effects, Forget{Sequence: s.ReversalSequence})
	}
	return s, effects
}

func commitOutcome(s Sale, result *message.PaymentResult) Commit {
	return Commit{Type: record.OutcomeShown, Body: &message.OutcomeShown{
		OrderId: s.OrderID[:], Result: result, Outcome: s.Outcome(),
	}}
}

// lateResult takes what may change after the end: the money of a reversed payment went back, or something was done with
// an approved order elsewhere, by somebody or by time.
func (r Rules) lateResult(s Sale, result *message.PaymentResult) (Sale, []Effect) {
	if s.State == Approved && result.GetOutcome() == message.Outcome_OUTCOME_APPROVED {
		return r.lateStanding(s, result)
	}
	refunded := s.State == Reversed && result.GetRefunded() && !s.Result.GetRefunded() &&
		result.GetOutcome() == message.Outcome_OUTCOME_REVERSED && result.GetRevision() >= s.revision()
	if !refunded {
		return s, nil
	}
	s.Result = result
	return s, []Effect{commitOutcome(s, result), Show{}}
}

// lateStanding takes an approved order's new standing.
func (r Rules) lateStanding(s Sale, result *message.PaymentResult) (Sale, []Effect) {
	standing := result.GetStanding()
	if standing == nil || result.GetRevision() <= s.revision() {
		return s, nil
	}
	if !matches(s, result) {
		return s, []Effect{Warn{What: "standing with another amount"}}
	}
	same := sameStanding(standing, s.Standing())
	s.Result = result
	if same {
		return s, nil
	}
	return s, []Effect{commitOutcome(s, result), Show{Notice: catalogue.NoticeStanding}}
}

// learnStanding takes how the order stands from what was done with it on this till: that was recorded already.
func (r Rules) learnStanding(s Sale, e StandingLearned) (Sale, []Effect) {
	restood := Restand(s.Result, e.Standing)
	if s.State != Approved || restood == nil {
		return s, nil
	}
	s.Result = restood
	return s, []Effect{Save{}, Show{}}
}

// progress follows what the cloud is doing while the outcome is unknown.
func (r Rules) progress(s Sale, result *message.PaymentResult, now time.Time) (Sale, []Effect) {
	before, revision := s.State, s.revision()
	s.Result, s.HeardAt = result, now
	if s.State != Reversing {
		s.State = stageState(s, result.GetStage())
	}
	if s.State == before && result.GetRevision() == revision {
		return s, []Effect{r.timer(s)}
	}
	s, effects := tellUnknown(s)
	return s, append(effects, Show{}, r.timer(s))
}

// tellUnknown records that the cashier is told that nobody knows, once a sale and before the telling.
func tellUnknown(s Sale) (Sale, []Effect) {
	if s.UnknownShown || (s.State != Querying && s.State != Reversing) {
		return s, nil
	}
	s.UnknownShown = true
	return s, []Effect{Commit{Type: record.OutcomeShown, Body: &message.OutcomeShown{
		OrderId: s.OrderID[:], Result: s.Result, Outcome: message.Outcome_OUTCOME_UNKNOWN,
	}}}
}

// stageState is the state that goes with the cloud's stage. Once the cashier was told that the outcome is unknown,
// "authorising" is no news.
func stageState(s Sale, stage message.Stage) State {
	switch stage {
	case message.Stage_STAGE_AUTHORISING:
		if s.UnknownShown {
			return Querying
		}
		return Authorising
	case message.Stage_STAGE_AWAITING_PASSWORD:
		return AwaitingPassword
	case message.Stage_STAGE_AWAITING_CUSTOMER:
		return AwaitingScan
	case message.Stage_STAGE_QUERYING:
		return Querying
	case message.Stage_STAGE_REVERSING:
		return Reversing
	default:
		return s.State
	}
}
