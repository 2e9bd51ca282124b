package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

func whole() store.Change {
	return store.Change{
		Records:     []store.Record{{Bytes: make([]byte, 300)}, {Bytes: make([]byte, 200)}},
		Heads:       []store.Head{{Highest: 9, Records: 7}},
		Epochs:      []store.Epoch{{}},
		Payments:    []store.Payment{{Blob: make([]byte, 100)}},
		Cancelled:   []store.Cancelled{{Order: store.OrderID{1}}},
		Entries:     []store.Entry{{Postings: make([]store.Posting, 3)}},
		Shifts:      []store.Shift{{Body: make([]byte, 70)}},
		Quarantined: []store.Quarantined{{Bytes: make([]byte, 50)}},
		Alarms:      []store.Alarm{{}},
		Settlements: []store.Settlement{{}},
		Terminals:   []store.Terminal{{}},
		Decisions:   []store.Decision{{}},
		Merchants:   []store.Merchant{{}},

		Spent: []store.Spent{{}}, BlockedWallets: []store.BlockedWallet{{}}, OfflineLimits: []store.OfflineLimits{{}},
		Reconciliations: []store.Reconciliation{{Body: make([]byte, 30)}},
	}
}

func TestChange(t *testing.T) {
	const rows = 2 + 1 + 1 + 1 + 1 + 1 + 3 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 3 + 1
	var empty store.Change
	require.Zero(t, empty.Rows())
	require.Zero(t, empty.Size())

	change := whole()
	require.Equal(t, rows, change.Rows(), "postings are rows too")
	require.GreaterOrEqual(t, change.Size(), 300+200+100+70+50+30, "all that is kept by reference counts")

	change.Append(whole())
	require.Equal(t, 2*rows, change.Rows())
	require.Len(t, change.Records, 4)
	require.Len(t, change.Merchants, 2)
	change.Append(empty)
	require.Equal(t, 2*rows, change.Rows())
}

func TestHead(t *testing.T) {
	require.EqualValues(t, 2, whole().Heads[0].Missing())
}

func TestConflictError(t *testing.T) {
	kinds := map[string]bool{}
	for kind := store.RecordExists; kind <= store.TerminalMoved; kind++ {
		err := error(&store.ConflictError{Kind: kind, Terminal: record.Terminal([]byte("10000001")), Sequence: 7})
		require.ErrorContains(t, err, kind.String())
		require.ErrorContains(t, err, "10000001")
		kinds[kind.String()] = true
	}
	require.Len(t, kinds, int(store.TerminalMoved), "each kind has a name of its own")
	require.Equal(t, "card spent", store.CardSpent.String())
	require.Equal(t, "conflict-99", store.ConflictKind(99).String())
}

func TestNames(t *testing.T) {
	for kind, name := range map[store.EntryKind]string{
		store.EntrySale: "sale", store.EntryReversal: "reversal",
		store.EntrySuspense: "suspense", store.EntrySuspenseReturn: "suspense-return",
		store.EntryLoss: "loss", store.EntryLossReturn: "loss-return", 99: "unknown",
	} {
		require.Equal(t, name, kind.String())
	}
	for state, name := range map[store.TerminalState]string{
		store.TerminalActive: "active", store.TerminalBlocked: "blocked",
		store.TerminalQuarantined: "quarantined", 9: "terminal-state-9",
	} {
		require.Equal(t, name, state.String())
	}
	for state, name := range map[store.ShiftState]string{
		store.ShiftOpen: "open", store.ShiftProvisional: "provisional", store.ShiftWaiting: "waiting",
		store.ShiftAgrees: "agrees", store.ShiftDiffers: "differs", store.ShiftUnsigned: "unsigned", 99: "shift-state-99",
	} {
		require.Equal(t, name, state.String())
	}
	for state, name := range map[store.ReconciliationState]string{store.ReconciliationWaiting: "waiting", store.ReconciliationAgrees: "agrees",
		store.ReconciliationDiffers: "differs", 99: "reconciliation-state-99"} {
		require.Equal(t, name, state.String())
	}
	require.Equal(t, "0100000000000000000000000000000f", store.ShiftID{1, 15: 15}.String())
	require.Equal(t, "0102000000000000000000000000000f", store.OrderID{1, 2, 15: 15}.String())
}
