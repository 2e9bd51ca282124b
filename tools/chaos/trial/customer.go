package trial

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/yuantill/yuantill/tools/chaos/plan"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// kind is how a customer pays, or does not.
type kind uint8

// The kinds of customer.
const (
	scanned   kind = iota // shows a code
	typed                 // shows a code and types a password
	declined              // shows a code of a wallet that does not pay
	lost                  // shows a code, and the operator's answer gets lost
	tapped                // taps a hard wallet
	shown                 // scans our code and pays
	walked                // asks for our code and walks off
	cancelled             // shows a code, and the cashier cancels at once
)

// wish is what one customer does.
type wish struct {
	kind   kind
	amount int64 // fen
	hold   bool
	// work is how long the operator takes.
	work time.Duration
}

// workMax is the longest that an operator works on a payment; most take no time.
const workMax = 300 * time.Millisecond

func (c *cashier) draw(ctx context.Context) wish {
	w := wish{amount: amountMin + c.random.Int64N(amountMax-amountMin+1)}
	if c.random.IntN(3) == 0 {
		w.work = time.Duration(c.random.Int64N(int64(workMax)))
	}
	draw := c.random.IntN(100)
	for _, share := range []struct {
		kind  kind
		below int
	}{{scanned, 56}, {typed, 64}, {declined, 72}, {lost, 76}, {tapped, 86}, {shown, 94}, {walked, 96}, {cancelled, 100}} {
		if draw < share.below {
			w.kind = share.kind
			break
		}
	}
	if c.random.IntN(offlineShare) != 0 && !c.connected(ctx) {
		w.kind = tapped // who pays without a connection has a hard wallet
	}
	return w
}

// foresee tells the operator how this order goes. An operator that is down or is killed meanwhile forgets it and does
// what honest ones do: then the sale goes another way, and nobody minds.
func (c *cashier) foresee(ctx context.Context, order string, w wish) {
	rule := bank.Rule{OrderID: order, Operation: "authorise", Count: 1, LatencyMillis: w.work.Milliseconds()}
	switch w.kind {
	case typed:
		rule.Do, rule.DelayMillis, rule.Then = bank.DoPassword, 200+w.work.Milliseconds(), bank.EndApproved
	case declined:
		rule.Do, rule.Reason = bank.DoDecline, "limit_exceeded"
	case lost:
		rule.Do = bank.DoLose
	case shown, walked:
		return
	}
	if rule.Do == bank.DoHonest && w.work == 0 {
		return
	}
	_ = c.Operator.AddRule(ctx, rule)
}

// part is a sale being played.
type part struct {
	*cashier
	wish   wish
	begun  time.Time
	acted  time.Time // when the customer last did something; zero before
	ended  time.Time // when the sale was first seen over
	paid   bool      // the shown code was scanned
	undone bool      // the cashier has cancelled
}

// over reports whether the next customer can be served, and tells of the moments on the way there.
func (p *part) over(sale stationclient.Sale) bool {
	if sale.Holds {
		return false
	}
	if p.ended.IsZero() {
		p.ended = time.Now()
		p.moments.comes(p.target, plan.Answered)
	}
	if len(sale.Unprinted) == 0 || time.Since(p.ended) > paperWithin {
		return true
	}
	p.moments.comes(p.target, plan.Printing)
	return false
}

// play does what is to be done in the sale's state.
func (p *part) play(ctx context.Context, sale stationclient.Sale) {
	waited := time.Since(p.begun)
	switch {
	case sale.State == "waiting" && waited > goneAfter, sale.Holds && waited > stuckAfter:
		p.cancel(ctx, sale.ID)
	case sale.State == "waiting":
		if p.acted.IsZero() || time.Since(p.acted) > againAfter {
			p.act(ctx, sale.ID)
			p.acted = time.Now()
		}
	case sale.State == "awaiting-scan" && p.wish.kind == shown && !p.paid && sale.ShownCode != "":
		p.paid = p.Operator.PayShown(ctx, sale.ShownCode) == nil
	case sale.State == "awaiting-scan" && p.wish.kind == walked && waited > slowAfter:
		p.cancel(ctx, sale.ID)
	case p.wish.kind == cancelled && !p.undone && sale.Holds && p.asked(sale):
		p.cancel(ctx, sale.ID)
	}
}

// asked reports whether the cloud was asked for the money.
func (p *part) asked(sale stationclient.Sale) bool {
	return sale.State == "authorising" || sale.State == "awaiting-password" || sale.State == "querying"
}

// act is the customer's part. What fails here is tried again when nothing came of it.
func (p *part) act(ctx context.Context, order string) {
	ctx, cancel := context.WithTimeout(ctx, againAfter)
	defer cancel()
	switch p.wish.kind {
	case tapped:
		_ = p.till.Devices.Tap(ctx)
	case shown, walked:
		_, _ = p.till.Station.ShowCode(ctx, uuid.NewString(), order)
	default:
		_, _ = p.till.Devices.Scan(ctx, p.code())
	}
	p.moments.comes(p.target, plan.Scanned)
	if p.wish.work > 0 || p.wish.kind == typed {
		p.moments.comes(p.target, plan.Working)
	}
}

// cancel is the cashier's wish to take the sale back; one that does not arrive is repeated with the next look.
func (p *part) cancel(ctx context.Context, order string) {
	if _, err := p.till.Station.Cancel(ctx, uuid.NewString(), order, "01"); err == nil {
		p.undone = true
	}
}
