package reconcile_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/reconcile"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/record"
)

const merchantID = "301310053110001"

var terminal = record.Terminal([]byte("10000001"))

// stated is an operator of which only statements matter.
type stated struct {
	operator.Connector
	lines map[operator.Day][]operator.StatementLine
	asked []operator.StatementRequest
	spoil func(*operator.StatementPage) error
}

// StatementPage implements operator.StatementReader.
func (s *stated) StatementPage(_ context.Context, r operator.StatementRequest) (operator.StatementPage, error) {
	s.asked = append(s.asked, r)
	page := paged(r.Day, s.lines[r.Day], 2)[r.Page-1]
	if s.spoil != nil {
		if err := s.spoil(&page); err != nil {
			return operator.StatementPage{}, err
		}
	}
	return page, nil
}

// verdicts decides disputes as a test says; those it has no word for are not decided yet.
type verdicts struct {
	booked map[string]bool
	handed []payment.Dispute
}

// Dispute implements reconcile.Disputes.
func (v *verdicts) Dispute(_ context.Context, _ operator.OrderID, d payment.Dispute) (decided, booked bool, err error) {
	v.handed = append(v.handed, d)
	booked, decided = v.booked[d.Reference]
	return decided, booked, nil
}

// office is a service with real books on a clock that the test moves.
type office struct {
	t        *testing.T
	store    *sqlite.Store
	operator *stated
	disputes *verdicts
	service  *reconcile.Service
	now      time.Time
}

func newOffice(t *testing.T) *office {
	o := &office{t: t, operator: &stated{lines: map[operator.Day][]operator.StatementLine{}}, disputes: &verdicts{booked: map[string]bool{}},
		now: monday.Start().Add(9 * time.Hour)}
	var err error
	o.store, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "cloud.db"), sqlite.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.store.Close()) })
	require.NoError(t, o.store.Commit(t.Context(), store.Change{Terminals: []store.Terminal{{ID: terminal, Merchant: merchantID, SerialNumber: "SN1",
		State: store.TerminalActive, EnrolledAt: o.now}}}))
	o.restart()
	return o
}

func (o *office) restart() {
	var err error
	o.service, err = reconcile.New(reconcile.Config{Store: o.store, Operators: map[string]operator.Connector{"ICBC": o.operator, "CCB": nil},
		Disputes: o.disputes, Clock: func() time.Time { return o.now }, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(o.t, err)
}

// pay stores a payment in a state; what is approved is booked.
func (o *office) pay(n byte, amount int64, state payment.State) {
	o.t.Helper()
	p := payment.Payment{OrderID: operator.OrderID{n}, Terminal: terminal.String(), Sequence: uint64(n), Merchant: merchantID, Method: operator.MethodCode,
		Amount: amount, Currency: "CNY", State: state, Reference: "000001000001", CreatedAt: o.now, DecidedAt: o.now, Operator: "ICBC"}
	blob, err := p.MarshalBinary()
	require.NoError(o.t, err)
	change := store.Change{Payments: []store.Payment{{Order: store.OrderID{n}, Terminal: terminal, Sequence: uint64(n), Merchant: merchantID, Revision: 1,
		State: uint8(state), Final: state.Final(), Blob: blob}}}
	if state == payment.Approved {
		change.Entries = []store.Entry{o.entry(n, amount, store.EntrySale)}
	}
	require.NoError(o.t, o.store.Commit(o.t.Context(), change))
}

func (o *office) entry(n byte, amount int64, kind store.EntryKind) store.Entry {
	entry, err := ledger.Booking{Order: store.OrderID{n}, Operator: "ICBC", Merchant: merchantID, Amount: amount, Currency: "CNY", At: o.now}.Entry(kind)
	require.NoError(o.t, err)
	return entry
}

// state has the operator state a line of a day.
func (o *office) state(day operator.Day, n byte, kind operator.LineKind, amount int64, reference string) {
	l := line(n, kind, amount, day)
	l.Reference = reference
	o.operator.lines[day] = append(o.operator.lines[day], l)
}

// until lets time run, as Run does.
func (o *office) until(at time.Time) {
	o.t.Helper()
	for range 1000 {
		next := o.service.Step(o.t.Context())
		if next.After(at) {
			o.now = at
			return
		}
		if next.After(o.now) {
			o.now = next
		}
	}
	require.FailNow(o.t, "it never waits")
}

func (o *office) rows() []store.Reconciliation {
	rows, err := o.store.Reconciliations(o.t.Context(), "ICBC", 10)
	require.NoError(o.t, err)
	return rows
}

func (o *office) alarms() []string {
	rows, err := o.store.OpenAlarms(o.t.Context(), 100)
	require.NoError(o.t, err)
	var keys []string
	for _, row := range rows {
		keys = append(keys, row.Key)
	}
	return keys
}

func TestADayThatAgrees(t *testing.T) {
	o := newOffice(t)
	o.pay(1, 500, payment.Approved)
	o.pay(2, 70, payment.Declined)
	o.state(monday, 1, operator.LinePayment, 500, "R1")
	o.until(monday.End())
	require.Len(t, o.rows(), 1, "yesterday, of which there is nothing")
	o.until(monday.End().Add(reconcile.DefaultAt - 1))
	require.Len(t, o.rows(), 1, "not before its time")
	o.until(monday.End().Add(3 * time.Hour))
	row := o.rows()[0]
	require.Equal(t, store.ReconciliationAgrees, row.State)
	require.Equal(t, monday, operator.Day(row.Day))
	require.EqualValues(t, 500, row.Paid)
	require.EqualValues(t, 1, row.Lines)
	require.EqualValues(t, 1, row.Entry)
	require.Empty(t, o.alarms())
}

// TestLiesAreTold: what an operator answered is not what it did.
func TestLiesAreTold(t *testing.T) {
	o := newOffice(t)
	o.pay(1, 500, payment.Declined)
	o.state(monday, 1, operator.LinePayment, 500, "R1")
	o.pay(2, 600, payment.Approved)
	o.pay(3, 700, payment.Approved)
	o.state(monday, 3, operator.LinePayment, 701, "R3")
	o.pay(4, 800, payment.Reversed)
	o.state(monday, 4, operator.LinePayment, 800, "R4")
	o.state(monday, 5, operator.LinePayment, 900, "R5")
	o.until(monday.End().Add(3 * time.Hour))
	require.Empty(t, o.alarms(), "it may be on the next day's statement")
	o.restart()
	o.until((monday + 1).End().Add(3 * time.Hour))
	id := func(n byte) string { return operator.OrderID{n}.String() }
	require.ElementsMatch(t, []string{"reconcile-debited-though-declined/" + id(1), "reconcile-missing-there/" + id(2),
		"reconcile-amount-differs/" + id(3), "reconcile-reversed-not-there/" + id(4), "reconcile-unknown-to-us/" + id(5)}, o.alarms())
	row := o.rows()[0]
	require.Equal(t, store.ReconciliationDiffers, row.State)
	body, err := reconcile.ReadBody(row.Body)
	require.NoError(t, err)
	require.Equal(t, 5, body.Count)
	require.Empty(t, body.Carried)
	require.Equal(t, reconcile.Difference{Kind: reconcile.DebitedThoughDeclined, Order: operator.OrderID{1}, Day: monday, Theirs: 500, Currency: "CNY",
		Reference: "R1"}, body.Differences[0])
	o.until((monday + 3).End().Add(3 * time.Hour))
	require.Len(t, o.alarms(), 5, "told once")
	require.Equal(t, store.ReconciliationAgrees, o.rows()[0].State)
}

// TestAcrossMidnight: both have it, on different days.
func TestAcrossMidnight(t *testing.T) {
	o := newOffice(t)
	o.state(monday, 1, operator.LinePayment, 500, "R1")
	o.until(monday.End().Add(100 * time.Minute))
	o.pay(1, 500, payment.Approved)
	o.pay(2, 40, payment.Approved) // before the comparison, on the next day's statement
	o.state(monday+1, 2, operator.LinePayment, 40, "R2")
	o.until((monday + 4).End())
	require.Empty(t, o.alarms())
	require.Equal(t, store.ReconciliationAgrees, o.rows()[1].State)
}

func TestPartialStatementIsNotBelieved(t *testing.T) {
	for name, c := range map[string]struct {
		alarm string
		spoil func(*operator.StatementPage) error
	}{
		"LineMissing": {"statement-partial", func(p *operator.StatementPage) error { p.Lines = p.Lines[1:]; return nil }},
		"NoAnswer":    {"statement-missing", func(*operator.StatementPage) error { return errors.New("no answer") }},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.pay(1, 500, payment.Approved)
			o.state(monday, 1, operator.LinePayment, 500, "R1")
			o.state(monday, 1, operator.LinePayment, 7, "R1b")
			o.state(monday, 1, operator.LineReturn, 7, "R1b")
			o.until(monday.End())
			o.operator.spoil, o.operator.asked = c.spoil, nil
			var waits []time.Duration
			for o.now = monday.End().Add(reconcile.DefaultAt); len(waits) < 8; {
				next := o.service.Step(t.Context())
				row := o.rows()[0]
				require.Equal(t, store.ReconciliationWaiting, row.State)
				require.NotEmpty(t, row.Detail)
				waits = append(waits, row.NextAt.Sub(o.now))
				require.Equal(t, len(waits) == 8, len(o.alarms()) == 1, "told after so many times")
				require.False(t, next.After(row.NextAt))
				o.now = row.NextAt
			}
			const m = time.Minute
			require.Equal(t, []time.Duration{m, 2 * m, 4 * m, 8 * m, 16 * m, 32 * m, 60 * m}, waits[:7], "growing pauses")
			require.Equal(t, (monday + 1).End().Add(reconcile.DefaultAt), o.now, "and then once a day")
			require.Equal(t, []string{c.alarm + "/ICBC/" + monday.String()}, o.alarms())
			o.restart()
			o.operator.spoil = nil
			o.until((monday + 2).Start().Add(4 * time.Hour))
			rows := o.rows()
			require.Len(t, rows, 3, "the days behind it are compared as well, in order")
			for _, row := range rows {
				require.Equal(t, store.ReconciliationAgrees, row.State)
			}
			require.Len(t, o.alarms(), 1)
		})
	}
}

func TestDisputes(t *testing.T) {
	o := newOffice(t)
	o.pay(1, 500, payment.Approved)
	o.state(monday, 1, operator.LinePayment, 500, "R1")
	o.state(monday, 1, operator.LineDispute, 300, "D1")
	o.state(monday, 9, operator.LineDispute, 20, "D2")
	o.until(monday.End().Add(reconcile.DefaultAt))
	row := o.rows()[0]
	require.Equal(t, store.ReconciliationWaiting, row.State, "their payments have not decided")
	require.Equal(t, payment.Dispute{Operator: "ICBC", Reference: "D1", Amount: 300, Currency: "CNY"}, o.disputes.handed[0])
	o.disputes.booked = map[string]bool{"D1": true, "D2": false}
	dispute := o.entry(1, 300, store.EntryDispute)
	require.NoError(t, o.store.Commit(t.Context(), store.Change{Entries: []store.Entry{dispute}}))
	o.until(monday.End().Add(3 * time.Hour))
	row = o.rows()[0]
	require.Equal(t, store.ReconciliationDiffers, row.State)
	require.EqualValues(t, 320, row.Disputed)
	require.Equal(t, []string{"reconcile-dispute-not-booked/" + operator.OrderID{9}.String()}, o.alarms())
	o.until((monday + 3).End())
	require.Len(t, o.alarms(), 1, "what is booked is no difference")
}

func TestDisputeThatStaysOpenIsTold(t *testing.T) {
	o := newOffice(t)
	o.state(monday, 1, operator.LineDispute, 300, "D1")
	o.until(monday.End().Add(8 * time.Hour))
	require.Equal(t, []string{"dispute-open/ICBC/" + monday.String()}, o.alarms())
}

// TestManyDifferences are told in few alarms.
func TestManyDifferences(t *testing.T) {
	o := newOffice(t)
	for n := range 600 {
		l := line(0, operator.LinePayment, 5, monday)
		l.OrderID = operator.OrderID{byte(n >> 8), byte(n), 9}
		o.operator.lines[monday] = append(o.operator.lines[monday], l)
	}
	o.until((monday + 1).End().Add(3 * time.Hour))
	rows, err := o.store.OpenAlarms(t.Context(), 1000)
	require.NoError(t, err)
	require.Len(t, rows, 501)
	many := 0
	for _, row := range rows {
		if strings.HasPrefix(row.Key, "reconcile-many/ICBC/") {
			many++
			require.Contains(t, row.Detail, "100 more")
		}
	}
	require.Equal(t, 1, many)
}

func TestNewRefuses(t *testing.T) {
	_, err := reconcile.New(reconcile.Config{})
	require.Error(t, err)
	_, err = reconcile.ReadBody([]byte(`{"carried":[{"order":"7"}]}`))
	require.ErrorIs(t, err, reconcile.ErrBody)
}

func TestRunEndsWithItsContext(t *testing.T) {
	o := newOffice(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, o.service.Run(ctx))
}
