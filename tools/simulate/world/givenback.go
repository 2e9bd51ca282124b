package world

import "github.com/yuantill/yuantill/protocol/message"

// checkGivenBack checks what a till has said it gave back of a payment, whether or not an operator has moved anything yet: the
// customer has it in cash or on a slip. What the cloud refuses afterwards was told, and counts no more.
func (e *evidence) checkGivenBack(t *till, id order) {
	p := t.world.purchases[id]
	if p == nil || p.hold { // what another till completed of a hold this journal does not know
		return
	}
	if back := e.givenBack(p); back > p.amount {
		t.world.violation("given-back-beyond-paid", "%s says that it gave %s back of %s over %s", t.name, yuan(back), t.world.alias(id), yuan(p.amount))
	}
}

// givenBack adds up what a journal says went back of a payment, by the cloud's word or by the till's own.
func (e *evidence) givenBack(p *purchase) int64 {
	back := int64(0)
	for _, f := range e.followed {
		switch {
		case f.order != p.order || !f.done:
		case f.amount == 0 && f.kind == message.FollowUp_FOLLOW_UP_VOID: // of the whole, as the till takes it by itself
			back += p.amount
		default:
			back -= f.amount
		}
	}
	return back
}
