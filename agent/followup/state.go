package followup

import (
	"fmt"
	"log/slog"
)

// State is where a follow-up is.
type State uint8

// The states. Their numbers are stored; new ones go to the end.
const (
	Asking   State = iota + 1 // asked for, an answer may come any moment
	Unknown                   // not known within the time an answer takes: pursued until it is
	Approved                  // final: done
	Declined                  // final: not done
	// TakenOffline is accepted by the till itself; the cloud's answer completes it (SPEC.md 7.8.6).
	TakenOffline
	NotCarriedOut // final: accepted by the till itself, and the cloud did not do it: the customer waits for that money
)

// stateMax is the last state.
const stateMax = NotCarriedOut

// String returns the state's name as logs, scripts and the station's answers have it.
func (s State) String() string {
	switch s {
	case Asking:
		return "asking"
	case Unknown:
		return "unknown"
	case Approved:
		return "approved"
	case Declined:
		return "declined"
	case TakenOffline:
		return "approved-offline"
	case NotCarriedOut:
		return "not-carried-out"
	default:
		return fmt.Sprintf("state-%d", uint8(s))
	}
}

// LogValue is the state's name.
func (s State) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Final reports whether the state is never left again.
func (s State) Final() bool { return s == Approved || s == Declined || s == NotCarriedOut }
