// Package payment decides what happens to a payment between the terminal's request and a definite outcome: events enter
// a pure machine, a new state and effects leave. Nothing in the machine reads a clock, blocks or draws randomness.
package payment

// State is where a payment stands.
type State uint8

// The states. Declined, Reversed and LateRefunded stay as they are unless an operator contradicts itself; Approved, Held
// and HoldEnded stay unless the terminal asks for a reversal.
const (
	Created          State = iota + 1 // recorded, nothing sent
	Authorising                       // the request was handed to a connector
	AwaitingPassword                  // the customer is typing a password
	AwaitingCustomer                  // the merchant's code is shown
	Querying                          // no answer: the operator is being asked
	Approved
	Declined
	Reversing     // given up or cancelled: being taken back until that is definite
	Reversed      // certainly not paid, or paid and put back
	LateRefunding // approved after the reversal was decided: the money is being sent back
	LateRefunded  // and it was
	Held          // a hold: approved, and open for completions
	HoldEnded     // a hold of which nothing is held any more: completed to the end, cancelled or expired
	RestReturning // taken back after part of it had gone back: the rest is being sent back
	RestReturned  // and it was
)

// String returns the state's name; the store keeps it as text.
func (s State) String() string {
	switch s {
	case Created:
		return "Created"
	case Authorising:
		return "Authorising"
	case AwaitingPassword:
		return "AwaitingPassword"
	case AwaitingCustomer:
		return "AwaitingCustomer"
	case Querying:
		return "Querying"
	case Approved:
		return "Approved"
	case Declined:
		return "Declined"
	case Reversing:
		return "Reversing"
	case Reversed:
		return "Reversed"
	case LateRefunding:
		return "LateRefunding"
	case LateRefunded:
		return "LateRefunded"
	case Held:
		return "Held"
	case HoldEnded:
		return "HoldEnded"
	case RestReturning:
		return "RestReturning"
	case RestReturned:
		return "RestReturned"
	default:
		return "invalid"
	}
}

// Final reports whether nothing more is expected to happen.
func (s State) Final() bool {
	switch s {
	case Approved, Declined, Reversed, LateRefunded, Held, HoldEnded, RestReturned:
		return true
	default:
		return false
	}
}

// waiting reports whether the operator's decision is still open and nobody has taken the payment back.
func (s State) waiting() bool {
	return s == Authorising || s == AwaitingPassword || s == AwaitingCustomer || s == Querying
}

// Outcome is the closed set of what a payment can have come to; the numbers are those of the protocol's Outcome.
type Outcome uint8

// The outcomes.
const (
	OutcomeApproved Outcome = iota + 1
	OutcomeDeclined
	OutcomeUnknown
	OutcomeReversed
)

// String returns the outcome's name.
func (o Outcome) String() string {
	switch o {
	case OutcomeApproved:
		return "approved"
	case OutcomeDeclined:
		return "declined"
	case OutcomeUnknown:
		return "unknown"
	case OutcomeReversed:
		return "reversed"
	default:
		return "invalid"
	}
}

// Outcome derives the outcome. A late refund counts as reversed from its first moment: the sale is void for certain,
// what is open is only when the customer has the money back.
func (s State) Outcome() Outcome {
	switch s {
	case Approved, Held, HoldEnded:
		return OutcomeApproved
	case Declined:
		return OutcomeDeclined
	case Reversed, LateRefunding, LateRefunded, RestReturning, RestReturned:
		return OutcomeReversed
	default:
		return OutcomeUnknown
	}
}
