package merchant_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store"
)

func TestBlock(t *testing.T) {
	o, id := newOffice(t), terminalID("10000001")
	require.ErrorIs(t, merchant.Block(t.Context(), o.store, id, now), store.ErrNotFound)
	require.NoError(t, o.AddMerchant(t.Context(), shop()))
	_, err := o.enrol(t.Context(), merchant.Request{Terminal: id, Merchant: shop().ID, SerialNumber: "SN1"})
	require.NoError(t, err)
	state := func() store.TerminalState {
		terminal, err := o.store.Terminal(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, "SN1", terminal.SerialNumber, "nothing else changes")
		return terminal.State
	}
	t.Run("ErrNotBlocked", func(t *testing.T) {
		require.ErrorIs(t, merchant.Lift(t.Context(), o.store, id, now), merchant.ErrNotBlocked)
		require.Equal(t, store.TerminalActive, state())
	})
	t.Run("OKAndAgain", func(t *testing.T) {
		for range 2 {
			require.NoError(t, merchant.Block(t.Context(), o.store, id, now))
			require.Equal(t, store.TerminalBlocked, state())
		}
		require.NoError(t, merchant.Lift(t.Context(), o.store, id, now))
		require.Equal(t, store.TerminalActive, state())
	})
	t.Run("LiftLeavesABrokenChainInQuarantine", func(t *testing.T) {
		require.NoError(t, merchant.Block(t.Context(), o.store, id, now))
		aside := store.Decision{Terminal: id, Kind: store.SetAside, At: now}
		require.NoError(t, o.store.Commit(t.Context(), store.Change{Decisions: []store.Decision{aside}}))
		require.Equal(t, store.TerminalBlocked, state())
		require.NoError(t, merchant.Lift(t.Context(), o.store, id, now))
		require.Equal(t, store.TerminalQuarantined, state())
	})
}
