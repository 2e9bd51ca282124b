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
	backShare  = 8               // one customer in so many comes to get money back
	backWithin = 3 * time.Second // how long one waits at the counter for that
)

// giveBack is a customer who brings something back: a void of the whole, or a refund of a part.
func (c *cashier) giveBack(ctx context.Context) {
	paid := c.told.Paid(c.till.Terminal)
	if len(paid) == 0 {
		return
	}
	sale := paid[c.random.IntN(len(paid))]
	wish := stationclient.FollowUpBody{Kind: "void", Cashier: "01"}
	if sale.Returned > 0 || c.random.IntN(2) == 0 {
		wish.Kind, wish.Amount = "refund", 1+c.random.Int64N(sale.Amount-sale.Returned)
	}
	if c.random.IntN(3) == 0 {
		// As in foresee: an operator that forgets this does it at once.
		_ = c.Operator.AddRule(ctx, bank.Rule{OrderID: sale.Order, Operation: "follow_up", Count: 1, LatencyMillis: c.random.Int64N(workMax.Milliseconds())})
	}
	made, begun := c.beginBack(ctx, sale.Order, wish)
	if !begun {
		return
	}
	c.moments.comes(c.target, plan.Scanned)
	c.moments.comes(c.target, plan.Working)
	for waited := time.Now(); !made.Final && time.Since(waited) < backWithin && pause(ctx, lookEvery); {
		if now, answered := c.lookBack(ctx, made.ID); answered {
			made = now
		}
	}
	c.moments.comes(c.target, plan.Answered)
	c.moments.comes(c.target, plan.Printing)
}

// beginBack begins a void or refund. As with a sale, the same key is asked with until there is an answer.
func (c *cashier) beginBack(ctx context.Context, order string, wish stationclient.FollowUpBody) (stationclient.FollowUp, bool) {
	key := uuid.NewString()
	for ctx.Err() == nil {
		made, err := c.till.Station.FollowUp(ctx, key, order, wish)
		var refused *stationclient.RefusedError
		switch {
		case err == nil:
			c.told.Return(made.ID, order)
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
