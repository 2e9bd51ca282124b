package bank_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
)

// trial is a bank with a clock that only the test moves.
type trial struct {
	*bank.Bank
	now  time.Time
	next byte
}

func newTrial(t require.TestingT, change func(*bank.Config)) *trial {
	w := &trial{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	config := bank.Config{Operator: "ICBC", Now: func() time.Time { return w.now }, Opening: 100_000}
	if change != nil {
		change(&config)
	}
	books, err := bank.New(config)
	require.NoError(t, err)
	w.Bank = books
	return w
}

func (w *trial) request(amount int64) operator.Request {
	w.next++
	return operator.Request{OrderID: operator.OrderID{w.next}, Merchant: "M", Terminal: "T", Method: operator.MethodCode, Amount: amount,
		Currency: "CNY", Code: fmt.Sprintf("0112345678%09d", w.next)}
}

func inquiry(r operator.Request) operator.Inquiry {
	return operator.Inquiry{OrderID: r.OrderID, Merchant: r.Merchant, Amount: r.Amount, Currency: r.Currency}
}

func (w *trial) authorise(t require.TestingT, r operator.Request, rule bank.Rule) operator.Answer {
	answer, err := w.Authorise(r, rule)
	require.NoError(t, err)
	return answer
}

func TestAuthorise(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		w := newTrial(t, nil)
		answer := w.authorise(t, w.request(1250), bank.Rule{})
		require.Equal(t, operator.StatusApproved, answer.Status)
		require.Equal(t, "000200******5678", answer.WalletMasked)
		require.Equal(t, "ICBC00000000000001", answer.Reference)
		books := w.Books()
		require.Equal(t, bank.Totals{Orders: 1, Approved: 1, Debited: 1250, NetDebit: 1250}, books.Totals)
		require.Equal(t, []bank.WalletEntry{{Wallet: "000200******5678", Opening: 100_000, Balance: 98_750, NetDebit: 1250}}, books.Wallets)
	})
	t.Run("InsufficientFunds", func(t *testing.T) {
		w := newTrial(t, nil)
		require.Equal(t, operator.ReasonInsufficientFunds, w.authorise(t, w.request(100_001), bank.Rule{}).Reason)
		require.NoError(t, w.SetBalance("0002000012345678", 200_000))
		require.Equal(t, operator.StatusApproved, w.authorise(t, w.request(100_001), bank.Rule{}).Status)
		require.EqualValues(t, 100_001, w.Books().Totals.NetDebit)
	})
	t.Run("CodeInvalid", func(t *testing.T) {
		w := newTrial(t, nil)
		for _, code := range []string{"", "0112", "2812345678901234567", "01123456789012345x7"} {
			request := w.request(1)
			request.Code = code
			require.Equal(t, operator.ReasonCodeInvalid, w.authorise(t, request, bank.Rule{}).Reason)
		}
	})
	t.Run("CodePaysOnce", func(t *testing.T) {
		w := newTrial(t, nil)
		first, second := w.request(1), w.request(1)
		second.Code = first.Code
		require.Equal(t, operator.StatusApproved, w.authorise(t, first, bank.Rule{}).Status)
		require.Equal(t, operator.ReasonCodeExpired, w.authorise(t, second, bank.Rule{}).Reason)
	})
	t.Run("CodePaysOftenWhenTold", func(t *testing.T) {
		w := newTrial(t, func(c *bank.Config) { c.ReuseCodes = true })
		first, second := w.request(1), w.request(1)
		second.Code = first.Code
		require.Equal(t, operator.StatusApproved, w.authorise(t, first, bank.Rule{}).Status)
		require.Equal(t, operator.StatusApproved, w.authorise(t, second, bank.Rule{}).Status)
	})
	t.Run("ErrOrderConflictOnAnyOtherContent", func(t *testing.T) {
		w := newTrial(t, nil)
		request := w.request(100)
		w.authorise(t, request, bank.Rule{})
		for _, spoil := range []func(*operator.Request){func(r *operator.Request) { r.Amount++ }, func(r *operator.Request) { r.Merchant = "N" },
			func(r *operator.Request) { r.Terminal = "U" }, func(r *operator.Request) { r.Currency = "HKD" }, func(r *operator.Request) { r.Code = "0100000000000000000" }} {
			other := request
			spoil(&other)
			_, err := w.Authorise(other, bank.Rule{})
			require.ErrorIs(t, err, bank.ErrOrderConflict)
		}
		require.EqualValues(t, 100, w.Books().Totals.NetDebit)
		require.Equal(t, 6, w.Books().Orders[0].Asked)
	})
}

func TestPassword(t *testing.T) {
	w := newTrial(t, nil)
	typed, gaveUp, cancelled := w.request(10), w.request(20), w.request(40)
	require.Equal(t, operator.StatusAwaitingPassword, w.authorise(t, typed, bank.Rule{Do: bank.DoPassword, DelayMillis: 3000}).Status)
	w.authorise(t, gaveUp, bank.Rule{Do: bank.DoPassword, DelayMillis: 3000, Then: bank.EndClosed})
	w.authorise(t, cancelled, bank.Rule{Do: bank.DoPassword, DelayMillis: 3000})
	w.now = w.now.Add(2999 * time.Millisecond)
	answer, err := w.Query(inquiry(typed), bank.Rule{})
	require.NoError(t, err)
	require.Equal(t, operator.StatusAwaitingPassword, answer.Status)
	answer, err = w.Reverse(inquiry(cancelled), bank.Rule{})
	require.NoError(t, err)
	require.Equal(t, operator.StatusReversed, answer.Status)
	w.now = w.now.Add(time.Millisecond)
	require.Equal(t, operator.StatusApproved, w.authorise(t, typed, bank.Rule{}).Status)
	answer, err = w.Query(inquiry(gaveUp), bank.Rule{})
	require.NoError(t, err)
	require.Equal(t, operator.StatusDeclined, answer.Status)
	require.Equal(t, operator.ReasonCustomerCancelled, answer.Reason)
	require.Equal(t, bank.Totals{Orders: 3, Approved: 1, Declined: 1, Reversed: 1, Debited: 10, NetDebit: 10}, w.Books().Totals)
}

func TestLateSuccess(t *testing.T) {
	t.Run("UnseenUntilItsTime", func(t *testing.T) {
		w := newTrial(t, nil)
		request := w.request(10)
		w.authorise(t, request, bank.Rule{Do: bank.DoLate, DelayMillis: 2000})
		answer, err := w.Query(inquiry(request), bank.Rule{})
		require.NoError(t, err)
		require.Equal(t, operator.StatusNotFound, answer.Status)
		w.now = w.now.Add(2 * time.Second)
		answer, err = w.Query(inquiry(request), bank.Rule{})
		require.NoError(t, err)
		require.Equal(t, operator.StatusApproved, answer.Status)
	})
	for name, c := range map[string]struct {
		stubborn bool
		want     operator.Status
		net      int64
	}{
		"ReversalStopsIt":                {false, operator.StatusReversed, 0},
		"StubbornOneIgnoresTheReversal":  {true, operator.StatusApproved, 10},
		"StubbornOneIsCuredByARefundToo": {true, operator.StatusApproved, 10},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTrial(t, nil)
			request := w.request(10)
			w.authorise(t, request, bank.Rule{Do: bank.DoLate, DelayMillis: 2000, Stubborn: c.stubborn})
			answer, err := w.Reverse(inquiry(request), bank.Rule{})
			require.NoError(t, err)
			require.Equal(t, operator.StatusReversed, answer.Status)
			w.now = w.now.Add(3 * time.Second)
			answer, err = w.Query(inquiry(request), bank.Rule{})
			require.NoError(t, err)
			require.Equal(t, c.want, answer.Status)
			require.Equal(t, c.net, w.Books().Totals.NetDebit)
			answer, err = w.Refund(inquiry(request), bank.Rule{})
			require.NoError(t, err)
			require.Contains(t, []operator.Status{operator.StatusRefunded, operator.StatusReversed}, answer.Status)
			require.Zero(t, w.Books().Totals.NetDebit)
		})
	}
}

func TestReverseAndRefund(t *testing.T) {
	w := newTrial(t, nil)
	paid, declined, unseen := w.request(10), w.request(20), w.request(40)
	w.authorise(t, paid, bank.Rule{})
	w.authorise(t, declined, bank.Rule{Do: bank.DoDecline, Reason: "wallet_blocked"})
	say := func(answer operator.Answer, err error) operator.Status {
		require.NoError(t, err)
		return answer.Status
	}
	require.Equal(t, operator.StatusReversalRefused, say(w.Reverse(inquiry(paid), bank.Rule{Do: bank.DoRefuseReversal})))
	require.Equal(t, operator.StatusRefundRefused, say(w.Refund(inquiry(paid), bank.Rule{Do: bank.DoRefuseRefund})))
	require.Equal(t, operator.StatusRefundRefused, say(w.Refund(inquiry(declined), bank.Rule{})))
	require.Equal(t, operator.StatusRefundRefused, say(w.Refund(inquiry(unseen), bank.Rule{})))
	require.Equal(t, operator.StatusDeclined, say(w.Reverse(inquiry(declined), bank.Rule{})))
	require.Equal(t, operator.StatusReversed, say(w.Reverse(inquiry(unseen), bank.Rule{})))
	require.Equal(t, operator.StatusReversed, w.authorise(t, unseen, bank.Rule{}).Status)
	require.Equal(t, operator.StatusRefunded, say(w.Refund(inquiry(paid), bank.Rule{})))
	require.Equal(t, operator.StatusRefunded, say(w.Reverse(inquiry(paid), bank.Rule{})))
	wrong := inquiry(paid)
	wrong.Amount++
	for _, ask := range []func(operator.Inquiry, bank.Rule) (operator.Answer, error){w.Query, w.Reverse, w.Refund} {
		_, err := ask(wrong, bank.Rule{})
		require.ErrorIs(t, err, bank.ErrOrderConflict)
	}
	require.Equal(t, operator.StatusNotFound, say(w.Query(inquiry(paid), bank.Rule{Do: bank.DoNotFound})))
	require.Equal(t, bank.Totals{Orders: 3, Declined: 1, Reversed: 1, Refunded: 1, Debited: 10, Credited: 10}, w.Books().Totals)
}

func TestShownCode(t *testing.T) {
	w := newTrial(t, nil)
	request := w.request(30)
	request.Method, request.Code = operator.MethodShown, ""
	answer, err := w.Order(request, bank.Rule{})
	require.NoError(t, err)
	require.Equal(t, operator.StatusAwaitingCustomer, answer.Status)
	require.ErrorIs(t, w.PayShown("nothing", "0002000012345678"), bank.ErrUnknownCode)
	require.ErrorIs(t, w.PayShown(answer.ShownCode, "12"), bank.ErrInvalidWallet)
	require.NoError(t, w.PayShown(answer.ShownCode, "0002000012345678"))
	require.ErrorIs(t, w.PayShown(answer.ShownCode, "0002000012345678"), bank.ErrUnknownCode, "a code is paid once")
	require.EqualValues(t, 30, w.Books().Totals.NetDebit)
}

// cards is a CardVerifier that believes everything but "forged".
type cards struct{ paid bank.CardPayment }

func (c cards) Verify(transaction []byte) (bank.CardPayment, error) {
	if string(transaction) == "forged" {
		return bank.CardPayment{}, errors.New("signature is wrong")
	}
	return c.paid, nil
}

func TestCard(t *testing.T) {
	tap := func(w *trial) operator.Request {
		request := w.request(500)
		request.Method, request.Code, request.Card = operator.MethodTap, "", []byte("signed")
		return request
	}
	signed := bank.CardPayment{Wallet: "0002000000000009", OrderID: operator.OrderID{1}, Merchant: "M", Terminal: "T", Amount: 500, Currency: "CNY", Counter: 4}
	t.Run("OK", func(t *testing.T) {
		w := newTrial(t, func(c *bank.Config) { c.Cards = cards{signed} })
		answer := w.authorise(t, tap(w), bank.Rule{})
		require.Equal(t, operator.StatusApproved, answer.Status)
		require.Equal(t, "000200******0009", answer.WalletMasked)
	})
	t.Run("CounterSpentTwice", func(t *testing.T) {
		w := newTrial(t, func(c *bank.Config) { c.Cards = cards{signed} })
		first := tap(w)
		w.authorise(t, first, bank.Rule{})
		require.Equal(t, operator.StatusApproved, w.authorise(t, first, bank.Rule{}).Status, "the same order again is no double spend")
		double := signed
		double.OrderID = operator.OrderID{2}
		verifier := &switching{paid: signed}
		w = newTrial(t, func(c *bank.Config) { c.Cards = verifier })
		w.authorise(t, tap(w), bank.Rule{})
		verifier.paid = double
		require.Equal(t, operator.ReasonDuplicate, w.authorise(t, tap(w), bank.Rule{}).Reason)
		require.EqualValues(t, 500, w.Books().Totals.NetDebit)
	})
	t.Run("OfflineSettledOnce", func(t *testing.T) {
		verifier := &switching{paid: signed}
		w := newTrial(t, func(c *bank.Config) { c.Cards = verifier })
		first := tap(w)
		first.Offline = true
		for range 3 {
			require.Equal(t, operator.StatusApproved, w.authorise(t, first, bank.Rule{}).Status)
		}
		second := tap(w)
		second.Offline = true
		verifier.paid.OrderID = second.OrderID
		require.Equal(t, operator.ReasonDoubleSpent, w.authorise(t, second, bank.Rule{}).Reason)
		require.EqualValues(t, 500, w.Books().Totals.NetDebit)
	})
	t.Run("CannotVerify", func(t *testing.T) {
		w := newTrial(t, func(c *bank.Config) { c.Cards = cards{signed} })
		request := tap(w)
		request.Verify = true
		require.Equal(t, operator.ReasonLimitExceeded, w.authorise(t, request, bank.Rule{}).Reason)
	})
	for name, spoil := range map[string]func(*operator.Request){
		"Forged":        func(r *operator.Request) { r.Card = []byte("forged") },
		"OtherOrder":    func(r *operator.Request) { r.OrderID[5] = 1 },
		"OtherAmount":   func(r *operator.Request) { r.Amount = 501 },
		"OtherMerchant": func(r *operator.Request) { r.Merchant = "N" },
		"OtherTerminal": func(r *operator.Request) { r.Terminal = "U" },
		"OtherCurrency": func(r *operator.Request) { r.Currency = "HKD" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newTrial(t, func(c *bank.Config) { c.Cards = cards{signed} })
			request := tap(w)
			spoil(&request)
			require.Equal(t, operator.ReasonCardRefused, w.authorise(t, request, bank.Rule{}).Reason)
		})
	}
	t.Run("NoVerifier", func(t *testing.T) {
		w := newTrial(t, nil)
		require.Equal(t, operator.ReasonCardRefused, w.authorise(t, tap(w), bank.Rule{}).Reason)
	})
}

// switching is a CardVerifier whose answer a test changes.
type switching struct{ paid bank.CardPayment }

func (s *switching) Verify([]byte) (bank.CardPayment, error) { return s.paid, nil }

func TestRules(t *testing.T) {
	w := newTrial(t, nil)
	add := func(rule bank.Rule) {
		_, err := w.AddRule(rule)
		require.NoError(t, err)
	}
	add(bank.Rule{Operation: "authorise", Count: 2, Do: bank.DoLose})
	add(bank.Rule{Amount: 1313, Do: bank.DoDecline, Reason: "limit_exceeded"})
	add(bank.Rule{OrderID: operator.OrderID{9}.String(), Do: bank.DoNotFound})
	require.Len(t, w.Rules(), 3)
	require.Equal(t, bank.DoLose, w.Match("authorise", operator.OrderID{}, 1).Do)
	require.Equal(t, bank.DoHonest, w.Match("query", operator.OrderID{}, 1).Do)
	require.Equal(t, bank.DoLose, w.Match("authorise", operator.OrderID{}, 1313).Do)
	require.Equal(t, bank.DoDecline, w.Match("authorise", operator.OrderID{}, 1313).Do, "the first rule is used up")
	require.Equal(t, bank.DoNotFound, w.Match("query", operator.OrderID{9}, 1).Do)
	w.ClearRules()
	require.Equal(t, bank.Rule{}, w.Match("query", operator.OrderID{9}, 1))
	for _, rule := range []bank.Rule{{Operation: "dance"}, {Do: "dance"}, {Do: bank.DoError}, {Do: bank.DoErrorDone, Status: 200}, {Then: "later"},
		{Reason: "moon"}, {LatencyMillis: -1}, {DelayMillis: 3_600_001}, {Count: -1}, {Amount: -1}} {
		_, err := w.AddRule(rule)
		require.ErrorIs(t, err, bank.ErrInvalidRule, "%+v", rule)
	}
}

// TestBooksAlwaysBalance: whatever is asked in whatever order, wallets and orders tell the same story and no order costs
// more than its amount or less than nothing.
func TestBooksAlwaysBalance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTrial(t, nil)
		requests := []operator.Request{w.request(10), w.request(20), w.request(60_000), w.request(70_000)}
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			request := rapid.SampledFrom(requests).Draw(t, "request")
			rule := bank.Rule{Do: rapid.SampledFrom([]bank.Behaviour{"", "", bank.DoDecline, bank.DoPassword, bank.DoLate, bank.DoRefuseReversal}).Draw(t, "do"),
				DelayMillis: rapid.Int64Range(0, 3000).Draw(t, "delay"), Stubborn: rapid.Bool().Draw(t, "stubborn")}
			var err error
			switch rapid.IntRange(0, 3).Draw(t, "operation") {
			case 0:
				_, err = w.Authorise(request, rule)
			case 1:
				_, err = w.Query(inquiry(request), rule)
			case 2:
				_, err = w.Reverse(inquiry(request), rule)
			case 3:
				_, err = w.Refund(inquiry(request), rule)
			}
			require.NoError(t, err)
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms")) * time.Millisecond)
			books := w.Books()
			require.Equal(t, books.Totals.Debited-books.Totals.Credited, books.Totals.NetDebit)
			for _, entry := range books.Orders {
				net := entry.Debited - entry.Credited
				require.True(t, net == 0 || net == entry.Amount, "%+v", entry)
				require.Equal(t, entry.Status == "approved", net != 0, "%+v", entry)
			}
		}
	})
}
