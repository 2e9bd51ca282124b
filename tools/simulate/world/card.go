package world

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// wallet is a hard wallet that somebody has in his hand: the card, and perhaps a copy that a thief made of it with all its
// keys. The card itself is the model of the protocol's profile.
type wallet struct {
	card, copy *hardcard.Card
	path       string   // of the card's file; empty for one that is never copied
	tape       [][]byte // what the card last answered, to be played to another till
}

// inField is a card in a till's field.
type inField struct {
	*hardcard.Card
	world *World
	life  *life // of the till
	of    *wallet
	order order // that it is to pay
	torn  int   // exchanges until it leaves the field after the wallet has acted and before its answer; 0 for never
	// replays says that it is no card but a tape of one's answers.
	replays bool
	turn    int // exchanges so far
}

var _ drivers.Card = (*inField)(nil)

// errTorn is the reader's word for a card that left in the middle.
var errTorn = &drivers.Error{Kind: drivers.KindGone, OutcomeUnknown: true, Cause: errors.New("card left the field")}

// ID implements drivers.Card.
func (c *inField) ID() []byte { return []byte{1, 2, 3, 4} }

// Exchange implements drivers.Card.
func (c *inField) Exchange(_ context.Context, command []byte) ([]byte, error) {
	c.life.point("before card")
	c.world.loop.sleep(30 * time.Millisecond)
	answer := c.answer(command)
	c.life.point("after card")
	if c.torn > 0 {
		if c.torn--; c.torn == 0 {
			c.world.hit("card-torn")
			return nil, errTorn
		}
	}
	c.world.loop.sleep(60 * time.Millisecond)
	return answer, nil
}

// answer is the card's, and a note of what it paid; or what the tape has.
func (c *inField) answer(command []byte) []byte {
	if c.turn++; c.replays {
		if c.turn > len(c.of.tape) {
			return []byte{0x6f, 0x00}
		}
		return c.of.tape[c.turn-1]
	}
	before := c.Counter()
	answer := c.Card.Exchange(command)
	if c.turn == 1 {
		c.of.tape = nil
	}
	c.of.tape = append(c.of.tape, answer)
	if after := c.Counter(); after != before {
		spent := spending{c.Wallet(), after}
		c.world.spendings[spent] = append(c.world.spendings[spent], c.order)
		c.world.spentBy[c.order] = append(c.world.spentBy[c.order], spent)
	}
	return answer
}

// Release implements drivers.Card.
func (c *inField) Release(context.Context) error { return nil }

// spending is one payment of a wallet by its own count. Two orders have the same one only if there are two cards.
type spending struct {
	wallet  hardwallet.WalletID
	counter uint32
}

// doubled reports whether an order was paid with a number that a copy of the card has used too.
func (w *World) doubled(id order) bool {
	for _, spent := range w.spentBy[id] {
		if len(w.spendings[spent]) > 1 {
			return true
		}
	}
	return false
}

// presentedFor reports whether an operator was presented with what a card has paid for an order.
func (w *World) presentedFor(id order) bool {
	return slices.ContainsFunc(w.spentBy[id], func(spent spending) bool { return w.presented[spent] == id })
}

// walletOf returns a customer's wallet, made when it is first needed.
func (w *World) walletOf(c *customer) *wallet {
	if c.wallet != nil {
		return c.wallet
	}
	c.wallet = &wallet{}
	if c.regular {
		c.wallet.path = filepath.Join(w.folder, c.name+".json")
	}
	w.minted++
	minted, err := hardcard.Mint(w.shop.issuer, hardcard.Options{Wallet: fmt.Sprintf("0010%012d", w.minted), Balance: 1_000_000_00,
		TapLimit: noPasswordMax, TapCount: 1000, Path: c.wallet.path})
	w.must(err)
	c.wallet.card = minted
	w.cards[minted.Wallet()] = c
	return c.wallet
}

// regular is a customer who comes again and has one card.
func (w *World) regular(number int) *customer {
	if w.regulars[number] == nil {
		w.regulars[number] = &customer{name: fmt.Sprintf("regular %04d", number), scans: true, regular: true}
	}
	return w.regulars[number]
}

// copyCard has a thief copy a regular customer's card as it is, keys and all:
//
//	copy-card card=1
func copyCard(w *World, a Action) {
	of := w.walletOf(w.regular(a.number("card")))
	text, err := os.ReadFile(of.path)
	w.must(err)
	path := of.path + ".copy"
	w.must(os.WriteFile(path, text, 0o600))
	of.copy, err = hardcard.Load(path)
	w.must(err)
	w.hit("card-copied")
}

// tap holds the customer's card into the field, or what the purchase says.
func (t *till) tap(p *purchase) {
	w := t.world
	of := w.walletOf(p.customer)
	c := &inField{Card: of.card, world: w, life: t.life, of: of, order: p.order, torn: w.tear}
	switch {
	case p.copied && of.copy != nil:
		c.Card = of.copy
	case p.replays && of.tape != nil:
		w.hit("card-replayed")
		c.replays = true
	}
	c.Reset()
	w.tear = 0
	w.loop.begin(t.life, func() {
		t.agent.Tap(context.Background(), c)
		t.settle()
	})
}

// cardPayer checks a hard wallet's transaction, as its operator does. Which number was used before the cloud knows for all
// operators: one that it presents twice is a broken promise.
func (w *World) cardPayer(r operator.Request) (*customer, operator.Reason) {
	var paid hardwallet.Transaction
	if err := paid.UnmarshalBinary(r.Card); err != nil {
		return nil, operator.ReasonInvalidRequest
	}
	c := w.cards[paid.Certificate.Wallet]
	if c == nil || paid.Verify(w.shop.issuers) != nil || order(paid.Request.Order) != r.OrderID || paid.Request.Amount != r.Amount {
		w.violation("card-invalid", "what %s is presented with is no card's word for it", w.alias(r.OrderID))
		return nil, operator.ReasonInvalidRequest
	}
	spent := spending{paid.Certificate.Wallet, paid.Debit.Counter}
	if before, used := w.presented[spent]; used && before != r.OrderID {
		w.violation("double-spend-presented", "the card's number of %s was used by %s", w.alias(r.OrderID), w.alias(before))
		return nil, operator.ReasonDoubleSpent
	}
	w.presented[spent] = r.OrderID
	return c, operator.ReasonNone
}
