package faults_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/shop"
)

// crash kills the cloud, broker and all, as a power cut would; between does something before it is started again.
func (w *world) crash(t *testing.T, between func()) {
	t.Helper()
	w.Cloud.Kill()
	if between != nil {
		between()
	}
	require.NoError(t, w.StartCloud(t.Context()))
}

// TestCloudKilled kills the cloud at every stage of a sale.
func TestCloudKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	emptyBroker := func() {
		folder := filepath.Join(w.Dir, "cloud", "broker")
		require.DirExists(t, folder)
		require.NoError(t, os.RemoveAll(folder))
	}
	t.Run("Idle", func(t *testing.T) {
		w.crash(t, nil)
		w.connected(t, true)
		w.sell(t, w.Till, 101)
	})
	t.Run("BrokerComesBackEmpty", func(t *testing.T) {
		w.crash(t, emptyBroker)
		w.connected(t, true)
		w.sell(t, w.Till, 102)
	})
	t.Run("Waiting", func(t *testing.T) {
		sale := w.start(t, w.Till, 103)
		w.crash(t, func() {
			_, err := w.Devices.Scan(t.Context(), w.code())
			require.NoError(t, err)
			w.reach(t, w.Till, sale.ID, "querying")
		})
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("Authorising", func(t *testing.T) {
		w.rule(t, bank.Rule{Operation: "authorise", Amount: 104, LatencyMillis: 500})
		sale := w.begin(t, w.Till, 104)
		w.reach(t, w.Till, sale.ID, "authorising")
		w.asked(t, sale.ID)
		w.crash(t, emptyBroker)
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("Querying", func(t *testing.T) {
		w.loseAnswer(t, 105)
		sale := w.begin(t, w.Till, 105)
		w.reach(t, w.Till, sale.ID, "querying")
		w.crash(t, nil)
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("Reversing", func(t *testing.T) {
		w.rule(t, bank.Rule{Operation: "authorise", Amount: 106, Do: bank.DoLate, DelayMillis: time.Hour.Milliseconds(), Then: bank.EndClosed})
		sale := w.begin(t, w.Till, 106)
		w.reach(t, w.Till, sale.ID, "authorising", "querying")
		w.asked(t, sale.ID)
		w.cancel(t, sale.ID)
		w.reach(t, w.Till, sale.ID, "reversing")
		w.crash(t, nil)
		w.sell(t, w.Till, 107)
		w.end(t, w.Till, sale.ID, "reversed")
	})
	w.audit(t)
	w.quiet(t)
}
