// Package audit holds the books of everybody who saw a payment against each other: what the cashiers were told, the
// operator's own books, the cloud's ledger, the terminals' journals and the paper come in; what differs leaves. It
// shares no code with what it audits.
package audit

// Order is an order id, 32 hexadecimal digits.
type Order string

// Evidence is what everybody says once nothing moves any more. Amounts are fen.
type Evidence struct {
	Told     []Told
	Bank     []BankOrder
	Payments []Payment
	Entries  []Entry
	Journals []Journal
	Papers   []Paper
	Alarms   []Alarm
	Cards    []Card
}

// The outcomes of a payment, and of a sale that ended before any payment was asked for.
const (
	Approved  = "approved"
	Declined  = "declined"
	Reversed  = "reversed"
	Abandoned = "abandoned"
	Unknown   = "unknown"
)

// Told is what a cashier was told of one sale.
type Told struct {
	Order    Order
	Terminal string
	Amount   int64
	// Outcome is the last word: one of the outcomes. Only Unknown is not final.
	Outcome string
	// Returned is what the cashier was told went back of an approved payment; of a hold, what was completed counts below
	// zero.
	Returned int64
	Hold     bool
}

// net is what the customer paid in the end as the cashier understood it.
func (t Told) net() int64 {
	if t.Outcome != Approved {
		return 0
	}
	if t.Hold {
		return -t.Returned
	}
	return t.Amount - t.Returned
}

// BankOrder is one order in the operator's own books.
type BankOrder struct {
	Order                     Order
	Amount, Debited, Credited int64
	// Open says that the order is not decided.
	Open bool
	// Wallet is the payer's masked id.
	Wallet string
	// Held is what is set aside of a hold and neither completed nor released.
	Hold bool
	Held int64
}

// Payment is one payment in the cloud's store.
type Payment struct {
	Order    Order
	Terminal string
	Amount   int64
	Outcome  string
	Final    bool
}

// Entry is one entry of the cloud's ledger.
type Entry struct {
	Order Order
	Kind  string
	Part  string // the void or refund it belongs to; empty for the payment itself
	// Received is what the entry adds to what the operators owe us, Sum the sum of all its postings.
	Received, Sum int64
}

// Journal is one terminal's journal, read offline with the terminal's keys.
type Journal struct {
	Terminal string
	// Damage says what is wrong with chain or tags; empty when all hold.
	Damage  string
	Records []Record
	// Acknowledged is up to where the terminal was told that the cloud has everything.
	Acknowledged uint64
	// Compared are the shifts that the cloud has compared with its books and found right, by id.
	Compared map[string]bool
	// Stored are the digests of what the cloud has of this terminal, by sequence.
	Stored map[uint64]string
}

// Record is one record of a journal.
type Record struct {
	Sequence uint64
	Digest   string // of the stored bytes
	Type     string
	Order    Order // empty where the record is of no order
	Amount   int64 // of a payment-requested; what went back, of a follow-up
	Method   string
	// Outcome is of outcome-shown and follow-up-shown, Print of receipt-printed: done, not-started or unconfirmed.
	Outcome string
	Print   string
	Copy    string
	Reprint bool
	// FollowUp is the void or refund that the record is of; empty for the payment itself.
	FollowUp string
	// Kind is what a follow-up does with its order, in the protocol's words: "void", "refund", "top-up" ….
	Kind string
	// Hold says that a payment-requested is a hold. Offline is set where the terminal took it, or gave it back, by itself.
	Hold    bool
	Offline *Offline
	Signed  bool    // by a hard wallet, which has debited itself
	Limits  *Limits // of limits-taken
	Shift   *Shift  // of shift-opened and shift-closed
}

// Offline is what a payment that a terminal took by itself says of the limits it was taken by. Of what is given back
// nothing is said.
type Offline struct {
	Limits string // id
	Total  int64  // fen, this payment included
	Count  int
}

// Limits are what the cloud allows a terminal to take by itself. Each till has one hard wallet here.
type Limits struct {
	ID                              string
	PaymentMax, WalletMax, TotalMax int64
	WalletCountMax, CountMax        int
}

// Shift is a shift as its records tell of it. Sales are by method.
type Shift struct {
	ID          string
	Batch       int
	Provisional bool
	First, Last uint64
	Sales       map[string]Sum
	Refunds     Sum
}

// Sum is how many and how much.
type Sum struct {
	Count  int
	Amount int64
}

// The record types that the audit understands; all others only have to be where they belong.
const (
	TypeRequested = "payment-requested"
	TypeShown     = "outcome-shown"
	TypeReversal  = "reversal-requested"
	TypePrinted   = "receipt-printed"
	TypeAbandoned = "sale-abandoned"
	TypeFollowed  = "follow-up-shown"
	TypeAsked     = "follow-up-requested"
	TypeOpened    = "shift-opened"
	TypeClosed    = "shift-closed"
	TypeLimits    = "limits-taken"
)

// What became of a copy, as receipt-printed says.
const (
	PrintDone        = "done"
	PrintNotStarted  = "not-started"
	PrintUnconfirmed = "unconfirmed"
)

// Alarm is something the cloud told somebody.
type Alarm struct {
	Kind, Terminal string
	Order          Order // empty where it is about no single order
	Detail         string
}

// Card is the hard wallet of one terminal's customers.
type Card struct {
	Terminal string
	Wallet   string // masked
	// Spent is by how much the card has debited itself.
	Spent int64
}
