package world

import (
	"fmt"

	"github.com/yuantill/yuantill/protocol/message"
)

// checkPurchase compares what a till says in the end with what the operators did.
func (w *World) checkPurchase(p *purchase) {
	t, id := p.till, p.order
	e, gone := t.journalOf(id)
	j := judgement{World: w, purchase: p, evidence: e, gone: gone, moved: w.movedOf(id), net: w.net(id)}
	j.double = w.doubled(id) && !w.presentedFor(id)
	if j.owed = j.moved.amount; !p.hold { // of a hold only what was completed
		j.owed += p.amount
	}
	if o := w.bankOrderOf(id); o != nil {
		j.owed -= o.disputed
	}
	j.money()
	j.card()
	for _, l := range t.past { // asked for anew by the copy that was put back
		if l != gone && l.asked(id) && l.evidence.tookOffline(id) {
			t.doubt("offline-not-presented", w.alias(id), id, l)
		}
	}
	j.contradictions()
}

// judgement is everything that is said of one order.
type judgement struct {
	*World
	purchase *purchase
	evidence *evidence // of the journal that has it
	gone     *loss     // that journal was replaced by an old copy
	moved    movement
	net      int64 // what the customer is out of
	owed     int64 // if it is approved
	double   bool  // a copy of the card has paid something else with the same number, which counts
}

func (j judgement) approved() bool {
	return j.evidence.outcome(j.purchase.order)[message.Outcome_OUTCOME_APPROVED]
}

// unpresented reports whether a card has paid the till, and nobody else has heard of it.
func (j judgement) unpresented() bool {
	return j.evidence.signed[j.purchase.order] && !j.known(j.purchase.order)
}

// money holds the outcome against the operators' books.
func (j judgement) money() {
	p, t, id, m := j.purchase, j.purchase.till, j.purchase.order, j.moved
	asked, final, approved := j.evidence.requested[id], j.evidence.final(id), j.approved()
	switch {
	case !asked && j.net != 0:
		j.violation("debit-without-sale", "%s was never asked for, and its customer is out of %s", j.alias(id), yuan(j.net))
	case asked && !final && j.gone != nil && j.net == 0 && !j.unpresented(): // no money moved, so nobody need know
	case asked && j.double:
		j.doubleSpent()
	case asked && !final:
		t.doubt("left-in-doubt", j.alias(id)+" never became definite", id, j.gone)
	case m.open != nil && m.gone != nil && !m.promised && j.net == j.owed: // likewise
	case m.open != nil:
		m.open.doubt("left-in-doubt", "what was done with "+j.alias(id)+" never became definite", id, m.gone)
	case approved && j.net == 0 && j.owed != 0 && t.divided && j.evidence.tookOffline(id):
		// Taken by a machine whose records the cloud refuses: the card has paid, and a person has to present it.
		t.doubt("offline-not-presented", j.alias(id), id, j.gone)
	case j.deceived(id): // by the operator, and somebody was told of just this order
		j.hit("lie-told")
	case approved && j.net != j.owed:
		j.violation("paid-not-debited", "%s is paid, says %s, and its customer is out of %s", j.alias(id), t.name, yuan(j.net))
	case final && !approved && j.net != 0:
		j.violation("debited-not-paid", "%s is not paid, says %s, and its customer is out of %s", j.alias(id), t.name, yuan(j.net))
	case j.net > p.most() || j.net < 0:
		j.violation("debited-wrong", "the customer of %s is out of %s of %s", j.alias(id), yuan(j.net), yuan(p.most()))
	}
}

// doubleSpent checks that somebody was told of an order that only a copy of a card has paid, and that it was taken only where
// nobody could be asked.
func (j judgement) doubleSpent() {
	p, id := j.purchase, j.purchase.order
	j.hit("double-spend-ended")
	if j.approved() {
		j.hit("offline-not-honoured")
	}
	if j.approved() && !j.evidence.tookOffline(id) {
		j.violation("double-spend-approved", "%s is paid with a number that was used, says %s", j.alias(id), p.till.name)
	}
	if !j.alarmed(id) {
		p.till.doubt("double-spend-untold", j.alias(id)+" was paid by a copy of a card only", id, j.gone)
	}
}

// card looks for a card that has paid without anybody's hearing of it.
func (j judgement) card() {
	t, id := j.purchase.till, j.purchase.order
	said := j.approved() && j.evidence.tookOffline(id) && t.divided // by money
	if j.evidence.final(id) && j.unpresented() && !said && !j.double {
		t.doubt("card-debited-unseen", fmt.Sprintf("the card of %s has debited itself, and no operator has heard of it", j.alias(id)), id, j.gone)
	}
}

// contradictions looks for journals that say different things of an order.
func (j judgement) contradictions() {
	id := j.purchase.order
	paid, not := false, false
	for _, t := range j.tills {
		for e := range t.journals() {
			outcomes := e.outcome(id)
			approved := outcomes[message.Outcome_OUTCOME_APPROVED]
			declined := outcomes[message.Outcome_OUTCOME_DECLINED] || outcomes[message.Outcome_OUTCOME_REVERSED]
			if approved && declined && (!j.double || !e.tookOffline(id)) {
				j.violation("two-outcomes", "%s has two outcomes in %s's journal", j.alias(id), t.name)
			}
			paid, not = paid || approved, not || declined
		}
	}
	if paid && not && !j.double {
		j.purchase.till.doubt("two-outcomes", j.alias(id)+" has two outcomes", id, nil)
	}
}

// known reports whether any operator has heard of an order.
func (w *World) known(id order) bool {
	for _, b := range w.banks {
		if b.order(id) != nil {
			return true
		}
	}
	return false
}
