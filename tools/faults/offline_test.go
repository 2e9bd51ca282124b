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

// giveBack gives an offline payment back while the cloud cannot be reached, and waits for the paper.
func (w *world) giveBack(t *testing.T, order string, wish stationclient.FollowUpBody) stationclient.FollowUp {
	t.Helper()
	told := w.ask(t, w.Till, order, wish)
	require.Equal(t, "approved-offline", told.State)
	await(t, patience, "both copies", func(ctx context.Context) (bool, string) {
		now, err := w.Till.Station.Follow(ctx, told.ID)
		return err == nil && len(now.Unprinted) == 0, fmt.Sprint(now.Unprinted, err)
	})
	return told
}

// TestOfflineReturn gives offline payments back while the line is cut, in part and whole, over a kill of the agent. When
// the line is mended all of it has gone back once, and the shift's sums are the books'.
func TestOfflineReturn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	w.offline(t, "limits from the cloud", func(o station.Offline) bool { return o.Stopped == nil })
	w.Cable.Cut()
	w.connected(t, false)
	part, whole := w.tapOffline(t, 500), w.tapOffline(t, 700)
	given := w.giveBack(t, part.ID, stationclient.FollowUpBody{Kind: "refund", Amount: 200})
	require.Equal(t, "approved", given.Outcome)
	require.EqualValues(t, 300, given.Standing.Left)
	refused(t, w.Till, part.ID, stationclient.FollowUpBody{Kind: "refund", Amount: 301})
	w.Till.Agent.Kill()
	require.NoError(t, w.LaunchAgent(w.Till))
	w.offline(t, "what went back frees nothing", func(o station.Offline) bool { return o.Taken == 1200 && o.TakenPayments == 2 })
	refused(t, w.Till, part.ID, stationclient.FollowUpBody{Kind: "refund", Amount: 301})
	voided := w.giveBack(t, whole.ID, stationclient.FollowUpBody{Kind: "void"})
	require.Equal(t, 1, printed(w.slips(t, w.Till), "退货 REFUND", "脱机受理", "剩余可退 REFUNDABLE", "￥3.00", "顾客联"))

	w.Cable.Mend()
	w.end(t, w.Till, part.ID, "approved")
	w.end(t, w.Till, whole.ID, "approved")
	for _, id := range []string{given.ID, voided.ID} {
		w.taken.Add(-w.settled(t, w.Till, id, "approved").Amount)
	}
	require.EqualValues(t, 300, w.taken.Load())
	w.audit(t)
	w.quiet(t)
}

// TestSignedPaymentTakenBack: a hard wallet signs, its operator does not get to see that, and the cashier cancels. The
// operator sees it all the same and puts the money back; somebody is told, and the customer's slip says so.
func TestSignedPaymentTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	w.rule(t, bank.Rule{Operation: "authorise", Amount: 611, Do: bank.DoError, Status: 503, Count: 1})
	sale := w.start(t, w.Till, 611)
	require.NoError(t, w.Devices.Tap(t.Context()))
	w.reach(t, w.Till, sale.ID, "querying")
	require.NoError(t, w.Devices.Lift(t.Context()))
	w.cancel(t, sale.ID)
	w.alarmed(t, "payment-card-debited", w.Till.Terminal)
	over := w.end(t, w.Till, sale.ID, "reversed")
	require.Contains(t, over.Next.Chinese, "硬件钱包已记扣款")
	require.NotZero(t, printed(w.slips(t, w.Till), "钱包已记扣款", "顾客联"))
	w.sell(t, w.Till, 300)
	books, err := w.Operator.Books(t.Context())
	require.NoError(t, err)
	for _, order := range books.Orders {
		if order.Order == sale.ID {
			require.EqualValues(t, 611, order.Debited, "the operator has seen what the card signed")
			require.EqualValues(t, 611, order.Credited, "and put it back")
		}
	}
	require.EqualValues(t, 300, books.Totals.NetDebit)
}
