package bank_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
)

// verified is a request whose customer has to be verified.
func (w *trial) verified(amount int64) operator.Request {
	r := w.request(amount)
	r.Verify = true
	return r
}

// answer plays the customer of a request.
func (w *trial) answer(t *testing.T, r operator.Request, answer string) {
	t.Helper()
	require.NoError(t, w.Verify(bank.Verification{OrderID: r.OrderID, Amount: r.Amount, Factor: "password", Answer: answer}))
}

func (w *trial) query(t *testing.T, r operator.Request) operator.Answer {
	t.Helper()
	answer, err := w.Query(inquiry(r), bank.Rule{})
	require.NoError(t, err)
	return answer
}

func requireDeclined(t *testing.T, a operator.Answer, reason operator.Reason) {
	t.Helper()
	require.Equal(t, operator.StatusDeclined, a.Status)
	require.Equal(t, reason.String(), a.Reason.String())
}

func TestVerify(t *testing.T) {
	t.Run("right is approved", func(t *testing.T) {
		w := newTrial(t, nil)
		r := w.verified(50_000)
		require.Equal(t, operator.StatusAwaitingPassword, w.authorise(t, r, bank.Rule{}).Status)
		w.answer(t, r, "right")
		require.Equal(t, operator.StatusApproved, w.query(t, r).Status)
		require.ErrorIs(t, w.Verify(bank.Verification{OrderID: r.OrderID, Amount: r.Amount, Factor: "face", Answer: "right"}),
			bank.ErrNoVerification, "once")
	})
	t.Run("counts for its order and amount only", func(t *testing.T) {
		w := newTrial(t, nil)
		r := w.verified(50_000)
		w.authorise(t, r, bank.Rule{})
		for _, v := range []bank.Verification{
			{OrderID: r.OrderID, Amount: 50_001, Factor: "password", Answer: "right"},
			{OrderID: operator.OrderID{99}, Amount: 50_000, Factor: "password", Answer: "right"},
		} {
			require.ErrorIs(t, w.Verify(v), bank.ErrNoVerification)
		}
		require.Equal(t, operator.StatusAwaitingPassword, w.query(t, r).Status)
	})
	t.Run("leaving is the customer's cancel", func(t *testing.T) {
		w := newTrial(t, nil)
		r := w.verified(50_000)
		w.authorise(t, r, bank.Rule{})
		w.answer(t, r, "leave")
		requireDeclined(t, w.query(t, r), operator.ReasonCustomerCancelled)
	})
	t.Run("expires", func(t *testing.T) {
		w := newTrial(t, nil)
		r := w.verified(50_000)
		w.authorise(t, r, bank.Rule{})
		w.now = w.now.Add(time.Minute - 1)
		require.Equal(t, operator.StatusAwaitingPassword, w.query(t, r).Status)
		w.now = w.now.Add(1)
		requireDeclined(t, w.query(t, r), operator.ReasonTimedOut)
		require.ErrorIs(t, w.Verify(bank.Verification{OrderID: r.OrderID, Amount: r.Amount, Factor: "password", Answer: "right"}),
			bank.ErrNoVerification)
	})
	t.Run("three wrong answers lock the wallet for the day", func(t *testing.T) {
		w := newTrial(t, nil)
		r := w.verified(50_000)
		w.authorise(t, r, bank.Rule{})
		w.answer(t, r, "wrong")
		w.answer(t, r, "wrong")
		require.Equal(t, operator.StatusAwaitingPassword, w.query(t, r).Status)
		w.answer(t, r, "wrong")
		requireDeclined(t, w.query(t, r), operator.ReasonVerificationFailed)
		requireDeclined(t, w.authorise(t, w.request(1), bank.Rule{}), operator.ReasonWalletBlocked)
		w.now = time.Date(2026, 11, 23, 15, 59, 59, 0, time.UTC) // a second to midnight in China
		requireDeclined(t, w.authorise(t, w.request(1), bank.Rule{}), operator.ReasonWalletBlocked)
		w.now = w.now.Add(time.Second)
		require.Equal(t, operator.StatusApproved, w.authorise(t, w.request(1), bank.Rule{}).Status)
	})
	t.Run("a right answer forgives the wrong ones", func(t *testing.T) {
		w := newTrial(t, nil)
		for range 3 {
			r := w.verified(1)
			w.authorise(t, r, bank.Rule{})
			w.answer(t, r, "wrong")
			w.answer(t, r, "wrong")
			w.answer(t, r, "right")
			require.Equal(t, operator.StatusApproved, w.query(t, r).Status)
		}
	})
	t.Run("a shown code's payer", func(t *testing.T) {
		w := newTrial(t, nil)
		r := w.verified(50_000)
		r.Method, r.Code = operator.MethodShown, ""
		shown, err := w.Order(r, bank.Rule{})
		require.NoError(t, err)
		require.NoError(t, w.PayShown(shown.ShownCode, "0002000012345678"))
		require.Equal(t, operator.StatusAwaitingPassword, w.query(t, r).Status)
		w.answer(t, r, "right")
		require.Equal(t, operator.StatusApproved, w.query(t, r).Status)
	})
	t.Run("the operator's own count", func(t *testing.T) {
		w := newTrial(t, func(c *bank.Config) { c.NoPasswordCount = 5 })
		for range 5 {
			require.Equal(t, operator.StatusApproved, w.authorise(t, w.request(1), bank.Rule{}).Status)
		}
		sixth := w.request(1)
		require.Equal(t, operator.StatusAwaitingPassword, w.authorise(t, sixth, bank.Rule{}).Status)
		w.answer(t, sixth, "right")
		require.Equal(t, operator.StatusAwaitingPassword, w.authorise(t, w.request(1), bank.Rule{}).Status, "verified ones free nothing")
		w.now = w.now.Add(24 * time.Hour)
		require.Equal(t, operator.StatusApproved, w.authorise(t, w.request(1), bank.Rule{}).Status)
	})
	t.Run("ErrInvalidAnswer", func(t *testing.T) {
		w := newTrial(t, nil)
		require.ErrorIs(t, w.Verify(bank.Verification{Factor: "nose", Answer: "right"}), bank.ErrInvalidAnswer)
		require.ErrorIs(t, w.Verify(bank.Verification{Factor: "face", Answer: "maybe"}), bank.ErrInvalidAnswer)
	})
}

func TestCaps(t *testing.T) {
	plans, err := plan.Default()
	require.NoError(t, err)
	caps := plans.Caps()
	const payer = "0002000012345678" // whose codes request makes
	inClass := func(t *testing.T, class int) *trial {
		w := newTrial(t, func(c *bank.Config) { c.Caps, c.Opening = &caps, 100_000_000 })
		require.NoError(t, w.SetClass(payer, class))
		return w
	}
	pay := func(t *testing.T, w *trial, amount int64) operator.Answer {
		return w.authorise(t, w.request(amount), bank.Rule{})
	}
	t.Run("one payment", func(t *testing.T) {
		w := inClass(t, 4)
		require.Equal(t, operator.StatusApproved, pay(t, w, 2_000_00).Status)
		requireDeclined(t, pay(t, w, 2_000_01), operator.ReasonLimitExceeded)
	})
	t.Run("a day", func(t *testing.T) {
		w := inClass(t, 4)
		pay(t, w, 2_000_00)
		pay(t, w, 2_000_00)
		requireDeclined(t, pay(t, w, 1_000_01), operator.ReasonLimitExceeded)
		require.Equal(t, operator.StatusApproved, pay(t, w, 1_000_00).Status)
		w.now = w.now.Add(24 * time.Hour)
		require.Equal(t, operator.StatusApproved, pay(t, w, 2_000_00).Status)
	})
	t.Run("a year", func(t *testing.T) {
		w := inClass(t, 4)
		for range 25 {
			require.Equal(t, operator.StatusApproved, pay(t, w, 2_000_00).Status)
			w.now = w.now.Add(24 * time.Hour)
		}
		requireDeclined(t, pay(t, w, 1), operator.ReasonLimitExceeded)
		w.now = w.now.AddDate(1, 0, 0)
		require.Equal(t, operator.StatusApproved, pay(t, w, 1).Status)
	})
	t.Run("none for the first class", func(t *testing.T) {
		require.Equal(t, operator.StatusApproved, pay(t, inClass(t, 1), 90_000_000).Status)
	})
	t.Run("barcode payments, when enforced", func(t *testing.T) {
		w := newTrial(t, func(c *bank.Config) {
			enforced := caps
			enforced.Barcode.Enforced, enforced.Barcode.Grade = true, "D"
			c.Caps, c.Opening = &enforced, 100_000_000
		})
		require.Equal(t, operator.StatusApproved, pay(t, w, 500_00).Status)
		requireDeclined(t, pay(t, w, 1), operator.ReasonLimitExceeded)
	})
	require.ErrorIs(t, newTrial(t, nil).SetClass(payer, 5), bank.ErrInvalidWallet)
}
