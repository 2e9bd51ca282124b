// Package operator holds the words the cloud speaks with wallet operators: what is asked of one, what it answers, and
// how a call can end. Connectors live in the folders below, named after an interface style; package registry holds the
// operators themselves as data.
package operator

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Connector carries payments to one operator.
//
// Every method ends in one of three ways: a definite Answer and no error; a *NotSentError when the request certainly
// never left this machine; an *UnknownOutcomeError for everything else. A connector never retries: whether and when to
// ask again is the payment machine's decision. All operations are idempotent on the order at the operator. An Answer says
// what the operator holds of the order. That it turned one request away unread is one only for a code, whose request is
// sent once; of a tap, which has debited its card and is presented again, it is unknown.
type Connector interface {
	// Authorise asks for the money of a scanned code or a tapped card.
	Authorise(ctx context.Context, request Request) (Answer, error)
	// Query asks what became of an order. NotFound says the operator has not seen it yet, no more.
	Query(ctx context.Context, inquiry Inquiry) (Answer, error)
	// Reverse takes an order back whatever became of it; an operator that has never seen the order remembers the
	// reversal and refuses the order when it comes.
	Reverse(ctx context.Context, inquiry Inquiry) (Answer, error)
}

// Preparer is a connector that can ready an Authorise before it may leave: signing it then takes no time of its own
// beside the commit that the call waits for.
type Preparer interface {
	// Prepare readies an Authorise of request; nothing leaves. Error: *NotSentError.
	Prepare(request Request) (Prepared, error)
}

// Prepared is an Authorise that is ready to leave.
type Prepared interface {
	// Send is Connector.Authorise. It is called at most once.
	Send(ctx context.Context) (Answer, error)
}

// CodeIssuer is a connector that makes merchant-shown codes.
type CodeIssuer interface {
	// Order opens an order that the customer pays by scanning Answer.ShownCode. Errors as for Connector.
	Order(ctx context.Context, request Request) (Answer, error)
}

// Refunder is a connector that sends back money of an approved order that can no longer be reversed.
type Refunder interface {
	// Refund sends the whole amount back to the paying wallet, once per order however often it is asked. Errors as for
	// Connector.
	Refund(ctx context.Context, inquiry Inquiry) (Answer, error)
}

// ErrInvalidOrderID marks text that is not 32 hexadecimal digits.
var ErrInvalidOrderID = errors.New("operator: invalid order id")

// OrderID names a payment everywhere: a UUID of version 7 minted by the terminal.
type OrderID [16]byte

// ParseOrderID reads 32 hexadecimal digits, or gives ErrInvalidOrderID.
func ParseOrderID(text string) (OrderID, error) {
	var id OrderID
	if len(text) != 2*len(id) {
		return OrderID{}, fmt.Errorf("%w: %d characters", ErrInvalidOrderID, len(text))
	}
	if _, err := hex.Decode(id[:], []byte(text)); err != nil {
		return OrderID{}, fmt.Errorf("%w: %w", ErrInvalidOrderID, err)
	}
	return id, nil
}

// String returns 32 lower-case hexadecimal digits.
func (id OrderID) String() string { return hex.EncodeToString(id[:]) }

// Method is how the customer pays; the numbers are those of the protocol's Method.
type Method uint8

// The methods.
const (
	MethodCode  Method = iota + 1 // 被扫: the customer's code was scanned
	MethodTap                     // 碰一碰: a hard wallet was tapped
	MethodShown                   // 主扫: the merchant's code is shown
)

// String returns the method's name on the wire and in settings.
func (m Method) String() string {
	switch m {
	case MethodCode:
		return "code"
	case MethodTap:
		return "tap"
	case MethodShown:
		return "shown"
	default:
		return "invalid"
	}
}

// ParseMethod reads what String writes.
func ParseMethod(text string) (Method, error) {
	for m := MethodCode; m <= MethodShown; m++ {
		if m.String() == text {
			return m, nil
		}
	}
	return 0, fmt.Errorf("operator: unknown method %q", text)
}

// Request asks for one payment.
type Request struct {
	OrderID  OrderID
	Merchant string // 15 digits
	Terminal string
	Method   Method
	Amount   int64 // minor units, above zero
	Currency string
	// Code is the customer's one-time payment code, for MethodCode only. It is never stored and never logged.
	Code string
	// Card is the hard wallet's signed transaction, for MethodTap only.
	Card []byte
	// Hold asks for the amount to be held and not paid; for Holder only.
	Hold bool
	// Verify says that the customer must be verified (password, finger or face) for this order and amount.
	Verify bool
	// Offline says that the terminal accepted the payment by itself: it is presented again until the answer is definite.
	Offline bool
}

// LogValue shows the request without code and card.
func (r Request) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("order", r.OrderID.String()), slog.String("merchant", r.Merchant),
		slog.String("terminal", r.Terminal), slog.String("method", r.Method.String()),
		slog.Int64("amount", r.Amount), slog.String("currency", r.Currency), slog.Bool("hold", r.Hold))
}

// String keeps the code out of %v.
func (r Request) String() string { return r.LogValue().String() }

// GoString keeps the code out of %#v.
func (r Request) GoString() string { return r.String() }

// Inquiry names an order in a query, a reversal or a refund. Amount and currency let the operator refuse a mix-up.
type Inquiry struct {
	OrderID  OrderID
	Merchant string
	Amount   int64
	Currency string
}

// Status is what an operator says of an order.
type Status uint8

// The statuses, after the life cycle of public scan-pay interfaces.
const (
	StatusApproved         Status = iota + 1 // SUCCESS: the wallet was debited
	StatusDeclined                           // PAYERROR, CLOSED: it was not and never will be
	StatusAwaitingPassword                   // USERPAYING: the customer is typing a password
	StatusAwaitingCustomer                   // NOTPAY: the shown code has not been paid yet
	StatusNotFound                           // the operator has not seen the order, so far
	StatusReversed                           // REVOKED: not debited, or debited and put back; it stays so
	StatusReversalRefused                    // the reversal is not possible (any more); the order stands as it is
	StatusRefunded                           // REFUND: the money went back by a refund
	StatusRefundRefused                      // the refund is not possible
)

// String returns the status's name on the wire.
func (s Status) String() string {
	switch s {
	case StatusApproved:
		return "approved"
	case StatusDeclined:
		return "declined"
	case StatusAwaitingPassword:
		return "awaiting_password"
	case StatusAwaitingCustomer:
		return "awaiting_customer"
	case StatusNotFound:
		return "not_found"
	case StatusReversed:
		return "reversed"
	case StatusReversalRefused:
		return "reversal_refused"
	case StatusRefunded:
		return "refunded"
	case StatusRefundRefused:
		return "refund_refused"
	default:
		return "invalid"
	}
}

// ParseStatus reads what String writes.
func ParseStatus(text string) (Status, error) {
	for s := StatusApproved; s <= StatusRefundRefused; s++ {
		if s.String() == text {
			return s, nil
		}
	}
	return 0, fmt.Errorf("operator: unknown status %q", text)
}

// Answer is an operator's authenticated statement about an order.
type Answer struct {
	OrderID  OrderID
	Status   Status
	Reason   Reason // with StatusDeclined and the refusals
	Amount   int64  // minor units; what the operator holds the order to be worth, 0 when it does not know the order
	Currency string
	// Reference is the operator's own number of the order.
	Reference string
	AuthCode  string // 6 characters, when approved
	// PayerOperator is the code of the operator whose wallet paid; WalletMasked its first 6 and last 4 digits.
	PayerOperator string
	WalletMasked  string
	// ShownCode is the text of the code to show, opaque to us; with StatusAwaitingCustomer.
	ShownCode string
	// At is the operator's time of the statement.
	At time.Time
}
