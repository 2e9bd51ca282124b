package trial

import (
	"context"

	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// Bounds of holds.
const (
	holdStepsMax = 4   // things done with one hold while its customer is there
	holdsListed  = 100 // holds that are looked for at the end
)

// hold is a customer who leaves a deposit: it is held, and then raised, completed, undone, cancelled or left alone.
func (c *cashier) hold(ctx context.Context) {
	wish := wish{kind: scanned, amount: amountMin + c.random.Int64N(amountMax-amountMin+1), hold: true}
	sale, begun := c.begin(ctx, wish)
	if !begun {
		return
	}
	c.follow(ctx, sale, wish)
	for range c.random.IntN(holdStepsMax + 1) {
		order, answered := c.look(ctx, sale.ID)
		if !answered || order.Standing == nil || order.Outcome != "approved" {
			return
		}
		if _, done := c.followUp(ctx, sale.ID, c.holdStep(*order.Standing)); !done {
			return
		}
	}
}

// holdStep draws what is done with a hold as it stands.
func (c *cashier) holdStep(s stationclient.Standing) stationclient.FollowUpBody {
	part := func(whole int64) int64 { return 1 + c.random.Int64N(max(whole, 1)) }
	body := stationclient.FollowUpBody{Cashier: "01"}
	switch draw := c.random.IntN(8); {
	case s.Closed && s.Left > 0 && draw < 4:
		body.Kind, body.Amount = "refund", part(s.Left)
	case s.Closed || s.Paid > 0 && draw == 7:
		body.Kind = "undo"
	case draw < 2:
		body.Kind, body.Amount = "top-up", part(amountMax)
	case draw == 2:
		body.Kind = "cancel"
	default:
		body.Kind, body.Amount, body.Last = "complete", part(s.StillHeld), c.random.IntN(2) == 0
	}
	return body
}

// releaseHolds cancels what is still held, once no sale is begun any more. What is under way already refuses that, and is
// looked at again.
func (c *cashier) releaseHolds(ctx context.Context) {
	holds, err := c.till.Station.Sales(ctx, holdsListed, true)
	if err != nil {
		return
	}
	for _, hold := range holds {
		c.beginBack(ctx, hold.ID, stationclient.FollowUpBody{Kind: "cancel", Cashier: "01"})
	}
}
