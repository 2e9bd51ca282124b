package bank_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
)

func followUp(n byte, of operator.Request, kind operator.FollowUpKind, amount int64) operator.FollowUp {
	return operator.FollowUp{ID: operator.FollowUpID{15: n + 1}, OrderID: of.OrderID, Merchant: of.Merchant, Kind: kind, Amount: amount, Currency: of.Currency}
}

func (w *trial) followUp(t require.TestingT, f operator.FollowUp, rule bank.Rule) operator.FollowUpAnswer {
	answer, err := w.FollowUp(f, rule)
	require.NoError(t, err)
	return answer
}

func (w *trial) held(t require.TestingT, amount int64) operator.Request {
	request := w.request(amount)
	request.Hold = true
	require.Equal(t, operator.StatusApproved, w.authorise(t, request, bank.Rule{}).Status)
	return request
}

func TestFollowUp(t *testing.T) {
	t.Run("BooksShowIt", func(t *testing.T) {
		w := newTrial(t, nil)
		request := w.request(1000)
		w.authorise(t, request, bank.Rule{})
		w.followUp(t, followUp(1, request, operator.KindRefund, 300), bank.Rule{})
		w.followUp(t, followUp(1, request, operator.KindRefund, 300), bank.Rule{})
		w.followUp(t, followUp(2, request, operator.KindRefund, 701), bank.Rule{})
		books := w.Books()
		require.Equal(t, bank.Totals{Orders: 1, Approved: 1, FollowUps: 2, Debited: 1000, Credited: 300, NetDebit: 700}, books.Totals)
		require.Equal(t, []bank.FollowUpEntry{
			{FollowUp: followUp(1, request, 0, 0).ID.String(), Kind: "refund", Status: "done", Amount: 300, Reference: "ICBCF0000000000002", Asked: 2},
			{FollowUp: followUp(2, request, 0, 0).ID.String(), Kind: "refund", Status: "refused", Reason: "limit_exceeded", Amount: 701,
				Reference: "ICBCF0000000000003", Asked: 1}}, books.Orders[0].FollowUps)
	})
	t.Run("ErrOrderConflictOnAnyOtherContent", func(t *testing.T) {
		w := newTrial(t, nil)
		request := w.held(t, 1000)
		f := followUp(1, request, operator.KindComplete, 300)
		w.followUp(t, f, bank.Rule{})
		for _, spoil := range []func(*operator.FollowUp){func(f *operator.FollowUp) { f.Amount++ }, func(f *operator.FollowUp) { f.Kind = operator.KindRefund },
			func(f *operator.FollowUp) { f.OrderID[3]++ }, func(f *operator.FollowUp) { f.Merchant = "N" }, func(f *operator.FollowUp) { f.Last = true },
			func(f *operator.FollowUp) { f.Currency = "HKD" }, func(f *operator.FollowUp) { f.Undoes[0]++ }} {
			other := f
			spoil(&other)
			_, err := w.FollowUp(other, bank.Rule{})
			require.ErrorIs(t, err, bank.ErrOrderConflict)
		}
	})
	t.Run("Refused", func(t *testing.T) {
		w := newTrial(t, nil)
		paid, onHold, unseen := w.request(1000), w.held(t, 500), w.request(1)
		w.authorise(t, paid, bank.Rule{})
		foreign := followUp(9, paid, operator.KindRefund, 1)
		foreign.Merchant = "N"
		dollars := followUp(10, paid, operator.KindRefund, 1)
		dollars.Currency = "HKD"
		for n, c := range []struct {
			f      operator.FollowUp
			rule   bank.Rule
			reason operator.Reason
		}{
			{followUp(1, unseen, operator.KindRefund, 1), bank.Rule{}, operator.ReasonUnknownOrder},
			{foreign, bank.Rule{}, operator.ReasonUnknownOrder},
			{dollars, bank.Rule{}, operator.ReasonInvalidRequest},
			{followUp(2, paid, operator.KindComplete, 1), bank.Rule{}, operator.ReasonInvalidRequest},
			{followUp(3, onHold, operator.KindVoid, 500), bank.Rule{}, operator.ReasonInvalidRequest},
			{followUp(4, onHold, operator.KindRefund, 1), bank.Rule{}, operator.ReasonLimitExceeded},
			{followUp(5, onHold, operator.KindCancel, 499), bank.Rule{}, operator.ReasonInvalidRequest},
			{followUp(6, onHold, operator.KindTopUp, 100_000), bank.Rule{}, operator.ReasonInsufficientFunds},
			{followUp(7, paid, operator.KindRefund, 1), bank.Rule{Do: bank.DoDecline, Reason: "wallet_blocked"}, operator.ReasonWalletBlocked},
			{followUp(8, paid, operator.KindRefund, 1), bank.Rule{Do: bank.DoRefuseRefund}, operator.ReasonOther},
		} {
			answer := w.followUp(t, c.f, c.rule)
			require.Equal(t, operator.FollowUpRefused, answer.Status, n)
			require.Equal(t, c.reason, answer.Reason, n)
		}
		require.EqualValues(t, 1000, w.Books().Totals.NetDebit)
	})
	t.Run("LateOnesArePendingUntilTheirTime", func(t *testing.T) {
		w := newTrial(t, nil)
		request := w.request(1000)
		w.authorise(t, request, bank.Rule{})
		f := followUp(1, request, operator.KindRefund, 300)
		require.Equal(t, operator.FollowUpPending, w.followUp(t, f, bank.Rule{Do: bank.DoLate, DelayMillis: 2000}).Status)
		require.Equal(t, operator.FollowUpPending, w.followUp(t, f, bank.Rule{}).Status)
		answer, err := w.Reverse(inquiry(request), bank.Rule{})
		require.NoError(t, err)
		require.Equal(t, operator.StatusReversalRefused, answer.Status, "it may still be carried out")
		w.now = w.now.Add(2 * time.Second)
		require.EqualValues(t, 700, w.Books().Totals.NetDebit, "it happens although nobody asks")
		require.Equal(t, operator.FollowUpDone, w.followUp(t, f, bank.Rule{}).Status)
	})
	t.Run("HeldMoneyCannotBeSpentElsewhere", func(t *testing.T) {
		w := newTrial(t, nil)
		request := w.held(t, 60_000)
		require.Equal(t, operator.ReasonInsufficientFunds, w.authorise(t, w.request(50_000), bank.Rule{}).Reason)
		require.Equal(t, bank.WalletEntry{Wallet: "000200******5678", Opening: 100_000, Balance: 100_000, Held: 60_000}, w.Books().Wallets[0])
		w.followUp(t, followUp(1, request, operator.KindCancel, 60_000), bank.Rule{})
		require.Equal(t, operator.StatusApproved, w.authorise(t, w.request(50_000), bank.Rule{}).Status)
	})
	t.Run("CompletionCap", func(t *testing.T) {
		w := newTrial(t, func(c *bank.Config) { c.CompletionPercent = 115 })
		request := w.held(t, 99_000)
		require.Equal(t, operator.ReasonLimitExceeded, w.followUp(t, followUp(1, request, operator.KindComplete, 113_851), bank.Rule{}).Reason)
		require.Equal(t, operator.ReasonInsufficientFunds, w.followUp(t, followUp(2, request, operator.KindComplete, 100_001), bank.Rule{}).Reason)
		require.Equal(t, operator.FollowUpDone, w.followUp(t, followUp(3, request, operator.KindComplete, 100_000), bank.Rule{}).Status)
		require.Zero(t, w.Books().Totals.Held)
	})
}

// TestFollowUpBooksAlwaysBalance: whatever is asked in whatever order, no order gives back more than it took, nothing is
// held that a wallet does not have set aside, and wallets and orders tell the same story.
func TestFollowUpBooksAlwaysBalance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTrial(t, func(c *bank.Config) { c.CompletionPercent = rapid.SampledFrom([]int64{0, 50, 115}).Draw(t, "percent") })
		requests := []operator.Request{w.request(10), w.request(40_000), w.request(20), w.request(30_000)}
		requests[2].Hold, requests[3].Hold = true, true
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			request := rapid.SampledFrom(requests).Draw(t, "request")
			rule := bank.Rule{Do: rapid.SampledFrom([]bank.Behaviour{"", "", "", bank.DoDecline, bank.DoLate}).Draw(t, "do"),
				DelayMillis: rapid.Int64Range(0, 3000).Draw(t, "delay")}
			var err error
			switch rapid.IntRange(0, 7).Draw(t, "operation") {
			case 0:
				_, err = w.Authorise(request, rule)
			case 1:
				_, err = w.Reverse(inquiry(request), rule)
			case 2:
				_, err = w.Refund(inquiry(request), rule)
			default:
				f := followUp(rapid.ByteRange(0, 40).Draw(t, "id"), request, rapid.SampledFrom([]operator.FollowUpKind{operator.KindVoid,
					operator.KindRefund, operator.KindTopUp, operator.KindComplete, operator.KindCancel, operator.KindUndo}).Draw(t, "kind"),
					rapid.SampledFrom([]int64{1, request.Amount, request.Amount / 2, request.Amount * 2}).Draw(t, "amount"))
				f.Undoes = operator.FollowUpID{15: rapid.ByteRange(1, 41).Draw(t, "undoes")}
				f.Last = rapid.Bool().Draw(t, "last")
				if _, err = w.FollowUp(f, rule); err != nil {
					require.ErrorIs(t, err, bank.ErrOrderConflict)
					err = nil
				}
			}
			require.NoError(t, err)
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms")) * time.Millisecond)
			books := w.Books()
			require.Equal(t, books.Totals.Debited-books.Totals.Credited, books.Totals.NetDebit)
			var held int64
			for _, wallet := range books.Wallets {
				require.True(t, wallet.Held >= 0 && wallet.Held <= wallet.Balance, "%+v", wallet)
				held += wallet.Held
			}
			require.Equal(t, books.Totals.Held, held)
			for _, entry := range books.Orders {
				require.True(t, entry.Credited >= 0 && entry.Credited <= entry.Debited && entry.Held >= 0, "%+v", entry)
			}
		}
	})
}
