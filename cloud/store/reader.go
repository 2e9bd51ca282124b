package store

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
)

// Readers never see part of a change. Methods that look for one row return ErrNotFound when there is none; lists are
// in ascending order, bounded by limit, and empty when there is nothing.

// RecordReader reads records and heads.
type RecordReader interface {
	// Head returns the terminal's head, or ErrNotFound before its first record.
	Head(ctx context.Context, terminal record.Terminal) (Head, error)
	// Record returns one record.
	Record(ctx context.Context, terminal record.Terminal, sequence uint64) (Record, error)
	// Records returns the records after a sequence.
	Records(ctx context.Context, terminal record.Terminal, after uint64, limit int) ([]Record, error)
	// Quarantined returns the newest quarantined records of a terminal.
	Quarantined(ctx context.Context, terminal record.Terminal, limit int) ([]Quarantined, error)
}

// GapReader finds where records are missing.
type GapReader interface {
	// Gapped returns the heads of terminals that have records beyond a gap, after an id (the zero id to begin).
	Gapped(ctx context.Context, after record.Terminal, limit int) ([]Head, error)
}

// EpochReader reads a terminal's key epochs.
type EpochReader interface {
	// Epochs returns all of a terminal's epochs, oldest first.
	Epochs(ctx context.Context, terminal record.Terminal) ([]Epoch, error)
}

// PaymentReader reads payments.
type PaymentReader interface {
	// Payment returns one payment.
	Payment(ctx context.Context, order OrderID) (Payment, error)
	// OpenPayments returns payments that are not final, after an order id (the zero id to begin).
	OpenPayments(ctx context.Context, after OrderID, limit int) ([]Payment, error)
	// Cancelled returns the cancellation of an order.
	Cancelled(ctx context.Context, order OrderID) (Cancelled, error)
	// LastCancelled returns the latest cancellations, the newest first.
	LastCancelled(ctx context.Context, limit int) ([]Cancelled, error)
	// DuePayments returns payments that are not final and want to be looked at by a time, after an order id.
	DuePayments(ctx context.Context, by time.Time, after OrderID, limit int) ([]Payment, error)
	// PaymentsByReference returns a merchant's payments for which something was booked and that have a reference, those
	// booked last first.
	PaymentsByReference(ctx context.Context, merchant, reference string, limit int) ([]Payment, error)
}

// FollowUpReader reads what terminals asked to be done with orders.
type FollowUpReader interface {
	// FollowUp returns one follow-up.
	FollowUp(ctx context.Context, id FollowUpID) (FollowUp, error)
	// WaitingFollowUps returns follow-ups that are waiting, after an id (the zero id to begin).
	WaitingFollowUps(ctx context.Context, after FollowUpID, limit int) ([]FollowUp, error)
}

// LedgerReader reads the books.
type LedgerReader interface {
	// Balances returns all accounts' balances.
	Balances(ctx context.Context) ([]Balance, error)
	// Entries returns an order's entries.
	Entries(ctx context.Context, order OrderID) ([]Entry, error)
	// Audit sums the entries numbered after the given number, at most limit of them.
	Audit(ctx context.Context, after uint64, limit int) (Audit, error)
	// Unposted returns payments in a state for which no entry of the kind stands. An entry stands unless the order
	// has an entry of the kind undo as well.
	Unposted(ctx context.Context, state uint8, kind, undo EntryKind, limit int) ([]OrderID, error)
	// Unfounded returns orders for which an entry of the kind stands but whose payment is in none of the states.
	Unfounded(ctx context.Context, kind, undo EntryKind, states []uint8, limit int) ([]OrderID, error)
	// Overdrawn returns orders with follow-ups of whose postings some account has the wrong sign: more went back than
	// had come in. Accounts whose name begins with one of debits must not be credited more than they were debited,
	// all others the other way round.
	Overdrawn(ctx context.Context, debits []string, limit int) ([]OrderID, error)
}

// DirectoryReader reads terminals and merchants.
type DirectoryReader interface {
	// Terminal returns one terminal.
	Terminal(ctx context.Context, id record.Terminal) (Terminal, error)
	// Terminals returns terminals after an id (the zero id to begin).
	Terminals(ctx context.Context, after record.Terminal, limit int) ([]Terminal, error)
	// Merchant returns one merchant.
	Merchant(ctx context.Context, id string) (Merchant, error)
	// Merchants returns merchants after an id.
	Merchants(ctx context.Context, after string, limit int) ([]Merchant, error)
}

// MerchantChange says that a merchant was added or changed. Of one that changed often the last number stands.
type MerchantChange struct {
	Number   uint64 // rises with each change of any merchant
	Merchant string
}

// MerchantChangeReader reads which merchants another process changed.
type MerchantChangeReader interface {
	// ChangedMerchants returns the changes after a number (0 to begin).
	ChangedMerchants(ctx context.Context, after uint64, limit int) ([]MerchantChange, error)
}

// BlockReader reads which terminals may not connect.
type BlockReader interface {
	// Blocked returns blocked and retired terminals after an id (the zero id to begin).
	Blocked(ctx context.Context, after record.Terminal, limit int) ([]record.Terminal, error)
}

// HealthReader tells whether changes can be stored. It asks nobody and may be called at any time.
type HealthReader interface {
	// Health returns nil, or why the last commit stored nothing: ErrFull until a commit succeeds again, ErrFailed
	// until the store has been opened again. ErrFull is told early, too: while there soon will be no room.
	Health() error
}

// Counts is what there is.
type Counts struct {
	Terminals   uint64
	Records     uint64
	Missing     uint64 // records missing below their terminals' highest
	Quarantined uint64
	Alarms      uint64 // that nobody has settled
	Entries     uint64
	Payments    map[uint8]uint64 // by state
}

// OverviewReader reads what a person looks at first.
type OverviewReader interface {
	AlarmReader
	// Counts counts everything once.
	Counts(ctx context.Context) (Counts, error)
}

// Leaser gives numbers that are never given again, not even after a restart.
type Leaser interface {
	// Lease returns the next number of a name, from 1 and not below least; it is durable before Lease returns. A least that
	// rises with time keeps a store that was put back from an older copy from giving a number again.
	Lease(ctx context.Context, name string, least uint64) (uint64, error)
}

// Store is all of it, as an implementation offers it. Consumers ask for the parts they need.
type Store interface {
	Writer
	RecordReader
	GapReader
	EpochReader
	PaymentReader
	FollowUpReader
	OfflineReader
	LedgerReader
	ShiftReader
	ReconciliationReader
	DirectoryReader
	MerchantChangeReader
	DecisionReader
	BlockReader
	HealthReader
	RoomReader
	OverviewReader
	Leaser
	// Close stores what was submitted, then releases the files. It may be called again.
	Close() error
}
