package checkout

import (
	"fmt"
	"log/slog"
)

// State is where a sale is.
type State uint8

// The states. Their numbers are stored; new ones go to the end.
const (
	Waiting          State = iota + 1 // for the customer's code, hard wallet or wish to see our code
	Tapping                           // a hard wallet is being asked to pay
	CardUnknown                       // it was asked and did not answer: the same card again, or the cloud
	Authorising                       // the payment was asked for
	AwaitingPassword                  // the customer is typing a password
	AwaitingScan                      // our code is shown, the customer has to scan it
	Querying                          // not known within the time an answer takes: asking
	Reversing                         // given up or cancelled: asking until it is definite
	Approved                          // final: money received
	Declined                          // final: no money received
	Reversed                          // final: taken back
	Abandoned                         // final: ended before any payment was asked for
	ApprovedOffline                   // money taken by the till itself; the cloud's answer completes it
	NotHonoured                       // final: taken by the till itself, and the operator does not pay; the sale stands
)

// stateMax is the last state.
const stateMax = NotHonoured

// String returns the state's name as logs, scripts and the station's answers have it.
func (s State) String() string {
	switch s {
	case Waiting:
		return "waiting"
	case Tapping:
		return "tapping"
	case CardUnknown:
		return "card-unknown"
	case Authorising:
		return "authorising"
	case AwaitingPassword:
		return "awaiting-password"
	case AwaitingScan:
		return "awaiting-scan"
	case Querying:
		return "querying"
	case Reversing:
		return "reversing"
	case Approved:
		return "approved"
	case Declined:
		return "declined"
	case Reversed:
		return "reversed"
	case Abandoned:
		return "abandoned"
	case ApprovedOffline:
		return "approved-offline"
	case NotHonoured:
		return "not-honoured"
	default:
		return fmt.Sprintf("state-%d", uint8(s))
	}
}

// LogValue is the state's name.
func (s State) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Final reports whether the state is never left again.
func (s State) Final() bool { return s >= Approved && s <= Abandoned || s == NotHonoured }

// Undecided reports whether money may have moved, and the outcome is not definite.
func (s State) Undecided() bool { return s > Waiting && s <= Reversing }

// asked reports whether the cloud has a payment to tell about and its outcome is not definite.
func (s State) asked() bool { return s >= Authorising && s <= Reversing }
