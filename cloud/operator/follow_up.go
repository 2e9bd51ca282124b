package operator

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Follower is a connector that carries out what follows an approval. A follow-up is idempotent on its id at the
// operator, so that the same one may be asked for until its answer is definite.
type Follower interface {
	// FollowUp carries a follow-up out, once however often it is asked for, and tells how it stands. Errors as for
	// Connector; after either of them the same follow-up may be asked for again.
	FollowUp(ctx context.Context, request FollowUp) (FollowUpAnswer, error)
}

// Holder is a connector that holds amounts (预授权): it takes requests with Hold set, by a code, a card or a shown code.
// Reverse and Refund of a held order set free what is held.
type Holder interface {
	Follower
	// Hold asks for the amount to be held. It ends as Authorise does, or as Order for MethodShown; StatusApproved says
	// that the amount is held and nothing was paid.
	Hold(ctx context.Context, request Request) (Answer, error)
}

// ErrInvalidFollowUpID marks text that is not 32 hexadecimal digits.
var ErrInvalidFollowUpID = errors.New("operator: invalid follow-up id")

// FollowUpID names a follow-up everywhere and for ever.
type FollowUpID [16]byte

// ParseFollowUpID reads 32 hexadecimal digits, or gives ErrInvalidFollowUpID.
func ParseFollowUpID(text string) (FollowUpID, error) {
	id, err := ParseOrderID(text)
	if err != nil {
		return FollowUpID{}, ErrInvalidFollowUpID
	}
	return FollowUpID(id), nil
}

// String returns 32 lower-case hexadecimal digits.
func (id FollowUpID) String() string { return hex.EncodeToString(id[:]) }

// FollowUpKind is what is done with an approved order; the numbers are those of the protocol's FollowUp.
type FollowUpKind uint8

// The kinds of follow-up.
const (
	KindVoid     FollowUpKind = iota + 1 // 撤销: the whole payment goes back
	KindRefund                           // 退货: part or all of what was paid goes back
	KindTopUp                            // 追加预授权: more is held
	KindComplete                         // 预授权完成: part or all of what is held is paid
	KindCancel                           // 预授权撤销: what is still held is set free
	KindUndo                             // 预授权完成撤销: one completion goes back and is held again
)

// KindDispute (拒付) is what nobody asks for: the customer's bank took it back, as a statement says. It is on no wire but that of
// people.
const KindDispute FollowUpKind = 64

// String returns the kind's name on the wire.
func (k FollowUpKind) String() string {
	switch k {
	case KindVoid:
		return "void"
	case KindRefund:
		return "refund"
	case KindTopUp:
		return "top_up"
	case KindComplete:
		return "complete"
	case KindCancel:
		return "cancel"
	case KindUndo:
		return "undo"
	case KindDispute:
		return "dispute"
	default:
		return "invalid"
	}
}

// ParseFollowUpKind reads what String writes.
func ParseFollowUpKind(text string) (FollowUpKind, error) {
	for k := KindVoid; k <= KindUndo; k++ {
		if k.String() == text {
			return k, nil
		}
	}
	return 0, fmt.Errorf("operator: unknown follow-up %q", text)
}

// FollowUp asks for something to be done with an approved order.
type FollowUp struct {
	ID       FollowUpID
	OrderID  OrderID
	Merchant string
	Kind     FollowUpKind
	// Amount in minor units, above zero; for KindCancel what is held by our books, for KindUndo the completion's.
	Amount   int64
	Currency string
	Undoes   FollowUpID // for KindUndo: the completion
	Last     bool       // for KindComplete: what is held beyond it is set free
}

// FollowUpStatus is what an operator says of a follow-up.
type FollowUpStatus uint8

// The statuses. Done and Refused are definite and stay.
const (
	FollowUpDone    FollowUpStatus = iota + 1 // carried out
	FollowUpRefused                           // not carried out, and it never will be under this id
	FollowUpPending                           // received and not decided yet: ask again
)

// String returns the status's name on the wire.
func (s FollowUpStatus) String() string {
	switch s {
	case FollowUpDone:
		return "done"
	case FollowUpRefused:
		return "refused"
	case FollowUpPending:
		return "pending"
	default:
		return "invalid"
	}
}

// ParseFollowUpStatus reads what String writes.
func ParseFollowUpStatus(text string) (FollowUpStatus, error) {
	for s := FollowUpDone; s <= FollowUpPending; s++ {
		if s.String() == text {
			return s, nil
		}
	}
	return 0, fmt.Errorf("operator: unknown follow-up status %q", text)
}

// FollowUpAnswer is an operator's authenticated statement about a follow-up.
type FollowUpAnswer struct {
	ID      FollowUpID
	OrderID OrderID
	Status  FollowUpStatus
	Reason  Reason // with FollowUpRefused
	// Amount is what was moved, held or set free, in minor units; with FollowUpDone.
	Amount    int64
	Currency  string
	Reference string // the operator's own number of the follow-up
	At        time.Time
}
