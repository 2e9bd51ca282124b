package merchant_test

import (
	"strings"
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

func TestRetire(t *testing.T) {
	o, id := newOffice(t), terminalID("10000001")
	require.NoError(t, o.AddMerchant(t.Context(), shop()))
	_, err := o.enrol(t.Context(), merchant.Request{Terminal: id, Merchant: shop().ID, SerialNumber: "SN1"})
	require.NoError(t, err)
	retire := func(by, why string) error { return merchant.Retire(t.Context(), o.store, id, by, why, now) }
	t.Run("ErrAtWork", func(t *testing.T) { require.ErrorIs(t, retire("王芳", "报废"), merchant.ErrAtWork) })
	require.NoError(t, merchant.Block(t.Context(), o.store, id, now))
	t.Run("ErrReason", func(t *testing.T) {
		for _, said := range [][2]string{{"", "报废"}, {"王芳", " "}, {"王\n芳", "报废"}, {strings.Repeat("王", 41), "报废"},
			{"王芳", strings.Repeat("废", 201)}, {"\xff", "报废"}} {
			require.ErrorIs(t, retire(said[0], said[1]), merchant.ErrReason, said)
		}
	})
	t.Run("OKAndForGood", func(t *testing.T) {
		require.NoError(t, retire(" 王芳 ", strings.Repeat("废", 200)))
		require.ErrorIs(t, merchant.Block(t.Context(), o.store, id, now), merchant.ErrRetired)
		require.ErrorIs(t, merchant.Lift(t.Context(), o.store, id, now), merchant.ErrRetired)
		made, err := o.store.Decisions(t.Context(), id, 10)
		require.NoError(t, err)
		require.Len(t, made, 2)
		require.Equal(t, "王芳", made[0].By)
	})
	t.Run("ErrUnknownTerminal", func(t *testing.T) {
		require.ErrorIs(t, merchant.Retire(t.Context(), o.store, terminalID("99999999"), "x", "y", now), merchant.ErrUnknownTerminal)
	})
	t.Run("ItsSerialNumberIsFreeAndItsIDIsNot", func(t *testing.T) {
		_, err := o.enrol(t.Context(), merchant.Request{Terminal: id, Merchant: shop().ID, SerialNumber: "SN1", Again: true})
		require.ErrorIs(t, err, merchant.ErrEnrolled)
		_, err = o.enrol(t.Context(), merchant.Request{Terminal: terminalID("10000002"), Merchant: shop().ID, SerialNumber: "SN1"})
		require.NoError(t, err)
	})
}
