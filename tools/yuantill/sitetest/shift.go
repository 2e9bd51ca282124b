package sitetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// ApproverNeeded is a cashier whose shift has something without a result.
const ApproverNeeded = "open"

var _ station.Shifts = (*Till)(nil)

// shifts are the till's shifts, newest last; each has taken one payment of ¥12.50.
type shifts struct {
	all  []shift.Shift
	next uint64 // sequence of the next record
}

// OpenShift implements station.Shifts.
func (t *Till) OpenShift(_ context.Context, opening station.Opening) (station.Shift, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := t.openShift(); err == nil {
		return station.Shift{}, &station.Refusal{Phrase: catalogue.RefuseShiftOpen}
	}
	t.shifts.next += 10
	id := []byte{1, 0x97, 15: byte(len(t.shifts.all) + 1)}
	begun, err := shift.Begin(record.Header{Type: record.ShiftOpened, Sequence: t.shifts.next, Time: t.Now}, &message.ShiftOpened{
		ShiftId: id, Cashier: opening.Cashier, Batch: uint32(len(t.shifts.all) + 17), Float: opening.Float.Minor,
		Currency: opening.Float.Currency.Code})
	if err != nil {
		return station.Shift{}, err
	}
	begun = begun.Step(t.shifts.next+1, shift.Requested{Item: shift.Item{1}, Method: closing.Code, Side: shift.Sales, Amount: 1250})
	if opening.Cashier != ApproverNeeded {
		begun = begun.Step(t.shifts.next+2, shift.Decided{Item: shift.Item{1}, Outcome: message.Outcome_OUTCOME_APPROVED})
	}
	t.shifts.all = append(t.shifts.all, begun)
	return station.NewShift(begun.Report()), nil
}

// openShift is the open shift or a refusal.
func (t *Till) openShift() (*shift.Shift, error) {
	n := len(t.shifts.all)
	if n == 0 || t.shifts.all[n-1].State() != shift.Open {
		return nil, &station.Refusal{Phrase: catalogue.RefuseNoShift}
	}
	return &t.shifts.all[n-1], nil
}

// CurrentShift implements station.Shifts.
func (t *Till) CurrentShift(context.Context, bool) (station.Shift, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	open, err := t.openShift()
	if err != nil {
		return station.Shift{}, err
	}
	return station.NewShift(open.Report()), nil
}

// MoveCash implements station.Shifts.
func (t *Till) MoveCash(_ context.Context, cash station.Cash) (station.Shift, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	open, err := t.openShift()
	if err != nil {
		return station.Shift{}, err
	}
	*open = open.Step(open.Sum.UpTo+1, shift.CashMoved{Shift: open.ID, Amount: cash.Amount})
	return station.NewShift(open.Report()), nil
}

// CloseShift implements station.Shifts.
func (t *Till) CloseShift(_ context.Context, count shift.Count) (station.Shift, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	open, err := t.openShift()
	if err != nil {
		return station.Shift{}, err
	}
	closed, err := open.Close(count, open.Sum.UpTo, t.Now.Add(8*time.Hour))
	if err != nil {
		return station.Shift{}, &station.Refusal{Phrase: catalogue.RefuseShiftApproval, Detail: err.Error()}
	}
	*open, err = open.End(closed)
	return station.NewShift(open.Report()), err
}

// ShiftList implements station.Shifts.
func (t *Till) ShiftList(_ context.Context, limit int) ([]station.Shift, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []station.Shift
	for i := len(t.shifts.all) - 1; i >= 0 && len(list) < limit; i-- {
		list = append(list, station.NewShift(t.shifts.all[i].Report()))
	}
	return list, nil
}

// WriteShift adds a shift with one approved payment to the terminal's journal: opened, paid and closed with the
// terminal's signature. change may alter what is signed, forge what was signed already; either may be nil.
func (s *Site) WriteShift(t testing.TB, change, forge func(*message.ShiftClosed)) {
	t.Helper()
	j := s.Open(t)
	id := append([]byte{1, 0x97}, make([]byte, 14)...)
	order := append([]byte{3, 0x96}, make([]byte, 14)...)
	records, err := j.Append(t.Context(),
		journal.Entry{Type: record.ShiftOpened, Body: &message.ShiftOpened{ShiftId: id, Cashier: "小王", Batch: 2, Float: 100, Currency: "CNY"}},
		journal.Entry{Type: record.PaymentRequested, Body: &message.PaymentRequested{OrderId: order, Method: message.Method_METHOD_CODE, Amount: 1250}},
		journal.Entry{Type: record.OutcomeShown, Body: &message.OutcomeShown{OrderId: order, Outcome: message.Outcome_OUTCOME_APPROVED}})
	require.NoError(t, err)
	header, err := record.ParseHeader(records[0])
	require.NoError(t, err)
	closed := &message.ShiftClosed{
		ShiftId: id, Cashier: "小王", Batch: 2, Revision: 1, OpenedAt: header.Time.UnixMicro(), ClosedAt: header.Time.UnixMicro(),
		FirstSequence: header.Sequence, LastSequence: header.Sequence + 2, Currency: "CNY", Float: 100, CashCounted: 100,
		Lines: []*message.ShiftLine{{Method: closing.Code, Sales: 1, SalesAmount: 1250}, {Method: closing.Cash, Counted: proto.Int64(100)}},
	}
	if change != nil {
		change(closed)
	}
	require.NoError(t, closing.Sign(s.Keyring(t).Identity(), header.Terminal, closed))
	if forge != nil {
		forge(closed)
	}
	_, err = j.Append(t.Context(), journal.Entry{Type: record.ShiftClosed, Body: closed})
	require.NoError(t, err)
	require.NoError(t, j.Close())
}
