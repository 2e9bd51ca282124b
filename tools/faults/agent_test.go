package faults_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakedevice/control"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// restart kills the agent as a power cut would and starts it again.
func (w *world) restart(t *testing.T) {
	t.Helper()
	w.Till.Agent.Kill()
	require.NoError(t, w.StartAgent(t.Context(), w.Till))
}

// TestAgentKilled cuts the till's power at every stage that a person can see.
func TestAgentKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	t.Run("Waiting", func(t *testing.T) {
		sale := w.start(t, w.Till, 101)
		w.restart(t)
		sale = w.end(t, w.Till, sale.ID, "none")
		require.Equal(t, "abandoned", sale.State, "nobody was asked for money")
	})
	t.Run("Authorising", func(t *testing.T) {
		w.rule(t, bank.Rule{Operation: "authorise", Amount: 102, LatencyMillis: 500})
		sale := w.begin(t, w.Till, 102)
		w.reach(t, w.Till, sale.ID, "authorising")
		w.restart(t)
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("AwaitingPassword", func(t *testing.T) {
		w.rule(t, bank.Rule{Operation: "authorise", Amount: 103, Do: bank.DoPassword, DelayMillis: 700, Then: bank.EndApproved})
		sale := w.begin(t, w.Till, 103)
		w.reach(t, w.Till, sale.ID, "awaiting-password")
		w.restart(t)
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("Querying", func(t *testing.T) {
		w.loseAnswer(t, 104)
		sale := w.begin(t, w.Till, 104)
		w.reach(t, w.Till, sale.ID, "querying")
		w.restart(t)
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("ReceiptOnItsWay", w.killedWhilePrinting)
	t.Run("Reversing", func(t *testing.T) {
		w.rule(t, bank.Rule{Operation: "authorise", Amount: 106, Do: bank.DoLate, DelayMillis: time.Hour.Milliseconds(), Then: bank.EndClosed})
		sale := w.begin(t, w.Till, 106)
		w.reach(t, w.Till, sale.ID, "authorising", "querying")
		w.cancel(t, sale.ID)
		w.reach(t, w.Till, sale.ID, "reversing")
		w.restart(t)
		w.sell(t, w.Till, 107) // the next customer need not wait
		w.end(t, w.Till, sale.ID, "reversed")
	})
	w.audit(t)
	w.quiet(t)
}

// killedWhilePrinting kills the agent when the money is there and the receipt is not.
func (w *world) killedWhilePrinting(t *testing.T) {
	off := false
	require.NoError(t, w.Devices.Printer(t.Context(), "stall", control.PrinterRequest{}))
	sale := w.begin(t, w.Till, 105)
	w.see(t, w.Till, sale.ID, "approved and not printed", func(s stationclient.Sale) bool {
		return s.State == "approved" && len(s.Unprinted) > 0
	})
	w.Till.Agent.Kill()
	require.NoError(t, w.Devices.Printer(t.Context(), "power-lost", control.PrinterRequest{})) // it loses its buffer, too
	require.NoError(t, w.Devices.Printer(t.Context(), "power-lost", control.PrinterRequest{On: &off}))
	require.NoError(t, w.Devices.Printer(t.Context(), "stall", control.PrinterRequest{On: &off}))
	before := w.papers(t, w.Till)[sale.ID]
	require.NoError(t, w.StartAgent(t.Context(), w.Till))
	sale = w.end(t, w.Till, sale.ID, "approved")
	require.NotNil(t, sale.Notice, "nobody was told")
	require.Contains(t, sale.Notice.English, "may not have printed")
	next := w.sell(t, w.Till, 108) // jobs are printed in order: what was to come has come before this one's
	require.NotEmpty(t, w.papers(t, w.Till)[next.ID])
	require.Equal(t, before, w.papers(t, w.Till)[sale.ID], "printed by itself after the restart")
	w.reprint(t, sale)
	require.Equal(t, 1, w.papers(t, w.Till)[sale.ID]["顾客联 重印"])
}
