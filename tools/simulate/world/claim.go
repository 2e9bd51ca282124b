package world

import (
	"errors"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
)

// claim is something that somebody wants done with an order, and whether it ought to be.
type claim struct {
	purchase *purchase
	till     *till
	kind     message.FollowUp
	amount   int64  // 0 for what goes by itself
	undoes   string // the completion that an undo is of
	id       string // of the follow-up, once the till has recorded it
	asked    time.Duration
	ought    verdict // when it was asked
	crossed  bool    // by another claim on the same order: what either ought to be depends on which comes first
	decided  bool
}

// verdict is what ought to become of a claim.
type verdict uint8

const (
	unclear verdict = iota // nobody outside can say
	just
	unjust
)

// expiryDoubt is how near to its end a hold is when it depends on a moment whether something can still be done with it.
const expiryDoubt = 2 * time.Minute

// claims notes a claim before the till hears of it.
func (w *World) claims(t *till, p *purchase, wish station.FollowUpWish) *claim {
	c := &claim{purchase: p, till: t, kind: wish.Kind, amount: wish.Amount, asked: w.loop.now}
	if c.kind == message.FollowUp_FOLLOW_UP_UNDO {
		if done := t.evidence.latestCompletion(p.order); done != nil {
			c.undoes, c.amount = done.id, done.came
		}
	}
	c.ought = w.ought(c)
	for _, other := range p.claims {
		if !other.decided {
			c.crossed, other.crossed = true, true
		}
	}
	w.pressing = c
	return c
}

// claimed notes that a till has recorded a claim: now it must become of it what ought to.
func (w *World) claimed(t *till, id string, of order, kind message.FollowUp, own bool) {
	p := w.purchases[of]
	if p == nil {
		return
	}
	c := w.pressing
	if own || c == nil || c.till != t || c.purchase != p || c.kind != kind || c.id != "" {
		c = &claim{purchase: p, till: t, kind: kind, crossed: true} // found after a power cut, made by a copy, or asked for by the till itself
		for _, other := range p.claims {
			other.crossed = other.crossed || !other.decided
		}
	}
	c.id = id
	p.claims = append(p.claims, c)
}

// refusedClaim judges a till that does not even ask.
func (w *World) refusedClaim(c *claim, err error) {
	var refusal *station.Refusal
	if !errors.As(err, &refusal) || c.ought != just || c.crossed || c.till.divided || c.purchase.till.divided || w.ought(c) != just {
		return
	}
	switch refusal.Phrase {
	case catalogue.RefuseNotApproved, catalogue.RefuseKindUnfit, catalogue.RefuseMoreThanLeft, catalogue.RefuseNothingLeft,
		catalogue.RefuseFollowUpOpen, catalogue.RefuseHoldEnded, catalogue.RefuseNoCompletion, catalogue.RefuseAmount, catalogue.RefuseNoSale:
		w.violation("unjust-refusal", "%s refuses %s of %s of %s: %s", c.till.name, c.kind, yuan(c.amount), w.alias(c.purchase.order),
			refusal.Phrase.Text().English)
	}
}

// decidedClaim judges what became of a claim.
func (w *World) decidedClaim(id string, of order, approved bool) {
	p := w.purchases[of]
	if p == nil {
		return
	}
	for _, c := range p.claims {
		if c.id != id || c.decided {
			continue
		}
		c.decided = true
		if c.crossed || c.till.divided || p.till.divided || c.till.dialect.later || c.ought == unclear {
			return
		}
		w.hit([...]string{just: "follow-up-just", unjust: "follow-up-unjust"}[c.ought])
		switch {
		case approved && c.ought == unjust:
			w.violation("unjust-approval", "%s of %s of %s, asked for by %s at %s", c.kind, yuan(c.amount), w.alias(of), c.till.name, c.asked)
		case !approved && c.ought == just && w.ought(c) == just:
			w.violation("unjust-decline", "%s of %s of %s, asked for by %s at %s", c.kind, yuan(c.amount), w.alias(of), c.till.name, c.asked)
		}
	}
}

// ought says what ought to become of a claim by what was paid and held, and what came back, at the operators.
func (w *World) ought(c *claim) verdict {
	o := w.bankOrderOf(c.purchase.order)
	if o == nil || o.state != bankApproved || o.lie != "" || c.till.dialect.later {
		return unclear
	}
	if e := &c.purchase.till.evidence; c.till != c.purchase.till && e.tookOffline(c.purchase.order) && !e.answered[c.purchase.order] {
		return unclear // another till cannot know yet that it will be honoured, and does not ask
	}
	switch c.kind {
	case message.FollowUp_FOLLOW_UP_REFUND:
		return verdictOf(c.amount <= o.net())
	case message.FollowUp_FOLLOW_UP_VOID:
		return verdictOf(o.lien == nil && o.returned == 0 && c.sameShift())
	}
	l := o.lien
	switch {
	case l == nil || l.ended:
		return unjust
	case w.loop.now > c.purchase.expires-expiryDoubt:
		return unclear
	case l.rest == 0 && c.kind != message.FollowUp_FOLLOW_UP_UNDO:
		return unjust
	}
	switch c.kind {
	case message.FollowUp_FOLLOW_UP_TOP_UP, message.FollowUp_FOLLOW_UP_CANCEL:
		return just
	case message.FollowUp_FOLLOW_UP_COMPLETE:
		return verdictOf(l.paid+c.amount <= l.most())
	default: // an undo
		return verdictOf(c.undoes != "" && c.amount <= o.net())
	}
}

func verdictOf(ought bool) verdict {
	if ought {
		return just
	}
	return unjust
}

// sameShift reports whether the till that asks took the order, in the shift that is open there.
func (c *claim) sameShift() bool {
	e := &c.till.evidence
	taken, here := e.sequences[string(c.purchase.order[:])]
	if !here || c.purchase.till != c.till {
		return false
	}
	for _, o := range e.openings {
		if o.sequence > taken || o.closed && o.sequence == e.openedBefore(taken) {
			return false
		}
	}
	return true
}

// openedBefore is the record of the shift in which a record was made.
func (e *evidence) openedBefore(sequence uint64) uint64 {
	latest := uint64(0)
	for _, o := range e.openings {
		if o.sequence < sequence {
			latest = max(latest, o.sequence)
		}
	}
	return latest
}

// latestCompletion is the till's own latest completion of an order that was not undone; nil for none.
func (e *evidence) latestCompletion(of order) *followed {
	gone := map[string]bool{}
	for _, f := range e.followed {
		if f.kind == message.FollowUp_FOLLOW_UP_UNDO && (f.done || !f.final) {
			gone[f.undoes] = true
		}
	}
	var latest *followed
	for _, f := range e.followed {
		if f.order == of && f.kind == message.FollowUp_FOLLOW_UP_COMPLETE && f.done && !gone[f.id] && (latest == nil || f.sequence > latest.sequence) {
			latest = f
		}
	}
	return latest
}

// bankOrderOf returns an order where an operator has approved it, or else where any knows it; nil for nowhere.
func (w *World) bankOrderOf(id order) *bankOrder {
	var found *bankOrder
	for _, b := range w.banks {
		if o := b.order(id); o != nil && (found == nil || o.state == bankApproved) {
			found = o
		}
	}
	return found
}
