package payment_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
)

func TestRecent(t *testing.T) {
	order := func(n byte) store.OrderID { return store.OrderID(orderOf(n)) }
	t.Run("Dropped", func(t *testing.T) {
		r := payment.NewRecent(2)
		payment.NoteRecent(r, order(1), operator.ReasonOther)
		payment.DropRecent(r, order(1))
		payment.DropRecent(r, order(9))
		_, known := payment.GetRecent(r, order(1))
		require.False(t, known)
		for n := range byte(2) {
			payment.NoteRecent(r, order(n+1), operator.ReasonTimedOut)
		}
		reason, known := payment.GetRecent(r, order(1))
		require.True(t, known, "it does not take up room twice")
		require.Equal(t, operator.ReasonTimedOut, reason)
	})
	t.Run("FirstValueStays", func(t *testing.T) {
		r := payment.NewRecent(2)
		payment.NoteRecent(r, order(1), operator.ReasonTimedOut)
		payment.NoteRecent(r, order(1), operator.ReasonOther)
		reason, known := payment.GetRecent(r, order(1))
		require.True(t, known)
		require.Equal(t, operator.ReasonTimedOut, reason)
		_, known = payment.GetRecent(r, order(2))
		require.False(t, known)
	})
	t.Run("OldestIsForgotten", func(t *testing.T) {
		r := payment.NewRecent(3)
		for n := range byte(10) {
			payment.NoteRecent(r, order(n), operator.Reason(n))
		}
		for n := range byte(10) {
			reason, known := payment.GetRecent(r, order(n))
			require.Equal(t, n >= 7, known, n)
			if known {
				require.Equal(t, operator.Reason(n), reason)
			}
		}
	})
}
