package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// A terminal makes anew, under its present epoch, what was refused since its epoch had ended (SPEC.md 7.5.1). Whether the
// cloud had the first record or not, nothing is done twice and everything becomes definite.

// reversalAnew is a reversal in the place of a refused one.
func (o *office) reversalAnew(n byte) collector.Verified {
	r := o.verified(record.ReversalRequested, &message.ReversalRequested{OrderId: orderOf(n), PaymentSequence: 1,
		Reason: message.Reason_REASON_CASHIER_CANCELLED, Again: 2})
	r.Header.Epoch = 2
	return r
}

func TestReversalMadeAnew(t *testing.T) {
	t.Run("PaymentUnknown", func(t *testing.T) {
		o := newOffice(t)
		r := o.reversalAnew(1)
		require.NoError(t, o.take(o.service.Reversals(), r, nil))
		o.toldBack(1)
		require.NoError(t, o.take(o.service.Reversals(), o.reversalAnew(1), nil), "and once more")
		o.toldBack(1)
		o.restart()
		o.service.Reversals().Again(t.Context(), r, nil)
		o.toldBack(1)
		o.nobodyAsked()
	})
	t.Run("PaymentOpen", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		call := o.called(o.icbc, "authorise")
		require.NoError(t, o.take(o.service.Reversals(), o.reversalAnew(1), nil))
		require.Equal(t, message.Stage_STAGE_REVERSING, o.told(open).GetStage())
		call.says(operator.StatusApproved, operator.ReasonNone)
		o.calledInTime(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
		o.ends(reversed)
		require.Zero(t, o.books())
	})
	t.Run("PaymentApproved", func(t *testing.T) {
		o := paid(t)
		require.NoError(t, o.take(o.service.Reversals(), o.reversalAnew(1), nil))
		require.Equal(t, message.Stage_STAGE_REVERSING, o.told(open).GetStage())
		o.calledInTime(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
		o.ends(reversed)
		require.Zero(t, o.books())
	})
	t.Run("TheFirstWasTakenAllTheSame", func(t *testing.T) {
		o := paid(t)
		o.cancel(1)
		require.Equal(t, message.Stage_STAGE_REVERSING, o.told(open).GetStage())
		require.NoError(t, o.take(o.service.Reversals(), o.reversalAnew(1), nil))
		o.calledInTime(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
		o.ends(reversed)
		for len(o.icbc.calls) > 0 { // tried again as the time went on before the answer
			require.Equal(t, "reverse", (<-o.icbc.calls).name)
		}
		require.NoError(t, o.take(o.service.Reversals(), o.reversalAnew(1), nil))
		o.ends(reversed)
		require.Zero(t, o.books())
		require.Empty(t, o.icbc.calls, "it is over")
	})
}

// TestTapMadeAnewWithItsReversal: the operator sees what the card has signed, and gives it back, in whatever order the two
// records come.
func TestTapMadeAnewWithItsReversal(t *testing.T) {
	for name, first := range map[string]bool{"payment first": true, "reversal first": false} {
		t.Run(name, func(t *testing.T) {
			o, c := newOffice(t), newCards(t)
			body := o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), nil)
			body.Again = 1
			if first {
				o.tap(body)
			}
			require.NoError(t, o.take(o.service.Reversals(), o.reversalAnew(1), nil))
			if !first {
				o.tap(body)
			}
			o.calledInTime(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
			o.calledInTime(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
			o.ends(reversed)
			require.Zero(t, o.books())
		})
	}
}

// asking sends a record as a terminal does, which sends it again until it is answered.
func (o *office) asking(consumer collector.Consumer, r collector.Verified) {
	o.t.Helper()
	if o.take(consumer, r, nil) != nil {
		require.NoError(o.t, o.take(consumer, r, nil), "its order was not known to be taken")
	}
	consumer.Again(o.t.Context(), r, nil)
}

func TestOfflinePaymentMadeAnew(t *testing.T) {
	anew := func(o *office, c *cards) collector.Verified {
		body := o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual))
		body.Again = 1
		return o.verified(record.PaymentRequested, body)
	}
	t.Run("Unknown", func(t *testing.T) {
		o, c := newOffice(t), newCards(t)
		o.asking(o.service.Requests(), anew(o, c))
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.ends(approved)
		require.EqualValues(t, 1250, o.books())
		require.Empty(t, o.alarmKinds())
	})
	for name, restarts := range map[string]bool{"Open": false, "OpenAfterARestart": true} {
		t.Run(name, func(t *testing.T) {
			o, c := newOffice(t), newCards(t)
			o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual)))
			call := o.called(o.icbc, "authorise")
			if restarts {
				o.restart()
				call = o.called(o.icbc, "authorise")
			}
			o.asking(o.service.Requests(), anew(o, c))
			call.says(operator.StatusApproved, operator.ReasonNone)
			o.ends(approved)
			require.EqualValues(t, 1250, o.books())
			require.Empty(t, o.icbc.calls, "it is presented once")
			require.Equal(t, []string{"order-reused"}, o.alarmKinds())
		})
	}
	t.Run("Approved", func(t *testing.T) {
		o, c := newOffice(t), newCards(t)
		o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual)))
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.ends(approved)
		o.restart()
		o.asking(o.service.Requests(), anew(o, c))
		o.ends(approved)
		require.EqualValues(t, 1250, o.books())
		require.Empty(t, o.icbc.calls)
		require.Equal(t, []string{"order-reused"}, o.alarmKinds(), "and no wallet is taken for a copied one")
	})
}

func TestFollowUpMadeAnew(t *testing.T) {
	body := func(again uint64) *message.FollowUpRequested {
		return &message.FollowUpRequested{FollowUpId: followUpID(1), OrderId: orderOf(1), Kind: refunds, Amount: 500, Currency: "CNY",
			MerchantId: merchantID, Batch: 1, Voucher: 2, Again: again}
	}
	t.Run("Unknown", func(t *testing.T) {
		o := paid(t)
		o.asking(o.service.FollowUps(), o.verified(record.FollowUpRequested, body(2)))
		o.called(o.icbc, "refund").done()
		o.hears(approved)
		require.EqualValues(t, 750, o.books())
	})
	for name, restarts := range map[string]bool{"Known": false, "KnownAfterARestart": true} {
		t.Run(name, func(t *testing.T) {
			o := paid(t)
			o.follow(body(0))
			o.called(o.icbc, "refund").done()
			o.hears(approved)
			if restarts {
				o.restart()
			}
			o.asking(o.service.FollowUps(), o.verified(record.FollowUpRequested, body(2)))
			o.hears(approved)
			require.EqualValues(t, 750, o.books())
			require.Empty(t, o.icbc.calls, "it is done once")
			require.Equal(t, []string{"follow-up-reused"}, o.alarmKinds())
		})
	}
}

// hears waits for a definite follow-up result.
func (o *office) hears(outcome message.Outcome) {
	o.t.Helper()
	for {
		select {
		case r := <-o.outbox.followUps:
			if r.GetOutcome() == outcome {
				return
			}
		case <-time.After(patience):
			require.FailNow(o.t, "no follow-up result")
		}
	}
}
