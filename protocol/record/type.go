package record

import (
	"fmt"
	"log/slog"
)

// Type says what a record or an answer is; its body is the message of package message with the same name.
type Type uint16

// Records, terminal to cloud. SignIn is sent outside the journal, before there is an epoch.
const (
	SignIn            Type = 0x0001 // body message.SignIn
	EpochOpened       Type = 0x0002 // body message.EpochOpened: first record under a new epoch's keys
	AgentStarted      Type = 0x0003 // body message.AgentStarted
	PaymentRequested  Type = 0x0010 // body message.PaymentRequested; its secret is the customer's code
	OutcomeShown      Type = 0x0011 // body message.OutcomeShown: journaled before screen and printer
	ReversalRequested Type = 0x0012 // body message.ReversalRequested
	ReceiptPrinted    Type = 0x0013 // body message.ReceiptPrinted
	SaleAbandoned     Type = 0x0014 // body message.SaleAbandoned: ended before any payment was asked for
	DeviceFault       Type = 0x0020 // body message.DeviceFault
)

// Answers, cloud to terminal.
const (
	SignInAnswer    Type = 0x8001 // body message.SignInAnswer
	Acknowledgement Type = 0x8002 // body message.Acknowledgement
	Refusal         Type = 0x8003 // body message.Refusal: a record was quarantined or could not be read
	PaymentResult   Type = 0x8010 // body message.PaymentResult
)

// String returns the type's name for logs and listings.
func (t Type) String() string {
	switch t {
	case SignIn:
		return "sign-in"
	case EpochOpened:
		return "epoch-opened"
	case AgentStarted:
		return "agent-started"
	case PaymentRequested:
		return "payment-requested"
	case OutcomeShown:
		return "outcome-shown"
	case ReversalRequested:
		return "reversal-requested"
	case ReceiptPrinted:
		return "receipt-printed"
	case SaleAbandoned:
		return "sale-abandoned"
	case DeviceFault:
		return "device-fault"
	case SignInAnswer:
		return "sign-in-answer"
	case Acknowledgement:
		return "acknowledgement"
	case Refusal:
		return "refusal"
	case PaymentResult:
		return "payment-result"
	default:
		return fmt.Sprintf("type-%04x", uint16(t))
	}
}

// LogValue is the type's name.
func (t Type) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Urgent reports whether records of this type are sent at once, ahead of any backlog.
func (t Type) Urgent() bool { return t == PaymentRequested || t == ReversalRequested }
