package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/protocol/message"
)

// inTime returns the next call to a bank, with the time going on: what is asked again has its time.
func (o *office) inTime(b *bank) *bankCall {
	o.t.Helper()
	require.Eventually(o.t, func() bool { o.clock.advance(5 * time.Second); return len(b.calls) > 0 }, patience, time.Millisecond)
	return <-b.calls
}

// calledInTime returns the next call of that kind; others, which were on their way, are left without an answer.
func (o *office) calledInTime(b *bank, name string) *bankCall {
	o.t.Helper()
	for {
		call := o.inTime(b)
		if call.name == name {
			return call
		}
		call.fails(unknown(call.name))
	}
}

// ends waits until the terminal is told that its payment is over.
func (o *office) ends(outcome message.Outcome) {
	o.t.Helper()
	for {
		select {
		case r := <-o.answers:
			if r.GetOutcome() == outcome && r.GetStage() == message.Stage_STAGE_FINAL && r.GetAmount() != 0 {
				return
			}
		case <-time.After(patience):
			require.FailNow(o.t, "it does not end")
		}
	}
}

// TestSignedPaymentThatWasCancelledUnseen: the card has debited itself. Its operator sees the payment, and gives the money
// back; somebody is told.
func TestSignedPaymentThatWasCancelledUnseen(t *testing.T) {
	for name, restarts := range map[string]bool{"at once": false, "over a restart": true} {
		t.Run(name, func(t *testing.T) {
			o, c := newOffice(t), newCards(t)
			o.cancel(1)
			o.told(message.Outcome_OUTCOME_REVERSED)
			card := c.paid(orderOf(1), 1250, 7, 1)
			o.tap(o.tapped(1, card, nil))
			call := o.called(o.icbc, "authorise")
			require.Equal(t, card, call.request.Card)
			require.False(t, call.request.Offline)
			require.Contains(t, o.alarmKinds(), "payment-card-debited")
			if restarts {
				call.fails(unknown("authorise"))
				o.restart()
				call = o.calledInTime(o.icbc, "authorise")
				require.Equal(t, card, call.request.Card, "from the terminal's own record")
			}
			call.says(operator.StatusApproved, operator.ReasonNone)
			o.calledInTime(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
			o.ends(message.Outcome_OUTCOME_REVERSED)
			require.Zero(t, o.books(), "nothing is kept")
		})
	}
}

// TestSignedPaymentThatWasGivenUp: the operator never saw the request. It is not asked to reverse what it does not know.
func TestSignedPaymentThatWasGivenUp(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	card := c.paid(orderOf(1), 1250, 7, 1)
	o.tap(o.tapped(1, card, nil))
	o.called(o.icbc, "authorise").fails(unknown("authorise"))
	again := o.calledInTime(o.icbc, "authorise")
	require.Equal(t, card, again.request.Card)
	again.says(operator.StatusApproved, operator.ReasonNone)
	require.Contains(t, o.alarmKinds(), "payment-card-debited")
	o.calledInTime(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
	o.ends(message.Outcome_OUTCOME_REVERSED)
	require.Zero(t, o.books())
}

// TestUnsignedTapIsOverAtOnce: what no card has signed for this very payment is presented to nobody.
func TestUnsignedTapIsOverAtOnce(t *testing.T) {
	c := newCards(t)
	for name, card := range map[string][]byte{"garbage": []byte("card"), "another order": c.paid(orderOf(2), 1250, 7, 1),
		"another amount": c.paid(orderOf(1), 1251, 7, 1)} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.cancel(1)
			o.told(message.Outcome_OUTCOME_REVERSED)
			o.tap(o.tapped(1, card, nil))
			o.ends(message.Outcome_OUTCOME_REVERSED)
			o.nobodyAsked()
			require.NotContains(t, o.alarmKinds(), "payment-card-debited")
		})
	}
}

// TestSignedPaymentThatBecomesNone: it is declined without a payment; somebody has to ask the card's operator.
func TestSignedPaymentThatBecomesNone(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	body := o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), nil)
	body.MerchantId = "999999999999999"
	o.tap(body)
	require.Equal(t, message.Reason_REASON_TERMINAL_NOT_ALLOWED, o.told(message.Outcome_OUTCOME_DECLINED).GetReason())
	require.Contains(t, o.alarmKinds(), "payment-card-debited")
	o.nobodyAsked()
}

// TestSignedPaymentThatWasTurnedAway: an operator that turned the request away unread has not seen what the card signed. It
// gets it again, also when an earlier copy was carried out and only its answer was lost.
func TestSignedPaymentThatWasTurnedAway(t *testing.T) {
	stale := &operator.UnknownOutcomeError{Operation: "authorise", HTTPStatus: 401, Code: "stale"}
	for name, first := range map[string]error{"every time": stale, "after a lost answer": unknown("authorise")} {
		t.Run(name, func(t *testing.T) {
			o, c := newOffice(t), newCards(t)
			card := c.paid(orderOf(1), 1250, 7, 1)
			o.tap(o.tapped(1, card, nil))
			o.called(o.icbc, "authorise").fails(first)
			o.cancel(1)
			o.calledInTime(o.icbc, "authorise").fails(stale)
			again := o.calledInTime(o.icbc, "authorise")
			require.Equal(t, card, again.request.Card)
			require.Contains(t, o.alarmKinds(), "payment-card-debited")
			again.says(operator.StatusApproved, operator.ReasonNone)
			o.calledInTime(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
			o.ends(message.Outcome_OUTCOME_REVERSED)
			require.Zero(t, o.books(), "nothing is kept")
		})
	}
}
