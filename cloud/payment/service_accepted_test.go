package payment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// followElsewhere lets the second terminal ask.
func (o *office) followElsewhere(body *message.FollowUpRequested) {
	o.t.Helper()
	r := o.verifiedOf(secondTill, merchantID, record.FollowUpRequested, body)
	require.NoError(o.t, o.take(o.service.FollowUps(), r, nil))
}

// orderSaid is the first terminal's record of what became of the shop's order.
func (o *office) orderSaid(standing message.OrderStanding) collector.Verified {
	return o.verified(record.OutcomeShown, &message.OutcomeShown{OrderId: orderOf(1), Outcome: approved, Order: standing})
}

func (o *office) accepts() {
	o.t.Helper()
	require.NoError(o.t, o.take(o.service.Outcomes(), o.orderSaid(message.OrderStanding_ORDER_STANDING_ACCEPTED), nil))
}

// quiet checks that the payment's own terminal has nothing more to hear.
func (o *office) quiet() {
	o.t.Helper()
	o.idle()
	require.Empty(o.t, o.answers)
}

func TestServiceTellsThePaymentsTerminalToo(t *testing.T) {
	t.Run("OfARefundElsewhere", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		first := o.told(approved)
		o.followElsewhere(asks(1, refunds, 1250))
		o.called(o.icbc, "refund").done()
		require.Equal(t, secondTill, o.heard(approved).terminal)
		result := o.told(approved)
		require.EqualValues(t, 1250, result.GetStanding().GetRefunded())
		require.Greater(t, result.GetRevision(), first.GetRevision(), "so that it takes it")
		require.Equal(t, result.GetRevision(), result.GetStanding().GetRevision())
		o.quiet()
	})
	t.Run("OfOneThatIsRefused", func(t *testing.T) {
		o := paid(t)
		o.followElsewhere(asks(1, refunds, 1250))
		o.called(o.icbc, "refund").refuses(operator.ReasonOther)
		o.heard(declined)
		standing := o.told(approved).GetStanding()
		require.Zero(t, standing.GetRefunded(), "perhaps it was told meanwhile that it goes back")
		require.False(t, standing.GetClosed())
		o.quiet()
	})
	t.Run("ButNotOfItsOwn", func(t *testing.T) {
		o := paid(t)
		o.follow(asks(1, refunds, 1250))
		o.called(o.icbc, "refund").done()
		o.heard(approved)
		o.quiet()
	})
}

func TestServiceTellsOfAnOrderThatIsAcceptedUnpaid(t *testing.T) {
	accepted := func(t *testing.T, o *office) store.Alarm {
		o.accepts()
		require.Equal(t, []string{"order-accepted-unpaid"}, o.alarmKinds())
		rows, err := o.store.Alarms(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, "order-accepted-unpaid/"+store.OrderID(orderOf(1)).String(), rows[0].Key)
		require.Equal(t, till.String(), rows[0].Terminal)
		return rows[0].Alarm
	}
	t.Run("AfterItsMoneyWentBack", func(t *testing.T) {
		o := paid(t)
		o.clock.advance(time.Minute)
		o.followElsewhere(asks(1, refunds, 1250))
		o.called(o.icbc, "refund").done()
		o.told(approved)
		detail := accepted(t, o).Detail
		require.Contains(t, detail, o.clock.Now().Format(time.RFC3339), "when the money went back, and when it was accepted")
		require.EqualValues(t, 1250, o.told(approved).GetStanding().GetRefunded(), "the terminal hears it once more")
		o.quiet()
	})
	t.Run("WhileItIsGivenBack", func(t *testing.T) {
		o := paid(t)
		o.followElsewhere(asks(1, refunds, 1250))
		call := o.called(o.icbc, "refund")
		accepted(t, o)
		o.told(approved)
		call.done()
		o.told(approved)
		o.quiet()
	})
	t.Run("OfAPaymentThatWasTakenBack", func(t *testing.T) {
		o := paid(t)
		o.cancel(1)
		o.told(message.Outcome_OUTCOME_UNKNOWN)
		accepted(t, o)
	})
	t.Run("OnceHoweverOftenItComes", func(t *testing.T) {
		o := paid(t)
		o.follow(asks(1, refunds, 1250))
		o.called(o.icbc, "refund").done()
		accepted(t, o)
		o.service.Outcomes().Again(t.Context(), o.orderSaid(message.OrderStanding_ORDER_STANDING_ACCEPTED), nil)
		require.Len(t, o.alarmKinds(), 1)
	})
	t.Run("OfOneThatCannotBeRead", func(t *testing.T) {
		o := paid(t)
		o.idle()
		o.stop()
		o.change = func(c *payment.ServiceConfig) { c.Store = unreadablePayments{c.Store} }
		o.start()
		require.Contains(t, accepted(t, o).Detail, "disk trouble")
	})
}

func TestServiceTellsNothingOfAnOrderThatIsPaid(t *testing.T) {
	t.Run("ThatIsGivenBackLater", func(t *testing.T) {
		o := paid(t)
		o.accepts()
		o.followElsewhere(asks(1, refunds, 1250))
		o.called(o.icbc, "refund").done()
		o.told(approved)
		require.Empty(t, o.alarmKinds())
		o.quiet()
	})
	t.Run("InPart", func(t *testing.T) {
		o := paid(t)
		o.followElsewhere(asks(1, refunds, 1249))
		o.called(o.icbc, "refund").done()
		o.told(approved)
		o.accepts()
		require.Empty(t, o.alarmKinds())
		o.quiet()
	})
	t.Run("OfWhichARefundWasRefused", func(t *testing.T) {
		o := paid(t)
		o.followElsewhere(asks(1, refunds, 1250))
		o.called(o.icbc, "refund").refuses(operator.ReasonOther)
		o.told(approved)
		o.accepts()
		require.Empty(t, o.alarmKinds())
	})
	t.Run("OfWhichAPersonDecided", func(t *testing.T) {
		o := paid(t)
		o.follow(asks(1, refunds, 1250))
		o.called(o.icbc, "refund").done()
		o.heard(approved)
		for _, standing := range []message.OrderStanding{message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED,
			message.OrderStanding_ORDER_STANDING_GONE_BACK, message.OrderStanding_ORDER_STANDING_SETTLED} {
			require.NoError(t, o.take(o.service.Outcomes(), o.orderSaid(standing), nil))
		}
		require.Empty(t, o.alarmKinds())
	})
	t.Run("OrThatIsNotItsOwnOrNotThere", func(t *testing.T) {
		o := paid(t)
		o.follow(asks(1, refunds, 1250))
		o.called(o.icbc, "refund").done()
		o.heard(approved)
		foreign := o.verifiedOf(secondTill, merchantID, record.OutcomeShown,
			&message.OutcomeShown{OrderId: orderOf(1), Order: message.OrderStanding_ORDER_STANDING_ACCEPTED})
		require.NoError(t, o.take(o.service.Outcomes(), foreign, nil))
		unseen := o.verified(record.OutcomeShown, &message.OutcomeShown{OrderId: orderOf(2), Order: message.OrderStanding_ORDER_STANDING_ACCEPTED})
		require.NoError(t, o.take(o.service.Outcomes(), unseen, nil), "taken offline, and still to come")
		short := o.verified(record.OutcomeShown, &message.OutcomeShown{OrderId: []byte{1}, Order: message.OrderStanding_ORDER_STANDING_ACCEPTED})
		require.NoError(t, o.take(o.service.Outcomes(), short, nil))
		require.Empty(t, o.alarmKinds())
		o.quiet()
	})
}

// unreadablePayments is a store that cannot say how a payment stands.
type unreadablePayments struct{ payment.Store }

func (unreadablePayments) Payment(context.Context, store.OrderID) (store.Payment, error) {
	return store.Payment{}, errors.New("disk trouble")
}
