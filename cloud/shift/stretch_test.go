package shift_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// TestStretchIsNotTheTerminalsWord: an end that leaves out what lies at the shift's ends, and a sum that fits it.
func TestStretchIsNotTheTerminalsWord(t *testing.T) {
	for name, c := range map[string]struct {
		narrow func(*message.ShiftClosed)
		says   string
	}{
		"BeginsLate": {func(c *message.ShiftClosed) { // behind the first sale
			c.FirstSequence, c.Lines = c.FirstSequence+2, c.Lines[1:]
		}, "it was opened by record 1, and its end counts from 3"},
		"EndsEarly": {func(c *message.ShiftClosed) { // before the offline tap
			c.LastSequence, c.CashMoved, c.Lines = 6, 0, append(c.Lines[:2], c.Lines[3])
		}, "its end counts up to record 6, and the one behind is not its first end"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			closed := s.day()
			c.narrow(closed)
			s.close(closed)
			require.NoError(t, s.service.Compare(t.Context()))
			require.Equal(t, store.ShiftDiffers, s.row().State)
			require.Contains(t, s.row().Findings, c.says)
			require.Contains(t, s.alarms()["shift-differs"], c.says)
		})
	}
	t.Run("OpenedTwice", func(t *testing.T) {
		s := newSite(t)
		s.day()
		first := s.write(record.ShiftOpened, &message.ShiftOpened{ShiftId: id[:], Cashier: "01", Batch: 4, Currency: "CNY"})
		s.close(&message.ShiftClosed{ShiftId: id[:], Cashier: "01", Batch: 4, Revision: 1, OpenedAt: 1, ClosedAt: 2,
			FirstSequence: first, LastSequence: s.sequence, Currency: "CNY"})
		require.NoError(t, s.service.Compare(t.Context()))
		require.Equal(t, store.ShiftDiffers, s.row().State)
		require.Contains(t, s.row().Findings, "it was opened by record 1, and its end counts from 11")
	})
	t.Run("BeginsBeforeItsOpening", func(t *testing.T) {
		s := newSite(t)
		s.write(record.AgentStarted, &message.AgentStarted{})
		closed := s.day()
		closed.FirstSequence--
		s.close(closed)
		require.NoError(t, s.service.Compare(t.Context()))
		require.Contains(t, s.row().Findings, "it was opened by record 2, and its end counts from 1")
	})
	t.Run("NeverOpened", func(t *testing.T) {
		s := newSite(t)
		s.pay(1, message.Method_METHOD_CODE, 1250, payment.Approved)
		s.close(&message.ShiftClosed{ShiftId: id[:], Cashier: "01", Batch: 4, Revision: 1, OpenedAt: 1, ClosedAt: 2,
			FirstSequence: 1, LastSequence: 1, Currency: "CNY"})
		require.NoError(t, s.service.Compare(t.Context()))
		require.Contains(t, s.row().Findings, "no record of its opening from 1 to 1")
	})
	t.Run("CompletedOverMore", func(t *testing.T) { // than its provisional end
		s := newSite(t)
		closed := s.day()
		complete := proto.CloneOf(closed)
		closed.Provisional, closed.OpenOrders, closed.ApprovedBy = true, [][]byte{make([]byte, 16)}, "02"
		s.close(closed)
		complete.Revision, complete.LastSequence = 2, s.sequence
		s.close(complete)
		require.NoError(t, s.service.Compare(t.Context()))
		require.Equal(t, store.ShiftDiffers, s.row().State)
		require.Contains(t, s.row().Findings, "its end counts up to record 11")
	})
}
