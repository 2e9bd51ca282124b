package payment

import (
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Effect is something to be done because of a step.
type Effect struct {
	Kind EffectKind
	// Operator is whom a call goes to.
	Operator string
	// Posting, Amount, Fee and Held go with Post; minor units. Held is what is held more or less because of it.
	Posting           PostingKind
	Amount, Fee, Held int64
	Alarm             AlarmKind
	At                time.Time // with SetTimer
	// FollowUp is which one a call, a posting or an answer is about.
	FollowUp operator.FollowUpID
	Reason   operator.Reason // with DeclineFollowUp
}

// IsCall reports whether the effect calls an operator.
func (k EffectKind) IsCall() bool { return k >= CallAuthorise && k <= CallFollowUp }
