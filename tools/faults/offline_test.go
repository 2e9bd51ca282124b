package faults_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// offline waits until the till's limits look as they should.
func (w *world) offline(t *testing.T, what string, holds func(station.Offline) bool) {
	t.Helper()
	await(t, longPatience, "offline: "+what, func(ctx context.Context) (bool, string) {
		status, err := w.Till.Station.Status(ctx)
		if err != nil {
			return false, err.Error()
		}
		return status.Offline != nil && holds(*status.Offline), fmt.Sprintf("%+v", status.Offline)
	})
}

// tapOffline sells to a hard wallet that the cloud cannot be asked about.
func (w *world) tapOffline(t *testing.T, amount int64) stationclient.Sale {
	t.Helper()
	sale := w.start(t, w.Till, amount)
	require.NoError(t, w.Devices.Tap(t.Context()))
	w.reach(t, w.Till, sale.ID, "approved-offline")
	require.NoError(t, w.Devices.Lift(t.Context()))
	return w.see(t, w.Till, sale.ID, "both copies", func(s stationclient.Sale) bool { return len(s.Unprinted) == 0 })
}

// TestOffline sells to a hard wallet while the line is cut, over a kill of the agent, and settles when it is mended.
func TestOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	w.offline(t, "limits from the cloud", func(o station.Offline) bool { return o.Stopped == nil && o.Left == 20_000_00 && o.DaysLeft >= 29 })
	w.Cable.Cut()
	w.connected(t, false)
	sales := []stationclient.Sale{w.tapOffline(t, 500), w.tapOffline(t, 501)}
	require.True(t, sales[0].Offline)
	require.Equal(t, "approved", sales[0].Outcome)

	w.Till.Agent.Kill()
	require.NoError(t, w.LaunchAgent(w.Till))
	w.offline(t, "counted again from the journal", func(o station.Offline) bool { return o.Taken == 1001 && o.TakenPayments == 2 })
	sales = append(sales, w.tapOffline(t, 502))
	over := w.start(t, w.Till, 500_01)
	require.NoError(t, w.Devices.Tap(t.Context()))
	w.see(t, w.Till, over.ID, "a limit", func(s stationclient.Sale) bool { return s.Notice != nil && s.State == "waiting" })
	require.NoError(t, w.Devices.Lift(t.Context()))
	w.cancel(t, over.ID)

	w.rule(t, bank.Rule{Operation: "authorise", Amount: 501, LatencyMillis: 500})
	w.Cable.Mend()
	for _, sale := range sales {
		w.end(t, w.Till, sale.ID, "approved")
		w.see(t, w.Till, sale.ID, "the cloud's answer", func(s stationclient.Sale) bool { return s.State == "approved" && s.Reference != "" })
	}
	w.offline(t, "free again", func(o station.Offline) bool { return o.Taken == 0 && o.Left == 20_000_00 })
	w.audit(t)
	w.quiet(t)
}
