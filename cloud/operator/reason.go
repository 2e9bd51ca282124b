package operator

import "fmt"

// Reason is why an operator or the cloud said no. The numbers are those of the protocol's Reason.
type Reason uint8

// The reasons.
const (
	ReasonNone Reason = iota
	ReasonInsufficientFunds
	ReasonCodeExpired
	ReasonCodeInvalid
	ReasonLimitExceeded
	ReasonCustomerCancelled
	ReasonWalletBlocked
	ReasonOperatorUnavailable
	ReasonCardRefused
	ReasonTimedOut
	ReasonCashierCancelled
	ReasonTerminalNotAllowed
	ReasonInvalidRequest
	ReasonDuplicate
	ReasonOther
	ReasonUnknownOrder
	ReasonNotPaid
	ReasonShiftClosed
	ReasonHoldEnded
	ReasonVerificationFailed
	ReasonDoubleSpent
	ReasonSuperseded
)

// ReasonMax is the last of them.
const ReasonMax = ReasonSuperseded

// String returns the reason's name on the wire; ReasonNone is the empty string.
func (r Reason) String() string {
	switch r {
	case ReasonNone:
		return ""
	case ReasonInsufficientFunds:
		return "insufficient_funds"
	case ReasonCodeExpired:
		return "code_expired"
	case ReasonCodeInvalid:
		return "code_invalid"
	case ReasonLimitExceeded:
		return "limit_exceeded"
	case ReasonCustomerCancelled:
		return "customer_cancelled"
	case ReasonWalletBlocked:
		return "wallet_blocked"
	case ReasonOperatorUnavailable:
		return "operator_unavailable"
	case ReasonCardRefused:
		return "card_refused"
	case ReasonTimedOut:
		return "timed_out"
	case ReasonCashierCancelled:
		return "cashier_cancelled"
	case ReasonTerminalNotAllowed:
		return "terminal_not_allowed"
	case ReasonInvalidRequest:
		return "invalid_request"
	case ReasonDuplicate:
		return "duplicate"
	case ReasonOther:
		return "other"
	case ReasonUnknownOrder:
		return "unknown_order"
	case ReasonNotPaid:
		return "not_paid"
	case ReasonShiftClosed:
		return "shift_closed"
	case ReasonHoldEnded:
		return "hold_ended"
	case ReasonVerificationFailed:
		return "verification_failed"
	case ReasonDoubleSpent:
		return "double_spent"
	case ReasonSuperseded:
		return "superseded"
	default:
		return "invalid"
	}
}

// ParseReason reads what String writes.
func ParseReason(text string) (Reason, error) {
	for r := ReasonNone; r <= ReasonMax; r++ {
		if r.String() == text {
			return r, nil
		}
	}
	return 0, fmt.Errorf("operator: unknown reason %q", text)
}
