package merchant_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// till is a terminal whose records a test writes into the store.
type till struct {
	office
	t        *testing.T
	id       record.Terminal
	sequence uint64
}

func newTill(t *testing.T) *till {
	o, id := newOffice(t), terminalID("10000001")
	require.NoError(t, o.AddMerchant(t.Context(), shop()))
	_, err := o.enrol(t.Context(), merchant.Request{Terminal: id, Merchant: shop().ID, SerialNumber: "SN1"})
	require.NoError(t, err)
	return &till{office: o, t: t, id: id}
}

func (w *till) write(kind record.Type, m proto.Message) {
	w.t.Helper()
	w.sequence++
	body, err := proto.Marshal(m)
	require.NoError(w.t, err)
	header := record.Header{Direction: seal.Up, Type: kind, Epoch: 1, Sequence: w.sequence, Time: now, Terminal: w.id}
	built, err := record.Build(seal.NewMAC(seal.Portable(), make([]byte, seal.KeySize)), header, body)
	require.NoError(w.t, err)
	require.NoError(w.t, w.store.Commit(w.t.Context(), store.Change{
		Records: []store.Record{{Terminal: w.id, Sequence: w.sequence, Bytes: built, ReceivedAt: now}},
		Heads:   []store.Head{{Terminal: w.id, Revision: w.sequence, HighWater: w.sequence, Highest: w.sequence, Records: w.sequence}}}))
}

func order(n byte) store.OrderID { return store.OrderID{n} }

// pay asks for a payment and has the cloud know it; amount is what was booked, 0 for nothing.
func (w *till) pay(n byte, final bool, amount int64) {
	w.t.Helper()
	id := order(n)
	w.write(record.PaymentRequested, &message.PaymentRequested{OrderId: id[:], Amount: 500})
	change := store.Change{Payments: []store.Payment{{Order: id, Terminal: w.id, Sequence: w.sequence, Merchant: shop().ID, Revision: 1, Final: final,
		Blob: []byte{1}}}}
	if amount != 0 {
		change.Entries = []store.Entry{w.entry(n, amount, store.EntrySale)}
	}
	require.NoError(w.t, w.store.Commit(w.t.Context(), change))
}

func (w *till) entry(n byte, amount int64, kind store.EntryKind) store.Entry {
	entry, err := ledger.Booking{Order: order(n), Operator: "ICBC", Merchant: shop().ID, Amount: amount, Currency: "CNY", At: now}.Entry(kind)
	require.NoError(w.t, err)
	return entry
}

func (w *till) show(n byte, outcome message.Outcome) {
	id := order(n)
	w.write(record.OutcomeShown, &message.OutcomeShown{OrderId: id[:], Outcome: outcome})
}

// TestTellUntold: of a terminal that is kept out, every payment is told of that its cashier may not have heard the end of, where the
// customer may have paid; of all others nobody is told.
func TestTellUntold(t *testing.T) {
	w := newTill(t)
	told := func() int {
		n, err := merchant.TellUntold(t.Context(), w.store, w.id, now)
		require.NoError(t, err)
		return n
	}
	require.Zero(t, told(), "it has no records")
	w.pay(1, true, 500)
	w.show(1, message.Outcome_OUTCOME_APPROVED)
	w.pay(2, true, 0)
	w.show(2, message.Outcome_OUTCOME_DECLINED)
	w.pay(3, true, 0) // declined, and not shown: nobody is out of money
	w.pay(4, true, 500)
	require.NoError(t, w.store.Commit(t.Context(), store.Change{Entries: []store.Entry{w.entry(4, 500, store.EntryReversal)}})) // given back
	id := order(9)
	w.write(record.PaymentRequested, &message.PaymentRequested{OrderId: id[:], Amount: 5}) // the cloud has not taken it up
	w.write(record.PaymentRequested, &message.PaymentRequested{OrderId: []byte{1}})
	require.Zero(t, told())
	rows, err := w.store.Alarms(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, rows)

	w.pay(5, true, 700) // approved, and nobody heard
	w.pay(6, false, 0)  // under way
	w.show(6, message.Outcome_OUTCOME_UNKNOWN)
	for range 2 {
		require.Equal(t, 2, told())
	}
	rows, err = w.store.Alarms(t.Context(), 10)
	require.NoError(t, err)
	details := map[string]string{}
	for _, row := range rows {
		require.Equal(t, "outcome-untold", row.Kind)
		require.Equal(t, "10000001", row.Terminal)
		require.EqualValues(t, 1, row.Count, "told once")
		details[row.Key] = row.Detail
	}
	require.Len(t, details, 2)
	require.Contains(t, details["outcome-untold/"+order(5).String()], "the customer has paid, 700 minor units are kept")
	require.Contains(t, details["outcome-untold/"+order(6).String()], "it has no result yet")
}

// TestTellUntoldReadsOn: more records than are read at once hide none.
func TestTellUntoldReadsOn(t *testing.T) {
	w := newTill(t)
	w.pay(1, true, 500)
	for range 1100 { // more than are read at once
		w.write(record.AgentStarted, &message.AgentStarted{})
	}
	w.pay(2, true, 500)
	n, err := merchant.TellUntold(t.Context(), w.store, w.id, now)
	require.NoError(t, err)
	require.Equal(t, 2, n)
}
