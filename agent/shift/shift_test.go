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

const (
	approved = message.Outcome_OUTCOME_APPROVED
	declined = message.Outcome_OUTCOME_DECLINED
	reversed = message.Outcome_OUTCOME_REVERSED
	unknown  = message.Outcome_OUTCOME_UNKNOWN
)

var (
	now = time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC)
	id  = shift.ID{1: 2, 15: 3}
)

// opened is a shift that began with record 10 and ¥200.00 in the drawer.
func opened(t testing.TB) shift.Shift {
	t.Helper()
	s, err := shift.Begin(record.Header{Type: record.ShiftOpened, Sequence: 10, Time: now},
		&message.ShiftOpened{ShiftId: id[:], Cashier: "01", Batch: 17, Float: 20000, Currency: "CNY"})
	require.NoError(t, err)
	return s
}

// diary feeds a shift with records, one sequence after another.
type diary struct {
	t     testing.TB
	shift shift.Shift
	last  uint64
	// orders are those that a follow-up finds.
	orders map[shift.Item]shift.Order
}

func newDiary(t testing.TB) *diary {
	return &diary{t: t, shift: opened(t), last: 10, orders: map[shift.Item]shift.Order{}}
}

func (d *diary) write(kind record.Type, m proto.Message) {
	d.t.Helper()
	body, err := proto.Marshal(m)
	require.NoError(d.t, err)
	d.last++
	fact, err := shift.Read(record.Header{Type: kind, Sequence: d.last}, body, func(of shift.Item) (shift.Order, error) {
		if order, known := d.orders[of]; known {
			return order, nil
		}
		return shift.Order{Method: closing.Other}, nil
	})
	require.NoError(d.t, err)
	d.shift = d.shift.Step(d.last, fact)
}

func order(n byte) shift.Item { return shift.Item{0: n, 15: 1} }

func (d *diary) request(n byte, method message.Method, amount int64, change ...func(*message.PaymentRequested)) {
	d.t.Helper()
	of := order(n)
	m := &message.PaymentRequested{OrderId: of[:], Method: method, Amount: amount, Currency: "CNY", Batch: 17}
	for _, apply := range change {
		apply(m)
	}
	d.write(record.PaymentRequested, m)
	d.orders[of] = shift.Order{Method: closing.MethodOf(m), Amount: amount}
}

func (d *diary) show(n byte, outcome message.Outcome) {
	d.t.Helper()
	of := order(n)
	d.write(record.OutcomeShown, &message.OutcomeShown{OrderId: of[:], Outcome: outcome})
}

func (d *diary) followUp(n, of byte, kind message.FollowUp, amount int64, outcome message.Outcome, moved int64) {
	d.t.Helper()
	id, on := order(n), order(of)
	d.write(record.FollowUpRequested, &message.FollowUpRequested{FollowUpId: id[:], OrderId: on[:], Kind: kind, Amount: amount})
	if outcome == 0 {
		return
	}
	d.write(record.FollowUpShown, &message.FollowUpShown{FollowUpId: id[:], OrderId: on[:], Outcome: outcome,
		Result: &message.FollowUpResult{FollowUpId: id[:], Amount: moved}})
}

func hold(m *message.PaymentRequested)    { m.Hold = true }
func offline(m *message.PaymentRequested) { m.Offline = &message.Offline{Count: 1} }

func line(sales uint32, salesAmount int64, refunds uint32, refundsAmount int64) shift.Line {
	return shift.Line{Sales: sales, SalesAmount: salesAmount, Refunds: refunds, RefundsAmount: refundsAmount}
}

// TestLines: what counts where (SPEC.md 7.9.3).
func TestLines(t *testing.T) {
	d := newDiary(t)
	d.request(1, message.Method_METHOD_CODE, 1250)
	d.show(1, unknown)
	d.show(1, approved)
	d.request(2, message.Method_METHOD_CODE, 999)
	d.show(2, declined)
	d.request(3, message.Method_METHOD_SHOWN, 700)
	d.show(3, reversed)
	d.show(3, reversed) // the money went back later
	d.request(4, message.Method_METHOD_TAP, 300)
	d.show(4, approved)
	d.request(5, message.Method_METHOD_TAP, 450, offline)
	d.show(5, approved)
	d.show(5, declined) // the operator does not honour it: the sale stands
	d.request(6, message.Method_METHOD_CODE, 50000, hold)
	d.show(6, approved)

	d.followUp(20, 1, message.FollowUp_FOLLOW_UP_REFUND, 250, approved, 250)
	d.followUp(21, 1, message.FollowUp_FOLLOW_UP_REFUND, 9000, declined, 0)
	d.followUp(22, 4, message.FollowUp_FOLLOW_UP_VOID, 0, approved, 0) // an offline one: its result says nothing
	d.followUp(23, 6, message.FollowUp_FOLLOW_UP_COMPLETE, 30000, approved, 30000)
	d.followUp(24, 6, message.FollowUp_FOLLOW_UP_COMPLETE, 8000, approved, 8000)
	d.followUp(25, 6, message.FollowUp_FOLLOW_UP_UNDO, 0, approved, 8000)
	d.followUp(26, 6, message.FollowUp_FOLLOW_UP_TOP_UP, 5000, approved, 5000)
	d.followUp(27, 6, message.FollowUp_FOLLOW_UP_CANCEL, 0, approved, 20000)
	d.followUp(28, 6, message.FollowUp_FOLLOW_UP_REFUND, 1000, approved, 1000)
	d.followUp(29, 99, message.FollowUp_FOLLOW_UP_REFUND, 60, approved, 60) // another terminal's order

	sum := d.shift.Sum
	require.Equal(t, line(1, 1250, 1, 250), sum.Line(closing.Code))
	require.Equal(t, line(1, 300, 1, 300), sum.Line(closing.Tap))
	require.Equal(t, line(0, 0, 0, 0), sum.Line(closing.Shown))
	require.Equal(t, line(1, 450, 0, 0), sum.Line(closing.OfflineTap))
	require.Equal(t, line(2, 38000, 2, 9000), sum.Line(closing.Hold))
	require.Equal(t, line(0, 0, 1, 60), sum.Line(closing.Other))
	require.Empty(t, sum.Open)
	require.Zero(t, sum.Line("nothing"))
}

// TestWhatWasMadeAnewCountsOnce: where it was first asked for, also when that is another shift.
func TestWhatWasMadeAnewCountsOnce(t *testing.T) {
	again := func(m *message.PaymentRequested) { m.Again = 11 }
	d := newDiary(t)
	d.request(1, message.Method_METHOD_TAP, 450, offline)
	d.show(1, approved)
	d.request(2, message.Method_METHOD_CODE, 100)
	d.request(1, message.Method_METHOD_TAP, 450, offline, again)
	d.show(1, approved)
	d.request(2, message.Method_METHOD_CODE, 100, again)
	d.show(2, reversed)
	d.request(3, message.Method_METHOD_CODE, 999, again) // its shift is over
	d.show(3, approved)
	id, on := order(20), order(1)
	for _, refused := range []uint64{0, 20} {
		d.write(record.FollowUpRequested, &message.FollowUpRequested{FollowUpId: id[:], OrderId: on[:],
			Kind: message.FollowUp_FOLLOW_UP_REFUND, Amount: 50, Offline: true, Again: refused})
		d.write(record.FollowUpShown, &message.FollowUpShown{FollowUpId: id[:], OrderId: on[:], Outcome: approved})
	}
	require.Equal(t, line(1, 450, 1, 50), d.shift.Sum.Line(closing.OfflineTap))
	require.Equal(t, line(0, 0, 0, 0), d.shift.Sum.Line(closing.Code))
	require.Empty(t, d.shift.Sum.Open)
}

func TestCashAndDifference(t *testing.T) {
	d := newDiary(t)
	d.write(record.CashMoved, &message.CashMoved{ShiftId: id[:], Amount: 5000})
	d.write(record.CashMoved, &message.CashMoved{ShiftId: id[:], Amount: -12000})
	other := shift.ID{9}
	d.write(record.CashMoved, &message.CashMoved{ShiftId: other[:], Amount: 77})
	d.request(1, message.Method_METHOD_CODE, 1250)
	d.show(1, approved)

	report := d.shift.Report()
	require.Equal(t, shift.Open, report.State)
	require.Len(t, report.Lines, 2)
	require.Equal(t, closing.Cash, report.Lines[1].Method)
	require.Equal(t, int64(13000), report.Lines[1].Expected)
	_, counted := report.Lines[1].Difference()
	require.False(t, counted)

	closed, err := d.shift.Close(shift.Count{Cashier: "01", Methods: map[string]int64{
		closing.Cash: 12990, closing.Code: 0}}, d.last, now.Add(8*time.Hour))
	require.NoError(t, err)
	ended, err := d.shift.End(closed)
	require.NoError(t, err)
	report = ended.Report()
	require.Equal(t, shift.Complete, report.State)
	require.Equal(t, now.Add(8*time.Hour), report.ClosedAt)
	differences := map[string]int64{}
	for _, l := range report.Lines {
		differences[l.Method], counted = l.Difference()
		require.True(t, counted)
	}
	require.Equal(t, map[string]int64{closing.Cash: -10, closing.Code: -1250}, differences, "a counted nothing is a count")
	require.Equal(t, int64(-7000), closed.GetCashMoved())
	require.Equal(t, int64(12990), closed.GetCashCounted())
}

// TestProvisional: what is open when the shift ends is named, and completes it whenever it is decided.
func TestProvisional(t *testing.T) {
	d := newDiary(t)
	d.request(1, message.Method_METHOD_CODE, 1250)
	d.show(1, unknown)
	d.request(2, message.Method_METHOD_CODE, 400)
	d.followUp(20, 1, message.FollowUp_FOLLOW_UP_REFUND, 100, 0, 0)
	count := shift.Count{Cashier: "01", Methods: map[string]int64{closing.Cash: 20000}}
	_, err := d.shift.Close(count, d.last, now)
	require.ErrorIs(t, err, shift.ErrApproval)
	count.ApprovedBy = "店长"
	closed, err := d.shift.Close(count, d.last, now)
	require.NoError(t, err)
	require.True(t, closed.GetProvisional())
	first, second, refund := order(1), order(2), order(20)
	require.Equal(t, [][]byte{first[:], second[:], refund[:]}, closed.GetOpenOrders())

	d.shift, err = d.shift.End(closed)
	require.NoError(t, err)
	require.Nil(t, d.shift.Complete())
	// What is asked for afterwards is the next shift's, even when the same order is its object.
	d.request(7, message.Method_METHOD_CODE, 5)
	d.write(record.CashMoved, &message.CashMoved{ShiftId: id[:], Amount: 1})
	d.show(7, approved)
	d.show(1, approved)
	d.show(2, reversed)
	require.Nil(t, d.shift.Complete())
	d.write(record.FollowUpShown, &message.FollowUpShown{FollowUpId: refund[:], Outcome: approved,
		Result: &message.FollowUpResult{Amount: 100}})

	complete := d.shift.Complete()
	require.NotNil(t, complete)
	require.Equal(t, uint32(2), complete.GetRevision())
	require.False(t, complete.GetProvisional())
	require.Empty(t, complete.GetOpenOrders())
	require.Equal(t, closed.GetLastSequence(), complete.GetLastSequence())
	require.Equal(t, "店长", complete.GetApprovedBy())
	require.Len(t, complete.GetLines(), 2)
	require.True(t, proto.Equal(&message.ShiftLine{Method: closing.Code, Sales: 1, SalesAmount: 1250, Refunds: 1,
		RefundsAmount: 100}, complete.GetLines()[0]))
	require.Equal(t, int64(20000), complete.GetLines()[1].GetCounted())
	require.Zero(t, complete.GetCashMoved())
	require.Nil(t, closed.GetSignature(), "the first end is not changed")
	require.Equal(t, uint32(1), closed.GetRevision())

	d.shift, err = d.shift.End(complete)
	require.NoError(t, err)
	require.Equal(t, shift.Complete, d.shift.State())
	require.Nil(t, d.shift.Complete())
	d.shift, err = d.shift.End(closed) // an older one changes nothing
	require.NoError(t, err)
	require.Equal(t, uint32(2), d.shift.Report().Revision)
}

func TestCountsAreChecked(t *testing.T) {
	d := newDiary(t)
	for name, methods := range map[string]map[string]int64{
		"no cash": {closing.Code: 1}, "unknown method": {closing.Cash: 1, "cheque": 1},
		"below zero": {closing.Cash: -1}, "too much": {closing.Cash: shift.CountMax + 1},
	} {
		_, err := d.shift.Close(shift.Count{Methods: methods}, d.last, now)
		require.ErrorIs(t, err, shift.ErrCount, name)
	}
	closed, err := d.shift.Close(shift.Count{Methods: map[string]int64{closing.Cash: 0}}, d.last, now)
	require.NoError(t, err)
	require.False(t, closed.GetProvisional())
	require.Empty(t, closed.GetApprovedBy(), "nothing needed to be approved")
	ended, err := d.shift.End(closed)
	require.NoError(t, err)
	_, err = ended.Close(shift.Count{Methods: map[string]int64{closing.Cash: 0}}, d.last, now)
	require.ErrorIs(t, err, shift.ErrState)
}

func TestRecordsOfNoShift(t *testing.T) {
	header := record.Header{Type: record.ShiftOpened, Sequence: 1}
	for _, body := range []*message.ShiftOpened{
		{ShiftId: id[:3], Batch: 1}, {ShiftId: id[:]}, {ShiftId: id[:], Batch: shift.NumberMax + 1},
	} {
		_, err := shift.Begin(header, body)
		require.ErrorIs(t, err, shift.ErrRecord)
	}
	_, err := shift.Begin(record.Header{Type: record.CashMoved}, &message.ShiftOpened{ShiftId: id[:], Batch: 1})
	require.ErrorIs(t, err, shift.ErrRecord)
	s := opened(t)
	other := shift.ID{5}
	_, err = s.End(&message.ShiftClosed{ShiftId: other[:], LastSequence: 20})
	require.ErrorIs(t, err, shift.ErrRecord)
	_, err = s.End(&message.ShiftClosed{ShiftId: id[:], LastSequence: 9})
	require.ErrorIs(t, err, shift.ErrRecord)
	for _, kind := range []record.Type{record.PaymentRequested, record.OutcomeShown, record.FollowUpRequested,
		record.FollowUpShown, record.CashMoved} {
		_, err := shift.Read(record.Header{Type: kind}, []byte{0xff}, nil)
		require.ErrorIs(t, err, shift.ErrRecord)
	}
	fact, err := shift.Read(record.Header{Type: record.DeviceFault}, nil, nil)
	require.NoError(t, err)
	require.Nil(t, fact)
}

func TestNumbersWrap(t *testing.T) {
	require.Equal(t, uint32(1), shift.Next(0))
	require.Equal(t, uint32(18), shift.Next(17))
	require.Equal(t, uint32(1), shift.Next(shift.NumberMax))
}

func header() record.Header {
	return record.Header{Type: record.ShiftOpened, Sequence: 10, Time: now}
}
