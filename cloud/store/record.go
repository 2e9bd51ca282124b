package store

import (
	"time"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Record is one record as it is kept for life. (Terminal, Sequence) is unique for ever, across all epochs.
type Record struct {
	Terminal   record.Terminal
	Sequence   uint64 // 1 to SequenceMax
	Bytes      record.Record
	ReceivedAt time.Time
}

// SequenceMax is the highest sequence of a terminal: a record a millisecond for 34 years.
const SequenceMax = 1<<40 - 1

// Head is how far a terminal's journal has been stored. It is written in the same change as the records it counts.
type Head struct {
	Terminal record.Terminal
	// Revision is 1 for the first head of a terminal; each change's head has the stored revision plus one, so a
	// change that was built upon one that was not stored is refused too.
	Revision uint64
	// HighWater is the sequence up to which nothing is missing, Link its record's link.
	HighWater uint64
	Link      seal.Hash
	// Highest is the highest sequence stored, HighestLink its record's link.
	Highest     uint64
	HighestLink seal.Hash
	// Records is how many records are stored.
	Records uint64
	// Spans are the stretches of stored records beyond gaps, ascending, never adjacent.
	Spans []Span
}

// Span is a stretch of stored records beyond a gap.
type Span struct {
	First, Last uint64
	Before      seal.Hash // the link that the first record names as its predecessor's
	Link        seal.Hash // of the last record
}

// Missing returns how many records are missing below the highest.
func (h Head) Missing() uint64 { return h.Highest - h.Records }

// Epoch is one key epoch of a terminal as the cloud answered its sign-in.
type Epoch struct {
	Terminal      record.Terminal
	Number        uint32
	KeyVersion    uint16
	TerminalNonce [seal.NonceSize]byte
	CloudNonce    [seal.NonceSize]byte
	OpenedAt      time.Time
	// Named is the last record of its journal that the terminal named when it signed in, 0 when that was empty.
	Named uint64
	// FirstSequence is that of the EpochOpened record, 0 until it arrives. A Change with FirstSequence 0 opens the
	// epoch, one with a FirstSequence updates it.
	FirstSequence uint64
}

// Quarantined is a record that was not stored in its place and why. The same bytes are kept once.
type Quarantined struct {
	Terminal   record.Terminal
	Epoch      uint32
	Sequence   uint64
	Cause      string
	Digest     seal.Hash // of Bytes
	Bytes      []byte
	ReceivedAt time.Time
}
