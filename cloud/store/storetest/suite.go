// Package storetest is the suite that every implementation of store.Store passes. A function that opens the same
// store again and again comes in; failures leave through testing.T.
package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Opener opens the same empty store on each call within one test, so that a test can close and open it again.
type Opener func(t *testing.T) store.Store

// Run runs the suite. fresh returns an opener of a new store.
func Run(t *testing.T, fresh func(t *testing.T) Opener) {
	for name, test := range map[string]func(*testing.T, Opener){
		"Directory":   testDirectory,
		"Aside":       testAsideBesideABlock,
		"Decisions":   testDecisions,
		"Merchants":   testMerchantChanges,
		"Records":     testRecords,
		"Epochs":      testEpochs,
		"Payments":    testPayments,
		"Cancelled":   testCancelled,
		"FollowUps":   testFollowUps,
		"Parts":       testParts,
		"References":  testReferences,
		"ManyNumbers": testManyReferences,
		"Due":         testDue,
		"Spent":       testSpent,
		"Limits":      testOfflineLimits,
		"Ledger":      testLedger,
		"Bookings":    testBookings,
		"Shifts":      testShifts,
		"Reconciled":  testReconciliations,
		"Movements":   testMovements,
		"Notes":       testNotes,
		"Alarms":      testAlarms,
		"AlarmsOnce":  testAlarmsOnce,
		"Settling":    testSettling,
		"Conflicts":   testConflicts,
		"Atomicity":   testAtomicity,
		"Concurrency": testConcurrency,
		"Durability":  testDurability,
		"Leases":      testLeases,
		"Bounds":      testBounds,
		"Closing":     testClosing,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

var (
	one   = record.Terminal([]byte("10000001"))
	two   = record.Terminal([]byte("10000002"))
	epoch = time.Date(2026, 11, 23, 8, 0, 0, 123456000, time.UTC)
)

// open opens the store and closes it at the end of the test.
func open(t *testing.T, opener Opener) store.Store {
	t.Helper()
	s := opener(t)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// enrolled opens a store that knows both terminals.
func enrolled(t *testing.T, opener Opener) store.Store {
	t.Helper()
	s := open(t, opener)
	require.NoError(t, s.Commit(t.Context(), store.Change{Terminals: []store.Terminal{terminal(one), terminal(two)}}))
	return s
}

func terminal(id record.Terminal) store.Terminal {
	return store.Terminal{
		ID: id, Merchant: "301310053110001", SerialNumber: "SN-" + id.String(), KeyVersion: 1,
		Certificate: [32]byte{1, 31: 2}, Identity: [65]byte{4, 64: 9}, State: store.TerminalActive, EnrolledAt: epoch,
	}
}

// stored returns a record; content tells records with the same sequence apart.
func stored(id record.Terminal, sequence uint64, content string) store.Record {
	return store.Record{Terminal: id, Sequence: sequence, Bytes: record.Record(content), ReceivedAt: epoch}
}

func head(id record.Terminal, revision, highest uint64) store.Head {
	return store.Head{Terminal: id, Revision: revision, HighWater: highest, Link: seal.Hash{byte(highest), 1},
		Highest: highest, HighestLink: seal.Hash{byte(highest), 1}, Records: highest}
}

func order(n byte) store.OrderID { return store.OrderID{0x01, 0x93, 6: 0x70, 8: 0x80, 15: n} }

func payment(n byte, revision uint64) store.Payment {
	return store.Payment{
		Order: order(n), Terminal: one, Sequence: uint64(n), Merchant: "301310053110001", Revision: revision, State: 1,
		NextAt: epoch.Add(time.Second), UpdatedAt: epoch, Blob: []byte{n, byte(revision)},
	}
}

func entry(n byte, kind store.EntryKind, amount int64) store.Entry {
	return store.Entry{Order: order(n), Kind: kind, At: epoch, Postings: []store.Posting{
		{Account: "operator/ICBC", Amount: amount, Currency: "CNY"},
		{Account: "merchant/301310053110001", Amount: -amount + 1, Currency: "CNY"},
		{Account: "fees", Amount: -1, Currency: "CNY"},
	}}
}

func requireConflict(t *testing.T, err error, kind store.ConflictKind) {
	t.Helper()
	var conflict *store.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, kind, conflict.Kind)
}
