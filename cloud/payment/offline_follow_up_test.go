package payment_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// givenBack is a terminal's refund of its own offline payment, before the cloud has that.
func givenBack(kind message.FollowUp, amount int64) *message.FollowUpRequested {
	return &message.FollowUpRequested{FollowUpId: orderOf(77), OrderId: orderOf(1), Kind: kind, Amount: amount, Currency: "CNY",
		MerchantId: merchantID, Batch: 9, Voucher: 2, Offline: true}
}

func TestOfflineRefundWaitsForItsPayment(t *testing.T) {
	for name, first := range map[string]bool{"before the payment": true, "while it is presented": false} {
		for kind, amount := range map[message.FollowUp]int64{refunds: 1000, voids: 0} {
			t.Run(name+" "+kind.String(), func(t *testing.T) {
				o, c := newOffice(t), newCards(t)
				body := o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual))
				if first {
					o.follow(givenBack(kind, amount))
					o.tap(body)
				} else {
					o.tap(body)
					o.follow(givenBack(kind, amount))
				}
				presented := o.called(o.icbc, "authorise")
				require.Empty(t, o.icbc.calls, "nothing is sent back of what has not come")
				presented.says(operator.StatusApproved, operator.ReasonNone)
				want, name := amount, "refund"
				if kind == voids {
					want, name = 1250, "void"
				}
				o.told(message.Outcome_OUTCOME_APPROVED)
				require.Eventually(t, func() bool { o.clock.advance(time.Minute); return len(o.icbc.calls) > 0 }, patience, time.Millisecond)
				call := o.called(o.icbc, name)
				require.Equal(t, want, call.followUp.Amount)
				call.done()
				for o.anyResult().GetOutcome() != message.Outcome_OUTCOME_APPROVED {
				}
				require.EqualValues(t, 1250-want, o.books())
			})
		}
	}
}

// TestRefundOfWhatIsNotHonouredYet asks with the network back, for what an operator that is down has not honoured yet: from the
// till that took it and from another of the shop.
func TestRefundOfWhatIsNotHonouredYet(t *testing.T) {
	for name, by := range map[string]record.Terminal{"the same till": till, "another till": secondTill} {
		t.Run(name, func(t *testing.T) {
			o, c := newOffice(t), newCards(t)
			var looked atomic.Pointer[chan struct{}] // closed at the end of what is run beside next
			o.begins(func(config *payment.ServiceConfig) {
				config.Beside = func(run func()) {
					ended := looked.Swap(nil)
					go func() {
						run()
						if ended != nil {
							close(*ended)
						}
					}()
				}
			})
			o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual)))
			presented := o.called(o.icbc, "authorise")
			ended := make(chan struct{})
			looked.Store(&ended)
			r := o.verifiedOf(by, merchantID, record.FollowUpRequested, asks(1, refunds, 1000))
			require.NoError(t, o.take(o.service.FollowUps(), r, nil))
			<-ended
			require.Empty(t, o.icbc.calls, "nothing is sent back of what has not come")
			presented.says(operator.StatusApproved, operator.ReasonNone)
			o.told(message.Outcome_OUTCOME_APPROVED)
			require.Eventually(t, func() bool { o.clock.advance(time.Minute); return len(o.icbc.calls) > 0 }, patience, time.Millisecond)
			call := o.called(o.icbc, "refund")
			require.EqualValues(t, 1000, call.followUp.Amount)
			call.done()
			for o.anyResult().GetOutcome() != message.Outcome_OUTCOME_APPROVED {
			}
			require.EqualValues(t, 250, o.books())
		})
	}
}

// anyResult returns the next follow-up result, whatever it says.
func (o *office) anyResult() told { return next(o.t, o.outbox.followUps) }

func TestOfflineRefundOfWhatIsNotHonoured(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual)))
	presented := o.called(o.icbc, "authorise")
	o.follow(givenBack(refunds, 1000))
	presented.says(operator.StatusDeclined, operator.ReasonCardRefused)
	o.told(message.Outcome_OUTCOME_DECLINED)
	require.Eventually(t, func() bool { o.clock.advance(time.Minute); return len(o.outbox.followUps) > 0 }, patience, time.Millisecond)
	require.Equal(t, message.Reason_REASON_NOT_PAID, o.heard(message.Outcome_OUTCOME_DECLINED).GetReason())
	require.Empty(t, o.icbc.calls)
	require.Contains(t, o.alarmKinds(), "payment-return-not-done", "the customer has a slip that says it was")
}

// TestOfflineRefundThatTheOperatorRefuses: the customer was told that it is done, so a person is told that it is not.
func TestOfflineRefundThatTheOperatorRefuses(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual)))
	o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
	o.told(message.Outcome_OUTCOME_APPROVED)
	o.follow(givenBack(refunds, 1000))
	o.called(o.icbc, "refund").refuses(operator.ReasonOther)
	for o.anyResult().GetOutcome() != message.Outcome_OUTCOME_DECLINED {
	}
	require.Contains(t, o.alarmKinds(), "payment-return-not-done")
}

// TestOfflineRefundBeyondWhatElsewhereWentBack: another till was quicker; nothing goes back twice, and a person is told.
func TestOfflineRefundBeyondWhatElsewhereWentBack(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual)))
	o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
	o.told(message.Outcome_OUTCOME_APPROVED)
	elsewhere := givenBack(refunds, 1000)
	elsewhere.Offline, elsewhere.FollowUpId = false, orderOf(78)
	o.follow(elsewhere)
	o.called(o.icbc, "refund").done()
	for o.anyResult().GetOutcome() != message.Outcome_OUTCOME_APPROVED {
	}
	o.follow(givenBack(refunds, 1000))
	require.Equal(t, message.Reason_REASON_LIMIT_EXCEEDED, o.heard(message.Outcome_OUTCOME_DECLINED).GetReason())
	require.EqualValues(t, 250, o.books())
	require.Contains(t, o.alarmKinds(), "payment-return-not-done")
}

// TestOfflineVoidOfAClosedShift: a till that does not look at the shift has given the money back in fact, so that is booked;
// but only its own shift may void a payment, so a person is told which till does it.
func TestOfflineVoidOfAClosedShift(t *testing.T) {
	for name, test := range map[string]struct {
		batch uint32
		told  bool
	}{"in the shift": {1, false}, "in a later one": {2, true}} {
		t.Run(name, func(t *testing.T) {
			o, c := newOffice(t), newCards(t)
			o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual)))
			o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
			o.told(message.Outcome_OUTCOME_APPROVED)
			body := givenBack(voids, 0)
			body.Batch = test.batch
			o.follow(body)
			o.called(o.icbc, "void").done()
			for o.anyResult().GetOutcome() != message.Outcome_OUTCOME_APPROVED {
			}
			require.Zero(t, o.books())
			require.Equal(t, test.told, slices.Contains(o.alarmKinds(), "payment-void-of-closed-shift"))
		})
	}
}
