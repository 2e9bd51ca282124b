package bank_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
)

// yesterday ends the day and returns its lines, which must add up to the trailer.
func (w *trial) yesterday(t require.TestingT) []operator.StatementLine {
	day := operator.DayOf(w.now)
	_, err := w.StatementPage(operator.StatementRequest{Day: day, Page: 1}, bank.Rule{})
	require.ErrorIs(t, err, bank.ErrDayOpen)
	w.now = day.End()
	page, err := w.StatementPage(operator.StatementRequest{Day: day, Page: 1}, bank.Rule{})
	require.NoError(t, err)
	require.Equal(t, 1, page.Pages)
	var sum operator.StatementTrailer
	for _, line := range page.Lines {
		require.True(t, sum.Add(line))
	}
	require.Equal(t, sum, page.Trailer)
	return page.Lines
}

func TestLies(t *testing.T) {
	w := newTrial(t, nil)
	debited, not, kept := w.request(100), w.request(70), w.request(50)
	require.Equal(t, operator.StatusDeclined, w.authorise(t, debited, bank.Rule{Do: bank.DoLieDeclined}).Status)
	require.Equal(t, operator.StatusApproved, w.authorise(t, not, bank.Rule{Do: bank.DoLieApproved}).Status)
	require.EqualValues(t, 100, w.Books().Totals.NetDebit, "what it says is not what it does")
	answer, err := w.Query(inquiry(debited), bank.Rule{})
	require.NoError(t, err)
	require.Equal(t, operator.StatusDeclined, answer.Status, "it keeps to it")
	w.authorise(t, kept, bank.Rule{})
	answer, err = w.Reverse(inquiry(kept), bank.Rule{Do: bank.DoLieDone})
	require.NoError(t, err)
	require.Equal(t, operator.StatusReversed, answer.Status)
	answer, err = w.Reverse(inquiry(not), bank.Rule{})
	require.NoError(t, err)
	require.Equal(t, operator.StatusReversed, answer.Status)
	require.EqualValues(t, 150, w.Books().Totals.NetDebit, "nothing came and nothing went back")
	lines := w.yesterday(t)
	require.Len(t, lines, 2)
	require.Equal(t, debited.OrderID, lines[0].OrderID)
	require.Equal(t, kept.OrderID, lines[1].OrderID, "the statement is true")
}

func TestLieAboutAFollowUp(t *testing.T) {
	w := newTrial(t, nil)
	r := w.request(1000)
	w.authorise(t, r, bank.Rule{})
	answer, err := w.FollowUp(operator.FollowUp{ID: operator.FollowUpID{1}, OrderID: r.OrderID, Merchant: r.Merchant, Kind: operator.KindRefund,
		Amount: 300, Currency: "CNY"}, bank.Rule{Do: bank.DoLieDone})
	require.NoError(t, err)
	require.Equal(t, operator.FollowUpDone, answer.Status)
	require.EqualValues(t, 300, answer.Amount)
	require.EqualValues(t, 1000, w.Books().Totals.NetDebit)
	require.Len(t, w.yesterday(t), 1)
}

func TestDispute(t *testing.T) {
	book := &pages{}
	w := newTrial(t, func(c *bank.Config) { c.Daybook = book })
	r := w.request(1000)
	require.ErrorIs(t, w.Dispute(bank.Dispute{OrderID: r.OrderID, Amount: 1}), bank.ErrNotDisputable)
	w.authorise(t, r, bank.Rule{})
	require.ErrorIs(t, w.Dispute(bank.Dispute{OrderID: r.OrderID, Amount: 1001}), bank.ErrNotDisputable)
	require.ErrorIs(t, w.Dispute(bank.Dispute{OrderID: r.OrderID}), bank.ErrNotDisputable)
	require.NoError(t, w.Dispute(bank.Dispute{OrderID: r.OrderID, Amount: 600}))
	refund := operator.FollowUp{ID: operator.FollowUpID{1}, OrderID: r.OrderID, Merchant: r.Merchant, Kind: operator.KindRefund, Amount: 401, Currency: "CNY"}
	answer, err := w.FollowUp(refund, bank.Rule{})
	require.NoError(t, err)
	require.Equal(t, operator.ReasonLimitExceeded, answer.Reason, "disputes and refunds have one limit")
	whole, err := w.Reverse(inquiry(r), bank.Rule{})
	require.NoError(t, err)
	require.Equal(t, operator.StatusReversalRefused, whole.Status)
	before := w.Books()
	require.EqualValues(t, 600, before.Orders[0].Disputed)
	require.EqualValues(t, 400, before.Totals.NetDebit)
	w = w.killed(t, book, len(book.lines))
	require.Equal(t, before, w.Books())
	lines := w.yesterday(t)
	require.Len(t, lines, 2)
	require.Equal(t, operator.LineDispute, lines[1].Kind)
	require.NotEqual(t, lines[0].Reference, lines[1].Reference)
}

// TestStatementsAddUpToTheBooks plays some random days: what all statements say of an order is what it came to.
func TestStatementsAddUpToTheBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTrial(t, nil)
		first := operator.DayOf(w.now)
		var requests []operator.Request
		for n := range rapid.IntRange(1, 30).Draw(t, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 20*3600).Draw(t, "seconds")) * time.Second)
			if len(requests) == 0 || rapid.Bool().Draw(t, "pays") {
				r := w.request(rapid.Int64Range(1, 9_000).Draw(t, "amount"))
				r.Hold = rapid.Bool().Draw(t, "hold")
				w.authorise(t, r, bank.Rule{Do: rapid.SampledFrom([]bank.Behaviour{bank.DoHonest, bank.DoLieApproved, bank.DoLieDeclined}).Draw(t, "do")})
				requests = append(requests, r)
				continue
			}
			r := rapid.SampledFrom(requests).Draw(t, "order")
			amount := rapid.Int64Range(1, 9_000).Draw(t, "part")
			var err error
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				_, err = w.Reverse(inquiry(r), bank.Rule{})
			case 1:
				_, err = w.Refund(inquiry(r), bank.Rule{})
			case 2:
				_ = w.Dispute(bank.Dispute{OrderID: r.OrderID, Amount: amount})
			default:
				_, err = w.FollowUp(operator.FollowUp{ID: operator.FollowUpID{byte(n)}, OrderID: r.OrderID, Merchant: r.Merchant, Amount: amount,
					Currency: "CNY", Kind: rapid.SampledFrom([]operator.FollowUpKind{operator.KindRefund, operator.KindComplete}).Draw(t, "kind")}, bank.Rule{})
			}
			require.NoError(t, err)
		}
		last, sums := operator.DayOf(w.now), map[string]int64{}
		w.now = last.End()
		for day := first; day <= last; day++ {
			page, err := w.StatementPage(operator.StatementRequest{Day: day, Page: 1}, bank.Rule{})
			require.NoError(t, err)
			for _, line := range page.Lines {
				if line.Kind == operator.LineReturn || line.Kind == operator.LineDispute {
					line.Amount = -line.Amount
				}
				sums[line.OrderID.String()] += line.Amount
			}
		}
		for _, entry := range w.Books().Orders {
			require.Equal(t, entry.Debited-entry.Credited, sums[entry.Order])
			require.GreaterOrEqual(t, entry.Debited, entry.Credited)
		}
	})
}
