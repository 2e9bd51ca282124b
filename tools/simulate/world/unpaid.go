package world

import (
	"context"
	"slices"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
)

// unpaid looks at an order that a till records as accepted: it must not where its records say that all of the money went back.
// What it was not told it cannot know; then the goods go out for nothing, and somebody has to be told. What a customer's bank
// took back is not known to anybody before the day's statement.
func (t *till) unpaid(id order, told *message.Standing) {
	if told.GetRefunded() > 0 && told.GetRefunded() >= told.GetPaid() {
		t.world.violation("order-accepted-although-told", "%s records that %s is accepted, and that all of its money went back",
			t.name, t.world.alias(id))
	}
	p, o := t.world.purchases[id], t.world.bankOrderOf(id)
	if p == nil || p.kiosk == nil || o == nil || o.lie != "" || o.disputed > 0 || o.returned == 0 || o.net() > 0 {
		return
	}
	t.world.hit("order-accepted-unpaid")
	p.kiosk.unpaid = true
}

// checkUnpaid checks in the end that somebody was told of an order that was accepted for nothing.
func (w *World) checkUnpaid(p *purchase) {
	if !p.kiosk.unpaid {
		return
	}
	const most = 1000
	alarms, err := w.cloud.books.Alarms(context.Background(), most)
	w.must(err)
	key := "order-accepted-unpaid/" + store.OrderID(p.order).String()
	if !slices.ContainsFunc(alarms, func(a store.AlarmRow) bool { return a.Key == key }) {
		p.till.doubt("order-accepted-unpaid", w.alias(p.order)+" was accepted after all of its money went back", p.order, nil)
	}
}

// askedBack reports whether another till than an order's own asked for any of its money, or a customer's bank took it: the
// order's own till is told how that stands, and perhaps not what became of it in the end.
func (t *till) askedBack(id order) bool {
	for _, other := range t.world.tills {
		for e := range other.journals() {
			for _, f := range e.followed {
				if other != t && f.order == id && moved(f.kind) < 0 {
					return true
				}
			}
		}
	}
	o := t.world.bankOrderOf(id)
	return o != nil && o.disputed > 0
}
