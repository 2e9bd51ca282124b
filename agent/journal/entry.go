package journal

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// OrderID names one sale: a UUID of version 7.
type OrderID [16]byte

// Entry is what a caller wants recorded. The journal gives it its epoch, sequence, time, link and tag.
type Entry struct {
	Type record.Type
	// Body is the message of package message that belongs to Type.
	Body proto.Message
	// Begun says that it belongs to what has begun, such as a payment that a hard wallet has signed: it is recorded
	// whatever Room says.
	Begun bool
	// Sale, if set, replaces the sale's snapshot in the same commit.
	Sale *Snapshot
	// FollowUp, if set, replaces the follow-up's snapshot in the same commit.
	FollowUp *FollowUpSnapshot
}

// Snapshot is a sale as the checkout wants to find it again after a restart.
type Snapshot struct {
	OrderID OrderID
	// State is opaque to the journal, at most StateMax bytes.
	State []byte
	// Open says that the sale is not finished: OpenSales returns it.
	Open bool
}

// Sale is a stored snapshot and the records it was committed with.
type Sale struct {
	Snapshot
	// Number counts this journal's sales: 1, 2, 3 ….
	Number uint64
	// First and Last are the sequences of the first and latest record committed together with this sale; for one that
	// SaveSale saved, of the last record before.
	First, Last uint64
	ChangedAt   time.Time
}

// Position is a place in the chain: the last record's sequence and link, or 0 and the genesis link.
type Position struct {
	Sequence uint64
	Link     seal.Hash
	// Epoch is the key epoch of that record, 0 when there is none.
	Epoch uint32
}

// Counts says how much there is.
type Counts struct {
	Records uint64 // in the journal
	Unsent  uint64 // not acknowledged by the cloud
	// OldestUnsent is the time of the first record not acknowledged; zero when all are.
	OldestUnsent time.Time
	Sales        uint64 // snapshots ever begun: the source of voucher numbers
	// ClockJumps counts records minted earlier than the one before by more than ClockTolerance.
	ClockJumps uint64
	// Lost are the latest runs of records that an old copy of this journal no longer had, the oldest first.
	Lost []Loss
}

// EpochOpening is what a sign-in brought.
type EpochOpening struct {
	Keys          *seal.Keys
	TerminalNonce [seal.NonceSize]byte
	CloudNonce    [seal.NonceSize]byte
	// Compared is the journal's last record when it was held against the cloud's books; 0 for an empty journal.
	Compared uint64
	// Highest and HighestLink are the last record the cloud has from this terminal. When Highest is above the
	// journal's own, the journal is an old copy: it continues after Highest and says so in the record.
	Highest     uint64
	HighestLink seal.Hash
}

// Report is the result of a verification.
type Report struct {
	Records     uint64
	First, Last uint64
	Link        seal.Hash // after the last record
	Lost        []Range   // sequences an old copy no longer had
	// Sales and FollowUps are how many snapshots there are; all were found to be what was written.
	Sales, FollowUps uint64
	// TagsChecked is false when there were no keys and only the chain was checked.
	TagsChecked bool
	// Foreign are the tables and indexes in the database that are not the journal's and change nothing of it.
	Foreign []string
}

// Range is a run of sequences, both ends included.
type Range struct{ First, Last uint64 }
