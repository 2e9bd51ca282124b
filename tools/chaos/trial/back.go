package trial

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/yuantill/yuantill/tools/chaos/plan"
	"github.com/yuantill/yuantill/tools/chaos/tally"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

const (
	dayShare   = 48              // of so many customers
	backShare  = 6               // these come to get money back,
	holdShare  = 4               // these leave a deposit,
	shiftShare = 1               // and at one of them the shift ends
	backWithin = 3 * time.Second // how long one waits at the counter for what is done with an order
)

// giveBack is a customer who brings something back: a void of the whole, or a refund of a part.
func (c *cashier) giveBack(ctx context.Context) {
	paid := c.told.Paid(c.till.Terminal)
	if len(paid) == 0 {
		return
	}
	c.giveBackOf(ctx, paid[c.random.IntN(len(paid))])
}

// giveBackOf gives a sale back, or a part of it.
func (c *cashier) giveBackOf(ctx context.Context, sale tally.Sale) {
	wish := stationclient.FollowUpBody{Kind: "void", Cashier: "01"}
	if sale.Returned > 0 || c.random.IntN(2) == 0 {
		wish.Kind, wish.Amount = "refund", 1+c.random.Int64N(sale.Amount-sale.Returned)
	}
	if c.random.IntN(3) == 0 {
		// As in foresee: an operator that forgets this does it at once.
		_ = c.Operator.AddRule(ctx, bank.Rule{OrderID: sale.Order, Operation: "follow_up", Count: 1, LatencyMillis: c.random.Int64N(workMax.Milliseconds())})
	}
	c.followUp(ctx, sale.Order, wish)
}

// followUp has something done with an order and waits a moment for it; false when the till does not do it.
func (c *cashier) followUp(ctx context.Context, order string, wish stationclient.FollowUpBody) (stationclient.FollowUp, bool) {
	made, begun := c.beginBack(ctx, order, wish)
	if !begun {
		return made, false
	}
	c.moments.comes(c.target, plan.Scanned)
	c.moments.comes(c.target, plan.Working)
	for waited := time.Now(); made.Outcome == "unknown" && time.Since(waited) < backWithin && pause(ctx, lookEvery); {
		if now, answered := c.lookBack(ctx, made.ID); answered {
			made = now
		}
	}
	c.moments.comes(c.target, plan.Answered)
	c.moments.comes(c.target, plan.Printing)
	return made, true
}

// beginBack begins a void or refund. As with a sale, the same key is asked with until there is an answer.
func (c *cashier) beginBack(ctx context.Context, order string, wish stationclient.FollowUpBody) (stationclient.FollowUp, bool) {
	key := uuid.NewString()
	for ctx.Err() == nil {
		made, err := c.till.Station.FollowUp(ctx, key, order, wish)
		var refused *stationclient.RefusedError
		switch {
		case err == nil:
			c.told.Return(made.ID, order, made.Kind)
			c.hearBack(made)
			return made, true
		case errors.As(err, &refused):
			pause(ctx, refuseEvery)
			return stationclient.FollowUp{}, false
		}
		pause(ctx, retryEvery)
	}
	return stationclient.FollowUp{}, false
}

func (c *cashier) hearBack(made stationclient.FollowUp) {
	c.told.HearReturn(made.ID, tally.Word{State: made.State, Outcome: made.Outcome, Final: made.Final, Amount: made.Amount})
}

// lookBack asks the till for a void or refund and remembers the answer; false when there is none.
func (c *cashier) lookBack(ctx context.Context, id string) (stationclient.FollowUp, bool) {
	made, err := c.till.Station.Follow(ctx, id)
	if err != nil {
		return stationclient.FollowUp{}, false
	}
	c.hearBack(made)
	return made, true
}
