package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
)

// TestSignedIsNeverJustEnded lets anything happen to a payment that a hard wallet has signed: it has no end before its
// operator has answered about it, nobody is asked to reverse what he has not seen, what came in and is not kept goes out,
// and until the end there is always a time for the next step.
func TestSignedIsNeverJustEnded(t *testing.T) {
	machine := newMachine(t)
	rapid.Check(t, func(t *rapid.T) {
		p, now := newPayment(t, func(p *payment.Payment) {
			p.Method, p.Signed, p.BackUps = operator.MethodTap, true, nil
			p.Amount = rapid.Int64Range(1, 50_000).Draw(t, "amount")
		}), start()
		seen, alarmed, takenBack := false, false, false
		var book int64
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "pass")))
			e := drawSignedEvent(t, p, seen)
			seen = seen || e.Kind == payment.EventAnswer && p.State != payment.Created && e.Answer.Status != operator.StatusNotFound
			var effects []payment.Effect
			p, effects = machine.Step(p, e, now)
			requireStorable(t, p)
			for _, effect := range effects {
				switch effect.Kind {
				case payment.CallReverse, payment.CallRefund:
					require.True(t, seen, "asked to take back what was not seen")
				case payment.Post:
					book += bookOf(effect)
				case payment.Alarm:
					alarmed = alarmed || effect.Alarm == payment.AlarmCardDebited
				}
			}
			takenBack = takenBack || p.State == payment.Reversing && !seen
			require.Equal(t, seen, p.Seen)
			require.True(t, seen || !p.State.Final(), "%s, and its operator has not seen it", p.State)
			require.True(t, alarmed || !takenBack, "somebody is told")
			if !p.State.Final() && p.State != payment.Created {
				require.False(t, p.NextAt.IsZero(), "it is just left")
			}
			switch p.State {
			case payment.Reversed, payment.LateRefunded, payment.Declined:
				require.Zero(t, book)
			case payment.Approved:
				require.Equal(t, p.Amount, book)
			}
		}
	})
}

// bookOf is what a posting changes of what came in from the wallet.
func bookOf(effect payment.Effect) int64 {
	switch effect.Posting {
	case payment.PostSale, payment.PostSuspense:
		return effect.Amount
	case payment.PostReversal, payment.PostSuspenseReturn:
		return -effect.Amount
	default:
		return 0
	}
}

// drawSignedEvent is anything likely or not, of an operator that does not take back what it has not seen.
func drawSignedEvent(t *rapid.T, p payment.Payment, seen bool) payment.Event {
	kind := rapid.SampledFrom([]payment.EventKind{payment.EventRequested, payment.EventAnswer, payment.EventAnswer,
		payment.EventUnknown, payment.EventNotSent, payment.EventTick, payment.EventTick, payment.EventReversalRequested,
		payment.EventQueryRequested, payment.EventRecovered}).Draw(t, "event")
	e := payment.Event{Kind: kind, Operator: p.Operator, Call: payment.CallAuthorise, Reason: operator.ReasonCashierCancelled}
	if kind != payment.EventAnswer {
		return e
	}
	statuses := []operator.Status{operator.StatusApproved, operator.StatusDeclined, operator.StatusAwaitingPassword, operator.StatusNotFound}
	if seen && p.State == payment.Reversing && p.Debit == payment.DebitSuspense {
		e.Call, statuses = payment.CallReverse, []operator.Status{operator.StatusReversed}
	}
	e.Answer = statement(p, rapid.SampledFrom(statuses).Draw(t, "status"))
	return e
}
