package world

import (
	"slices"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/reconcile"
)

// lie is what an operator says of an order in place of the truth, for ever.
type lie string

const (
	lieDeclined lie = "declined" // that it declined, and it debits
	lieApproved lie = "approved" // that it approved, and it debits nothing
	lieReversed lie = "reversed" // that it gave the money back, and it keeps it
	lieAmount   lie = "amount"   // that it debits what it was asked for, and it debits more or less
	// Of a hard wallet's payment that the till was online for.
	lieTapApproved lie = "tap-approved" // that it honours it, and it credits nothing
	lieTapDeclined lie = "tap-declined" // that it does not, and it credits it
	// Of what follows.
	lieRefundDone    lie = "refund-done"    // that it gave back, and it gives nothing
	lieRefundRefused lie = "refund-refused" // that it never will, and it gives it back
	lieCompleted     lie = "completed"      // that it paid out of what is held, and it only sets that free
	lieReleased      lie = "released"       // that it set free what is held, and it takes it
)

// concerns reports whether an order is of the kind that a lie is about.
func (l lie) concerns(o *bankOrder) bool {
	switch l {
	case lieTapApproved, lieTapDeclined:
		return o.request.Method == operator.MethodTap && !o.request.Offline
	case lieRefundDone, lieRefundRefused:
		return o.lien == nil && o.disputed == 0
	case lieCompleted, lieReleased:
		return o.lien != nil
	default:
		return !o.request.Hold && o.request.Method != operator.MethodTap
	}
}

// named reports whether an order's lie is told of as what it is. What comes behind it may be told of besides, by another name.
func (o *bankOrder) named(names []string) bool {
	fitting := map[lie][]reconcile.Kind{
		lieDeclined: {reconcile.DebitedThoughDeclined}, lieTapDeclined: {reconcile.DebitedThoughDeclined},
		lieApproved: {reconcile.MissingThere}, lieTapApproved: {reconcile.MissingThere},
		lieReversed: {reconcile.ReversedNotThere}, lieRefundDone: {reconcile.ReversedNotThere},
		lieRefundRefused: {reconcile.ReturnedThere},
		// Twice the amount is a second debit, and what all came back of is not there.
		lieAmount:    {reconcile.AmountDiffers, reconcile.Duplicate, reconcile.MissingThere},
		lieDisputed:  {reconcile.DisputeNotBooked},
		lieCompleted: {reconcile.MissingThere, reconcile.AmountDiffers}, lieReleased: {reconcile.AmountDiffers, reconcile.Duplicate},
	}
	if o.lie == lieCompleted && o.short { // our completion and our return settle each other, and what the operator gave back is left
		fitting[lieCompleted] = append(fitting[lieCompleted], reconcile.ReturnedThere)
	}
	return slices.ContainsFunc(fitting[o.lie], func(kind reconcile.Kind) bool { return slices.Contains(names, string(kind)) })
}

// lies has an operator deceive about an order, if it is in the mood to. It has one lie about an order, which it may tell again.
func (b *bank) lies(o *bankOrder, about lie) bool {
	if b.mood.lie != about || o.lie != "" && o.lie != about || !about.concerns(o) {
		return false
	}
	o.lie = about
	b.world.hit("operator-lies-" + string(about))
	b.world.trace("bank %s lies about %s: %s", b.code, b.world.alias(o.id), about)
	return true
}

// approves takes an order's money, and says so; or what the operator's lie makes of that.
func (b *bank) approves(o *bankOrder) {
	switch {
	case b.lies(o, lieApproved), b.lies(o, lieTapApproved):
		return
	case o.request.Amount+b.mood.off > 0 && b.lies(o, lieAmount):
		o.off = b.mood.off
	case b.lies(o, lieDeclined), b.lies(o, lieTapDeclined): // and it debits
	}
	b.charge(o)
}

// denies reports whether an operator says that it declined what it has approved.
func (o *bankOrder) denies() bool { return o.lie == lieDeclined || o.lie == lieTapDeclined }

// wronged is what the customer is out of by the operator's lie about the amount; below zero for what he was spared.
func (o *bankOrder) wronged() int64 { return int64(o.debits-o.credits) * o.off }

// gives is what an operator gives back when it is asked for an amount. Of an order that it lied about it has perhaps less than
// the others think; it says that it is done all the same.
func (o *bankOrder) gives(amount int64) int64 {
	if o.lie != "" && amount > o.net() {
		o.short = true
		return o.net()
	}
	return amount
}
