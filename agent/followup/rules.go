package followup

import (
	"bytes"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// bothCopies is what something that was done is printed as.
const bothCopies = checkout.MerchantCopy | checkout.CustomerCopy

// Rules are what all follow-ups of a till have in common.
type Rules struct {
	Timing     checkout.Timing
	MerchantID string // 15 digits
	// Terminal is sent with every follow-up (银发〔2021〕259号). It is never changed.
	Terminal *message.TerminalBlock
}

// Step returns the follow-up after the event, and what is to be done about it in this order. It changes nothing it is
// given.
func (r Rules) Step(f FollowUp, event Event, now time.Time) (FollowUp, []Effect) {
	switch e := event.(type) {
	case Started:
		return r.start(e, now)
	case ResultArrived:
		return r.result(f, e.Result)
	case Recorded:
		f.RequestSequence = e.Sequence
		return f, nil
	case RecordRefused:
		return r.recordRefused(f, e, now)
	case JournalFailed:
		return r.journalFailed(f, e, now)
	case Tick:
		return r.tick(f, now)
	case Restarted:
		return r.restart(f, e, now)
	case Printed:
		return r.printed(f, e)
	case ReprintPressed:
		return r.reprint(f, e)
	default:
		return f, nil
	}
}

// start records what is asked for before anybody hears of it.
func (r Rules) start(e Started, now time.Time) (FollowUp, []Effect) {
	f := FollowUp{
		ID: e.ID, State: Asking, Kind: e.Kind, Original: e.Original, Amount: e.Amount, Undoes: e.Undoes, Last: e.Last,
		Cashier: e.Cashier, Note: e.Note, Batch: e.Batch, Voucher: e.Voucher, Origin: e.Origin,
		RequestedAt: now, AskedAt: now, Offline: e.Offline,
	}
	body := &message.FollowUpRequested{
		FollowUpId: f.ID[:], OrderId: e.Original.GetPayment().GetOrderId(), Kind: f.Kind,
		Amount: f.Amount.Minor, Currency: f.Amount.Currency.Code, MerchantId: r.MerchantID,
		Batch: f.Batch, Voucher: f.Voucher, Cashier: f.Cashier, Note: f.Note, Last: f.Last, Terminal: r.Terminal,
		Offline: f.Offline,
	}
	if f.Undoes != (ID{}) {
		body.Undoes = f.Undoes[:]
	}
	if f.Offline {
		return r.takeOffline(f, body)
	}
	return f, []Effect{
		checkout.Commit{Type: record.FollowUpRequested, Body: body}, checkout.SendNow{}, checkout.Show{}, r.timer(f),
	}
}

// result takes an answer of the cloud. What is definite stays: nothing is taken back (SPEC.md 7.6.5).
func (r Rules) result(f FollowUp, result *message.FollowUpResult) (FollowUp, []Effect) {
	order := f.Order()
	if !bytes.Equal(result.GetFollowUpId(), f.ID[:]) || !bytes.Equal(result.GetOrderId(), order[:]) {
		return f, []Effect{checkout.Warn{What: "answer for another follow-up"}}
	}
	if f.State.Final() || result.GetRevision() < f.Result.GetRevision() {
		return f, nil
	}
	if result.GetKind() != f.Kind || !f.matches(result) {
		return f, []Effect{
			checkout.Warn{What: "answer with another kind or amount"}, checkout.Show{Notice: catalogue.NoticeFollowUpMismatch},
		}
	}
	if f.State == TakenOffline {
		return r.offlineResult(f, result)
	}
	switch result.GetOutcome() {
	case message.Outcome_OUTCOME_APPROVED:
		return r.decide(f, Approved, result)
	case message.Outcome_OUTCOME_DECLINED:
		return r.decide(f, Declined, result)
	default:
		news := result.GetRevision() != f.Result.GetRevision() || f.Result == nil
		f.Result = result
		if !news {
			return f, nil
		}
		return f, []Effect{checkout.Show{}}
	}
}

// matches reports whether the answer is about what was asked for. Only "approved" must carry an amount.
func (f FollowUp) matches(result *message.FollowUpResult) bool {
	if result.GetOutcome() != message.Outcome_OUTCOME_APPROVED {
		return true
	}
	if result.GetAmount() <= 0 || result.GetCurrency() != f.Amount.Currency.Code {
		return false
	}
	return !f.exact() || f.Amount.Minor == 0 || result.GetAmount() == f.Amount.Minor
}

// decide ends it. The record comes first: what is not recorded is neither shown nor printed.
func (r Rules) decide(f FollowUp, state State, result *message.FollowUpResult) (FollowUp, []Effect) {
	told := f.UnknownShown
	f.State, f.Result = state, result
	effects := []Effect{commitShown(f)}
	if state == Approved {
		f.Unprinted = bothCopies
		effects = append(effects, checkout.Print{Copies: bothCopies})
	}
	show := checkout.Show{}
	if told {
		show.Notice = catalogue.NoticeFollowUpKnown
	}
	return f, append(effects, show, checkout.Forget{Sequence: f.RequestSequence})
}

func commitShown(f FollowUp) checkout.Commit {
	order := f.Order()
	return checkout.Commit{Type: record.FollowUpShown, Body: &message.FollowUpShown{
		FollowUpId: f.ID[:], OrderId: order[:], Result: f.Result, Outcome: f.Outcome(),
	}}
}

// tellUnknown records that the cashier is told that nobody knows, once and before the telling.
func tellUnknown(f FollowUp) (FollowUp, []Effect) {
	f.State = Unknown
	if f.UnknownShown {
		return f, nil
	}
	f.UnknownShown = true
	return f, []Effect{commitShown(f)}
}

// tick says "unknown" when the answer takes too long, and asks again.
func (r Rules) tick(f FollowUp, now time.Time) (FollowUp, []Effect) {
	if f.State.Final() {
		return f, nil
	}
	var effects []Effect
	if f.State == Asking && !now.Before(f.RequestedAt.Add(r.Timing.AnswerWithin)) {
		f, effects = tellUnknown(f)
		effects = append(effects, checkout.Show{})
	}
	if !now.Before(f.AskedAt.Add(r.interval(f))) {
		f.AskedAt = now
		effects = append(effects, checkout.Ask{Sequence: f.RequestSequence})
	}
	return f, append(effects, r.timer(f))
}

// interval spares the network once the customer is long gone, or needs no answer.
func (r Rules) interval(f FollowUp) time.Duration {
	if f.State == TakenOffline || f.AskedAt.Sub(f.RequestedAt) > r.Timing.AskEagerly {
		return r.Timing.AskSlowly
	}
	return r.Timing.AskEvery
}

// timer asks for the Tick that the follow-up needs next.
func (r Rules) timer(f FollowUp) checkout.SetTimer {
	at := f.AskedAt.Add(r.interval(f))
	if silent := f.RequestedAt.Add(r.Timing.AnswerWithin); f.State == Asking && silent.Before(at) {
		at = silent
	}
	return checkout.SetTimer{At: at}
}

// journalFailed tries again: what the cloud has answered it answers once more.
func (r Rules) journalFailed(f FollowUp, e JournalFailed, now time.Time) (FollowUp, []Effect) {
	show := checkout.Show{Notice: catalogue.NoticeJournal}
	if f.State.Final() {
		return f, []Effect{show}
	}
	if restarted, ok := e.Cause.(Restarted); ok {
		f = resume(f, restarted, now)
	}
	return f, []Effect{show, checkout.SetTimer{At: now.Add(r.Timing.AskEvery)}}
}

// restart takes it up where the journal has it and asks with the same record. A slip is never printed again by itself.
func (r Rules) restart(f FollowUp, e Restarted, now time.Time) (FollowUp, []Effect) {
	f = resume(f, e, now)
	f, effects := unsurePrints(f)
	if f.State.Final() {
		return f, append(effects, checkout.Show{Notice: catalogue.NoticeReceiptUnsure})
	}
	if f.State == TakenOffline {
		return r.resumeOffline(f, effects)
	}
	f, told := tellUnknown(f)
	return f, append(append(effects, told...),
		checkout.Ask{Sequence: f.RequestSequence}, checkout.Show{Notice: catalogue.NoticeFollowUpRestarted}, r.timer(f))
}

// resume fills in what was not known when it was last saved: the place of its request.
func resume(f FollowUp, e Restarted, now time.Time) FollowUp {
	switch {
	case f.RequestSequence != 0:
	case f.Offline:
		f.RequestSequence = e.Last - 1 // the outcome was committed right behind it
	default:
		f.RequestSequence = e.Last
	}
	f.AskedAt = now
	if f.RequestedAt.After(now) {
		f.RequestedAt = now // the clock was set back while the till was off
	}
	return f
}
