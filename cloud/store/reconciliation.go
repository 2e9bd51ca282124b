package store

import (
	"context"
	"fmt"
	"time"
)

// ReconciliationState says how far the comparison of a day has come.
type ReconciliationState uint8

// The states. All but the first stay.
const (
	ReconciliationWaiting ReconciliationState = iota + 1 // the statement was asked for, and is asked for again
	ReconciliationAgrees                                 // compared: both say the same, or may yet
	ReconciliationDiffers                                // compared: they do not
	ReconciliationForgone                                // not compared: a person gave its statement up
)

// String returns the state's name.
func (s ReconciliationState) String() string {
	switch s {
	case ReconciliationWaiting:
		return "waiting"
	case ReconciliationAgrees:
		return "agrees"
	case ReconciliationDiffers:
		return "differs"
	case ReconciliationForgone:
		return "forgone"
	default:
		return fmt.Sprintf("reconciliation-state-%d", uint8(s))
	}
}

// Reconciliation is how an operator's statement of a day compares with the ledger. A change with a known (Operator, Day) updates
// it as long as it waits; what was compared is never changed.
type Reconciliation struct {
	Operator string // code
	Day      int32  // business day in China since 1970-01-01
	State    ReconciliationState
	Attempts uint32    // that came to nothing
	NextAt   time.Time // of the next attempt, zero once it was compared
	Detail   string    // why the last attempt came to nothing, in English; who gave the statement up and why
	Lines    uint32    // of the statement
	// Paid, Returned and Disputed are the statement's sums in minor units.
	Paid, Returned, Disputed int64
	// Entry is the number of the last ledger entry that was compared.
	Entry uint64
	Body  []byte // differences and what is carried to the next day
	At    time.Time
}

// Movement is what an entry did to one account.
type Movement struct {
	Number   uint64 // of the entry
	Order    OrderID
	Kind     EntryKind
	At       time.Time
	Amount   int64 // minor units
	Currency string
}

// Movements are those of a stretch of entries.
type Movements struct {
	Last    uint64 // number of the last entry looked at
	Entries int    // how many were looked at
	List    []Movement
}

// ReconciliationReader reads comparisons and what they need of the ledger.
type ReconciliationReader interface {
	// Reconciliations returns those of an operator (of all for an empty code), the latest day first.
	Reconciliations(ctx context.Context, operator string, limit int) ([]Reconciliation, error)
	// Movements returns what the entries numbered after the given number, at most limit of them, did to an account.
	Movements(ctx context.Context, account string, after uint64, limit int) (Movements, error)
	// EntriesBefore returns the number of the last entry of before a time, 0 for none.
	EntriesBefore(ctx context.Context, at time.Time) (uint64, error)
}
