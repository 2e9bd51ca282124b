package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
)

func reconciliation(operator string, day int32, state store.ReconciliationState) store.Reconciliation {
	r := store.Reconciliation{Operator: operator, Day: day, State: state, At: epoch, Body: []byte{byte(day)}}
	if state == store.ReconciliationWaiting {
		r.Attempts, r.NextAt, r.Detail = 2, epoch.Add(time.Minute), "no answer"
		return r
	}
	r.Lines, r.Paid, r.Returned, r.Disputed, r.Entry = 7, 1<<40, 300, 20, 99
	return r
}

// testReconciliations: a day's comparison waits until it is made, and then stays.
func testReconciliations(t *testing.T, opener Opener) {
	s := opener(t)
	commit := func(rows ...store.Reconciliation) {
		t.Helper()
		require.NoError(t, s.Commit(t.Context(), store.Change{Reconciliations: rows}))
	}
	none, err := s.Reconciliations(t.Context(), "", 10)
	require.NoError(t, err)
	require.Empty(t, none)
	commit(reconciliation("ICBC", 20_000, store.ReconciliationWaiting), reconciliation("CCB", 20_000, store.ReconciliationDiffers))
	commit(reconciliation("ICBC", 20_000, store.ReconciliationAgrees))
	commit(reconciliation("ICBC", 20_001, store.ReconciliationWaiting), reconciliation("ICBC", -1, store.ReconciliationAgrees))
	commit(reconciliation("ICBC", 20_000, store.ReconciliationWaiting), reconciliation("CCB", 20_000, store.ReconciliationAgrees)) // too late
	require.NoError(t, s.Close())
	s = open(t, opener)
	of, err := s.Reconciliations(t.Context(), "ICBC", 2)
	require.NoError(t, err)
	require.Equal(t, []store.Reconciliation{reconciliation("ICBC", 20_001, store.ReconciliationWaiting),
		reconciliation("ICBC", 20_000, store.ReconciliationAgrees)}, of)
	all, err := s.Reconciliations(t.Context(), "", 10)
	require.NoError(t, err)
	require.Len(t, all, 4)
	require.Equal(t, reconciliation("CCB", 20_000, store.ReconciliationDiffers), all[1])
	require.EqualValues(t, -1, all[3].Day)
}

// testMovements reads one account's part of the ledger, stretch by stretch.
func testMovements(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	empty, err := s.Movements(t.Context(), "operator/ICBC", 0, 10)
	require.NoError(t, err)
	require.Equal(t, store.Movements{}, empty)
	elsewhere := entry(2, store.EntrySale, 200)
	elsewhere.Postings[0].Account = "operator/CCB"
	back := entry(1, store.EntryRefund, -30)
	back.Part, back.At = store.FollowUpID{7}, epoch.Add(time.Hour)
	require.NoError(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{entry(1, store.EntrySale, 100), elsewhere, back}}))

	found, err := s.Movements(t.Context(), "operator/ICBC", 0, 10)
	require.NoError(t, err)
	sale := store.Movement{Number: 1, Order: order(1), Kind: store.EntrySale, At: epoch, Amount: 100, Currency: "CNY"}
	refund := store.Movement{Number: 3, Order: order(1), Kind: store.EntryRefund, At: back.At, Amount: -30, Currency: "CNY"}
	require.Equal(t, store.Movements{Last: 3, Entries: 3, List: []store.Movement{sale, refund}}, found)
	found, err = s.Movements(t.Context(), "operator/ICBC", 0, 2)
	require.NoError(t, err)
	require.Equal(t, store.Movements{Last: 2, Entries: 2, List: []store.Movement{sale}}, found)
	found, err = s.Movements(t.Context(), "operator/ICBC", 2, 2)
	require.NoError(t, err)
	require.Equal(t, store.Movements{Last: 3, Entries: 1, List: []store.Movement{refund}}, found)
	found, err = s.Movements(t.Context(), "operator/nobody", 0, 10)
	require.NoError(t, err)
	require.Equal(t, store.Movements{Last: 3, Entries: 3}, found)

	for at, want := range map[time.Time]uint64{epoch: 0, epoch.Add(time.Second): 2, epoch.Add(2 * time.Hour): 3} {
		number, err := s.EntriesBefore(t.Context(), at)
		require.NoError(t, err)
		require.Equal(t, want, number)
	}
}
