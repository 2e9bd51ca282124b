package payment

import "time"

// Effect is something to be done because of a step.
type Effect struct {
	Kind EffectKind
	// Operator is whom a call goes to.
	Operator string
	// Posting, Amount and Fee go with Post; minor units.
	Posting     PostingKind
	Amount, Fee int64
	Alarm       AlarmKind
	At          time.Time // with SetTimer
}

// IsCall reports whether the effect calls an operator.
func (k EffectKind) IsCall() bool { return k >= CallAuthorise && k <= CallRefund }
