package payment

import (
	"math/bits"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Standing is how an approved order stands; minor units. What is under way counts as done, so that no limit is passed
// twice; a top-up counts only when it is done.
type Standing struct {
	Paid, Refunded, Held int64
	HoldExpires          time.Time
	Closed, Hold         bool
}

// Stands reports whether the order is approved or was, so that it has a standing.
func (p Payment) Stands() bool {
	switch p.State {
	case Approved, Held, HoldEnded, RestReturning, RestReturned:
		return true
	default:
		return false
	}
}

// Standing returns how the order stands; it is zero unless the order Stands.
func (p Payment) Standing() Standing {
	if !p.Stands() {
		return Standing{}
	}
	standing := Standing{Paid: p.Amount, Refunded: p.refunded(false), Hold: p.Hold}
	if !p.Hold {
		standing.Closed = p.has(func(f FollowUp) bool { return f.Kind == operator.KindVoid })
		return standing
	}
	standing.Paid, standing.Held, standing.HoldExpires = p.paid(), p.held(), p.HoldUntil
	standing.Closed = p.State == HoldEnded || p.closing() || p.spent()
	return standing
}

// has reports whether a follow-up that counts is what is looked for.
func (p Payment) has(is func(FollowUp) bool) bool {
	for _, f := range p.FollowUps {
		if f.counts() && is(f) {
			return true
		}
	}
	return false
}

// refunded sums up voids, refunds and disputes: the definite ones, or also those under way.
func (p Payment) refunded(definite bool) int64 {
	var sum int64
	for _, f := range p.FollowUps {
		back := f.Kind == operator.KindVoid || f.Kind == operator.KindRefund || f.Kind == operator.KindDispute
		if back && (f.Status == Done || f.Status == UnderWay && !definite) {
			sum += f.Amount
		}
	}
	return sum
}

// undone reports whether a completion was undone for certain, or is perhaps being undone.
func (p Payment) undone(completion operator.FollowUpID) (certainly, perhaps bool) {
	for _, f := range p.FollowUps {
		if f.Kind == operator.KindUndo && f.Undoes == completion {
			certainly = certainly || f.Status == Done
			perhaps = perhaps || f.counts()
		}
	}
	return certainly, perhaps
}

// completed visits the completions that were not undone for certain.
func (p Payment) completed(visit func(f FollowUp, perhapsUndone bool)) {
	for _, f := range p.FollowUps {
		if f.Kind != operator.KindComplete || !f.counts() {
			continue
		}
		if certainly, perhaps := p.undone(f.ID); !certainly {
			visit(f, perhaps)
		}
	}
}

// paid is what the customer paid by our present knowledge, with what is under way: of a payment its amount.
func (p Payment) paid() int64 {
	if !p.Hold {
		return p.Amount
	}
	var sum int64
	p.completed(func(f FollowUp, perhapsUndone bool) {
		if !perhapsUndone {
			sum += f.Amount
		}
	})
	return sum
}

// paidSurely leaves out completions that are not definite: what can be refunded.
func (p Payment) paidSurely() int64 {
	if !p.Hold {
		return p.Amount
	}
	var sum int64
	p.completed(func(f FollowUp, perhapsUndone bool) {
		if f.Status == Done && !perhapsUndone {
			sum += f.Amount
		}
	})
	return sum
}

// paidAtMost counts completions that are perhaps being undone too: what the cap is compared with.
func (p Payment) paidAtMost() int64 {
	var sum int64
	p.completed(func(f FollowUp, _ bool) { sum += f.Amount })
	return sum
}

// held is the first amount and what was added for certain.
func (p Payment) held() int64 {
	sum := p.Amount
	for _, f := range p.FollowUps {
		if f.Kind == operator.KindTopUp && f.Status == Done {
			sum += f.Amount
		}
	}
	return sum
}

// heldAtMost counts top-ups under way too.
func (p Payment) heldAtMost() int64 {
	sum := p.Amount
	for _, f := range p.FollowUps {
		if f.Kind == operator.KindTopUp && f.counts() {
			sum += f.Amount
		}
	}
	return sum
}

// rest is what is still held by definite knowledge.
func (p Payment) rest() int64 {
	rest := p.held()
	for _, f := range p.FollowUps {
		if f.Status != Done {
			continue
		}
		switch f.Kind {
		case operator.KindComplete, operator.KindCancel:
			rest -= f.Freed
		case operator.KindUndo:
			rest += f.Freed
		default:
		}
	}
	return rest
}

// taking is what completions under way will take.
func (p Payment) taking() int64 {
	var sum int64
	for _, f := range p.FollowUps {
		if f.Kind == operator.KindComplete && f.Status == UnderWay {
			sum += f.Amount
		}
	}
	return sum
}

// coming is what top-ups and undone completions under way will put on hold.
func (p Payment) coming() int64 {
	var sum int64
	for _, f := range p.FollowUps {
		switch {
		case f.Status != UnderWay:
		case f.Kind == operator.KindTopUp:
			sum += f.Amount
		case f.Kind == operator.KindUndo:
			completion, _ := p.FollowUp(f.Undoes)
			sum += completion.Freed
		default:
		}
	}
	return sum
}

// spent reports whether a hold was completed to the end, or is being: nothing of it is held any more, so it has ended, until a
// completion is undone.
func (p Payment) spent() bool { return p.rest()+p.coming() <= p.taking() }

// completionLimit is what may be completed: held × cap, rounded down, and never more than may be paid (SPEC 7.6.3).
func (p Payment) completionLimit() int64 {
	return min(p.held()*int64(p.HoldCap)/holdCapWhole, AmountMax)
}

// closing reports whether the hold was ended or is being ended by a cancellation or a last completion.
func (p Payment) closing() bool {
	return p.has(func(f FollowUp) bool {
		return f.Kind == operator.KindCancel || f.Kind == operator.KindComplete && f.Last
	})
}

// charged sums up what the order cost in fees: what was charged for payments that stand, and what refunds gave back.
func (p Payment) charged() (charged, returned int64) {
	charged = p.Fee
	for _, f := range p.FollowUps {
		if f.Status != Done {
			continue
		}
		switch f.Kind {
		case operator.KindComplete:
			charged += f.Fee
		case operator.KindUndo:
			charged -= f.Fee
		case operator.KindVoid, operator.KindRefund, operator.KindDispute:
			returned += f.Fee
		default:
		}
	}
	return charged, returned
}

// feeBack returns the part of the fee that goes back with an amount. Refunds are rounded over their sum and up, so that a
// full refund gives the whole fee back; and what is left of the fee never exceeds the cap on what is left of the payment.
// natural is the share where it is known otherwise (an undo), or below zero.
func (p Payment) feeBack(amount, natural int64) int64 {
	charged, returned := p.charged()
	paid, back := p.paidDefinitely(), p.refunded(true)
	share := natural
	if share < 0 {
		share = shareUp(charged, back+amount, paid) - returned
	}
	left := charged - returned
	share = max(share, left-ceiling(paid-back-amount, p.FeeCap), 0)
	return min(share, left, amount)
}

// paidDefinitely is what was paid with definite answers only.
func (p Payment) paidDefinitely() int64 {
	if !p.Hold {
		return p.Amount
	}
	var sum int64
	p.completed(func(f FollowUp, _ bool) {
		if f.Status == Done {
			sum += f.Amount
		}
	})
	return sum
}

// shareUp returns whole × part ÷ of, rounded up; 0 ≤ part ≤ of, 0 < of, and the product may be larger than 64 bits.
func shareUp(whole, part, of int64) int64 {
	if whole <= 0 || part <= 0 || of <= 0 {
		return 0
	}
	if part >= of {
		return whole
	}
	high, low := bits.Mul64(uint64(whole), uint64(part))
	quotient, rest := bits.Div64(high, low, uint64(of))
	if rest != 0 {
		quotient++
	}
	return int64(quotient)
}

// Settlement is what is definite of an order that stands; minor units.
type Settlement struct {
	Paid, Returned int64
	StillHeld      int64
	Voided         bool
	Pending        bool // something is under way
}

// Settlement returns what is definite; it is zero unless the order Stands.
func (p Payment) Settlement() Settlement {
	if !p.Stands() {
		return Settlement{}
	}
	s := Settlement{Paid: p.paidDefinitely(), Returned: p.refunded(true), Pending: p.Pursued()}
	if p.Hold {
		s.StillHeld = p.rest()
	}
	for _, f := range p.FollowUps {
		s.Voided = s.Voided || f.Kind == operator.KindVoid && f.Status == Done
	}
	return s
}
