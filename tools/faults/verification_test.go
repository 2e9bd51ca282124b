package faults_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// TestVerification sells at and above the no-password cap. A customer who is asked for a password may know it, walk off,
// or try three times in vain; then the wallet pays nothing more that day.
func TestVerification(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	asked := func(t *testing.T, amount int64) stationclient.Sale {
		sale := w.begin(t, w.Till, amount)
		return w.reach(t, w.Till, sale.ID, "awaiting-password")
	}
	answer := func(t *testing.T, sale stationclient.Sale, answer string) {
		require.NoError(t, w.Operator.Verify(t.Context(), sale.ID, sale.Amount, answer))
	}
	t.Run("AtTheCap", func(t *testing.T) { w.sell(t, w.Till, 1_000_00) })
	t.Run("Right", func(t *testing.T) {
		sale := asked(t, 1_000_01)
		answer(t, sale, "wrong")
		answer(t, sale, "right")
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("WalksOff", func(t *testing.T) {
		sale := asked(t, 1_000_02)
		answer(t, sale, "leave")
		w.end(t, w.Till, sale.ID, "declined")
	})
	t.Run("ThreeTimesWrong", func(t *testing.T) {
		sale := asked(t, 1_000_03)
		for range 3 {
			answer(t, sale, "wrong")
		}
		require.Equal(t, "The customer could not be verified", w.end(t, w.Till, sale.ID, "declined").Reason.English)
		sale = w.start(t, w.Till, 1)
		_, err := w.Till.Devices.Scan(t.Context(), w.sameCustomer())
		require.NoError(t, err)
		sale = w.end(t, w.Till, sale.ID, "declined")
		require.Equal(t, "The wallet is blocked", sale.Reason.English)
	})
	t.Run("OftenADay", func(t *testing.T) {
		const customer = 99_000_000 // somebody whom no other test plays
		pays := func(n int64) stationclient.Sale {
			sale := w.start(t, w.Till, 1_00)
			_, err := w.Till.Devices.Scan(t.Context(), codeOf(customer, customer+n))
			require.NoError(t, err)
			return sale
		}
		for n := range int64(shop.NoPasswordCount) {
			w.end(t, w.Till, pays(n).ID, "approved")
		}
		sale := w.reach(t, w.Till, pays(shop.NoPasswordCount).ID, "awaiting-password")
		answer(t, sale, "right")
		w.end(t, w.Till, sale.ID, "approved")
	})
	w.audit(t)
	w.quiet(t)
}
