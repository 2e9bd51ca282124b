package world

import (
	"slices"
	"time"

	"github.com/yuantill/yuantill/protocol/message"
)

// offlinePayment is a payment that a till took by itself.
type offlinePayment struct {
	order  order
	amount int64
	header string // of its record, which travels in the clear
}

// acceptedOffline checks a payment that a till took by itself against what the cloud allows, by how long the till really
// had not heard the cloud, whatever its clocks said.
func (t *till) acceptedOffline(asked *message.PaymentRequested, header string) {
	if asked.GetOffline() == nil || asked.GetAgain() != 0 { // what is handed in anew was taken before
		return
	}
	w := t.world
	w.hit("offline-accepted")
	if asked.GetMethod() != message.Method_METHOD_TAP || asked.GetAmount() > offlinePaymentMax {
		w.violation("offline-beyond-limit", "%s took %s by itself", t.name, yuan(asked.GetAmount()))
	}
	t.evidence.offline = append(t.evidence.offline, offlinePayment{order(asked.GetOrderId()), asked.GetAmount(), header})
	waiting := int64(0)
	for _, p := range t.evidence.offline {
		if !w.reached[p.header] {
			waiting += p.amount
		}
	}
	unheard := w.loop.now - t.heard - t.hidden
	if unheard > offlineHoursMax*time.Hour {
		w.violation("offline-too-long", "%s took %s by itself, %s after it heard the cloud", t.name, yuan(asked.GetAmount()), unheard)
	}
	percent := int64(100)
	for _, share := range offlineShares {
		if unheard >= share.from {
			percent = share.percent
		}
	}
	if waiting > offlineTerminalMax*percent/100 {
		w.violation("offline-beyond-limit", "%s has taken %s by itself, %s after it heard the cloud", t.name, yuan(waiting), unheard)
	}
}

// tookOffline reports whether the till took an order by itself.
func (e *evidence) tookOffline(id order) bool {
	return slices.ContainsFunc(e.offline, func(p offlinePayment) bool { return p.order == id })
}
