package world

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// offlinePayment is a payment that a till took by itself.
type offlinePayment struct {
	order    order
	amount   int64
	honoured bool   // the till has heard that an operator pays it
	refused  latest // when the till heard that none does; zero while it has not
}

const (
	// refusedFor is how long what no operator honours goes on counting after the till heard so.
	refusedFor = 24 * time.Hour
	// refusedDoubt is how much sooner a till may be done with it whose clock goes wrong by as much as clocks do here.
	refusedDoubt = 10 * time.Minute
)

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
	t.evidence.offline = append(t.evidence.offline, offlinePayment{order: order(asked.GetOrderId()), amount: asked.GetAmount()})
	if t.tampered { // what it takes is for the cloud to add up
		w.backlogs[header] = &backlog{till: t, order: order(asked.GetOrderId()), amount: asked.GetAmount()}
		return
	}
	waiting, count := t.waitingOffline(func(order) bool { return true })
	t.checkWallet(order(asked.GetOrderId()))
	t.checkBlocked(order(asked.GetOrderId()))
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
	if waiting > offlineTerminalMax*percent/100 || count > offlineTerminalCount {
		w.violation("offline-beyond-limit", "%s has taken %s by itself, %s after it heard the cloud", t.name, yuan(waiting), unheard)
	}
}

// waitingOffline adds up what a till took by itself of some orders and can still be lost: what it has not heard that an operator
// pays, and for a day what it has heard that none does.
func (t *till) waitingOffline(of func(order) bool) (amount int64, count int) {
	for _, p := range t.evidence.offline {
		if !p.honoured && (p.refused.wall.IsZero() || t.counts(p.refused)) && of(p.order) {
			amount, count = amount+p.amount, count+1
		}
	}
	return amount, count
}

// counts reports whether what was refused then is refused since less than a day, in truth and by the till's clock.
func (t *till) counts(refused latest) bool {
	passed, shown := t.world.loop.now-refused.at, t.clock().Round(0).Sub(refused.wall)
	return max(passed, shown) < refusedFor-refusedDoubt
}

// heardOf writes down what the till has heard of a payment that it took by itself.
func (e *evidence) heardOf(t *till, shown *message.OutcomeShown) {
	id := order(shown.GetOrderId())
	if !e.tookOffline(id) || shown.GetResult() == nil || !definite(shown.GetOutcome()) {
		return
	}
	for i := range e.offline {
		p := &e.offline[i]
		switch {
		case p.order != id:
		case shown.GetOutcome() == message.Outcome_OUTCOME_APPROVED:
			p.honoured = true
		case p.refused.wall.IsZero():
			p.refused = t.present()
			t.world.hit("offline-refused")
		}
	}
}

// checkWallet checks a payment that a till took by itself against what one wallet may pay so: by amount, by count, and each
// of its numbers once.
func (t *till) checkWallet(id order) {
	w := t.world
	p := w.purchases[id]
	if p == nil {
		return // said by the screen
	}
	amount, count := t.waitingOffline(func(other order) bool {
		o := w.purchases[other]
		return o != nil && o.customer == p.customer
	})
	if count > 1 {
		w.hit("offline-wallet-again")
	}
	if amount > offlineWalletMax || count > offlineWalletCount {
		w.violation("offline-beyond-wallet", "%s has taken %d payments of %s from %s by itself", t.name, count, yuan(amount), p.customer.name)
	}
	_, twice := t.waitingOffline(func(other order) bool { return other != id && w.sameSpending(id, other) })
	if twice > 0 {
		w.violation("offline-cloned", "%s takes %s from a copy of a card that it has had", t.name, w.alias(id))
	}
}

// blockDoubt is how long the cloud may take to put a wallet on its list that it has refused.
const blockDoubt = time.Minute

// checkBlocked checks that a wallet of which the cloud has said that it was copied is not taken by limits that the cloud made since.
func (t *till) checkBlocked(id order) {
	for _, spent := range t.world.spentBy[id] {
		if blocked, is := t.world.blocked[spent.wallet]; is && t.evidence.limitsMade > blocked+blockDoubt {
			t.world.violation("offline-blocked", "%s takes %s by itself, whose wallet is blocked since %s, by limits made at %s", t.name, t.world.alias(id),
				blocked, t.evidence.limitsMade)
		}
	}
}

// heardBlocked notes which wallets the cloud has said that it blocks.
func (t *till) heardBlocked(shown *message.OutcomeShown) {
	if shown.GetResult().GetReason() != message.Reason_REASON_DOUBLE_SPENT {
		return
	}
	for _, spent := range t.world.spentBy[order(shown.GetOrderId())] {
		if _, known := t.world.blocked[spent.wallet]; !known {
			t.world.hit("wallet-blocked")
			t.world.blocked[spent.wallet] = t.world.loop.now
		}
	}
}

// limitsTaken notes when the limits were made that a till holds to.
func (e *evidence) limitsTaken(body []byte) {
	kept := &message.OfflineLimitsTaken{}
	if proto.Unmarshal(body, kept) != nil {
		return
	}
	if header, err := record.ParseHeader(kept.GetAnswer()); err == nil {
		e.limitsMade = header.Time.Sub(dawn)
	}
}

// sameSpending reports whether two orders were paid with one number of one wallet.
func (w *World) sameSpending(a, b order) bool {
	return slices.ContainsFunc(w.spentBy[a], func(spent spending) bool { return slices.Contains(w.spentBy[b], spent) })
}

// tookOffline reports whether the till took an order by itself.
func (e *evidence) tookOffline(id order) bool {
	return slices.ContainsFunc(e.offline, func(p offlinePayment) bool { return p.order == id })
}
