package world

import "github.com/yuantill/yuantill/protocol/message"

// acceptedOffline checks a payment that a till took by itself against what the cloud allows any till at any time.
func (t *till) acceptedOffline(asked *message.PaymentRequested) {
	if asked.GetOffline() == nil {
		return
	}
	w := t.world
	w.hit("offline-accepted")
	limits := w.shop.plans.For(merchantID, t.id.String()).Offline
	if asked.GetMethod() != message.Method_METHOD_TAP || asked.GetAmount() > limits.PaymentMax {
		w.violation("offline-beyond-limit", "%s took %s by itself", t.name, yuan(asked.GetAmount()))
	}
	t.evidence.offline = append(t.evidence.offline, order(asked.GetOrderId()))
	waiting := int64(0)
	for _, id := range t.evidence.offline {
		known := false
		for _, b := range w.banks {
			known = known || b.order(id) != nil
		}
		if p := w.purchases[id]; p != nil && !known {
			waiting += p.amount
		}
	}
	if waiting > limits.TerminalMax {
		w.violation("offline-beyond-limit", "%s has taken %s by itself", t.name, yuan(waiting))
	}
}
