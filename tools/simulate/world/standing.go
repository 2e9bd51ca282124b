package world

import (
	"github.com/anishathalye/porcupine"

	"github.com/yuantill/yuantill/protocol/message"
)

// standing is how a payment stands: the state of the model that all that was said of it must fit.
type standing struct {
	outcome        message.Outcome // unspecified until it is decided
	paid, refunded int64
	trying, over   uint32 // those that count although nobody was told yet; those that count no more
}

// deed is an operation on a payment.
type deed struct {
	what   deedKind
	void   bool
	amount int64
	bit    uint32 // the call's own
	// disputes are those that had begun when a refusal for the limit was told: the operator knows of them before the cloud does.
	disputes []deed
}

type deedKind uint8

const (
	decides   deedKind = iota + 1 // a sale's end, whichever
	tells                         // says how it stands
	reverses                      // takes a sale back whose end nobody was told
	givesBack                     // a refund or void that is approved
	refuses                       // one that no more is left for
	tries                         // one that counts for a while, or for ever, or never
	letsGo                        // and now does not
)

// standingModel is a payment and what is left of it: decided once, taken back only while nobody has given of it, given back at
// most as a whole. What is under way counts as given back, so that no limit is passed twice.
func standingModel() porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{standing{}} },
		Step: func(state, input, output any) []any {
			return state.(standing).after(input.(deed), output.(told))
		},
	}
	return model.ToModel()
}

// after returns all states that may follow; none for a deed that is impossible.
func (s standing) after(d deed, t told) []any {
	with := func(possible bool, next standing) []any {
		if possible {
			return []any{s, next}
		}
		return []any{s}
	}
	only := func(possible bool, next standing) []any {
		if possible {
			return []any{next}
		}
		return nil
	}
	switch d.what {
	case decides:
		if s.outcome != message.Outcome_OUTCOME_UNSPECIFIED {
			return []any{s}
		}
		return []any{s, standing{outcome: message.Outcome_OUTCOME_APPROVED, paid: d.amount, over: s.over},
			standing{outcome: message.Outcome_OUTCOME_DECLINED, over: s.over}, standing{outcome: message.Outcome_OUTCOME_REVERSED, over: s.over}}
	case reverses:
		return with(s.refunded == 0 && s.outcome != message.Outcome_OUTCOME_DECLINED,
			standing{outcome: message.Outcome_OUTCOME_REVERSED, over: s.over})
	case tells:
		return only(s.tells(t), s)
	case givesBack:
		return only(s.fits(d), s.given(d))
	case refuses:
		return only(s.outcome == message.Outcome_OUTCOME_APPROVED && !s.atOperator(d.disputes).fits(d), s)
	case tries:
		next := s.given(d)
		next.trying |= d.bit
		return with(s.fits(d) && s.over&d.bit == 0, next)
	default: // letsGo
		next := s
		if next.over |= d.bit; s.trying&d.bit != 0 {
			next.trying &^= d.bit
			next.refunded -= s.share(d)
		}
		return []any{next}
	}
}

// share is what a deed gives back.
func (s standing) share(d deed) int64 {
	if d.void {
		return s.paid
	}
	return d.amount
}

// fits reports whether so much is left.
func (s standing) fits(d deed) bool {
	return s.outcome == message.Outcome_OUTCOME_APPROVED && s.refunded+s.share(d) <= s.paid
}

// atOperator is how it stands there, where a dispute counts from its beginning on.
func (s standing) atOperator(disputes []deed) standing {
	for _, d := range disputes {
		if s.trying&d.bit == 0 {
			s.refunded += d.amount
		}
	}
	return s
}

func (s standing) given(d deed) standing {
	s.refunded += s.share(d)
	return s
}

// tells reports whether this is how it stands.
func (s standing) tells(t told) bool {
	switch {
	case !definite(t.outcome):
		return s.outcome == message.Outcome_OUTCOME_UNSPECIFIED
	case t.paid != 0:
		return s.outcome == t.outcome && s.paid == t.paid && s.refunded == t.refunded
	default:
		return s.outcome == t.outcome
	}
}
