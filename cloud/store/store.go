// Package store holds the words for what the cloud keeps for ever: records, heads, epochs, payments, ledger entries,
// quarantine, alarms, terminals and merchants. Changes come in and become durable together or not at all; rows leave.
// Package sqlite implements it; package storetest is the suite that every implementation passes.
package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/protocol/record"
)

// RowsMax bounds the rows of one Change.
const RowsMax = 1000

// The errors of this package.
var (
	// ErrNotFound says that nothing is stored under the key.
	ErrNotFound = errors.New("store: not found")
	// ErrTooLarge says that a Change has more than RowsMax rows.
	ErrTooLarge = errors.New("store: change too large")
	// ErrClosed says that the store takes no more changes because it was closed.
	ErrClosed = errors.New("store: closed")
	// ErrFailed says that the disk failed under a commit, so that what is durable is no longer certain. The store
	// takes no more changes until it has been opened again.
	ErrFailed = errors.New("store: failed, open it again")
	// ErrFull says that there was no room for a change; nothing of it was stored.
	ErrFull = errors.New("store: no room left")
)

// ConflictKind says which promise a Change would have broken.
type ConflictKind uint8

// The kinds of conflict.
const (
	RecordExists    ConflictKind = iota + 1 // another record is stored under (terminal, sequence)
	HeadMoved                               // the head's revision is not the one after the stored revision
	PaymentMoved                            // the same for a payment; revision 1 when the order id is taken
	EntryExists                             // the ledger entry has been posted already
	TerminalUnknown                         // a row names a terminal that is not enrolled
	EpochExists                             // the epoch has been opened already
	OrderCancelled                          // a payment begins whose order is cancelled, and the change does not say so
	FollowUpExists                          // a follow-up has the id already
	FollowUpMoved                           // what became of the follow-up was said before
	AlarmUnknown                            // there is no alarm of the number that is settled
	AlarmMoved                              // the alarm that is settled has happened again since it was looked at
	TerminalMoved                           // the terminal is not in a state that the decision is about
)

// String returns the kind's name for logs.
func (k ConflictKind) String() string {
	switch k {
	case RecordExists:
		return "record exists"
	case HeadMoved:
		return "head moved"
	case PaymentMoved:
		return "payment moved"
	case EntryExists:
		return "entry exists"
	case TerminalUnknown:
		return "terminal unknown"
	case EpochExists:
		return "epoch exists"
	case OrderCancelled:
		return "order cancelled"
	case FollowUpExists:
		return "follow-up exists"
	case FollowUpMoved:
		return "follow-up moved"
	case AlarmUnknown:
		return "alarm unknown"
	case AlarmMoved:
		return "alarm moved"
	case TerminalMoved:
		return "terminal moved"
	case CardSpent:
		return "card spent"
	default:
		return fmt.Sprintf("conflict-%d", uint8(k))
	}
}

// ConflictError says why one Change was refused while others of its group were stored.
type ConflictError struct {
	Kind     ConflictKind
	Terminal record.Terminal
	Sequence uint64  // of the record, or the epoch's or alarm's number
	Order    OrderID // of the payment, entry or follow-up
	FollowUp FollowUpID
}

// Error returns the conflict as text.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("store: conflict: %s (terminal %s, sequence %d)", e.Kind, e.Terminal, e.Sequence)
}

// Change is everything that must become durable together. Its slices belong to the store until done has been called.
type Change struct {
	Records  []Record
	Heads    []Head
	Epochs   []Epoch
	Payments []Payment
	// Cancelled orders: of several of one order the first ever stored counts.
	Cancelled   []Cancelled
	FollowUps   []FollowUp
	Entries     []Entry
	Shifts      []Shift
	Quarantined []Quarantined
	Alarms      []Alarm
	Settlements []Settlement
	Terminals   []Terminal
	Decisions   []Decision
	Merchants   []Merchant
	// Spent numbers of hard wallets, hard wallets that are blocked, limits of offline payments.
	Spent          []Spent
	BlockedWallets []BlockedWallet
	OfflineLimits  []OfflineLimits
	// Reconciliations are what came of comparing operators' statements with the ledger.
	Reconciliations []Reconciliation
}

// Rows returns how many rows the change has; an entry counts with its postings.
func (c *Change) Rows() int {
	rows := len(c.Records) + len(c.Heads) + len(c.Epochs) + len(c.Payments) + len(c.Cancelled) + len(c.FollowUps) + len(c.Entries) +
		len(c.Shifts) +
		len(c.Quarantined) + len(c.Alarms) + len(c.Settlements) + len(c.Terminals) + len(c.Decisions) + len(c.Merchants) +
		len(c.Spent) + len(c.BlockedWallets) + len(c.OfflineLimits) + len(c.Reconciliations)
	for i := range c.Entries {
		rows += len(c.Entries[i].Postings)
	}
	return rows
}

// Size returns about how many bytes the change keeps in memory while it waits.
func (c *Change) Size() int {
	const perRow = 128
	size := c.Rows() * perRow
	for i := range c.Records {
		size += len(c.Records[i].Bytes)
	}
	for i := range c.Payments {
		size += len(c.Payments[i].Blob)
	}
	for i := range c.Shifts {
		size += len(c.Shifts[i].Body)
	}
	for i := range c.Quarantined {
		size += len(c.Quarantined[i].Bytes)
	}
	for i := range c.Reconciliations {
		size += len(c.Reconciliations[i].Body)
	}
	return size
}

// Append adds the rows of another change.
func (c *Change) Append(other Change) {
	c.Records = append(c.Records, other.Records...)
	c.Heads = append(c.Heads, other.Heads...)
	c.Epochs = append(c.Epochs, other.Epochs...)
	c.Payments = append(c.Payments, other.Payments...)
	c.Cancelled = append(c.Cancelled, other.Cancelled...)
	c.FollowUps = append(c.FollowUps, other.FollowUps...)
	c.Entries = append(c.Entries, other.Entries...)
	c.Shifts = append(c.Shifts, other.Shifts...)
	c.Quarantined = append(c.Quarantined, other.Quarantined...)
	c.Alarms = append(c.Alarms, other.Alarms...)
	c.Settlements = append(c.Settlements, other.Settlements...)
	c.Terminals = append(c.Terminals, other.Terminals...)
	c.Decisions = append(c.Decisions, other.Decisions...)
	c.Merchants = append(c.Merchants, other.Merchants...)
	c.Spent = append(c.Spent, other.Spent...)
	c.BlockedWallets = append(c.BlockedWallets, other.BlockedWallets...)
	c.OfflineLimits = append(c.OfflineLimits, other.OfflineLimits...)
	c.Reconciliations = append(c.Reconciliations, other.Reconciliations...)
}

// Writer makes changes durable. Changes are stored in the order in which Submit accepted them.
type Writer interface {
	// Submit queues a change and returns; done is called once, after the commit or with the reason why nothing of
	// the change was stored: *ConflictError, ErrTooLarge, ErrFull, ErrFailed or ErrClosed. The calls of done come one
	// after another in the order of the changes; done must not block and must not call Submit or Commit. While the
	// queue is full Submit blocks; it returns an error, and never calls done, when the context ends first or the
	// store is closed.
	Submit(ctx context.Context, change Change, done func(error)) error
	// Commit is Submit and waiting for done. When the context ends while waiting, the change may still be stored.
	Commit(ctx context.Context, change Change) error
}
