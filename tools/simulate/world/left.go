package world

import "github.com/yuantill/yuantill/protocol/message"

// left is what a follow-up's slip says of how the order stands behind it, each empty where it says nothing.
type left struct {
	refundable string // of what was paid
	held       string // of what was held
	completed  string // of what was held, altogether
}

// What slips call these.
const (
	refundableLabel = "剩余可退 REFUNDABLE"
	heldLabel       = "剩余冻结 STILL HELD"
	completedLabel  = "累计完成 COMPLETED"
)

// sums are what came of an order up to some follow-up of it, as the tills were told.
type sums struct{ paid, back, held int64 }

// checkLeft holds what a slip says is left against the world's own sums, where those are certain.
func (t *till) checkLeft(p *purchase, f *followed, said left) {
	w := t.world
	if !f.done {
		return
	}
	if most := p.amount - t.evidence.givenBackUpTo(p, f); f.offline && said.refundable != "" && said.refundable != yuan(most) && !f.final {
		w.violation("receipt-left", "%s prints that %s is left of %s, which are %s", t.name, said.refundable, w.alias(p.order), yuan(most))
	}
	s, certain := w.sumsUpTo(p, f.id)
	if !certain {
		return
	}
	w.hit("left-on-slip")
	ended := yuan(0) // where nobody outside can say when the hold ended, this may stand for what is held
	if said.refundable != "" && said.refundable != yuan(s.paid-s.back) || said.completed != "" && said.completed != yuan(s.paid) ||
		said.held != "" && said.held != ended && said.held != yuan(s.held-s.paid) {
		w.violation("receipt-left", "%s prints %+v of %s, of which %s were held, %s paid and %s given back", t.name, said, w.alias(p.order),
			yuan(s.held), yuan(s.paid), yuan(s.back))
	}
}

// sumsUpTo adds up what was done with an order up to a follow-up. It is certain only where each was decided before the next was
// asked for, all by the cloud, and neither a lie nor a dispute comes between.
func (w *World) sumsUpTo(p *purchase, id string) (s sums, certain bool) {
	o := w.bankOrderOf(p.order)
	if o == nil || o.lie != "" || o.disputed != 0 {
		return s, false
	}
	if s.paid = p.amount; p.hold {
		s.paid, s.held = 0, p.amount
	}
	for _, c := range p.claims {
		f := c.till.evidence.followed[c.id]
		if c.crossed || c.till.divided || f == nil || !f.final || f.offline {
			return s, false
		}
		if f.done {
			s.add(f)
		}
		if c.id == id {
			return s, true
		}
	}
	return s, false
}

func (s *sums) add(f *followed) {
	switch f.kind {
	case message.FollowUp_FOLLOW_UP_TOP_UP:
		s.held += f.came
	case message.FollowUp_FOLLOW_UP_COMPLETE:
		s.paid += f.came
	case message.FollowUp_FOLLOW_UP_UNDO:
		s.paid -= f.came
	case message.FollowUp_FOLLOW_UP_VOID, message.FollowUp_FOLLOW_UP_REFUND:
		s.back += f.came
	}
}

// givenBackUpTo adds up what a journal says went back of a payment with a follow-up and before it.
func (e *evidence) givenBackUpTo(p *purchase, last *followed) int64 {
	before := evidence{followed: map[string]*followed{}}
	for id, f := range e.followed {
		if f.sequence <= last.sequence {
			before.followed[id] = f
		}
	}
	return before.givenBack(p)
}
