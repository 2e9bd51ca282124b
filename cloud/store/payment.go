package store

import (
	"encoding/hex"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
)

// OrderID is a payment's order id, a UUID of version 7 minted by the terminal.
type OrderID [16]byte

// String returns the id in hexadecimal digits.
func (o OrderID) String() string { return hex.EncodeToString(o[:]) }

// Payment is one payment: the columns the store searches by and the state machine's own bytes.
type Payment struct {
	Order    OrderID
	Terminal record.Terminal
	Sequence uint64 // of the PaymentRequested record
	Merchant string
	// Reference is the 12-digit number on the receipt, empty for none; it is stored with the first revision.
	Reference string
	// Revision is 1 for a new payment; a change is refused unless it is the stored revision plus one.
	Revision  uint64
	State     uint8
	Final     bool
	NextAt    time.Time // when the payment wants to be looked at again, zero when it does not
	UpdatedAt time.Time
	Blob      []byte
}

// Cancelled says that an order was cancelled before its payment was seen: a payment that comes later is never begun.
type Cancelled struct {
	Order    OrderID
	Terminal record.Terminal // whose reversal it was
	Reason   uint8           // the protocol's number
	At       time.Time
}

// EntryKind says what a ledger entry is for.
type EntryKind uint8

// The kinds of entry. Up to EntryHoldReturn an order has at most one of a kind, and the second of each pair undoes the
// first; those after it belong to one follow-up each.
const (
	EntrySale           EntryKind = iota + 1 // the customer's money came in
	EntryReversal                            // the sale was taken back
	EntrySuspense                            // money came in for a payment that had been taken back
	EntrySuspenseReturn                      // that money went back
	EntryHold                                // an amount is held; nobody's money moved
	EntryHoldReturn                          // all of it was set free
	EntryVoid                                // the whole payment went back
	EntryRefund                              // part or all of what was paid went back
	EntryTopUp                               // more is held
	EntryCompletion                          // paid out of what is held
	EntryRelease                             // what was still held was set free
	EntryUndo                                // a completion went back and is held again
	EntryDispute                             // a customer's bank took it back
)

// Offline payments that were not honoured; numbered apart from the others.
const (
	EntryLoss       EntryKind = 64 // the sale stands and no money comes: ours to bear
	EntryLossReturn EntryKind = 65 // the operator paid after all
)

// String returns the kind's name.
func (k EntryKind) String() string {
	switch k {
	case EntrySale:
		return "sale"
	case EntryReversal:
		return "reversal"
	case EntrySuspense:
		return "suspense"
	case EntrySuspenseReturn:
		return "suspense-return"
	case EntryHold:
		return "hold"
	case EntryHoldReturn:
		return "hold-return"
	case EntryVoid:
		return "void"
	case EntryRefund:
		return "refund"
	case EntryTopUp:
		return "top-up"
	case EntryCompletion:
		return "completion"
	case EntryRelease:
		return "release"
	case EntryUndo:
		return "undo"
	case EntryDispute:
		return "dispute"
	case EntryLoss:
		return "loss"
	case EntryLossReturn:
		return "loss-return"
	default:
		return "unknown"
	}
}

// Posting adds an amount in minor units to an account: debits are positive, credits negative.
type Posting struct {
	Account  string
	Amount   int64
	Currency string
}

// PostingsMax bounds the postings of one entry.
const PostingsMax = 8

// Entry is a ledger entry. (Order, Kind, Part) is unique: posting twice is impossible.
type Entry struct {
	Order    OrderID
	Kind     EntryKind
	Part     FollowUpID // the follow-up it belongs to; zero for the payment itself
	At       time.Time
	Postings []Posting // 2 to PostingsMax
}

// Balance is the sum of an account's postings in one currency.
type Balance struct {
	Account  string
	Currency string
	Amount   int64
}

// Audit is what one look over a stretch of the ledger found.
type Audit struct {
	Last       uint64           // number of the last entry looked at
	Entries    uint64           // how many were looked at
	Sums       map[string]int64 // by currency, over all postings looked at; each must be zero
	Unbalanced []OrderID        // entries that do not sum to zero, at most AuditFindingsMax
}

// AuditFindingsMax bounds what one audit lists.
const AuditFindingsMax = 100
