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

// EntryKind says what a ledger entry is for. An order has at most one entry of a kind.
type EntryKind uint8

// The kinds of entry. The second of each pair undoes the first.
const (
	EntrySale           EntryKind = iota + 1 // the customer's money came in
	EntryReversal                            // the sale was taken back
	EntrySuspense                            // money came in for a payment that had been taken back
	EntrySuspenseReturn                      // that money went back
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

// Entry is a ledger entry. (Order, Kind) is unique: posting twice is impossible.
type Entry struct {
	Order    OrderID
	Kind     EntryKind
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
