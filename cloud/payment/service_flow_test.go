package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

const (
	approved = message.Outcome_OUTCOME_APPROVED
	declined = message.Outcome_OUTCOME_DECLINED
	open     = message.Outcome_OUTCOME_UNKNOWN
	reversed = message.Outcome_OUTCOME_REVERSED
)

func TestServiceApproves(t *testing.T) {
	o := newOffice(t)
	r := o.pay(1)
	call := o.called(o.icbc, "authorise")
	require.Equal(t, code, call.request.Code)
	require.EqualValues(t, 1250, call.request.Amount)
	stored, err := o.store.Payment(t.Context(), store.OrderID(orderOf(1)))
	require.NoError(t, err, "stored before the call left")
	require.Equal(t, uint8(payment.Authorising), stored.State)
	require.NotContains(t, string(stored.Blob), code)
	sizes := o.service.Sizes()
	for _, one := range []string{"payments", "numbers", "operators with payments", "timers", "calls"} {
		require.Equal(t, 1, sizes[one], one)
	}
	call.says(operator.StatusApproved, operator.ReasonNone)

	answer := o.told(approved)
	require.Equal(t, message.Stage_STAGE_FINAL, answer.GetStage())
	require.Equal(t, orderOf(1), answer.GetOrderId())
	require.Len(t, answer.GetReference(), 12)
	require.Equal(t, "A1B2C3", answer.GetAuthorisation())
	require.Equal(t, "001234******5678", answer.GetWalletMasked())
	require.Equal(t, "ICBC", answer.GetOperatorCode())
	require.EqualValues(t, 1250, o.books())
	require.Eventually(t, func() bool { return o.service.Open() == 0 }, patience, time.Millisecond, "settled payments leave memory")
	require.Eventually(t, func() bool {
		for _, size := range o.service.Sizes() {
			if size != 0 {
				return false
			}
		}
		return true
	}, patience, time.Millisecond, "with all that belongs to them")

	o.service.Requests().Again(t.Context(), r, []byte(code))
	again := o.told(approved)
	require.Equal(t, answer.GetRevision(), again.GetRevision())
	require.Empty(t, o.icbc.calls, "asking again charges nobody again")
}

func TestServiceDeclines(t *testing.T) {
	t.Run("OperatorSaysNo", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		o.called(o.icbc, "authorise").says(operator.StatusDeclined, operator.ReasonInsufficientFunds)
		require.Equal(t, message.Reason_REASON_INSUFFICIENT_FUNDS, o.told(declined).GetReason())
		require.Zero(t, o.books())
	})
	for name, c := range map[string]struct {
		change func(*message.PaymentRequested)
		secret string
		reason message.Reason
	}{
		"OtherMerchant":   {func(m *message.PaymentRequested) { m.MerchantId = "301310053110002" }, code, message.Reason_REASON_TERMINAL_NOT_ALLOWED},
		"NoAmount":        {func(m *message.PaymentRequested) { m.Amount = 0 }, code, message.Reason_REASON_INVALID_REQUEST},
		"NegativeAmount":  {func(m *message.PaymentRequested) { m.Amount = -5 }, code, message.Reason_REASON_INVALID_REQUEST},
		"UnknownCurrency": {func(m *message.PaymentRequested) { m.Currency = "XXX" }, code, message.Reason_REASON_INVALID_REQUEST},
		"StablecoinHere":  {func(m *message.PaymentRequested) { m.Currency = "USDC" }, code, message.Reason_REASON_INVALID_REQUEST},
		"NoMethod":        {func(m *message.PaymentRequested) { m.Method = 0 }, code, message.Reason_REASON_INVALID_REQUEST},
		"NoOrder":         {func(m *message.PaymentRequested) { m.OrderId = nil }, code, message.Reason_REASON_INVALID_REQUEST},
		"CodeForgotten":   {func(*message.PaymentRequested) {}, "", message.Reason_REASON_CODE_EXPIRED},
		"OtherCode":       {func(*message.PaymentRequested) {}, "0100000000000654321", message.Reason_REASON_CODE_EXPIRED},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			body := o.request(1)
			c.change(body)
			r := o.verified(record.PaymentRequested, body)
			require.NoError(t, o.take(o.service.Requests(), r, []byte(c.secret)))
			require.Equal(t, c.reason, o.told(declined).GetReason())
			o.service.Requests().Again(t.Context(), r, []byte(code))
			require.Equal(t, c.reason, o.told(declined).GetReason(), "it stays declined, even with the right code now")
			require.Empty(t, o.icbc.calls)
			require.Zero(t, o.service.Open())
		})
	}
	t.Run("TooLate", func(t *testing.T) {
		o := newOffice(t)
		body := o.request(1)
		o.clock.advance(time.Minute)
		require.NoError(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), []byte(code)))
		require.Equal(t, message.Reason_REASON_TIMED_OUT, o.told(declined).GetReason())
		require.Empty(t, o.icbc.calls)
	})
	t.Run("NobodyToAsk", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		o.called(o.icbc, "authorise").fails(&operator.NotSentError{Operation: "authorise", Cause: errBroken})
		second := o.called(o.abc, "authorise")
		require.Equal(t, code, second.request.Code, "the back-up needs the code too")
		second.fails(&operator.NotSentError{Operation: "authorise", Cause: errBroken})
		require.Equal(t, message.Reason_REASON_OPERATOR_UNAVAILABLE, o.told(declined).GetReason())
	})
}

func TestServiceFindsOut(t *testing.T) {
	t.Run("UnknownThenApproved", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		o.called(o.icbc, "authorise").fails(unknown("authorise"))
		o.called(o.icbc, "query").fails(unknown("query"))
		// What it asks next has its time from here on; a clock that ran on meanwhile might pass the end of asking.
		require.Eventually(t, func() bool { return o.kept().Queries == 1 }, patience, time.Millisecond)
		o.clock.advance(o.kept().NextAt.Sub(o.clock.Now()))
		o.called(o.icbc, "query").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		require.EqualValues(t, 1250, o.books())
		require.Empty(t, o.abc.calls, "it stays with its operator")
	})
	t.Run("SlowOperator", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		call := o.called(o.icbc, "authorise")
		require.Eventually(t, func() bool { o.clock.advance(time.Second); return len(o.answers) > 0 }, patience, 5*time.Millisecond)
		answer := o.told(open)
		require.NotZero(t, answer.GetNextAt(), "what happens next is said")
		call.says(operator.StatusApproved, operator.ReasonNone)
		require.Greater(t, o.told(approved).GetRevision(), answer.GetRevision())
	})
	t.Run("PasswordThenApproved", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		o.called(o.icbc, "authorise").says(operator.StatusAwaitingPassword, operator.ReasonNone)
		require.Equal(t, message.Stage_STAGE_AWAITING_PASSWORD, o.told(open).GetStage())
		o.clock.advance(3 * time.Second)
		o.called(o.icbc, "query").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
	})
	t.Run("ShownCode", func(t *testing.T) {
		o := newOffice(t)
		body := o.request(1)
		body.Method, body.CodeTail, body.GiveUp = message.Method_METHOD_SHOWN, "", 0
		require.NoError(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), nil))
		order := o.called(o.icbc, "order")
		order.answer <- bankAnswer{answer: operator.Answer{OrderID: order.request.OrderID, Status: operator.StatusAwaitingCustomer,
			Amount: 1250, Currency: "CNY", ShownCode: "QR-TEXT"}}
		answer := o.told(open)
		require.Equal(t, message.Stage_STAGE_AWAITING_CUSTOMER, answer.GetStage())
		require.Equal(t, "QR-TEXT", answer.GetShownCode())
		require.NotZero(t, answer.GetShownCodeExpires())
	})
	t.Run("AfterARestartOnlyAsked", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		o.called(o.icbc, "authorise") // and the process dies
		o.restart()
		o.called(o.icbc, "query").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		require.EqualValues(t, 1250, o.books())
	})
}

func TestServiceTakesBack(t *testing.T) {
	t.Run("CashierCancels", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		call := o.called(o.icbc, "authorise")
		o.cancel(1)
		require.Equal(t, message.Stage_STAGE_REVERSING, o.told(open).GetStage())
		call.fails(unknown("authorise"))
		require.Eventually(t, func() bool { o.clock.advance(time.Second); return len(o.icbc.calls) > 0 }, patience, 5*time.Millisecond)
		o.called(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
		require.Equal(t, message.Reason_REASON_CASHIER_CANCELLED, o.told(reversed).GetReason())
		require.Zero(t, o.books())
	})
	t.Run("ApprovedThenTakenBack", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		o.clock.advance(16 * time.Second)
		o.cancel(1)
		o.told(open)
		o.called(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
		o.told(reversed)
		require.Zero(t, o.books(), "booked and unbooked")
	})
	t.Run("ReversalOvertakesItsPayment", func(t *testing.T) {
		o := newOffice(t)
		o.cancel(1)
		o.pay(1)
		o.told(reversed)
		require.Empty(t, o.icbc.calls, "never begun")
	})
	t.Run("LateApprovalIsRefunded", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		o.called(o.icbc, "authorise").fails(unknown("authorise"))
		o.called(o.icbc, "query").fails(unknown("query"))
		o.clock.advance(16 * time.Second)
		o.cancel(1)
		for reversing := false; !reversing; {
			c := <-o.icbc.calls
			if reversing = c.name == "reverse"; reversing {
				c.says(operator.StatusReversed, operator.ReasonNone)
			} else {
				c.fails(unknown(c.name))
			}
		}
		require.Eventually(t, func() bool { return (<-o.answers).GetOutcome() == reversed }, patience, time.Millisecond)
		o.clock.advance(2 * time.Minute) // the operator is asked once more
		o.called(o.icbc, "query").says(operator.StatusApproved, operator.ReasonNone)
		require.True(t, o.told(reversed).GetRefunded())
		require.EqualValues(t, 1250, o.books(), "held in suspense")
		o.called(o.icbc, "refund").says(operator.StatusRefunded, operator.ReasonNone)
		require.True(t, o.told(reversed).GetRefunded())
		require.Zero(t, o.books())
		require.Contains(t, o.alarmKinds(), "payment-late-approval")
	})
}

func TestServiceGuards(t *testing.T) {
	t.Run("OrderUsedTwice", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		require.Eventually(t, func() bool { return o.service.Open() == 0 }, patience, time.Millisecond)
		again := o.verified(record.PaymentRequested, o.request(1))
		var conflict *store.ConflictError
		require.ErrorAs(t, o.take(o.service.Requests(), again, []byte(code)), &conflict)
		require.Equal(t, store.PaymentMoved, conflict.Kind, "the store refuses the payment, and the record with it")
		require.Zero(t, o.service.Open())
		require.NoError(t, o.take(o.service.Requests(), again, []byte(code)), "sent again, the record stands without a payment")
		require.Contains(t, o.alarmKinds(), "order-reused")
		require.Empty(t, o.icbc.calls)
		require.EqualValues(t, 1250, o.books())
	})
	t.Run("OrderUsedTwiceAtTheSameTime", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		call := o.called(o.icbc, "authorise")
		o.pay(1)
		require.Contains(t, o.alarmKinds(), "order-reused")
		call.says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		require.Empty(t, o.icbc.calls)
		require.EqualValues(t, 1250, o.books())
	})
	t.Run("RecordNotStored", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		o.next = 0 // the same sequence: the store refuses the record, and the payment with it
		require.Error(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, o.request(2)), []byte(code)))
		require.Eventually(t, func() bool { return o.service.Open() == 0 }, patience, time.Millisecond)
		require.Empty(t, o.icbc.calls, "nothing leaves before it is durable")
		o.pay(2)
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
	})
	t.Run("AnswerWhileAnotherStepIsStored", func(t *testing.T) {
		o := newOffice(t)
		r := o.pay(1)
		call := o.called(o.icbc, "authorise")
		for range 20 {
			o.service.Requests().Again(t.Context(), r, nil)
		}
		call.says(operator.StatusApproved, operator.ReasonNone)
		require.Eventually(t, func() bool { return (<-o.answers).GetOutcome() == approved }, patience, time.Millisecond)
		require.EqualValues(t, 1250, o.books())
	})
	t.Run("Configuration", func(t *testing.T) {
		_, err := payment.NewService(t.Context(), payment.ServiceConfig{})
		require.Error(t, err)
	})
}
