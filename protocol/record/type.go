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
	FollowUpRequested Type = 0x0015 // body message.FollowUpRequested: void, refund, or what is done with a hold
	FollowUpShown     Type = 0x0016 // body message.FollowUpShown: journaled before screen and printer
	OrderLookup       Type = 0x0017 // body message.OrderLookup: asks for an order, moves nothing
	DeviceFault       Type = 0x0020 // body message.DeviceFault
	ShiftOpened       Type = 0x0030 // body message.ShiftOpened
	CashMoved         Type = 0x0031 // body message.CashMoved
	ShiftClosed       Type = 0x0032 // body message.ShiftClosed: provisional, or complete
	LimitsTaken       Type = 0x0040 // body message.OfflineLimitsTaken
)

// Answers, cloud to terminal.
const (
	SignInAnswer    Type = 0x8001 // body message.SignInAnswer
	Acknowledgement Type = 0x8002 // body message.Acknowledgement
	Refusal         Type = 0x8003 // body message.Refusal: a record was quarantined or could not be read
	PaymentResult   Type = 0x8010 // body message.PaymentResult
	FollowUpResult  Type = 0x8011 // body message.FollowUpResult
	OrderFound      Type = 0x8012 // body message.OrderFound
	OfflineLimits   Type = 0x8020 // body message.OfflineLimits
)

// String returns the type's name for logs and listings.
func (t Type) String() string {
	if name := t.name(); name != "" {
		return name
	}
	return fmt.Sprintf("type-%04x", uint16(t))
}

// Known reports whether this program knows what t is; a later version has more types.
func (t Type) Known() bool { return t.name() != "" }

func (t Type) name() string {
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
	case FollowUpRequested:
		return "follow-up-requested"
	case FollowUpShown:
		return "follow-up-shown"
	case OrderLookup:
		return "order-lookup"
	case DeviceFault:
		return "device-fault"
	case ShiftOpened:
		return "shift-opened"
	case CashMoved:
		return "cash-moved"
	case ShiftClosed:
		return "shift-closed"
	case LimitsTaken:
		return "limits-taken"
	case SignInAnswer:
		return "sign-in-answer"
	case Acknowledgement:
		return "acknowledgement"
	case Refusal:
		return "refusal"
	case PaymentResult:
		return "payment-result"
	case FollowUpResult:
		return "follow-up-result"
	case OrderFound:
		return "order-found"
	case OfflineLimits:
		return "offline-limits"
	default:
		return ""
	}
}

// LogValue is the type's name.
func (t Type) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Urgent reports whether records of this type are sent at once, ahead of any backlog.
func (t Type) Urgent() bool {
	return t == PaymentRequested || t == ReversalRequested || t == FollowUpRequested || t == OrderLookup
}
