package payment

import (
	"errors"
	"fmt"
	"time"
)

// Timing says when the machine asks, gives up and takes back. The defaults follow public scan-pay rules: query every 3
// to 5 s, stop at 45 s, take back no earlier than 15 s after the request (requirement C5).
type Timing struct {
	// AnswerUnknownAfter is when the terminal is told "unknown" if nothing else could be said.
	AnswerUnknownAfter time.Duration
	QueryEvery         time.Duration
	// GiveUpAfter is when an undecided payment is taken back; ShownGiveUpAfter the same for a shown code. After a restart, a
	// terminal may speak for as long before a payment is taken back whose time has passed.
	GiveUpAfter      time.Duration
	ShownGiveUpAfter time.Duration
	ReverseNotBefore time.Duration
	// ReverseEvery doubles with each attempt up to ReverseEveryMax; there is no last attempt, only alarms.
	ReverseEvery    time.Duration
	ReverseEveryMax time.Duration
	// AlarmAttempts is after how many attempts somebody is told, and again after each further AlarmAttempts.
	AlarmAttempts int
	// RecheckAfter and RecheckMax: after a reversal the operator is asked until it has answered this many times more,
	// the interval growing tenfold, so that a success after the reversal is noticed even if nobody reports it.
	RecheckAfter time.Duration
	RecheckMax   int
	// HoldFor is how long an amount is held at most; then what is still held goes back by itself.
	HoldFor time.Duration
}

// ErrInvalidTiming marks a Timing the machine cannot work with.
var ErrInvalidTiming = errors.New("payment: invalid timing")

// behindFor is for how long a payment is not given up whose books were put back from an older copy.
const behindFor = 24 * time.Hour

// recheckBound keeps the tenfold growth of the interval inside a year.
const recheckBound = 5

// holdForMax is the longest hold (requirement: 30 days, then released).
const holdForMax = 30 * 24 * time.Hour

// DefaultTiming returns the defaults.
func DefaultTiming() Timing {
	return Timing{AnswerUnknownAfter: 4500 * time.Millisecond, QueryEvery: 3 * time.Second, GiveUpAfter: 45 * time.Second,
		ShownGiveUpAfter: 2 * time.Minute, ReverseNotBefore: 15 * time.Second, ReverseEvery: 5 * time.Second,
		ReverseEveryMax: 5 * time.Minute, AlarmAttempts: 8, RecheckAfter: time.Minute, RecheckMax: 3,
		HoldFor: 30 * 24 * time.Hour}
}

// Validate reports the first mistake. Error: ErrInvalidTiming.
func (t Timing) Validate() error {
	switch {
	case t.AnswerUnknownAfter <= 0 || t.AnswerUnknownAfter > 5*time.Second:
		return fmt.Errorf("%w: AnswerUnknownAfter must be within 5 s", ErrInvalidTiming)
	case t.QueryEvery < 3*time.Second || t.QueryEvery > 5*time.Second:
		return fmt.Errorf("%w: QueryEvery must be 3 to 5 s", ErrInvalidTiming)
	case t.GiveUpAfter < t.ReverseNotBefore || t.GiveUpAfter > 45*time.Second:
		return fmt.Errorf("%w: GiveUpAfter must be between ReverseNotBefore and 45 s", ErrInvalidTiming)
	case t.ShownGiveUpAfter < t.ReverseNotBefore:
		return fmt.Errorf("%w: ShownGiveUpAfter is below ReverseNotBefore", ErrInvalidTiming)
	case t.ReverseNotBefore < 15*time.Second:
		return fmt.Errorf("%w: ReverseNotBefore must be 15 s or more", ErrInvalidTiming)
	case t.ReverseEvery < time.Second || t.ReverseEveryMax < t.ReverseEvery:
		return fmt.Errorf("%w: ReverseEvery or ReverseEveryMax", ErrInvalidTiming)
	case t.AlarmAttempts < 1 || t.RecheckAfter <= 0 || t.RecheckMax < 0 || t.RecheckMax > recheckBound:
		return fmt.Errorf("%w: AlarmAttempts, RecheckAfter or RecheckMax", ErrInvalidTiming)
	case t.HoldFor < time.Hour || t.HoldFor > holdForMax:
		return fmt.Errorf("%w: HoldFor must be between an hour and 30 days", ErrInvalidTiming)
	}
	return nil
}

// backOff is the wait after the n-th attempt, counted from 1.
func (t Timing) backOff(attempt uint32) time.Duration {
	wait := t.ReverseEvery
	for range min(attempt, 32) - min(attempt, 1) {
		if wait >= t.ReverseEveryMax {
			break
		}
		wait *= 2
	}
	return min(wait, t.ReverseEveryMax)
}

// recheckWait is the wait before the n-th recheck, counted from 0.
func (t Timing) recheckWait(n uint32) time.Duration {
	wait := t.RecheckAfter
	for range min(n, recheckBound) {
		wait *= 10
	}
	return wait
}
