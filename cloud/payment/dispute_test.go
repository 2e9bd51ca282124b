package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
)

// ended is a hold of 100.00, to which 50.00 were added, of which an amount was paid in the end.
func ended(t *testing.T, paid int64) (payment.Machine, payment.Payment) {
	t.Helper()
	machine := newMachine(t)
	p := newPayment(t, func(p *payment.Payment) {
		p.Amount, p.Hold, p.HoldCap, p.HoldUntil = 100_00, true, 100, start().Add(time.Hour)
	})
	step := func(e payment.Event) { p, _ = machine.Step(p, e, start()) }
	step(payment.Event{Kind: payment.EventRequested})
	step(payment.Event{Kind: payment.EventAnswer, Call: payment.CallAuthorise, Operator: "ICBC", Answer: statement(p, operator.StatusApproved)})
	for i, follow := range []payment.FollowUp{{Kind: operator.KindTopUp, Amount: 50_00}, {Kind: operator.KindComplete, Amount: paid, Last: true}} {
		follow.ID = numbered(byte(i))
		step(payment.Event{Kind: payment.EventFollowUpRequested, Asked: &payment.Asked{FollowUp: follow, Currency: "CNY"}})
		step(payment.Event{Kind: payment.EventAnswer, Call: payment.CallFollowUp, Operator: "ICBC", FollowUp: follow.ID,
			FollowUpAnswer: followUpStatement(p, follow.ID, operator.FollowUpDone)})
	}
	require.Equal(t, payment.HoldEnded, p.State)
	return machine, p
}

// TestDisputeOfAHold: what may be disputed of a hold is what was paid out of it, however much was held.
func TestDisputeOfAHold(t *testing.T) {
	for name, c := range map[string]struct {
		paid, disputed int64
		status         payment.FollowUpStatus
	}{
		"AllThatWasPaid":      {40_00, 40_00, payment.Done},
		"OneFenMore":          {40_00, 40_01, payment.Refused},
		"AllThatWasHeld":      {40_00, 100_00, payment.Refused},
		"MoreThanTheFirstSum": {120_00, 120_00, payment.Done},
	} {
		t.Run(name, func(t *testing.T) {
			machine, p := ended(t, c.paid)
			d := disputeOf("D1", c.disputed)
			p, effects := machine.Step(p, payment.Event{Kind: payment.EventDisputed, Dispute: &d}, start())
			f, known := p.Disputed("D1")
			require.True(t, known)
			require.Equal(t, c.status, f.Status)
			require.Equal(t, c.status == payment.Done, len(effects) > 0, "booked")
		})
	}
}
