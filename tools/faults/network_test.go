package faults_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// cancel has the cashier take a payment back.
func (w *world) cancel(t *testing.T, id string) {
	t.Helper()
	_, err := w.Station.Cancel(t.Context(), uuid.NewString(), id, "01")
	require.NoError(t, err)
}

// connected waits until the till's line is as it should be.
func (w *world) connected(t *testing.T, want bool) {
	t.Helper()
	await(t, longPatience, "the line to the cloud", lineIs(w.Till, want))
}

// TestNetworkCut cuts the line between till and cloud at every stage of a sale.
func TestNetworkCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	t.Run("Waiting", func(t *testing.T) {
		sale := w.start(t, w.Till, 101)
		w.Cable.Cut()
		w.connected(t, false)
		_, err := w.Devices.Scan(t.Context(), w.code())
		require.NoError(t, err)
		sale = w.reach(t, w.Till, sale.ID, "querying")
		require.Contains(t, sale.Next.English, "Do not hand over the goods")
		require.NotNil(t, sale.Until, "a countdown says when more is known")
		w.Cable.Mend()
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("Authorising", func(t *testing.T) {
		w.rule(t, bank.Rule{Operation: "authorise", Amount: 102, LatencyMillis: 500})
		sale := w.begin(t, w.Till, 102)
		w.reach(t, w.Till, sale.ID, "authorising")
		w.Cable.Cut()
		w.reach(t, w.Till, sale.ID, "querying")
		w.Cable.Mend()
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("Querying", func(t *testing.T) {
		w.loseAnswer(t, 103)
		sale := w.begin(t, w.Till, 103)
		w.reach(t, w.Till, sale.ID, "querying")
		w.Cable.Cut()
		w.connected(t, false)
		w.Cable.Mend()
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("TooLongForThePayment", w.cutTooLong)
	t.Run("Idle", func(t *testing.T) {
		w.Cable.Cut()
		w.connected(t, false)
		w.Cable.Mend()
		w.connected(t, true)
		w.sell(t, w.Till, 105)
	})
	w.audit(t)
	w.quiet(t)
}

// cutTooLong keeps the line cut until the till gives the payment up. Whatever the operator did meanwhile, till, cloud
// and customer agree in the end, and the next customer need not wait for that.
func (w *world) cutTooLong(t *testing.T) {
	w.rule(t, bank.Rule{Operation: "authorise", Amount: 104, LatencyMillis: 300})
	sale := w.begin(t, w.Till, 104)
	w.reach(t, w.Till, sale.ID, "authorising")
	w.Cable.Cut()
	sale = w.reach(t, w.Till, sale.ID, "reversing")
	require.Contains(t, sale.Next.English, "Do not hand over the goods")
	require.False(t, sale.Holds, "the next customer waits")
	w.Cable.Mend()
	sale = w.see(t, w.Till, sale.ID, "a definite outcome", func(s stationclient.Sale) bool { return s.Final })
	// The operator said yes, but nobody at the counter ever saw that: the customer has the money back.
	require.Equal(t, "reversed", sale.Outcome)
	w.end(t, w.Till, sale.ID, "reversed")
}
