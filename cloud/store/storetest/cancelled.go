package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

func cancelled(n byte, terminal record.Terminal) store.Cancelled {
	return store.Cancelled{Order: order(n), Terminal: terminal, Reason: n, At: epoch.Add(time.Duration(n) * time.Second)}
}

// testCancelled: an order that was cancelled before its payment came begins no payment, unless the change says that it
// knows; that holds for ever, in one commit, and across restarts.
func testCancelled(t *testing.T, opener Opener) {
	s := opener(t)
	require.NoError(t, s.Commit(t.Context(), store.Change{Terminals: []store.Terminal{terminal(one), terminal(two)}}))
	_, err := s.Cancelled(t.Context(), order(1))
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, s.Commit(t.Context(), store.Change{Records: []store.Record{stored(one, 1, "reversal")},
		Cancelled: []store.Cancelled{cancelled(1, one), cancelled(2, two)}}))
	later := cancelled(1, two)
	later.Reason = 9
	require.NoError(t, s.Commit(t.Context(), store.Change{Cancelled: []store.Cancelled{later, cancelled(3, one)}}))
	requireConflict(t, s.Commit(t.Context(), store.Change{
		Cancelled: []store.Cancelled{cancelled(4, record.Terminal([]byte("99999999")))}}), store.TerminalUnknown)

	require.NoError(t, s.Close())
	s = open(t, opener)
	got, err := s.Cancelled(t.Context(), order(1))
	require.NoError(t, err)
	require.Equal(t, cancelled(1, one), got, "the first one counts")
	_, err = s.Cancelled(t.Context(), order(4))
	require.ErrorIs(t, err, store.ErrNotFound)
	newest, err := s.LastCancelled(t.Context(), 2)
	require.NoError(t, err)
	require.Equal(t, []store.Cancelled{cancelled(3, one), cancelled(2, two)}, newest)

	begun := store.Change{Records: []store.Record{stored(one, 2, "request")}, Payments: []store.Payment{payment(1, 1)}}
	requireConflict(t, s.Commit(t.Context(), begun), store.OrderCancelled)
	_, err = s.Payment(t.Context(), order(1))
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = s.Record(t.Context(), one, 2)
	require.ErrorIs(t, err, store.ErrNotFound, "the record neither")
	begun.Cancelled = []store.Cancelled{got}
	require.NoError(t, s.Commit(t.Context(), begun), "who says that the order is cancelled may store its payment")
	require.NoError(t, s.Commit(t.Context(), store.Change{Payments: []store.Payment{payment(1, 2)}}), "and go on with it")
	requireConflict(t, s.Commit(t.Context(), store.Change{Payments: []store.Payment{payment(1, 1)}, Cancelled: begun.Cancelled}),
		store.PaymentMoved)
	require.NoError(t, s.Commit(t.Context(), store.Change{Payments: []store.Payment{payment(5, 1)}}), "others are not concerned")
}
