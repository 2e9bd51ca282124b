package trial

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/yuantill/yuantill/tools/chaos/plan"
	"github.com/yuantill/yuantill/tools/chaos/tally"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// How long cashiers and customers wait.
const (
	lookEvery   = 15 * time.Millisecond
	lookSlowly  = 100 * time.Millisecond // once a sale takes its time
	slowAfter   = time.Second
	againAfter  = 2 * time.Second  // the customer shows another code when nothing happens
	goneAfter   = 8 * time.Second  // the customer goes away, and the cashier cancels
	stuckAfter  = 30 * time.Second // whatever the sale is doing, the cashier cancels
	paperWithin = 3 * time.Second
	retryEvery  = 50 * time.Millisecond
	refuseEvery = 200 * time.Millisecond // after a till said that it takes no sale now
	nextWithin  = 300 * time.Millisecond // until the next customer has come
	amountMin   = 1_00
	amountMax   = 99_99
)

// cashier sells at one till all day and remembers every word.
type cashier struct {
	*world
	till   *shop.Till
	target plan.Target
	random *rand.Rand
}

func newCashier(w *world, number int) *cashier {
	return &cashier{world: w, till: w.Tills[number], target: plan.Target(number),
		random: rand.New(rand.NewPCG(w.options.Seed, uint64(number)))}
}

// run sells until the shop closes.
func (c *cashier) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-c.closing:
			return
		default:
			switch draw := c.random.IntN(dayShare); {
			case draw < backShare:
				c.giveBack(ctx)
			case draw < backShare+holdShare:
				c.hold(ctx)
			case draw < backShare+holdShare+shiftShare:
				c.changeShift(ctx)
			default:
				c.sale(ctx)
			}
			pause(ctx, time.Duration(c.random.Int64N(int64(nextWithin))))
		}
	}
}

// sale is one customer.
func (c *cashier) sale(ctx context.Context) {
	wish := c.draw(ctx)
	sale, begun := c.begin(ctx, wish)
	if !begun {
		return
	}
	c.foresee(ctx, sale.ID, wish)
	c.follow(ctx, sale, wish)
	if wish.kind == tapped {
		_ = c.till.Devices.Lift(ctx) // the devices are never struck, only what is connected to them
		c.returnOffline(ctx, sale.ID)
	}
}

// begin begins a sale. A cashier who gets no answer asks with the same key until there is one: perhaps it has begun.
func (c *cashier) begin(ctx context.Context, wish wish) (stationclient.Sale, bool) {
	key := uuid.NewString()
	for ctx.Err() == nil {
		sale, err := c.till.Station.Start(ctx, key, stationclient.Start{Amount: wish.amount, Currency: "CNY", Cashier: "01", Hold: wish.hold})
		var refused *stationclient.RefusedError
		switch {
		case err == nil:
			c.beginTold(sale)
			c.hear(sale)
			return sale, true
		case errors.As(err, &refused):
			c.refused(ctx, refused)
			return stationclient.Sale{}, false
		}
		pause(ctx, retryEvery)
	}
	return stationclient.Sale{}, false
}

// refused waits until a till may take a sale again; one that stands in the way is followed to its end.
func (c *cashier) refused(ctx context.Context, refused *stationclient.RefusedError) {
	if refused.Sale == "" {
		pause(ctx, refuseEvery)
		return
	}
	sale, err := c.till.Station.Sale(ctx, refused.Sale)
	if err != nil {
		pause(ctx, retryEvery)
		return
	}
	c.beginTold(sale)
	c.follow(ctx, sale, wish{kind: scanned, amount: sale.Amount})
}

// beginTold remembers that a sale was begun.
func (c *cashier) beginTold(sale stationclient.Sale) {
	if sale.Hold {
		c.told.BeginHold(c.till.Terminal, sale.ID, sale.Amount)
		return
	}
	c.told.Begin(c.till.Terminal, sale.ID, sale.Amount)
}

// hear remembers a till's word.
func (c *cashier) hear(sale stationclient.Sale) {
	c.told.Hear(sale.ID, tally.Word{State: sale.State, Outcome: sale.Outcome, Final: sale.Final, Amount: sale.Amount})
}

// look asks the till for a sale and remembers the answer; false when there is none.
func (c *cashier) look(ctx context.Context, id string) (stationclient.Sale, bool) {
	sale, err := c.till.Station.Sale(ctx, id)
	var refused *stationclient.RefusedError
	switch {
	case err == nil:
		c.hear(sale)
		return sale, true
	case errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound:
		c.told.Missing(id)
	}
	return stationclient.Sale{}, false
}

// follow plays cashier and customer until the sale does not hold the till any more and its paper is out.
func (c *cashier) follow(ctx context.Context, sale stationclient.Sale, wish wish) {
	part := &part{cashier: c, wish: wish, begun: time.Now()}
	for ctx.Err() == nil {
		if part.over(sale) {
			return
		}
		part.play(ctx, sale)
		wait := lookEvery
		if time.Since(part.begun) > slowAfter {
			wait = lookSlowly
		}
		pause(ctx, wait)
		if now, answered := c.look(ctx, sale.ID); answered {
			sale = now
		}
	}
}

// settle looks at every sale without a last word and returns how many there are.
func (c *cashier) settle(ctx context.Context) int {
	for _, order := range c.told.Open(c.till.Terminal) {
		c.look(ctx, order)
	}
	for _, id := range c.told.OpenReturns(c.till.Terminal) {
		c.lookBack(ctx, id)
	}
	c.releaseHolds(ctx)
	return len(c.told.Open(c.till.Terminal)) + len(c.told.OpenReturns(c.till.Terminal))
}

// code is a payment code that nobody has shown before, of a customer who was never here before.
func (w *world) code() string {
	n := w.codes.Add(1)
	return fmt.Sprintf("01%08d%09d", n, n)
}
