package journal

import (
	"context"
	"log/slog"
	"time"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Keyring gives the journal its keys; agent/keyring's Keyring is one.
type Keyring interface {
	// Keys returns an epoch's working keys.
	Keys(epoch uint32) (*seal.Keys, error)
	// JournalMAC guards the journal's own bookkeeping row.
	JournalMAC() *seal.MAC
}

// Config says which journal to open and how.
type Config struct {
	Path       string
	Terminal   record.Terminal
	KeyVersion uint16
	// RoomMin is the free space in bytes below which payments are refused; BallastSize is set aside to finish what
	// is in progress on a disk that is really full.
	RoomMin, BallastSize int64
	Engine               seal.Engine
	Keyring              Keyring
	Clock                func() time.Time
	Logger               *slog.Logger
}

// DefaultConfig returns the usual bounds.
func DefaultConfig() Config {
	return Config{RoomMin: 32 << 20, BallastSize: 2 << 20, Engine: seal.Portable(), Clock: time.Now}
}

// Journal is the terminal's journal.
type Journal struct{}

// Open opens or creates the journal.
func Open(ctx context.Context, config Config) (*Journal, error) { return nil, ErrClosed }

// OpenReadOnly opens it for looking, beside a running agent; keyring may be nil.
func OpenReadOnly(ctx context.Context, path string, engine seal.Engine, keyring Keyring) (*Journal, error) {
	return nil, ErrClosed
}

// Run checkpoints, verifies in the background and keeps the reserve until ctx ends.
func (j *Journal) Run(ctx context.Context) error { return ErrClosed }

// Close flushes and releases.
func (j *Journal) Close() error { return ErrClosed }

// Append commits the entries in one transaction.
func (j *Journal) Append(ctx context.Context, entries ...Entry) ([]record.Record, error) {
	return nil, ErrClosed
}

// OpenEpoch commits EpochOpened and switches to the new keys.
func (j *Journal) OpenEpoch(ctx context.Context, opening EpochOpening) (record.Record, error) {
	return nil, ErrClosed
}

// Room returns ErrNoRoom or ErrDegraded when a payment would be refused.
func (j *Journal) Room() error { return ErrClosed }

// Appended receives after commits (capacity one: a signal, not a queue).
func (j *Journal) Appended() <-chan struct{} { return nil }

// Unsent returns records not acknowledged, after a sequence.
func (j *Journal) Unsent(ctx context.Context, after uint64, framesMax, bytesMax int) ([]record.Record, error) {
	return nil, ErrClosed
}

// Acknowledge takes the cloud's acknowledgement.
func (j *Journal) Acknowledge(ctx context.Context, ack *message.Acknowledgement) error {
	return ErrClosed
}

// OpenSales returns unfinished sales, oldest first.
func (j *Journal) OpenSales(ctx context.Context) ([]Sale, error) { return nil, ErrClosed }

// Find returns a sale or ErrNotFound.
func (j *Journal) Find(ctx context.Context, id OrderID) (Sale, error) { return Sale{}, ErrClosed }

// LastSales returns the latest n sales, newest first.
func (j *Journal) LastSales(ctx context.Context, n int) ([]Sale, error) { return nil, ErrClosed }

// Last returns the latest n records, newest first.
func (j *Journal) Last(ctx context.Context, n int) ([]record.Record, error) { return nil, ErrClosed }

// Get returns one record or ErrNotFound.
func (j *Journal) Get(ctx context.Context, sequence uint64) (record.Record, error) {
	return nil, ErrClosed
}

// Tail returns the last record's place.
func (j *Journal) Tail() Position { return Position{} }

// Counts returns how much there is.
func (j *Journal) Counts(ctx context.Context) (Counts, error) { return Counts{}, ErrClosed }

// Verify checks every record.
func (j *Journal) Verify(ctx context.Context) (Report, error) { return Report{}, ErrClosed }
