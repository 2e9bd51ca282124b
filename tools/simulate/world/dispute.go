package world

import (
	"slices"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// lieDisputed is a dispute of more than there is: the customer's bank takes back what he has back already, and the operator
// states it as if it were his.
const lieDisputed lie = "disputed"

// dispute has a customer's bank take back some of a sale, or of what was completed of a hold, of which nothing is under way, an hour
// after it at the earliest; back counts as for a refund:
//
//	dispute till=0 back=1 percent=60 [hold=1] [over=1]
//
// percent is of what is left; over takes that of the whole besides all that is left.
func dispute(w *World, a Action) {
	t := w.machine(a)
	if t == nil {
		return
	}
	p := w.original(a, a.is("hold"))
	if p == nil || slices.ContainsFunc(p.claims, func(c *claim) bool { return !c.decided }) {
		return
	}
	o := w.bankOrderOf(p.order)
	if o == nil || o.state != bankApproved || o.lie != "" || o.request.Method == operator.MethodTap || w.loop.now-o.since < time.Hour {
		return
	}
	percent, over := int64(min(a.number("percent"), 100)), a.is("over")
	amount := max(o.net()*percent/100, 1)
	switch {
	case over:
		amount = o.net() + max(p.amount*percent/100, 1)
		o.lie = lieDisputed
		w.hit("dispute-beyond")
	case o.net() <= 0:
		return
	default:
		w.hit("dispute")
		w.dealings.begin(w, "", o.id, disputing, amount)
	}
	if o.lien != nil {
		w.hit("dispute-of-hold")
		o.lien.moves = append(o.lien.moves, move{amount: -amount, dispute: true})
	}
	w.trace("the customer of %s has his bank take back %s", w.alias(p.order), yuan(amount))
	o.returned, o.disputed = o.returned+amount, o.disputed+amount
	o.at.states(o, operator.FollowUpID{}, operator.LineDispute, amount)
}

// objects says whether an operator refuses to give back what a customer's bank has taken back already. Who knows of so much of the
// disputes that less is left must not even ask.
func (b *bank) objects(o *bankOrder, amount int64) bool {
	if o.disputed == 0 || amount <= o.net() {
		return false
	}
	if booked := b.world.disputesBooked(o); o.lie != lieDisputed && amount > o.net()+o.disputed-booked {
		b.world.violation("refund-beyond-dispute", "%s of %s is asked back, of which %s is left beside disputes of %s that are booked",
			yuan(amount), b.world.alias(o.id), yuan(o.net()+o.disputed-booked), yuan(booked))
	}
	return true
}
