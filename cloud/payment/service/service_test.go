package service_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/payment/service"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

const (
	final     = message.Stage_STAGE_FINAL
	isUnknown = message.Outcome_OUTCOME_UNKNOWN
)

func (s *stage) stored(order []byte) payment.Payment {
	s.t.Helper()
	row, err := s.store.Payment(s.t.Context(), store.OrderID(order))
	require.NoError(s.t, err)
	var p payment.Payment
	require.NoError(s.t, p.UnmarshalBinary(row.Blob))
	return p
}

func (s *stage) entries(order []byte) []store.EntryKind {
	s.t.Helper()
	entries, err := s.store.Entries(s.t.Context(), store.OrderID(order))
	require.NoError(s.t, err)
	var kinds []store.EntryKind
	for _, entry := range entries {
		var sum int64
		for _, posting := range entry.Postings {
			sum += posting.Amount
		}
		require.Zero(s.t, sum)
		kinds = append(kinds, entry.Kind)
	}
	return kinds
}

func (s *stage) settled() {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.service.Open() == 0 }, patience, time.Millisecond, "payments stay in memory")
}

func TestApproved(t *testing.T) {
	s := newStage(t)
	order := s.order()
	s.pay(order)
	call := s.asks("authorise")
	require.Equal(t, code, call.request.Code)
	require.Equal(t, int64(1250), call.request.Amount)
	require.Equal(t, payment.Authorising, s.stored(order).State, "the request is durable before the call")
	call.answer <- approved(call.order)
	result := s.told(message.Outcome_OUTCOME_APPROVED, final)
	require.Equal(t, "A1B2C3", result.GetAuthorisation())
	require.Len(t, result.GetReference(), 12)
	require.Equal(t, payment.Approved, s.stored(order).State, "the outcome is durable before the terminal hears of it")
	require.Equal(t, []store.EntryKind{store.EntrySale}, s.entries(order))
	require.Equal(t, int64(1), s.stored(order).Fee, "10 basis points of 12.50 are 1.25 fen, cut to the cap")
	s.settled()
}

func TestDeclinedPostsNothing(t *testing.T) {
	s := newStage(t)
	order := s.order()
	s.pay(order)
	call := s.asks("authorise")
	answer := status(call.order, operator.StatusDeclined)
	answer.answer.Reason = operator.ReasonInsufficientFunds
	call.answer <- answer
	result := s.told(message.Outcome_OUTCOME_DECLINED, final)
	require.Equal(t, message.Reason_REASON_INSUFFICIENT_FUNDS, result.GetReason())
	require.Empty(t, s.entries(order))
	s.settled()
}

func TestUnknownIsInquiredNeverRepeated(t *testing.T) {
	s := newStage(t)
	order := s.order()
	s.pay(order)
	s.asks("authorise").answer <- unknown()
	query := s.asks("query")
	query.answer <- status(query.order, operator.StatusNotFound)
	s.pass(5 * time.Second)
	s.told(isUnknown, message.Stage_STAGE_QUERYING)
	query = s.asks("query")
	query.answer <- approved(query.order)
	s.told(message.Outcome_OUTCOME_APPROVED, final)
	require.Equal(t, []store.EntryKind{store.EntrySale}, s.entries(order))
	s.asksNothing()
}

func TestNoAnswerIsReversedInTheEnd(t *testing.T) {
	s := newStage(t)
	order := s.order()
	s.pay(order)
	s.asks("authorise").answer <- unknown()
	s.asks("query").answer <- unknown()
	s.pass(46 * time.Second)
	s.told(isUnknown, message.Stage_STAGE_REVERSING)
	reverse := s.asks("reverse")
	reverse.answer <- status(reverse.order, operator.StatusReversed)
	require.Equal(t, message.Reason_REASON_TIMED_OUT, s.told(message.Outcome_OUTCOME_REVERSED, final).GetReason())
	require.Empty(t, s.entries(order))
}

func TestLateApprovalIsRefunded(t *testing.T) {
	s := newStage(t)
	order := s.order()
	s.pay(order)
	s.asks("authorise").answer <- unknown()
	s.asks("query").answer <- unknown()
	s.reverse(order)
	s.told(isUnknown, message.Stage_STAGE_REVERSING)
	s.asksNothing() // not before 15 s after the request
	s.pass(16 * time.Second)
	reverse := s.asks("reverse")
	reverse.answer <- status(reverse.order, operator.StatusReversed)
	s.told(message.Outcome_OUTCOME_REVERSED, final)
	s.pass(2 * time.Minute)
	query := s.asks("query")
	query.answer <- approved(query.order)
	refund := s.asks("refund")
	refund.answer <- status(refund.order, operator.StatusRefunded)
	require.True(t, s.told(message.Outcome_OUTCOME_REVERSED, final).GetRefunded())
	require.Eventually(t, func() bool { return s.stored(order).State == payment.LateRefunded }, patience, time.Millisecond)
	require.Equal(t, []store.EntryKind{store.EntrySuspense, store.EntrySuspenseReturn}, s.entries(order))
	alarms, err := s.store.Alarms(t.Context(), 10)
	require.NoError(t, err)
	require.NotEmpty(t, alarms, "somebody was told")
}

func TestSameOrderIsOnePayment(t *testing.T) {
	s := newStage(t)
	order := s.order()
	first := s.pay(order)
	call := s.asks("authorise")
	call.answer <- approved(call.order)
	s.told(message.Outcome_OUTCOME_APPROVED, final)
	requests := service.Requests{Service: s.service}
	t.Run("the same record again gets the same answer", func(t *testing.T) {
		requests.Again(t.Context(), first, []byte(code))
		s.told(message.Outcome_OUTCOME_APPROVED, final)
	})
	t.Run("another record with the order id changes nothing", func(t *testing.T) {
		s.deliver(requests, record.PaymentRequested, s.request(order, func(m *message.PaymentRequested) { m.Amount = 9900 }), code)
		require.Equal(t, int64(1250), s.told(message.Outcome_OUTCOME_APPROVED, final).GetAmount())
	})
	s.asksNothing()
	require.Equal(t, []store.EntryKind{store.EntrySale}, s.entries(order))
}

func TestReversalBeforeItsRequest(t *testing.T) {
	s := newStage(t)
	order := s.order()
	s.reverse(order)
	require.Eventually(t, func() bool { return s.service.EarlyReversals() == 1 }, patience, time.Millisecond)
	s.pay(order)
	s.told(message.Outcome_OUTCOME_REVERSED, final)
	s.asksNothing()
	require.Equal(t, payment.Reversed, s.stored(order).State)
}

func TestRestartInquiresAndNeverSendsAgain(t *testing.T) {
	s := newStage(t)
	order := s.order()
	s.pay(order)
	s.asks("authorise") // the process stops before the answer
	s.stop()
	s.start()
	query := s.asks("query")
	require.Empty(t, query.request.Code)
	query.answer <- approved(query.order)
	s.told(message.Outcome_OUTCOME_APPROVED, final)
	s.asksNothing()
}

func TestRequestsThatAreRefused(t *testing.T) {
	s := newStage(t)
	for name, c := range map[string]struct {
		change func(*message.PaymentRequested)
		secret string
		want   message.Reason
	}{
		"amount of zero":      {func(m *message.PaymentRequested) { m.Amount = 0 }, code, message.Reason_REASON_LIMIT_EXCEEDED},
		"negative amount":     {func(m *message.PaymentRequested) { m.Amount = -5 }, code, message.Reason_REASON_LIMIT_EXCEEDED},
		"unknown method":      {func(m *message.PaymentRequested) { m.Method = 9 }, code, message.Reason_REASON_LIMIT_EXCEEDED},
		"unknown currency":    {func(m *message.PaymentRequested) { m.Currency = "DOGE" }, code, message.Reason_REASON_INVALID_REQUEST},
		"stablecoin in China": {func(m *message.PaymentRequested) { m.Currency = "USDC" }, code, message.Reason_REASON_INVALID_REQUEST},
		"another merchant":    {func(m *message.PaymentRequested) { m.MerchantId = "000000000000000" }, code, message.Reason_REASON_TERMINAL_NOT_ALLOWED},
		"code missing":        {nil, "", message.Reason_REASON_INVALID_REQUEST},
		"card missing":        {func(m *message.PaymentRequested) { m.Method = message.Method_METHOD_TAP }, "", message.Reason_REASON_INVALID_REQUEST},
	} {
		t.Run(name, func(t *testing.T) {
			order := s.order()
			r := s.deliver(service.Requests{Service: s.service}, record.PaymentRequested, s.request(order, c.change), c.secret)
			require.Equal(t, c.want, s.told(message.Outcome_OUTCOME_DECLINED, final).GetReason())
			service.Requests{Service: s.service}.Again(t.Context(), r, nil)
			s.told(message.Outcome_OUTCOME_DECLINED, final)
			_, err := s.store.Payment(t.Context(), store.OrderID(order))
			require.ErrorIs(t, err, store.ErrNotFound)
		})
	}
	s.asksNothing()
	t.Run("no order id raises an alarm", func(t *testing.T) {
		s.deliver(service.Requests{Service: s.service}, record.PaymentRequested, s.request(nil, nil), code)
		alarms, err := s.store.Alarms(t.Context(), 10)
		require.NoError(t, err)
		require.Equal(t, "malformed-request", alarms[0].Kind)
	})
}

func TestBackUpIsAskedOnlyWhenNothingWasSent(t *testing.T) {
	s := newStage(t)
	order := s.order()
	s.pay(order)
	s.asks("authorise").answer <- said{err: &operator.NotSentError{Operation: "authorise"}}
	// The back-up, ABC, has no connector here: that is "not sent" too, and then there is nobody left.
	require.Equal(t, message.Reason_REASON_OPERATOR_UNAVAILABLE, s.told(message.Outcome_OUTCOME_DECLINED, final).GetReason())
	require.Equal(t, "ABC", s.stored(order).Operator)
	s.asksNothing()
}

func TestShownCodeReachesTheTerminal(t *testing.T) {
	s := newStage(t)
	order := s.order()
	s.deliver(service.Requests{Service: s.service}, record.PaymentRequested,
		s.request(order, func(m *message.PaymentRequested) { m.Method = message.Method_METHOD_SHOWN }), "")
	call := s.asks("order")
	answer := status(call.order, operator.StatusAwaitingCustomer)
	answer.answer.ShownCode = "operator's own text"
	call.answer <- answer
	result := s.told(isUnknown, message.Stage_STAGE_AWAITING_CUSTOMER)
	require.Equal(t, "operator's own text", result.GetShownCode())
	require.NotZero(t, result.GetShownCodeExpires())
	s.pass(4 * time.Second)
	query := s.asks("query")
	query.answer <- approved(query.order)
	s.told(message.Outcome_OUTCOME_APPROVED, final)
}
