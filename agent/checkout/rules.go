package checkout

import (
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/protocol/message"
)

// Timing is how long things may take.
type Timing struct {
	// WaitAtMost closes a sale that nobody paid.
	WaitAtMost time.Duration
	// TapWithin is how long a hard wallet may take to answer; RetapWithin how long the same one is waited for again.
	TapWithin, RetapWithin time.Duration
	// AnswerWithin is when a payment without an answer is shown as unknown.
	AnswerWithin time.Duration
	// AskEvery is the time between two questions while the outcome is unknown. AskSlowly takes its place for a payment
	// that was given up longer than AskEagerly ago.
	AskEvery, AskSlowly, AskEagerly time.Duration
	// GiveUp and GiveUpShown are when the payment is taken back: for a code or card of the customer, and for our code.
	GiveUp, GiveUpShown time.Duration
}

// DefaultTiming returns the trade's usual times (payments.md: query every 3 to 5 s, give up at 45 s).
func DefaultTiming() Timing {
	return Timing{
		WaitAtMost: 10 * time.Minute, TapWithin: 8 * time.Second, RetapWithin: 45 * time.Second,
		AnswerWithin: 5 * time.Second, AskEvery: 3 * time.Second, AskSlowly: 30 * time.Second, AskEagerly: 2 * time.Minute,
		GiveUp: 45 * time.Second, GiveUpShown: 2 * time.Minute,
	}
}

// ErrTiming marks times that make no sense together.
var ErrTiming = errors.New("checkout: timing")

// Validate returns ErrTiming with the offending bound.
func (t Timing) Validate() error {
	switch {
	case t.AskEvery < time.Second || t.AskSlowly < t.AskEvery || t.AskEagerly < t.AskEvery:
		return fmt.Errorf("%w: ask every second at most, slowly no more often than that", ErrTiming)
	case t.AnswerWithin < time.Second:
		return fmt.Errorf("%w: an answer needs at least a second", ErrTiming)
	case t.GiveUp <= t.AnswerWithin || t.GiveUpShown <= t.AnswerWithin:
		return fmt.Errorf("%w: giving up comes after the answer's time", ErrTiming)
	case t.TapWithin < time.Second || t.RetapWithin < t.TapWithin || t.WaitAtMost < t.AnswerWithin:
		return fmt.Errorf("%w: tap, second tap or wait too short", ErrTiming)
	}
	return nil
}

// Rules are what all sales of a till have in common.
type Rules struct {
	Timing     Timing
	MerchantID string // 15 digits
	TerminalID string // 8 digits or upper-case letters
	// Terminal is sent with every payment (银发〔2021〕259号). It is never changed.
	Terminal *message.TerminalBlock
	// ClockOffset is what to add to the till's clock to have the cloud's, by which payments are given up; ClockKnown is
	// false while nobody can say, and when is left to the cloud.
	ClockOffset time.Duration
	ClockKnown  bool
	// SignedIn says that a sign-in since the start has told whether the journal is an old copy.
	SignedIn bool
}

// Step returns the sale after the event, and what is to be done about it in this order. It changes nothing it is given.
func (r Rules) Step(s Sale, event Event, now time.Time) (Sale, []Effect) {
	s, effects := r.step(s, event, now)
	return r.followOrder(s, event, effects, now)
}

func (r Rules) step(s Sale, event Event, now time.Time) (Sale, []Effect) {
	switch e := event.(type) {
	case Started:
		return r.start(e, now)
	case CodeScanned:
		return r.scan(s, e, now)
	case CardPresented:
		return r.presentCard(s, e, now)
	case CardPaid:
		return r.cardPaid(s, e, now)
	case CardRefused:
		return r.cardRefused(s, e, now)
	case CardSilent:
		return r.cardSilent(s, now)
	case CodeWanted:
		return r.wantCode(s, now)
	case ResultArrived:
		return r.result(s, e.Result, now)
	case Recorded:
		return r.recorded(s, e, now)
	case RecordRefused:
		return r.recordRefused(s, e, now)
	case JournalFailed:
		return r.journalFailed(s, e, now)
	case Tick:
		return r.tick(s, now)
	case CancelPressed:
		return r.cancel(s, e, now)
	case Restarted:
		return r.restart(s, e, now)
	case Printed:
		return r.printed(s, e)
	case ReprintPressed:
		return r.reprint(s, e)
	case StandingLearned:
		return r.learnStanding(s, e)
	case OrderDecided:
		return r.decideOrder(s, e, now)
	default:
		return s, nil
	}
}

// timer asks for the Tick that the sale needs next.
func (r Rules) timer(s Sale) SetTimer { return SetTimer{At: r.wake(s)} }

// wake is when something is due by itself.
func (r Rules) wake(s Sale) time.Time {
	switch s.State {
	case Tapping:
		if s.Card.heard() {
			return s.AskedAt.Add(r.Timing.AskEvery)
		}
		return s.Deadline
	case Reversing:
		if s.Reversal == message.Reason_REASON_UNSPECIFIED && !s.withdrawn() {
			return earliest(s.Deadline, s.AskedAt.Add(r.Timing.AskEvery))
		}
		return s.AskedAt.Add(r.askInterval(s))
	case Authorising, AwaitingPassword, AwaitingScan:
		return earliest(s.Deadline, s.AskedAt.Add(r.Timing.AskEvery), r.silentAt(s))
	case Querying:
		return earliest(s.Deadline, s.AskedAt.Add(r.Timing.AskEvery))
	case ApprovedOffline:
		return s.AskedAt.Add(r.Timing.AskSlowly)
	default:
		return s.Deadline
	}
}

// silentAt is when the cloud has said too little for too long. A customer who types a password may take long, but the
// cloud has to say so whenever it is asked.
func (r Rules) silentAt(s Sale) time.Time {
	if s.State == Authorising {
		return s.RequestedAt.Add(r.Timing.AnswerWithin)
	}
	return s.HeardAt.Add(r.Timing.AskEvery + r.Timing.AnswerWithin)
}

// askInterval spares the network once the customer is long gone.
func (r Rules) askInterval(s Sale) time.Duration {
	if s.AskedAt.Sub(s.Deadline) > r.Timing.AskEagerly {
		return r.Timing.AskSlowly
	}
	return r.Timing.AskEvery
}

func earliest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.Before(first) {
			first = t
		}
	}
	return first
}
