package journal

import (
	"errors"
	"log/slog"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Named bounds.
const (
	// EntriesMax is the most entries of one Append, and of one group commit.
	EntriesMax = 1000
	// StateMax is the size of a sale's snapshot in bytes.
	StateMax = 16 << 10
	// ClockTolerance is how far the clock may go back between two records before it is noted.
	ClockTolerance = 2 * time.Second

	// OpenMax is how many open sales, and how many open follow-ups, are read at a start. Whoever makes them must not let so
	// many be open: what is beyond is not read.
	OpenMax = 4096

	queueMax = 256  // callers waiting for a commit; the next one blocks until there is a place
	readMax  = 1000 // records or sales of one read
)

// Keyring gives the journal its keys; agent/keyring's Keyring is one.
type Keyring interface {
	// Keys returns an epoch's working keys.
	Keys(epoch uint32) (*seal.Keys, error)
	// JournalMAC guards the journal's own bookkeeping row.
	JournalMAC() *seal.MAC
}

// Config says which journal to open and how. Sizes are in bytes.
type Config struct {
	Path       string
	Terminal   record.Terminal
	KeyVersion uint16
	// RoomMin is the free space below which payments are refused.
	RoomMin int64
	// BallastSize is set aside in a file of its own, to be given up to finish what is in progress on a full disk.
	BallastSize int64
	// WALSize is what the write-ahead log is filled to beforehand and held at.
	WALSize int64
	// Disk is where the files are; nil is the operating system's.
	Disk    Disk
	Engine  seal.Engine
	Keyring Keyring
	// Boot tells this run of the machine from the one before a power cut, such as ThisBoot's; empty is not known, and then a
	// journal whose write-ahead log is missing is refused whatever the database has.
	Boot string
	// Labels reads from a sale's snapshot what FindLabel finds it by beside its order id: at most 8 of 64 bytes. The
	// labels of a finished sale never change. Nil where nobody looks.
	Labels func(state []byte) []string
	// SaleKey and FollowUpKey read from a snapshot the idempotency key of the intent that began it, empty for none; it never
	// changes. Nil where no intents are: FindBegun and FindAct find nothing then, and say so.
	SaleKey, FollowUpKey func(state []byte) (string, error)
	// Clock gives the records' times. It may be wrong and may jump: order comes from the sequence.
	Clock  func() time.Time
	Logger *slog.Logger
}

// DefaultConfig returns the usual bounds; Path, Terminal, KeyVersion, Keyring and Logger are the caller's.
func DefaultConfig() Config {
	return Config{
		RoomMin: 32 << 20, BallastSize: 2 << 20, WALSize: 4 << 20, Engine: seal.Portable(), Clock: time.Now,
	}
}

// Validate says what is missing or out of range.
func (c Config) Validate() error {
	if _, err := record.ParseTerminal(c.Terminal.String()); err != nil {
		return err
	}
	switch {
	case c.Path == "":
		return errors.New("journal: no path")
	case c.KeyVersion == 0:
		return errors.New("journal: key version 0")
	case c.RoomMin < 0 || c.BallastSize < 0:
		return errors.New("journal: negative size")
	case c.WALSize < walSizeMin:
		return errors.New("journal: write-ahead log below 256 KiB")
	case c.Engine.NewBlock == nil || c.Keyring == nil || c.Clock == nil || c.Logger == nil:
		return errors.New("journal: engine, keyring, clock and logger are needed")
	}
	return nil
}
