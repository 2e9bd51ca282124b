package shift_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// book is a journal that is audited as it is written.
type book struct {
	t     *testing.T
	audit shift.Audit
	last  uint64
}

func (b *book) write(kind record.Type, m proto.Message) *shift.Checked {
	b.t.Helper()
	body, err := proto.Marshal(m)
	require.NoError(b.t, err)
	b.last++
	checked, err := b.audit.Add(record.Header{Type: kind, Sequence: b.last, Time: now}, body)
	require.NoError(b.t, err)
	return checked
}

// sold writes a shift with a paid sale and one that is open, and returns the end that belongs to it.
func (b *book) sold() *message.ShiftClosed {
	paid, open := order(1), order(2)
	b.write(record.ShiftOpened, &message.ShiftOpened{ShiftId: id[:], Batch: 4, Float: 100, Currency: "CNY", Cashier: "01"})
	b.write(record.PaymentRequested, &message.PaymentRequested{OrderId: paid[:], Method: message.Method_METHOD_CODE, Amount: 1250})
	b.write(record.OutcomeShown, &message.OutcomeShown{OrderId: paid[:], Outcome: approved})
	b.write(record.PaymentRequested, &message.PaymentRequested{OrderId: open[:], Method: message.Method_METHOD_TAP, Amount: 300})
	return &message.ShiftClosed{
		ShiftId: id[:], Batch: 4, Revision: 1, Provisional: true, FirstSequence: 1, LastSequence: 4, Currency: "CNY", Float: 100,
		OpenedAt: now.UnixMicro(), ClosedAt: now.Add(time.Hour).UnixMicro(), ApprovedBy: "店长", OpenOrders: [][]byte{open[:]},
		CashCounted: 90, Lines: []*message.ShiftLine{
			{Method: closing.Code, Sales: 1, SalesAmount: 1250}, {Method: closing.Cash, Counted: proto.Int64(90)}},
	}
}

func TestAuditAgrees(t *testing.T) {
	b := &book{t: t}
	closed := b.sold()
	require.Empty(t, b.write(record.ShiftClosed, closed).Problems)
	refund, paid, open := order(9), order(1), order(2)
	b.write(record.FollowUpRequested, &message.FollowUpRequested{FollowUpId: refund[:], OrderId: paid[:],
		Kind: message.FollowUp_FOLLOW_UP_REFUND, Amount: 5})
	b.write(record.OutcomeShown, &message.OutcomeShown{OrderId: open[:], Outcome: approved})
	complete := proto.CloneOf(closed)
	complete.Revision, complete.Provisional, complete.OpenOrders = 2, false, nil
	complete.Lines = append(complete.Lines[:1:1], &message.ShiftLine{Method: closing.Tap, Sales: 1, SalesAmount: 300}, complete.Lines[1])
	checked := b.write(record.ShiftClosed, complete)
	require.Empty(t, checked.Problems)
	require.Equal(t, uint64(8), checked.Sequence)
	require.Equal(t, []string{"no such shift is open"}, b.write(record.ShiftClosed, complete).Problems)
}

func TestAuditDiffers(t *testing.T) {
	for problem, change := range map[string]func(*message.ShiftClosed){
		"batch is 5, the records say 4":                     func(c *message.ShiftClosed) { c.Batch = 5 },
		"revision is 2, the records say 1":                  func(c *message.ShiftClosed) { c.Revision = 2 },
		"first sequence is 2, the records say 1":            func(c *message.ShiftClosed) { c.FirstSequence = 2 },
		"float is 1, the records say 100":                   func(c *message.ShiftClosed) { c.Float = 1 },
		"cash moved is 7, the records say 0":                func(c *message.ShiftClosed) { c.CashMoved = 7 },
		"nobody approved an end with something open":        func(c *message.ShiftClosed) { c.ApprovedBy = "" },
		"0 named as open, the records say 1":                func(c *message.ShiftClosed) { c.OpenOrders = nil },
		"1 named as open, the records say 1":                func(c *message.ShiftClosed) { c.OpenOrders[0] = make([]byte, 16) },
		"the lines are not what the records say":            func(c *message.ShiftClosed) { c.Lines[0].SalesAmount-- },
		"shift: not a shift's record: end of another shift": func(c *message.ShiftClosed) { c.LastSequence = 0 },
	} {
		b := &book{t: t}
		closed := b.sold()
		change(closed)
		require.Equal(t, []string{problem}, b.write(record.ShiftClosed, closed).Problems)
	}
	var audit shift.Audit
	for _, kind := range []record.Type{record.ShiftOpened, record.ShiftClosed, record.CashMoved} {
		_, err := audit.Add(record.Header{Type: kind}, []byte{0xff})
		require.ErrorIs(t, err, shift.ErrRecord)
	}
}
