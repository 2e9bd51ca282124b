package shift_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// again says that a request stands in the place of a refused record.
func again(refused uint64) func(*message.PaymentRequested) {
	return func(m *message.PaymentRequested) { m.Again = refused }
}

func offline(m *message.PaymentRequested) { m.Offline = &message.Offline{Count: 1} }

// TestWhatWasMadeAnew: it belongs to the shift in which it was asked for first, and counts there once.
func TestWhatWasMadeAnew(t *testing.T) {
	gave := &message.FollowUpRequested{FollowUpId: []byte("given back, once"), OrderId: make([]byte, 16),
		Kind: message.FollowUp_FOLLOW_UP_REFUND, Amount: 20, Offline: true}
	t.Run("InTheShift", func(t *testing.T) {
		s := newSite(t)
		closed := s.day()
		s.pay(8, message.Method_METHOD_TAP, 40, payment.Approved, again(3))
		s.pay(9, message.Method_METHOD_TAP, 5, payment.Approved, offline, again(4))
		s.pay(9, message.Method_METHOD_TAP, 5, 0, offline, again(5)) // and its first, which was stored all the same
		s.write(record.FollowUpRequested, gave)
		s.write(record.FollowUpRequested, gave)
		closed.LastSequence = s.sequence
		closed.Lines[1].Sales, closed.Lines[1].SalesAmount = 2, 340
		closed.Lines[2].Sales, closed.Lines[2].SalesAmount = 2, 65
		closed.Lines[2].Refunds, closed.Lines[2].RefundsAmount = 1, 20
		s.agrees(closed)
	})
	t.Run("OfTheShiftBefore", func(t *testing.T) {
		s := newSite(t)
		s.write(record.AgentStarted, &message.AgentStarted{})
		s.write(record.AgentStarted, &message.AgentStarted{})
		closed := s.day()
		s.pay(8, message.Method_METHOD_TAP, 40, payment.Approved, again(2))
		s.pay(9, message.Method_METHOD_TAP, 5, payment.Approved, offline, again(1))
		before := &message.FollowUpRequested{FollowUpId: gave.GetFollowUpId(), OrderId: gave.GetOrderId(), Kind: gave.GetKind(),
			Amount: gave.GetAmount(), Offline: true, Again: 2}
		s.write(record.FollowUpRequested, before)
		closed.LastSequence = s.sequence
		s.agrees(closed)
	})
}

// agrees ends the shift and wants the books to say the same.
func (s *site) agrees(closed *message.ShiftClosed) {
	s.t.Helper()
	s.close(closed)
	require.NoError(s.t, s.service.Compare(s.t.Context()))
	row := s.row()
	require.Equal(s.t, store.ShiftAgrees, row.State, row.Findings)
	require.Empty(s.t, s.alarms())
}
