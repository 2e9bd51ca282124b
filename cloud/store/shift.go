package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
)

// ShiftID names a shift of a terminal, a UUID of version 7 minted by it.
type ShiftID [16]byte

// String returns the id in hexadecimal digits.
func (s ShiftID) String() string { return hex.EncodeToString(s[:]) }

// ShiftState says how far a shift has come. Of one revision the higher state is the later one.
type ShiftState uint8

// The states of a shift.
const (
	ShiftOpen        ShiftState = iota + 1
	ShiftProvisional            // ended while something had no definite outcome
	ShiftWaiting                // complete, and not yet compared with the cloud's books
	ShiftAgrees                 // compared: both say the same
	ShiftDiffers                // compared: they do not
	ShiftUnsigned               // its end is not signed by the terminal
)

// String returns the state's name.
func (s ShiftState) String() string {
	switch s {
	case ShiftOpen:
		return "open"
	case ShiftProvisional:
		return "provisional"
	case ShiftWaiting:
		return "waiting"
	case ShiftAgrees:
		return "agrees"
	case ShiftDiffers:
		return "differs"
	case ShiftUnsigned:
		return "unsigned"
	default:
		return fmt.Sprintf("shift-state-%d", uint8(s))
	}
}

// Shift is a terminal's shift as its newest record tells of it. A change with a known (Terminal, ID) updates it when its
// revision is higher, or the same and its state higher; else it changes nothing, since records may come in any order.
type Shift struct {
	Terminal record.Terminal
	ID       ShiftID
	Batch    uint32
	Revision uint32 // of its end, 0 while it is open
	State    ShiftState
	// First and Last are the sequences of its records; Last is 0 while it is open. Of several First the lowest stays,
	// whatever the revision: an end does not say where its shift began.
	First, Last uint64
	OpenedAt    time.Time // by the terminal's clock
	ClosedAt    time.Time // zero while it is open
	// Body is the newest record's: message.ShiftOpened while it is open, then message.ShiftClosed.
	Body []byte
	// Findings say what differs, for a human; empty otherwise.
	Findings string
}

// ShiftReader reads shifts.
type ShiftReader interface {
	// Shifts returns shifts of a terminal (of all for the zero id), the one heard of last first.
	Shifts(ctx context.Context, terminal record.Terminal, limit int) ([]Shift, error)
	// ShiftsOfBatch returns a terminal's shifts with a batch number, the one heard of first first.
	ShiftsOfBatch(ctx context.Context, terminal record.Terminal, batch uint32, limit int) ([]Shift, error)
	// WaitingShifts returns shifts in ShiftWaiting in the order in which they were heard of, skipping the first so many.
	WaitingShifts(ctx context.Context, skip, limit int) ([]Shift, error)
}
