package world

import (
	"context"
	"errors"
	"time"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
)

// receipt is what stands on a customer's slip to find the sale by.
type receipt struct{ reference, code string }

// wanted is how somebody at a till looks for a purchase: by=reference or by=code from its receipt, by=list from the till's
// latest sales, else by its order. What is not there any more, or never was, is looked for by its order.
func (t *till) wanted(p *purchase, by string) station.Wanted {
	switch {
	case by == "reference" && p.receipt.reference != "":
		return station.Wanted{Reference: p.receipt.reference, Cashier: "01"}
	case by == "code" && p.receipt.code != "":
		return station.Wanted{Text: p.receipt.code, Cashier: "01"}
	case by == "list":
		t.list(p)
	}
	return station.Wanted{Order: checkout.OrderID(p.order), Cashier: "01"}
}

// list checks that a till's own list has a sale that it took.
func (t *till) list(p *purchase) {
	const latest = 500
	sales, err := t.agent.Till().Sales(context.Background(), latest, false)
	t.world.must(err)
	for _, view := range sales {
		if order(view.Sale.OrderID) == p.order {
			return
		}
	}
	if p.till == t && (!t.divided || t.evidence.requested[p.order]) {
		t.world.violation("not-in-list", "%s does not list %s", t.name, t.world.alias(p.order))
	}
}

// find looks a purchase up and goes on with it once it is found. Who gets no answer goes without.
func (t *till) find(p *purchase, by string, then func()) {
	ctx, w := context.Background(), t.world
	found, question, err := t.agent.Lookup(ctx, t.wanted(p, by))
	switch {
	case err != nil:
		w.refused(t, err)
		return
	case question == nil:
		t.found(p, found)
		then()
		return
	}
	w.hit("lookup-asked")
	call := w.dealings.begin(w, "", p.order, asking, 0)
	repeat, end := question.Waits()
	over := false
	w.soon(t, repeat, func() {
		if !over {
			question.Repeat(ctx)
		}
	})
	t.await(p, call, question, w.loop.now+end, func(found bool) {
		if over = true; found {
			then()
		}
	})
}

// await looks for a question's answer until a time, and says at its end whether something was found.
func (t *till) await(p *purchase, call *dealing, question *agent.Question, until time.Duration, ended func(found bool)) {
	const pause = 200 * time.Millisecond
	t.world.soon(t, pause, func() {
		found, answered, err := question.Answer(context.Background())
		switch {
		case err != nil:
			t.world.refused(t, err)
			if errors.Is(err, &station.Refusal{Phrase: catalogue.RefuseLookupNothing}) {
				call.answer(t.world, told{})
			}
			t.foundNothing(p)
			ended(false)
		case answered:
			payment := found.Order.GetPayment()
			call.answer(t.world, told{outcome: payment.GetOutcome(), paid: payment.GetStanding().GetPaid(), refunded: payment.GetStanding().GetRefunded()})
			t.found(p, found)
			ended(true)
		case t.world.loop.now >= until:
			t.world.hit("lookup-silent")
			question.End()
			ended(false)
		default:
			t.await(p, call, question, until, ended)
		}
	})
}

// found checks that what was found is what was looked for, and that nobody is told of more than was paid.
func (t *till) found(p *purchase, found station.FoundOrder) {
	w, payment := t.world, found.Order.GetPayment()
	if order(payment.GetOrderId()) != p.order || payment.GetAmount() != p.amount {
		w.violation("found-another", "%s looked for %s and found %s over %s", t.name, w.alias(p.order),
			w.alias(order(payment.GetOrderId())), yuan(payment.GetAmount()))
	}
	if found.Left.Refund > p.most() {
		w.violation("found-too-much", "%s may give %s of %s back", t.name, yuan(found.Left.Refund), w.alias(p.order))
	}
}

// foundNothing checks that the cloud has no order of which it had a record.
func (t *till) foundNothing(p *purchase) {
	for _, b := range t.world.banks {
		if b.order(p.order) != nil {
			t.world.violation("found-nothing", "%s looked for %s, which %s has", t.name, t.world.alias(p.order), b.code)
		}
	}
}
