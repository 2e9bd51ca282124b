package world

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// card is a hard wallet in somebody's hand. The wallet itself is the model of the protocol's profile.
type card struct {
	*hardcard.Card
	world *World
	life  *life // of the till whose field it is in
	torn  int   // exchanges until it leaves the field after the wallet has acted and before its answer; 0 for never
	used  map[uint32]order
}

var _ drivers.Card = (*card)(nil)

// errTorn is the reader's word for a card that left in the middle.
var errTorn = &drivers.Error{Kind: drivers.KindGone, OutcomeUnknown: true, Cause: errors.New("card left the field")}

// ID implements drivers.Card.
func (c *card) ID() []byte { return []byte{1, 2, 3, 4} }

// Exchange implements drivers.Card.
func (c *card) Exchange(_ context.Context, command []byte) ([]byte, error) {
	c.life.point("before card")
	c.world.loop.sleep(30 * time.Millisecond)
	answer := c.Card.Exchange(command)
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

// Release implements drivers.Card.
func (c *card) Release(context.Context) error { return nil }

// cardOf returns a purchase's card, made when it is first needed.
func (w *World) cardOf(p *purchase) *card {
	if p.customer.card == nil {
		minted, err := hardcard.Mint(w.shop.issuer, hardcard.Options{Wallet: fmt.Sprintf("0010%012d", p.number), Balance: 1_000_000_00,
			TapLimit: 1_000_000_00})
		w.must(err)
		p.customer.card = &card{Card: minted, world: w, used: map[uint32]order{}}
		w.cards[minted.Wallet()] = p.customer
	}
	return p.customer.card
}

// tap holds the customer's card into the field.
func (t *till) tap(p *purchase) {
	c := t.world.cardOf(p)
	c.Reset()
	c.life, c.torn = t.life, t.world.tear
	t.world.tear = 0
	t.world.loop.begin(t.life, func() {
		t.agent.Tap(context.Background(), c)
		t.settle()
	})
}

// cardPayer checks a hard wallet's transaction, as its operator does.
func (w *World) cardPayer(r operator.Request) (*customer, operator.Reason) {
	var paid hardwallet.Transaction
	if err := paid.UnmarshalBinary(r.Card); err != nil {
		return nil, operator.ReasonInvalidRequest
	}
	c := w.cards[paid.Certificate.Wallet]
	if c == nil || paid.Verify(w.shop.issuers) != nil || order(paid.Request.Order) != r.OrderID || paid.Request.Amount != r.Amount {
		return nil, operator.ReasonInvalidRequest
	}
	if before, used := c.card.used[paid.Debit.Counter]; used && before != r.OrderID {
		return nil, operator.ReasonDoubleSpent
	}
	c.card.used[paid.Debit.Counter] = r.OrderID
	return c, operator.ReasonNone
}
