package payment_test

import (
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

var otherTill = record.Terminal([]byte("10000002"))

// reversal returns a record that cancels an order.
func (o *office) reversal(n byte) collector.Verified {
	return o.verified(record.ReversalRequested,
		&message.ReversalRequested{OrderId: orderOf(n), Reason: message.Reason_REASON_CASHIER_CANCELLED})
}

// toldBack returns the answer that a sale is over without money.
func (o *office) toldBack(n byte) *message.PaymentResult {
	o.t.Helper()
	answer := o.told(reversed)
	require.Equal(o.t, message.Stage_STAGE_FINAL, answer.GetStage())
	require.Equal(o.t, message.Reason_REASON_CASHIER_CANCELLED, answer.GetReason())
	require.Equal(o.t, orderOf(n), answer.GetOrderId())
	require.NotZero(o.t, answer.GetDecidedAt())
	require.False(o.t, answer.GetRefunded())
	return answer
}

// nobodyAsked holds that no operator heard of anything.
func (o *office) nobodyAsked() {
	o.t.Helper()
	require.Eventually(o.t, func() bool { return o.service.Open() == 0 }, patience, time.Millisecond)
	require.Empty(o.t, o.icbc.calls)
	require.Empty(o.t, o.abc.calls)
	require.Zero(o.t, o.books())
}

func TestServiceCancelsAnUnseenPayment(t *testing.T) {
	t.Run("AnsweredAtOnceAndAgain", func(t *testing.T) {
		o := newOffice(t)
		r := o.reversal(1)
		require.NoError(t, o.take(o.service.Reversals(), r, nil))
		first := o.toldBack(1)
		o.service.Reversals().Again(t.Context(), r, nil)
		require.Equal(t, first, o.toldBack(1))
		o.restart()
		o.service.Reversals().Again(t.Context(), r, nil)
		require.Equal(t, first, o.toldBack(1), "the same after a restart")
		o.nobodyAsked()
	})
	t.Run("PaymentThatComesLaterIsNeverBegun", func(t *testing.T) {
		for name, secret := range map[string]string{"WithItsCode": code, "WithoutItsCode": ""} {
			t.Run(name, func(t *testing.T) {
				o := newOffice(t)
				require.NoError(t, o.take(o.service.Reversals(), o.reversal(1), nil))
				first := o.toldBack(1)
				o.restart()
				r := o.verified(record.PaymentRequested, o.request(1))
				require.NoError(t, o.take(o.service.Requests(), r, []byte(secret)))
				answer := o.toldBack(1)
				require.GreaterOrEqual(t, answer.GetRevision(), first.GetRevision())
				require.EqualValues(t, 1250, answer.GetAmount())
				stored, err := o.store.Payment(t.Context(), store.OrderID(orderOf(1)))
				require.NoError(t, err)
				require.Equal(t, uint8(payment.Reversed), stored.State)
				o.service.Requests().Again(t.Context(), r, nil)
				o.toldBack(1)
				o.nobodyAsked()
			})
		}
	})
	t.Run("EvenWhenOnlyTheStoreKnows", func(t *testing.T) {
		o := newOffice(t)
		require.NoError(t, o.store.Commit(t.Context(), store.Change{Cancelled: []store.Cancelled{{Order: store.OrderID(orderOf(1)),
			Terminal: till, Reason: uint8(operator.ReasonCashierCancelled), At: opening}}}))
		r := o.verified(record.PaymentRequested, o.request(1))
		var conflict *store.ConflictError
		require.ErrorAs(t, o.take(o.service.Requests(), r, []byte(code)), &conflict)
		require.Equal(t, store.OrderCancelled, conflict.Kind)
		require.NoError(t, o.take(o.service.Requests(), r, []byte(code)), "sent again it is known")
		o.toldBack(1)
		o.nobodyAsked()
	})
	t.Run("PaymentThatWouldBeDeclinedAnyway", func(t *testing.T) {
		o := newOffice(t)
		require.NoError(t, o.take(o.service.Reversals(), o.reversal(1), nil))
		o.toldBack(1)
		body := o.request(1)
		body.MerchantId = "301310053110002"
		r := o.verified(record.PaymentRequested, body)
		require.NoError(t, o.take(o.service.Requests(), r, []byte(code)))
		o.toldBack(1)
		o.restart()
		o.service.Requests().Again(t.Context(), r, nil)
		o.toldBack(1)
		o.nobodyAsked()
	})
	t.Run("RecordOfAnEarlierProgram", func(t *testing.T) {
		o := newOffice(t)
		r := o.reversal(1) // stored when cancelled orders were not kept
		o.service.Reversals().Again(t.Context(), r, nil)
		o.toldBack(1)
		kept, err := o.store.Cancelled(t.Context(), store.OrderID(orderOf(1)))
		require.NoError(t, err)
		require.Equal(t, till, kept.Terminal)
	})
	t.Run("RecordNotStored", func(t *testing.T) {
		o := newOffice(t)
		o.pay(2)
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		o.next = 0 // the same sequence: the store refuses the record, and what comes with it
		require.Error(t, o.take(o.service.Reversals(), o.reversal(1), nil))
		require.Empty(t, o.answers, "nothing is said that is not durable")
		_, err := o.store.Cancelled(t.Context(), store.OrderID(orderOf(1)))
		require.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, o.take(o.service.Reversals(), o.reversal(1), nil), "sent again")
		o.toldBack(1)
		_, err = o.store.Cancelled(t.Context(), store.OrderID(orderOf(1)))
		require.NoError(t, err, "what is told is durable")
	})
}

// from turns a record into another terminal's.
func from(terminal record.Terminal, r collector.Verified) collector.Verified {
	r.Terminal.ID, r.Header.Terminal = terminal, terminal
	return r
}

func TestServiceLetsOnlyTheOwnTerminalCancel(t *testing.T) {
	opened := func(t *testing.T) *office {
		o := newOffice(t)
		require.NoError(t, o.store.Commit(t.Context(), store.Change{Terminals: []store.Terminal{
			{ID: otherTill, Merchant: merchantID, State: store.TerminalActive}}}))
		return o
	}
	t.Run("SeenPayment", func(t *testing.T) {
		o := opened(t)
		o.pay(1)
		call := o.called(o.icbc, "authorise")
		require.NoError(t, o.take(o.service.Reversals(), from(otherTill, o.reversal(1)), nil))
		require.Eventually(t, func() bool { return len(o.alarmKinds()) > 0 }, patience, time.Millisecond)
		require.Equal(t, []string{"reversal-foreign"}, o.alarmKinds())
		call.says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		require.EqualValues(t, 1250, o.books())
	})
	t.Run("UnseenPayment", func(t *testing.T) {
		o := opened(t)
		require.NoError(t, o.take(o.service.Reversals(), from(otherTill, o.reversal(1)), nil))
		o.toldBack(1)
		o.restart()
		o.pay(1)
		require.Contains(t, o.alarmKinds(), "reversal-foreign")
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		require.NoError(t, o.take(o.service.Reversals(), o.reversal(1), nil))
		require.Equal(t, message.Stage_STAGE_REVERSING, o.told(open).GetStage(), "the owner still may")
	})
	t.Run("AnotherReversalFirst", func(t *testing.T) {
		o := opened(t)
		require.NoError(t, o.take(o.service.Reversals(), from(otherTill, o.reversal(1)), nil))
		o.toldBack(1)
		require.NoError(t, o.take(o.service.Reversals(), o.reversal(1), nil))
		require.Eventually(t, func() bool { return len(o.alarmKinds()) > 0 }, patience, time.Millisecond)
		require.Equal(t, []string{"reversal-foreign"}, o.alarmKinds())
	})
}

func TestServiceCardInDoubt(t *testing.T) {
	torn := func(o *office) collector.Verified {
		body := o.request(1)
		body.Method, body.CodeTail = message.Method_METHOD_TAP, ""
		return o.verified(record.PaymentRequested, body)
	}
	t.Run("ReversedAndSomebodyIsTold", func(t *testing.T) {
		o := newOffice(t)
		r := torn(o)
		require.NoError(t, o.take(o.service.Requests(), r, nil))
		answer := o.told(reversed)
		require.Equal(t, message.Stage_STAGE_FINAL, answer.GetStage())
		require.Equal(t, message.Reason_REASON_TIMED_OUT, answer.GetReason())
		require.Equal(t, []string{"card-in-doubt"}, o.alarmKinds())
		o.service.Requests().Again(t.Context(), r, nil)
		o.told(reversed)
		require.NoError(t, o.take(o.service.Reversals(), o.reversal(1), nil))
		o.told(reversed)
		o.nobodyAsked()
	})
	t.Run("ReversalFirst", func(t *testing.T) {
		o := newOffice(t)
		require.NoError(t, o.take(o.service.Reversals(), o.reversal(1), nil))
		o.toldBack(1)
		require.NoError(t, o.take(o.service.Requests(), torn(o), nil))
		o.toldBack(1)
		require.Equal(t, []string{"card-in-doubt"}, o.alarmKinds())
		o.nobodyAsked()
	})
	t.Run("EvenWhenTheRequestIsWrong", func(t *testing.T) {
		o := newOffice(t)
		body := o.request(1)
		body.Method, body.Currency = message.Method_METHOD_TAP, "XXX"
		require.NoError(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), nil))
		o.told(declined)
		require.Equal(t, []string{"card-in-doubt"}, o.alarmKinds())
		o.nobodyAsked()
	})
}
