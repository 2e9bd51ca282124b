package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

func spent(wallet byte, counter uint32, n byte) store.Spent {
	return store.Spent{Wallet: seal.Hash{wallet}, Counter: counter, Order: order(n), Digest: seal.Hash{n, 1}, Terminal: one,
		Amount: 100 * int64(n), Offline: epoch.Add(time.Duration(n) * time.Minute), At: epoch}
}

// testSpent: a wallet's number is used once for ever, by one transaction of one order, together with its payment.
func testSpent(t *testing.T, opener Opener) {
	s := opener(t)
	require.NoError(t, s.Commit(t.Context(), store.Change{Terminals: []store.Terminal{terminal(one), terminal(two)}}))
	_, err := s.Spent(t.Context(), seal.Hash{1}, 7)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, s.Commit(t.Context(), store.Change{Payments: []store.Payment{payment(1, 1)}, Spent: []store.Spent{spent(1, 7, 1)}}))
	require.NoError(t, s.Commit(t.Context(), store.Change{Spent: []store.Spent{spent(1, 7, 1)}}), "the same once more")
	requireConflict(t, s.Commit(t.Context(), store.Change{Spent: []store.Spent{{Wallet: seal.Hash{3},
		Terminal: record.Terminal([]byte("99999999"))}}}), store.TerminalUnknown)

	otherBytes := spent(1, 7, 1)
	otherBytes.Digest = seal.Hash{99}
	for name, again := range map[string]store.Spent{"another order": spent(1, 7, 2), "other bytes": otherBytes} {
		change := store.Change{Records: []store.Record{stored(one, 2, "request")}, Payments: []store.Payment{payment(2, 1)},
			Spent: []store.Spent{again}}
		requireConflict(t, s.Commit(t.Context(), change), store.CardSpent)
		_, err = s.Payment(t.Context(), order(2))
		require.ErrorIs(t, err, store.ErrNotFound, name)
		_, err = s.Record(t.Context(), one, 2)
		require.ErrorIs(t, err, store.ErrNotFound, name)
	}
	online := spent(1, 9, 4)
	online.Offline = time.Time{}
	paid := payment(2, 1)
	paid.State = 6
	require.NoError(t, s.Commit(t.Context(), store.Change{Spent: []store.Spent{spent(1, 8, 2), spent(2, 7, 3), online},
		Payments: []store.Payment{paid}}))

	require.NoError(t, s.Close())
	s = open(t, opener)
	got, err := s.Spent(t.Context(), seal.Hash{1}, 7)
	require.NoError(t, err)
	require.Equal(t, spent(1, 7, 1), got)
	for name, c := range map[string]struct {
		terminal record.Terminal
		after    time.Time
		settled  []uint8
		limit    int
		want     []store.Spent
	}{
		"all":            {one, epoch, nil, 10, []store.Spent{spent(2, 7, 3), spent(1, 8, 2), spent(1, 7, 1)}},
		"later ones":     {one, epoch.Add(time.Minute), nil, 10, []store.Spent{spent(2, 7, 3), spent(1, 8, 2)}},
		"the latest":     {one, epoch, nil, 1, []store.Spent{spent(2, 7, 3)}},
		"another's":      {two, epoch, nil, 10, nil},
		"none so new":    {one, epoch.Add(time.Hour), nil, 10, nil},
		"long ago":       {one, time.Time{}, nil, 10, []store.Spent{spent(2, 7, 3), spent(1, 8, 2), spent(1, 7, 1)}},
		"not settled":    {one, epoch, []uint8{6, 15}, 10, []store.Spent{spent(2, 7, 3), spent(1, 7, 1)}},
		"settled others": {one, epoch, []uint8{7}, 10, []store.Spent{spent(2, 7, 3), spent(1, 8, 2), spent(1, 7, 1)}},
	} {
		got, err := s.OfflineSpent(t.Context(), c.terminal, c.after, c.settled, c.limit)
		require.NoError(t, err)
		require.Equal(t, c.want, got, name)
	}
}

// testOfflineLimits: limits and blocked wallets stay as they were first stored.
func testOfflineLimits(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	limits := store.OfflineLimits{ID: [16]byte{1}, Body: []byte("body"), At: epoch}
	other := limits
	other.Body = []byte("other")
	_, err := s.OfflineLimits(t.Context(), limits.ID)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, s.Commit(t.Context(), store.Change{OfflineLimits: []store.OfflineLimits{limits, other}}))
	got, err := s.OfflineLimits(t.Context(), limits.ID)
	require.NoError(t, err)
	require.Equal(t, limits, got)

	first := store.BlockedWallet{Wallet: seal.Hash{1}, Reason: "double-spent", Order: order(1), At: epoch}
	again := store.BlockedWallet{Wallet: seal.Hash{1}, Reason: "replayed", Order: order(2), At: epoch}
	second := store.BlockedWallet{Wallet: seal.Hash{2}, Reason: "replayed", Order: order(3), At: epoch}
	require.NoError(t, s.Commit(t.Context(), store.Change{BlockedWallets: []store.BlockedWallet{first, again, second}}))
	blocked, err := s.BlockedWallets(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, []store.BlockedWallet{second, first}, blocked)
	blocked, err = s.BlockedWallets(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, []store.BlockedWallet{second}, blocked)
}
