package payment

import (
	"math"
	"slices"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Machine steps payments. It holds nothing but its timing and is safe for concurrent use.
type Machine struct {
	timing Timing
}

// NewMachine checks timing. Error: ErrInvalidTiming.
func NewMachine(timing Timing) (Machine, error) {
	if err := timing.Validate(); err != nil {
		return Machine{}, err
	}
	return Machine{timing: timing}, nil
}

// step is one step being made.
type step struct {
	timing  Timing
	now     time.Time
	p       Payment
	effects []Effect
}

// Step takes a payment, what happened to it and the present time, and returns the payment as it is then and what has to
// be done. The caller stores the payment together with its Post effects before it runs any other effect.
//
// The one rule above all: authorise and order are called once for each operator, and for a second operator only when the
// first was certainly never reached. Only what a hard wallet signed is presented again (signed.go, offline.go): its number
// is settled once.
func (m Machine) Step(p Payment, e Event, now time.Time) (Payment, []Effect) {
	s := &step{timing: m.timing, now: instant(now), p: p}
	s.p.FollowUps = slices.Clone(p.FollowUps) // a step changes them in place
	if !p.Offline || !s.offline(e) {
		s.online(e)
	}
	if s.p.Stands() && (s.p.Hold || len(s.p.FollowUps) > 0) {
		s.wrapUp()
		s.pursue()
		s.schedule()
	}
	s.finish(p, e.Kind)
	return s.p, s.effects
}

// online handles an event of any payment that the terminal asked about, and what is no different for the others.
func (s *step) online(e Event) {
	switch e.Kind {
	case EventDeclined:
		s.declined(e.Reason)
	case EventRequested:
		s.requested()
	case EventAnswer:
		s.answered(e)
	case EventUnknown:
		s.unknown(e)
	case EventNotSent:
		s.notSent(e)
	case EventTick:
		s.tick()
	case EventReversalRequested:
		s.reversalRequested(e.Reason)
	case EventQueryRequested:
		s.repeat()
	case EventRecovered:
		s.recovered()
	case EventBooksBehind:
		s.booksBehind()
	case EventFollowUpRequested:
		s.followUpRequested(e.Asked)
	case EventDisputed:
		s.disputed(e.Dispute)
	}
}

// finish raises the revision when the terminal would be told something new, and asks for the next tick; after a restart
// in any case, because timers do not survive one.
func (s *step) finish(before Payment, kind EventKind) {
	if s.p.State != before.State || s.p.Reason != before.Reason || s.p.ShownCode != before.ShownCode || s.standsOtherwise(before) {
		s.p.Revision++
	}
	if !s.p.NextAt.IsZero() && (kind == EventRecovered || !s.p.NextAt.Equal(before.NextAt)) {
		s.effects = append(s.effects, Effect{Kind: SetTimer, At: s.p.NextAt})
	}
}

// standsOtherwise reports whether the order's standing changed.
func (s *step) standsOtherwise(before Payment) bool {
	return (s.p.Hold || len(s.p.FollowUps) > 0) && s.p.Standing() != before.Standing()
}

func (s *step) call(kind EffectKind) {
	s.effects = append(s.effects, Effect{Kind: kind, Operator: s.p.Operator})
}

func (s *step) alarm(kind AlarmKind) {
	s.effects = append(s.effects, Effect{Kind: Alarm, Alarm: kind})
}

func (s *step) post(kind PostingKind) {
	effect := Effect{Kind: Post, Posting: kind, Amount: s.p.Amount}
	switch kind {
	case PostSale, PostReversal:
		effect.Fee = s.p.Fee
	case PostHold, PostHoldReturn:
		effect.Amount, effect.Held = 0, s.p.Amount
	default:
	}
	s.effects = append(s.effects, effect)
}

// tell answers the terminal with news, so that the answer owed at TellAt is no longer owed.
func (s *step) tell() {
	s.p.TellAt = time.Time{}
	s.repeat()
}

// repeat answers the terminal with what it may know already; once is enough for a step.
func (s *step) repeat() {
	for _, effect := range s.effects {
		if effect.Kind == Answer {
			return
		}
	}
	s.effects = append(s.effects, Effect{Kind: Answer})
}

// requested sends a payment that was only recorded; any other is answered as it stands, which makes a repeated request
// harmless.
func (s *step) requested() {
	if s.p.State != Created {
		s.repeat()
		return
	}
	if !s.p.GiveUpAt.IsZero() && !s.now.Before(s.p.GiveUpAt) {
		// The request reached us after the terminal had stopped wanting it.
		s.unwanted(Declined, operator.ReasonTimedOut)
		return
	}
	if s.p.Operator == "" {
		s.unwanted(Declined, operator.ReasonOperatorUnavailable)
		return
	}
	patience := s.timing.GiveUpAfter
	if s.p.Method == operator.MethodShown {
		patience = s.timing.ShownGiveUpAfter
	}
	if latest := s.now.Add(patience); s.p.GiveUpAt.IsZero() || latest.Before(s.p.GiveUpAt) {
		s.p.GiveUpAt = latest
	}
	s.p.TellAt = s.now.Add(s.timing.AnswerUnknownAfter)
	s.send()
}

// send hands the payment to the present operator.
func (s *step) send() {
	s.p.State, s.p.SentAt = Authorising, s.now
	s.p.NextAt = s.p.TellAt
	if s.p.Method == operator.MethodShown {
		s.call(CallOrder)
		return
	}
	s.call(CallAuthorise)
}

// tick does what was due at NextAt.
func (s *step) tick() {
	if s.p.NextAt.IsZero() || s.now.Before(s.p.NextAt) {
		return
	}
	if !s.p.TellAt.IsZero() && !s.now.Before(s.p.TellAt) {
		s.tell()
	}
	switch s.p.State {
	case Authorising:
		s.p.State = Querying
		s.query()
	case AwaitingPassword, AwaitingCustomer, Querying:
		s.query()
	case Reversing:
		s.reverse()
	case LateRefunding:
		s.refund()
	case Reversed:
		s.recheck()
	case Approved, Held, HoldEnded, RestReturning, RestReturned:
		s.p.NextAt = time.Time{}
		s.askAgain(false)
	case Created, Declined, LateRefunded:
		s.p.NextAt = time.Time{}
	}
}

// query asks the operator when a query is due, or gives up when it is time to.
func (s *step) query() {
	if !s.now.Before(s.p.GiveUpAt) {
		s.takeBack(operator.ReasonTimedOut)
		return
	}
	if !s.now.Before(s.p.QueryAt) {
		s.p.Queries = increment(s.p.Queries)
		s.call(CallQuery)
		s.p.QueryAt = s.now.Add(s.timing.QueryEvery)
	}
	s.wait()
}

// wait sets the next tick while the decision is open: the next query, the answer owed to the terminal or the end of
// our patience, whichever comes first.
func (s *step) wait() {
	s.p.NextAt = s.p.QueryAt
	if s.p.GiveUpAt.Before(s.p.NextAt) {
		s.p.NextAt = s.p.GiveUpAt
	}
	if !s.p.TellAt.IsZero() && s.p.TellAt.Before(s.p.NextAt) {
		s.p.NextAt = s.p.TellAt
	}
}

// takeBack decides the reversal and asks for it as soon as that is allowed.
func (s *step) takeBack(reason operator.Reason) {
	if reason == operator.ReasonNone {
		reason = operator.ReasonOther
	}
	s.p.State, s.p.Reason, s.p.Attempts, s.p.ReversalRefused = Reversing, reason, 0, false
	s.p.DecidedAt = time.Time{}
	if s.unseen() {
		s.alarm(AlarmCardDebited)
	}
	s.p.ReverseAt = s.p.SentAt.Add(s.timing.ReverseNotBefore)
	s.tell()
	s.reverse()
}

// reverse asks for the reversal, or waits for the moment from which it is allowed.
func (s *step) reverse() {
	if s.unseen() {
		s.presentSigned()
		return
	}
	if s.now.Before(s.p.ReverseAt) {
		s.p.NextAt = s.p.ReverseAt
		return
	}
	s.retry()
	s.call(CallReverse)
	if s.p.ReversalRefused {
		s.call(CallQuery)
	}
}

func (s *step) refund() {
	s.retry()
	s.call(CallRefund)
}

// retry counts an attempt, sets the next one and tells a person at every AlarmAttempts-th.
func (s *step) retry() {
	s.p.Attempts = increment(s.p.Attempts)
	s.p.NextAt = s.now.Add(s.timing.backOff(s.p.Attempts))
	if s.p.Attempts%uint32(s.timing.AlarmAttempts) == 0 {
		s.alarm(AlarmStillOpen)
	}
}

// recheck looks whether a reversed payment was paid after all, again and again until the operator says.
func (s *step) recheck() {
	s.call(CallQuery)
	s.retry()
}

// rechecked counts an answer that confirms the reversal. To deny the order confirms nothing: it was reversed there.
func (s *step) rechecked(e Event) {
	if e.Call == CallQuery && s.p.Attempts > 0 && !s.p.NextAt.IsZero() {
		s.p.Rechecks = increment(s.p.Rechecks)
		s.scheduleRecheck()
	}
}

func (s *step) scheduleRecheck() {
	s.p.NextAt, s.p.Attempts = time.Time{}, 0
	if s.p.Submitted && s.p.Rechecks < uint32(s.timing.RecheckMax) {
		s.p.NextAt = s.now.Add(s.timing.recheckWait(s.p.Rechecks))
	}
}

// reversalRequested takes back what can be taken back.
func (s *step) reversalRequested(reason operator.Reason) {
	switch {
	case s.p.State == Created:
		s.unwanted(Reversed, reason)
	case s.p.State == RestReturning || s.p.State == RestReturned:
		s.repeat()
	case s.p.Stands() && s.p.followed():
		s.takeRest(reason)
	case s.p.State.waiting() || s.p.Stands():
		s.takeBack(reason)
	default:
		s.repeat()
	}
}

// recovered goes on after a restart. The customer's code is gone and a call may have left: from here on the machine only
// asks and takes back.
func (s *step) recovered() {
	switch s.p.State {
	case Created:
		// Effects leave after the state is stored, so a payment stored as Created was never sent.
		s.unwanted(Declined, operator.ReasonTimedOut)
	case Authorising, AwaitingPassword, AwaitingCustomer, Querying:
		s.p.Submitted = true
		if s.p.State == Authorising {
			s.p.State = Querying
		}
		s.resumed()
	case Reversing:
		s.p.Submitted = true
		s.reverse()
	case LateRefunding:
		s.refund()
	case Approved, Held, HoldEnded, RestReturning, RestReturned:
		s.askAgain(true)
	case Declined, Reversed, LateRefunded:
	}
}

// resumed goes on with an open payment after a restart. Where its time passed meanwhile the terminal is heard first: it asks
// for the reversal by itself, and if these books were put back from an older copy, it knows of an outcome that they do not.
func (s *step) resumed() {
	waited := s.p.QueryAt.Equal(s.p.GiveUpAt) // at the restart before
	if s.now.Before(s.p.GiveUpAt) && !waited {
		s.p.QueryAt = s.now // a query that was in flight died with the process
		s.query()
		return
	}
	s.p.GiveUpAt = s.now.Add(s.timing.GiveUpAfter)
	s.p.QueryAt = s.p.GiveUpAt
	s.wait()
}

// booksBehind asks the operator what became of an open payment whose terminal may have been told long ago, and gives it up
// only when that has no answer for behindFor.
func (s *step) booksBehind() {
	switch s.p.State {
	case AwaitingPassword, AwaitingCustomer, Querying:
		s.p.GiveUpAt = s.now.Add(behindFor)
		s.p.QueryAt = s.now
		s.query()
	default:
	}
}

// increment counts without ever starting again at zero.
func increment(n uint32) uint32 {
	if n == math.MaxUint32 {
		return n
	}
	return n + 1
}
