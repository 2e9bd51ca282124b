package faults_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// ask asks for something to be done with an order.
func (w *world) ask(t *testing.T, till *shop.Till, order string, wish stationclient.FollowUpBody) stationclient.FollowUp {
	t.Helper()
	made, err := till.Station.FollowUp(t.Context(), uuid.NewString(), order, wish)
	require.NoError(t, err)
	return made
}

// settled waits until a follow-up is definite and all its copies are accounted for.
func (w *world) settled(t *testing.T, till *shop.Till, id, outcome string) stationclient.FollowUp {
	t.Helper()
	var seen stationclient.FollowUp
	await(t, longPatience, "a definite follow-up", func(ctx context.Context) (bool, string) {
		told, err := till.Station.Follow(ctx, id)
		if err != nil {
			return false, err.Error()
		}
		seen = told
		return told.Final && len(told.Unprinted) == 0, fmt.Sprintf("%s %v", told.State, told.Notice)
	})
	require.Equal(t, outcome, seen.Outcome, "%+v", seen)
	return seen
}

// do asks for something and waits for its end; moved is what it changes of what the customers have paid.
func (w *world) do(t *testing.T, till *shop.Till, order string, wish stationclient.FollowUpBody, outcome string, moved int64) stationclient.FollowUp {
	t.Helper()
	told := w.settled(t, till, w.ask(t, till, order, wish).ID, outcome)
	w.taken.Add(moved)
	return told
}

// hold holds an amount, until expires where that is not nil.
func (w *world) hold(t *testing.T, till *shop.Till, amount int64, expires *time.Time) stationclient.Sale {
	t.Helper()
	sale, err := till.Station.Start(t.Context(), uuid.NewString(), stationclient.Start{
		Amount: amount, Currency: "CNY", Hold: true, HoldExpires: expires,
	})
	require.NoError(t, err)
	_, err = till.Devices.Scan(t.Context(), w.code())
	require.NoError(t, err)
	return w.see(t, till, sale.ID, "held", func(s stationclient.Sale) bool { return s.Final && len(s.Unprinted) == 0 })
}

// refused holds that the till itself says no.
func refused(t *testing.T, till *shop.Till, order string, wish stationclient.FollowUpBody) {
	t.Helper()
	_, err := till.Station.FollowUp(t.Context(), uuid.NewString(), order, wish)
	var no *stationclient.RefusedError
	require.ErrorAs(t, err, &no)
}

// slips are the texts of what came out of a till's printer.
func (w *world) slips(t *testing.T, till *shop.Till) []string {
	t.Helper()
	receipts, err := till.Devices.Receipts(t.Context())
	require.NoError(t, err)
	var texts []string
	for _, receipt := range receipts {
		texts = append(texts, strings.Join(receipt.Lines, "\n"))
	}
	return texts
}

// printed counts the slips that say all the words.
func printed(slips []string, words ...string) int {
	n := 0
	for _, slip := range slips {
		all := true
		for _, word := range words {
			all = all && strings.Contains(slip, word)
		}
		if all {
			n++
		}
	}
	return n
}

// TestWhatFollowsASale: refunds up to what was paid and not a fen more, at two tills; a void; a hold with its whole life.
// The operator's own books, the ledger, the journals and the slips agree.
func TestWhatFollowsASale(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 2})
	first, second := w.Tills[0], w.Tills[1]

	sale := w.sell(t, first, 1250)
	elsewhere, err := second.Station.Lookup(t.Context(), stationclient.Lookup{Reference: sale.Reference})
	require.NoError(t, err)
	require.False(t, elsewhere.Here)
	require.Equal(t, first.Terminal, elsewhere.Terminal)
	require.EqualValues(t, 1250, elsewhere.Refundable)

	done := w.do(t, first, sale.ID, stationclient.FollowUpBody{Kind: "refund", Amount: 1000}, "approved", -1000)
	require.EqualValues(t, 250, done.Standing.Left)
	refused(t, first, sale.ID, stationclient.FollowUpBody{Kind: "refund", Amount: 251})
	// The other till knows the sale as it was: the cloud is what holds the limit.
	over := w.do(t, second, sale.ID, stationclient.FollowUpBody{Kind: "refund", Amount: 500}, "declined", 0)
	require.NotNil(t, over.Reason)
	w.do(t, second, sale.ID, stationclient.FollowUpBody{Kind: "refund", Amount: 250}, "approved", -250)
	require.Equal(t, 2, printed(w.slips(t, first), "退货 REFUND", "原凭证号"))
	require.Equal(t, 2, printed(w.slips(t, second), "退货 REFUND", "原终端号", first.Terminal))

	other := w.sell(t, first, 880)
	w.do(t, first, other.ID, stationclient.FollowUpBody{Kind: "void"}, "approved", -880)
	refused(t, first, other.ID, stationclient.FollowUpBody{Kind: "refund", Amount: 1})
	require.Equal(t, 2, printed(w.slips(t, first), "撤销 VOID", "退回金额"))

	held := w.hold(t, first, 30000, nil)
	require.Equal(t, "approved", held.Outcome)
	require.EqualValues(t, 30000, held.Standing.Held)
	require.NotNil(t, held.Standing.Expires)
	w.do(t, first, held.ID, stationclient.FollowUpBody{Kind: "top-up", Amount: 10000}, "approved", 0)
	part := w.do(t, first, held.ID, stationclient.FollowUpBody{Kind: "complete", Amount: 28000}, "approved", 28000)
	require.EqualValues(t, 12000, part.Standing.StillHeld)
	w.do(t, first, held.ID, stationclient.FollowUpBody{Kind: "undo"}, "approved", -28000)
	w.do(t, first, held.ID, stationclient.FollowUpBody{Kind: "complete", Amount: 9000}, "approved", 9000)
	released := w.do(t, first, held.ID, stationclient.FollowUpBody{Kind: "cancel"}, "approved", 0)
	require.EqualValues(t, 31000, released.Amount)
	require.True(t, released.Standing.Closed)
	refused(t, first, held.ID, stationclient.FollowUpBody{Kind: "complete", Amount: 1})
	w.do(t, first, held.ID, stationclient.FollowUpBody{Kind: "refund", Amount: 4000}, "approved", -4000)
	w.quiet(t)
	w.audit(t)
}

// TestRefundOutlivesEverything: the operator is silent, the agent and the cloud are killed; in the end the money went
// back once, and the cashier was never told that it had failed.
func TestRefundOutlivesEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	sale := w.sell(t, w.Till, 1250)
	w.rule(t, bank.Rule{Operation: "follow_up", Amount: 700, Do: bank.DoLose, Count: 2})
	asked := w.ask(t, w.Till, sale.ID, stationclient.FollowUpBody{Kind: "refund", Amount: 700})
	await(t, patience, "unknown", func(ctx context.Context) (bool, string) {
		told, err := w.Till.Station.Follow(ctx, asked.ID)
		return err == nil && told.State == "unknown", fmt.Sprint(told.State, err)
	})
	refused(t, w.Till, sale.ID, stationclient.FollowUpBody{Kind: "refund", Amount: 551})
	w.sell(t, w.Till, 300) // business goes on
	w.Till.Agent.Kill()
	w.Cloud.Kill()
	require.NoError(t, w.StartCloud(t.Context()))
	require.NoError(t, w.StartAgent(t.Context(), w.Till))
	told := w.settled(t, w.Till, asked.ID, "approved")
	w.taken.Add(-told.Amount)
	again, err := w.Till.Station.Lookup(t.Context(), stationclient.Lookup{Order: sale.ID})
	require.NoError(t, err)
	require.Len(t, again.FollowUps, 1)
	require.EqualValues(t, 550, again.Refundable)
	require.Equal(t, 2, printed(w.slips(t, w.Till), "退货 REFUND"), "both copies, once")
	w.audit(t)
}

// TestHoldGoesBackByItself: nobody completes a hold; at its end the till is told, shows it and takes no more.
func TestHoldGoesBackByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	expires := time.Now().Add(4 * time.Second)
	held := w.hold(t, w.Till, 5000, &expires)
	require.False(t, held.Standing.Closed)
	over := w.see(t, w.Till, held.ID, "expired", func(s stationclient.Sale) bool { return s.Standing.Closed })
	require.Equal(t, "approved", over.Outcome, "it was held")
	require.Contains(t, over.Title.Chinese, "已解冻")
	refused(t, w.Till, held.ID, stationclient.FollowUpBody{Kind: "complete", Amount: 1})
	w.sell(t, w.Till, 300)
	w.quiet(t)
	w.audit(t)
}
