package bank_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
)

// pages is a daybook in memory of which a kill leaves what was synced, and by chance some of the rest.
type pages struct {
	lines  [][]byte
	synced int
	fail   error
}

func (p *pages) Write(line []byte) (uint64, error) {
	if p.fail != nil {
		return 0, p.fail
	}
	p.lines = append(p.lines, bytes.Clone(line))
	return uint64(len(p.lines)), nil
}

func (p *pages) Sync(number uint64) error {
	if p.fail != nil {
		return p.fail
	}
	p.synced = max(p.synced, int(number))
	return nil
}

// killed returns a new bank that goes on with the first lines of the daybook.
func (w *trial) killed(t require.TestingT, p *pages, keep int) *trial {
	p.lines = p.lines[:keep]
	again := newTrial(t, func(c *bank.Config) { c.Daybook = p })
	again.now, again.next = w.now, w.next
	for _, line := range p.lines {
		require.NoError(t, again.Restore(line))
	}
	return again
}

// TestKilledBankForgetsNothing plays a random day with kills in it and holds that each answer is still true afterwards.
func TestKilledBankForgetsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		book := &pages{}
		w := newTrial(t, func(c *bank.Config) { c.Daybook = book })
		var requests []operator.Request
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 6).Draw(t, "step") {
			case 0, 1:
				r := w.request(rapid.Int64Range(1, 60_000).Draw(t, "amount"))
				rule := bank.Rule{}
				if rapid.Bool().Draw(t, "password") {
					rule = bank.Rule{Do: bank.DoPassword, DelayMillis: 1_000, Then: bank.EndApproved}
				}
				w.authorise(t, r, rule)
				requests = append(requests, r)
			case 2:
				r := w.request(rapid.Int64Range(1, 60_000).Draw(t, "amount"))
				r.Method, r.Code = operator.MethodShown, ""
				answer, err := w.Order(r, bank.Rule{})
				require.NoError(t, err)
				requests = append(requests, r)
				if rapid.Bool().Draw(t, "pay") {
					require.NoError(t, w.PayShown(answer.ShownCode, "0012000000000007"))
				}
			case 3:
				if len(requests) > 0 {
					_, err := w.Reverse(inquiry(rapid.SampledFrom(requests).Draw(t, "order")), bank.Rule{})
					require.NoError(t, err)
				}
			case 4:
				if len(requests) > 0 {
					_, err := w.Refund(inquiry(rapid.SampledFrom(requests).Draw(t, "order")), bank.Rule{})
					require.NoError(t, err)
				}
			case 5:
				w.now = w.now.Add(700 * time.Millisecond)
			case 6:
				require.NoError(t, w.SetBalance("0002000012345678", rapid.Int64Range(0, 90_000).Draw(t, "balance")))
			}
			if rapid.IntRange(0, 3).Draw(t, "kill") == 0 {
				before := w.Books()
				w = w.killed(t, book, rapid.IntRange(book.synced, len(book.lines)).Draw(t, "kept"))
				require.Equal(t, before, w.Books())
			}
		}
		for _, r := range requests {
			asked := w.Books()
			_, err := w.Authorise(r, bank.Rule{}) // the same order again moves nothing, in the new process too
			require.NoError(t, err)
			require.Equal(t, asked.Totals, w.Books().Totals)
		}
	})
}

func TestRestore(t *testing.T) {
	t.Run("CodesPayOnceInTheNextProcessToo", func(t *testing.T) {
		book := &pages{}
		w := newTrial(t, func(c *bank.Config) { c.Daybook = book })
		first := w.request(1)
		require.Equal(t, operator.StatusApproved, w.authorise(t, first, bank.Rule{}).Status)
		w = w.killed(t, book, book.synced)
		second := w.request(2)
		second.Code = first.Code
		require.Equal(t, operator.ReasonCodeExpired, w.authorise(t, second, bank.Rule{}).Reason)
	})
	t.Run("ReferencesAreNotGivenTwice", func(t *testing.T) {
		book := &pages{}
		w := newTrial(t, func(c *bank.Config) { c.Daybook = book })
		first := w.authorise(t, w.request(1), bank.Rule{})
		w = w.killed(t, book, book.synced)
		require.NotEqual(t, first.Reference, w.authorise(t, w.request(1), bank.Rule{}).Reference)
	})
	t.Run("ALookAtTheBooksDecidesInTheSameOrder", func(t *testing.T) {
		book := &pages{}
		w := newTrial(t, func(c *bank.Config) { c.Daybook = book })
		for range 20 { // each wants all that is in the wallet
			w.authorise(t, w.request(100_000), bank.Rule{Do: bank.DoPassword, DelayMillis: 1, Then: bank.EndApproved})
		}
		w.now = w.now.Add(time.Second)
		before := w.Books()
		require.Equal(t, 1, before.Totals.Approved)
		require.Equal(t, before, w.killed(t, book, len(book.lines)).Books())
	})
	t.Run("NeitherCodeNorCardIsKept", func(t *testing.T) {
		book := &pages{}
		w := newTrial(t, func(c *bank.Config) { c.Daybook, c.Cards = book, anyCard{} })
		paid := w.request(1)
		require.Equal(t, operator.StatusApproved, w.authorise(t, paid, bank.Rule{}).Status)
		tap := w.request(2)
		tap.Method, tap.Code, tap.Card = operator.MethodTap, "", []byte("what the card has signed")
		require.Equal(t, operator.StatusApproved, w.authorise(t, tap, bank.Rule{}).Status)
		card, err := json.Marshal(tap.Card)
		require.NoError(t, err)
		for _, line := range book.lines {
			require.NotContains(t, string(line), paid.Code)
			require.NotContains(t, string(line), string(bytes.Trim(card, `"`)))
		}
		before := w.Books()
		w = w.killed(t, book, book.synced)
		require.Equal(t, before, w.Books())
		require.Equal(t, operator.StatusApproved, w.authorise(t, paid, bank.Rule{}).Status, "the same again")
		changed := paid
		changed.Code = "0112345678999999999"
		_, err = w.Authorise(changed, bank.Rule{})
		require.ErrorIs(t, err, bank.ErrOrderConflict, "another code is another request")
	})
	t.Run("CardsPayOnceInTheNextProcessToo", func(t *testing.T) {
		book := &pages{}
		w := newTrial(t, func(c *bank.Config) { c.Daybook, c.Cards = book, anyCard{} })
		first := w.request(1)
		first.Method, first.Code, first.Card = operator.MethodTap, "", []byte("x")
		require.Equal(t, operator.StatusApproved, w.authorise(t, first, bank.Rule{}).Status)
		second := first
		second.OrderID = operator.OrderID{99}
		again := newTrial(t, func(c *bank.Config) { c.Daybook, c.Cards = &pages{}, anyCard{order: second.OrderID} })
		for _, line := range book.lines {
			require.NoError(t, again.Restore(line))
		}
		require.Equal(t, operator.ReasonDuplicate, again.authorise(t, second, bank.Rule{}).Reason)
	})
	t.Run("ErrDaybookLine", func(t *testing.T) {
		for _, line := range []string{"", "{}", "[]", `{"place":{}}`, `{"at":"noon"}`, `{"at":1,"place":{"Code":"0112"}}`, `{"at":1,"dance":{}}`} {
			require.ErrorIs(t, newTrial(t, nil).Restore([]byte(line)), bank.ErrDaybookLine, line)
		}
	})
}

// anyCard is a verifier for which every card has signed what is asked; of the order given, or of those that trials make.
type anyCard struct{ order operator.OrderID }

func (a anyCard) Verify(card []byte) (bank.CardPayment, error) {
	paid := bank.CardPayment{Wallet: "0001000000000007", OrderID: operator.OrderID{1}, Merchant: "M", Terminal: "T", Amount: 1,
		Currency: "CNY", Counter: 5}
	if len(card) > 1 {
		paid.OrderID, paid.Amount = operator.OrderID{2}, 2
	}
	if a.order != (operator.OrderID{}) {
		paid.OrderID = a.order
	}
	return paid, nil
}

// TestErrDaybook holds that nothing is done that could not be written down, and that it can be done later.
func TestErrDaybook(t *testing.T) {
	book := &pages{}
	w := newTrial(t, func(c *bank.Config) { c.Daybook = book })
	book.fail = errors.New("disk is full")
	request := w.request(1250)
	_, err := w.Authorise(request, bank.Rule{})
	require.ErrorIs(t, err, bank.ErrDaybook)
	require.ErrorIs(t, w.SetBalance("0002000012345678", 1), bank.ErrDaybook)
	require.Empty(t, w.Books().Orders)
	book.fail = nil
	answer := w.authorise(t, request, bank.Rule{})
	require.Equal(t, operator.StatusApproved, answer.Status)
	w = w.killed(t, book, book.synced)
	again, err := w.Query(inquiry(request), bank.Rule{})
	require.NoError(t, err)
	require.Equal(t, answer, again)
}
