package world

import (
	"time"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
)

// screen is somebody who watches a till's screen, believes it, and checks that the till could have known.
func (t *till) screen(view checkout.View) {
	w, sale := t.world, view.Sale
	id := order(sale.OrderID)
	p := w.purchases[id]
	if p == nil {
		// Of a sale that is begun right now, or whose beginning this machine has in its journal only.
		p = w.adopt(t, sale)
	}
	if sale.Amount.Minor != p.amount {
		w.violation("screen-amount", "%s shows %s for %s", t.name, yuan(sale.Amount.Minor), w.alias(id))
	}
	state := sale.State.String()
	if p.shown != state {
		w.trace("%s shows %s %s", t.name, w.alias(id), state)
		p.shown = state
	}
	p.shownBy = t.life
	var needs message.Outcome
	switch sale.State {
	case checkout.Approved, checkout.ApprovedOffline:
		needs = message.Outcome_OUTCOME_APPROVED
	case checkout.Declined:
		needs = message.Outcome_OUTCOME_DECLINED
	case checkout.Reversed:
		needs = message.Outcome_OUTCOME_REVERSED
	case checkout.Querying, checkout.Reversing, checkout.CardUnknown:
		needs = message.Outcome_OUTCOME_UNKNOWN
	}
	if needs != 0 && !t.evidence.outcome(id)[needs] {
		w.violation("shown-before-recorded", "%s shows %s %s without a record", t.name, w.alias(id), state)
	}
	if sale.State == checkout.CardUnknown && p.customer.scans && !p.scanned {
		p.scanned = true // the customer holds the card there once more
		w.soon(t, 3*time.Second, func() {
			if p.shown == state { // he looks what it would pay
				t.tap(p)
			}
		})
	}
	t.seesOrder(p, sale)
	if view.ShownCode != "" && p.customer.scans && !p.scanned {
		p.scanned = true
		w.loop.after(p.customer.takes, nil, func() {
			if o := w.shown[view.ShownCode]; o != nil {
				o.at.pay(o, p.customer)
			}
		})
	}
}
