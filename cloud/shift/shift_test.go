package shift_test

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/shift"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
)

var (
	now      = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	terminal = record.Terminal([]byte("10000001"))
	id       = store.ShiftID{1, 15: 7}
)

// site is a store with a terminal whose records are written as the collector does.
type site struct {
	t        *testing.T
	store    *sqlite.Store
	service  *shift.Service
	identity *sign.Key
	enrolled store.Terminal
	sequence uint64
	revision uint64
	gap      bool // the next record leaves one out
}

func newSite(t *testing.T) *site {
	s := &site{t: t}
	var err error
	s.store, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "cloud.db"), sqlite.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.store.Close()) })
	s.identity, err = sign.NewKey(bytes.NewReader(bytes.Repeat([]byte{5}, 64)))
	require.NoError(t, err)
	s.enrolled = store.Terminal{ID: terminal, Merchant: "301310053110001", SerialNumber: "SN1", State: store.TerminalActive,
		EnrolledAt: now, Identity: s.identity.Public().Bytes()}
	require.NoError(t, s.store.Commit(t.Context(), store.Change{Terminals: []store.Terminal{s.enrolled}}))
	s.service, err = shift.New(shift.Config{Store: s.store, Clock: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return s
}

// write stores a record with what its consumer makes of it, and returns its sequence.
func (s *site) write(kind record.Type, m proto.Message) uint64 {
	s.t.Helper()
	s.sequence++
	body, err := proto.Marshal(m)
	require.NoError(s.t, err)
	header := record.Header{Direction: seal.Up, Type: kind, Epoch: 1, Sequence: s.sequence, Time: now, Terminal: terminal}
	built, err := record.Build(seal.NewMAC(seal.Portable(), make([]byte, seal.KeySize)), header, body)
	require.NoError(s.t, err)
	change, told := store.Change{}, func(error) {}
	consumers := map[record.Type]collector.Consumer{record.ShiftOpened: s.service.Openings(), record.ShiftClosed: s.service.Endings()}
	if consumer := consumers[kind]; consumer != nil {
		var after func(error)
		change, after = consumer.Consume(s.t.Context(), collector.Verified{Terminal: s.enrolled, Header: header, Record: built}, nil)
		if after != nil {
			told = after
		}
		consumer.Again(s.t.Context(), collector.Verified{}, nil)
	}
	s.revision++
	high := s.sequence
	if s.gap {
		high = 0
	}
	change.Records = []store.Record{{Terminal: terminal, Sequence: s.sequence, Bytes: built, ReceivedAt: now}}
	change.Heads = []store.Head{{Terminal: terminal, Revision: s.revision, HighWater: high, Highest: s.sequence, Records: s.revision}}
	err = s.store.Commit(s.t.Context(), change)
	told(err)
	require.NoError(s.t, err)
	return s.sequence
}

// pay writes a payment's request and what became of it in the cloud; state 0 makes none.
func (s *site) pay(n byte, method message.Method, amount int64, state payment.State, change ...func(*message.PaymentRequested)) {
	s.t.Helper()
	order := operator.OrderID{2, 6: 0x70, 8: 0x80, 15: n}
	m := &message.PaymentRequested{OrderId: order[:], Method: method, Amount: amount, Currency: "CNY"}
	for _, apply := range change {
		apply(m)
	}
	sequence := s.write(record.PaymentRequested, m)
	if state == 0 {
		return
	}
	p, err := payment.New(payment.Payment{OrderID: order, Terminal: terminal.String(), Sequence: sequence, Merchant: "301310053110001",
		Method: operator.Method(method), Amount: amount, Currency: "CNY", Operator: "ICBC", Reference: "000000000001"}, now)
	require.NoError(s.t, err)
	s.settle(p, state, 1)
}

func (s *site) settle(p payment.Payment, state payment.State, revision uint64) {
	s.t.Helper()
	p.State = state
	blob, err := p.MarshalBinary()
	require.NoError(s.t, err)
	require.NoError(s.t, s.store.Commit(s.t.Context(), store.Change{Payments: []store.Payment{{Order: store.OrderID(p.OrderID),
		Terminal: terminal, Sequence: p.Sequence, Merchant: p.Merchant, Revision: revision, State: uint8(state), Final: state.Final(),
		UpdatedAt: now, Blob: blob}}}))
}

// day opens a shift, has something happen, and returns the end that belongs to it.
func (s *site) day() *message.ShiftClosed {
	first := s.write(record.ShiftOpened, &message.ShiftOpened{ShiftId: id[:], Cashier: "01", Batch: 4, Float: 100, Currency: "CNY"})
	s.pay(1, message.Method_METHOD_CODE, 1250, payment.Approved)
	s.pay(2, message.Method_METHOD_CODE, 700, payment.Declined)
	s.pay(3, message.Method_METHOD_TAP, 300, payment.Approved)
	s.pay(4, message.Method_METHOD_SHOWN, 400, payment.LateRefunded)
	s.pay(5, message.Method_METHOD_SHOWN, 50, 0)
	s.pay(6, message.Method_METHOD_TAP, 60, payment.Declined, func(m *message.PaymentRequested) { m.Offline = &message.Offline{Count: 1} })
	s.pay(7, message.Method_METHOD_CODE, 9000, payment.Approved, func(m *message.PaymentRequested) { m.Hold = true })
	other := store.ShiftID{9}
	s.write(record.CashMoved, &message.CashMoved{ShiftId: id[:], Amount: -40})
	s.write(record.CashMoved, &message.CashMoved{ShiftId: other[:], Amount: 5})
	return &message.ShiftClosed{
		ShiftId: id[:], Cashier: "01", Batch: 4, Revision: 1, OpenedAt: now.UnixMicro(), ClosedAt: now.Add(time.Hour).UnixMicro(),
		FirstSequence: first, LastSequence: s.sequence, Currency: "CNY", Float: 100, CashMoved: -40, CashCounted: 60,
		Lines: []*message.ShiftLine{
			{Method: closing.Code, Sales: 1, SalesAmount: 1250}, {Method: closing.Tap, Sales: 1, SalesAmount: 300},
			{Method: closing.OfflineTap, Sales: 1, SalesAmount: 60}, {Method: closing.Cash, Counted: proto.Int64(60)},
		},
	}
}

// close signs and writes the end.
func (s *site) close(closed *message.ShiftClosed) {
	s.t.Helper()
	require.NoError(s.t, closing.Sign(s.identity, terminal, closed))
	s.write(record.ShiftClosed, closed)
}

func (s *site) row() store.Shift {
	s.t.Helper()
	rows, err := s.store.Shifts(s.t.Context(), terminal, 10)
	require.NoError(s.t, err)
	require.Len(s.t, rows, 1)
	return rows[0]
}

func (s *site) alarms() map[string]string {
	s.t.Helper()
	rows, err := s.store.Alarms(s.t.Context(), 10)
	require.NoError(s.t, err)
	found := map[string]string{}
	for _, row := range rows {
		found[row.Kind] = row.Detail
	}
	return found
}

func TestShiftAgrees(t *testing.T) {
	s := newSite(t)
	closed := s.day()
	require.Equal(t, store.ShiftOpen, s.row().State)
	s.close(closed)
	require.Equal(t, store.ShiftWaiting, s.row().State)
	require.NoError(t, s.service.Compare(t.Context()))
	row := s.row()
	require.Equal(t, store.ShiftAgrees, row.State, row.Findings)
	require.Equal(t, closed.GetLastSequence(), row.Last)
	require.Equal(t, now.Add(time.Hour), row.ClosedAt)
	require.Empty(t, s.alarms())
}

func TestShiftDiffers(t *testing.T) {
	for finding, change := range map[string]func(*message.ShiftClosed){
		"code: the terminal says 1 of together 1000, the books 1 of together 1250":   func(c *message.ShiftClosed) { c.Lines[0].SalesAmount = 1000 },
		"tap: the terminal says 2 of together 300, the books 1 of together 300":      func(c *message.ShiftClosed) { c.Lines[1].Sales++ },
		"offline-tap: the terminal says 0 of together 0, the books 1 of together 60": func(c *message.ShiftClosed) { c.Lines = append(c.Lines[:2], c.Lines[3]) },
		"refunds: the terminal says 1 of together 5, the books 0 of together 0":      func(c *message.ShiftClosed) { c.Lines[0].Refunds, c.Lines[0].RefundsAmount = 1, 5 },
		"cash moved: the terminal says 0, its records -40":                           func(c *message.ShiftClosed) { c.CashMoved = 0 },
		"cheque: the terminal says 1 of together 9, the books 0 of together 0": func(c *message.ShiftClosed) {
			c.Lines[3] = &message.ShiftLine{Method: "cheque", Sales: 1, SalesAmount: 9}
		},
		"tap: the terminal says 1 of together 300, the books 0 of together 0": func(c *message.ShiftClosed) { c.LastSequence = 3 },
	} {
		t.Run(finding, func(t *testing.T) {
			s := newSite(t)
			closed := s.day()
			change(closed)
			s.close(closed)
			require.NoError(t, s.service.Compare(t.Context()))
			require.Equal(t, store.ShiftDiffers, s.row().State)
			require.Contains(t, s.row().Findings, finding)
			require.Contains(t, s.alarms()["shift-differs"], finding)
			require.Contains(t, s.alarms()["shift-differs"], id.String())
		})
	}
}

// follow writes a follow-up's request and gives it to its order with a status.
func (s *site) follow(n, of byte, kind operator.FollowUpKind, amount int64, status payment.FollowUpStatus) {
	s.t.Helper()
	id, order := store.FollowUpID{3, 15: n}, store.OrderID{2, 6: 0x70, 8: 0x80, 15: of}
	sequence := s.write(record.FollowUpRequested, &message.FollowUpRequested{FollowUpId: id[:], OrderId: order[:],
		Kind: message.FollowUp(kind), Amount: amount, Currency: "CNY"})
	row := store.FollowUp{ID: id, Order: order, Terminal: terminal, Sequence: sequence, State: store.FollowUpWaiting, At: now}
	require.NoError(s.t, s.store.Commit(s.t.Context(), store.Change{FollowUps: []store.FollowUp{row}}))
	s.stand(row, kind, amount, status)
}

// stand lets an order have a follow-up that stands so; 0 leaves it waiting.
func (s *site) stand(row store.FollowUp, kind operator.FollowUpKind, amount int64, status payment.FollowUpStatus) {
	s.t.Helper()
	if status == 0 {
		return
	}
	stored, err := s.store.Payment(s.t.Context(), row.Order)
	require.NoError(s.t, err)
	var p payment.Payment
	require.NoError(s.t, p.UnmarshalBinary(stored.Blob))
	p.FollowUps = append(p.FollowUps, payment.FollowUp{ID: operator.FollowUpID(row.ID), Kind: kind, Status: status, Amount: amount,
		Terminal: terminal.String(), Sequence: row.Sequence, Reference: "000000000002", CreatedAt: now})
	stored.Blob, err = p.MarshalBinary()
	require.NoError(s.t, err)
	stored.Revision++
	row.State = store.FollowUpTaken
	require.NoError(s.t, s.store.Commit(s.t.Context(), store.Change{Payments: []store.Payment{stored}, FollowUps: []store.FollowUp{row}}))
}

// TestFollowUpsAreCompared: what came back and what was paid of a hold is in the books as well.
func TestFollowUpsAreCompared(t *testing.T) {
	s := newSite(t)
	closed := s.day()
	s.follow(1, 1, operator.KindRefund, 250, payment.Done)
	s.follow(2, 1, operator.KindRefund, 9000, payment.Refused)
	s.follow(3, 3, operator.KindVoid, 300, payment.Done)
	s.follow(4, 1, operator.KindRefund, 10, 0)
	closed.LastSequence = s.sequence
	closed.Lines[0].Refunds, closed.Lines[0].RefundsAmount = 2, 260
	closed.Lines[1].Refunds, closed.Lines[1].RefundsAmount = 1, 300
	s.close(closed)
	require.NoError(t, s.service.Compare(t.Context()))
	require.Equal(t, store.ShiftWaiting, s.row().State, "one is not definite")
	waiting, err := s.store.FollowUp(t.Context(), store.FollowUpID{3, 15: 4})
	require.NoError(t, err)
	s.stand(waiting, operator.KindRefund, 10, payment.Done)
	require.NoError(t, s.service.Compare(t.Context()))
	require.Equal(t, store.ShiftAgrees, s.row().State, s.row().Findings)
}

// TestWhatWasGivenBackOfflineCounts whatever becomes of it, as a payment that was taken offline does.
func TestWhatWasGivenBackOfflineCounts(t *testing.T) {
	s := newSite(t)
	closed := s.day()
	follow, order := store.FollowUpID{3, 15: 1}, store.OrderID{2, 6: 0x70, 8: 0x80, 15: 6}
	s.write(record.FollowUpRequested, &message.FollowUpRequested{FollowUpId: follow[:], OrderId: order[:],
		Kind: message.FollowUp_FOLLOW_UP_REFUND, Amount: 60, Currency: "CNY", Offline: true})
	closed.LastSequence = s.sequence
	closed.Lines[2].Refunds, closed.Lines[2].RefundsAmount = 1, 60
	s.close(closed)
	require.NoError(t, s.service.Compare(t.Context()))
	require.Equal(t, store.ShiftAgrees, s.row().State, s.row().Findings)
}

// TestShiftWaits: nothing is compared before all records are stored and every payment is definite.
func TestShiftWaits(t *testing.T) {
	s := newSite(t)
	closed := s.day()
	var open payment.Payment
	stored, err := s.store.Payment(t.Context(), store.OrderID{2, 6: 0x70, 8: 0x80, 15: 1})
	require.NoError(t, err)
	require.NoError(t, open.UnmarshalBinary(stored.Blob))
	s.settle(open, payment.Querying, 2)
	s.gap = true
	s.close(closed)
	require.NoError(t, s.service.Compare(t.Context()))
	require.Equal(t, store.ShiftWaiting, s.row().State, "a record below is missing")
	s.gap = false
	s.write(record.AgentStarted, &message.AgentStarted{})
	require.NoError(t, s.service.Compare(t.Context()))
	require.Equal(t, store.ShiftWaiting, s.row().State, "a payment is open")
	s.settle(open, payment.Approved, 3)
	require.NoError(t, s.service.Compare(t.Context()))
	require.Equal(t, store.ShiftAgrees, s.row().State)
}

// TestProvisionalEnd is compared when it is completed.
func TestProvisionalEnd(t *testing.T) {
	s := newSite(t)
	closed := s.day()
	order := make([]byte, 16)
	complete := proto.CloneOf(closed)
	closed.Provisional, closed.OpenOrders, closed.ApprovedBy = true, [][]byte{order}, "02"
	s.close(closed)
	require.NoError(t, s.service.Compare(t.Context()))
	require.Equal(t, store.ShiftProvisional, s.row().State)
	complete.Revision = 2
	s.close(complete)
	require.NoError(t, s.service.Compare(t.Context()))
	require.Equal(t, store.ShiftAgrees, s.row().State)
	require.Equal(t, uint32(2), s.row().Revision)
}

func TestUnsignedEnd(t *testing.T) {
	for name, forge := range map[string]func(*site, *message.ShiftClosed){
		"altered":         func(_ *site, c *message.ShiftClosed) { c.CashCounted++ },
		"without":         func(_ *site, c *message.ShiftClosed) { c.Signature = nil },
		"no key enrolled": func(s *site, _ *message.ShiftClosed) { s.enrolled.Identity = [65]byte{} },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			closed := s.day()
			require.NoError(t, closing.Sign(s.identity, terminal, closed))
			forge(s, closed)
			s.write(record.ShiftClosed, closed)
			require.NoError(t, s.service.Compare(t.Context()))
			require.Equal(t, store.ShiftUnsigned, s.row().State)
			require.Contains(t, s.alarms(), "shift-signature")
		})
	}
}

func TestMalformedShifts(t *testing.T) {
	s := newSite(t)
	s.write(record.ShiftOpened, &message.ShiftOpened{ShiftId: []byte{1}})
	s.close(&message.ShiftClosed{ShiftId: id[:], FirstSequence: 1, LastSequence: 99, Revision: 1})
	s.close(&message.ShiftClosed{ShiftId: id[:], FirstSequence: 1, LastSequence: 1})
	s.close(&message.ShiftClosed{ShiftId: id[:], FirstSequence: 0, LastSequence: 1, Revision: 1})
	rows, err := s.store.Shifts(t.Context(), terminal, 10)
	require.NoError(t, err)
	require.Empty(t, rows)
	alarms, err := s.store.Alarms(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, alarms, 1)
	require.EqualValues(t, 4, alarms[0].Count)
}

// TestRunComparesWhatComes: the loop is woken by an end.
func TestRunComparesWhatComes(t *testing.T) {
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.service.Run(ctx) }()
	s.close(s.day())
	require.Eventually(t, func() bool { return s.row().State == store.ShiftAgrees }, 5*time.Second, 5*time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
	_, err := shift.New(shift.Config{})
	require.Error(t, err)
}

// TestBatchNumberGivenTwice: a journal from an old copy opens another shift under a number that was used. Somebody is
// told, at once and on both ends' rows.
func TestBatchNumberGivenTwice(t *testing.T) {
	s := newSite(t)
	s.close(s.day())
	require.NoError(t, s.service.Compare(t.Context()))
	require.Empty(t, s.alarms())
	other := store.ShiftID{2, 15: 7}
	first := s.write(record.ShiftOpened, &message.ShiftOpened{ShiftId: other[:], Cashier: "01", Batch: 4, Currency: "CNY"})
	require.Contains(t, s.alarms()["shift-reused"], id.String())
	require.Contains(t, s.alarms()["shift-reused"], "batch number 4 was given before")
	rows, err := s.store.Shifts(t.Context(), terminal, 1)
	require.NoError(t, err)
	require.Contains(t, rows[0].Findings, id.String(), "and where shifts are looked at")
	s.close(&message.ShiftClosed{ShiftId: other[:], Cashier: "01", Batch: 4, Revision: 1, OpenedAt: 1, ClosedAt: 2,
		FirstSequence: first, LastSequence: s.sequence, Currency: "CNY"})
	require.NoError(t, s.service.Compare(t.Context()))
	rows, err = s.store.Shifts(t.Context(), terminal, 1)
	require.NoError(t, err)
	require.Equal(t, store.ShiftAgrees, rows[0].State, "its sums are right all the same")
	require.Contains(t, rows[0].Findings, id.String())
}

// TestShiftEndedTwice: an old copy has the shift open still and ends it once more, with other sums. The first end counts.
func TestShiftEndedTwice(t *testing.T) {
	s := newSite(t)
	closed := s.day()
	s.close(closed)
	require.NoError(t, s.service.Compare(t.Context()))
	s.write(record.ShiftClosed, closed)
	require.Empty(t, s.alarms(), "the same end under another sequence says nothing new")
	again := proto.CloneOf(closed)
	again.CashCounted++
	s.close(again)
	require.Contains(t, s.alarms()["shift-reused"], "ended twice")
	require.Equal(t, store.ShiftAgrees, s.row().State)
	var kept message.ShiftClosed
	require.NoError(t, proto.Unmarshal(s.row().Body, &kept))
	require.Equal(t, closed.GetCashCounted(), kept.GetCashCounted())
}

// TestSameNumbersElsewhere: another terminal's shifts, and the next number, are nobody's business.
func TestSameNumbersElsewhere(t *testing.T) {
	s := newSite(t)
	s.close(s.day())
	next := store.ShiftID{3}
	s.write(record.ShiftOpened, &message.ShiftOpened{ShiftId: next[:], Cashier: "01", Batch: 5, Currency: "CNY"})
	require.NotContains(t, s.alarms(), "shift-reused")
}
