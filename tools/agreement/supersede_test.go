package agreement_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/money"
)

// counter is one customer before a shown code, who may pay it, have a code scanned, or tap, as often as the till lets
// them: a family of orders, each with its cloud and its operator.
type counter struct {
	t      *rapid.T
	worlds []*world
}

func newCounter(t *rapid.T) *counter {
	w := emptyWorld(t, order)
	w.till(checkout.Started{OrderID: order, Amount: money.Money{Minor: amount, Currency: money.CNY}, Cashier: "01", Batch: 1, Voucher: 1})
	w.till(checkout.CodeWanted{})
	return &counter{t: t, worlds: []*world{w}}
}

func (c *counter) newest() *world { return c.worlds[len(c.worlds)-1] }

// present gives what the customer presents to the sale that holds the till; another takes its place where it may.
func (c *counter) present(event checkout.Event) {
	w := c.newest()
	if !w.rules.Supersedes(w.sale, event) {
		if _, scanned := event.(checkout.CodeScanned); scanned && w.sale.State == checkout.Waiting {
			w.secret = true
		}
		w.till(event)
		return
	}
	id := order
	id[15] += byte(len(c.worlds))
	before, after := w.rules.Supersede(w.sale, checkout.Successor{OrderID: id, Batch: 1, Voucher: 2}, event, w.now)
	next := emptyWorld(c.t, id)
	_, next.secret = event.(checkout.CodeScanned)
	next.now = w.now
	c.worlds = append(c.worlds, next)
	w.take(before)
	next.take(after)
}

// take carries out a change that is durable.
func (w *world) take(change checkout.Change) {
	w.sale = change.Sale
	for _, event := range w.carry(change.Effects) {
		w.till(event)
	}
}

// payShown is the customer paying our code on the phone: the operator debits as long as nobody has taken it back.
func (w *world) payShown() {
	if w.ordered && !w.takenBack && w.debits == 0 {
		w.debits++
	}
}

// happen is one thing that happens at the counter.
func (c *counter) happen() {
	newest := c.newest()
	one := rapid.SampledFrom(c.worlds).Draw(c.t, "order")
	switch rapid.IntRange(0, 13).Draw(c.t, "what at the counter") {
	case 0, 1:
		one.payShown()
	case 2:
		c.present(checkout.CodeScanned{Kind: checkout.CodeECNY, Tail: code})
	case 3:
		c.present(checkout.CardPresented{Nonce: [8]byte{1}, Wallet: hardwallet.WalletID([]byte("0012345678900001"))})
	case 4:
		if newest.sale.State == checkout.Tapping && len(newest.sale.Card.Transaction) == 0 {
			c.present(checkout.CardPaid{Transaction: []byte("signed")})
		}
	case 5:
		if newest.sale.State == checkout.Tapping {
			c.present(checkout.CardRefused{Cause: checkout.CardFunds})
		}
	case 6:
		newest.till(checkout.CodeWanted{})
	case 7:
		c.pass(time.Duration(rapid.IntRange(0, 5_000).Draw(c.t, "ms")) * time.Millisecond)
	default:
		one.happen()
	}
	c.synchronise()
}

// synchronise keeps the worlds in one time: some of what happens lets it pass in one of them.
func (c *counter) synchronise() {
	latest := c.worlds[0].now
	for _, w := range c.worlds {
		if w.now.After(latest) {
			latest = w.now
		}
	}
	for _, w := range c.worlds {
		if w.now.Before(latest) {
			w.pass(latest.Sub(w.now))
		}
	}
}

func (c *counter) pass(d time.Duration) {
	for _, w := range c.worlds {
		w.pass(d)
	}
}

// TestTheFirstMeansWins: a customer who pays the shown code while another code is scanned or a card is tapped is out of
// the amount once at most, and of nothing when no sale says so; both sides say the same of each order.
func TestTheFirstMeansWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCounter(t)
		for range rapid.IntRange(0, 80).Draw(t, "things") {
			c.happen()
		}
		for _, w := range c.worlds {
			w.heal()
			require.True(t, w.sale.State.Final(), "the till is still %s", w.sale.State)
		}
		net, approved := 0, 0
		for i, w := range c.worlds {
			net += w.debits - w.credits
			paid := w.p != nil && w.p.State == payment.Approved
			require.Equal(t, paid, w.sale.State == checkout.Approved, "order %d: till %s, cloud %v", i, w.sale.State, w.p)
			require.Equal(t, paid, w.debits-w.credits == 1, "order %d: %d debits, %d credits", i, w.debits, w.credits)
			if paid {
				approved++
			}
			require.False(t, paid && i < len(c.worlds)-1, "only the newest may be paid")
		}
		require.LessOrEqual(t, net, 1)
		require.Equal(t, approved, net)
	})
}
