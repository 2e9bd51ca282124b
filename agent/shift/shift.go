// Package shift is a till's shift from the float to the count: what the journal's records say comes in, what was taken
// by method and the message that ends the shift leave. It is pure: it reads no clock, no journal and no network.
package shift

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// ID names one shift for ever: a UUID of version 7.
type ID [16]byte

// String returns the id as 32 hexadecimal digits.
func (i ID) String() string { return hex.EncodeToString(i[:]) }

// LogValue is the id's text.
func (i ID) LogValue() slog.Value { return slog.StringValue(i.String()) }

// NumberMax is the highest batch or voucher number; 1 follows it (SPEC.md 8).
const NumberMax = 999_999

// Next is the batch or voucher number that follows another; 0 is before the first.
func Next(number uint32) uint32 {
	if number >= NumberMax {
		return 1
	}
	return number + 1
}

// State is where a shift is.
type State uint8

// The states.
const (
	Open        State = iota + 1 // payments are taken in it
	Provisional                  // ended while something had no definite outcome
	Complete                     // ended for good
)

// String returns the state's name.
func (s State) String() string {
	switch s {
	case Open:
		return "open"
	case Provisional:
		return "provisional"
	case Complete:
		return "complete"
	default:
		return fmt.Sprintf("state-%d", uint8(s))
	}
}

// ErrRecord marks a record that begins or ends no shift.
var ErrRecord = errors.New("shift: not a shift's record")

// Shift is one shift. It is a value: its methods return changed copies.
type Shift struct {
	ID       ID
	Cashier  string
	Batch    uint32
	Float    int64 // cash in the drawer at the beginning, minor units
	Currency string
	OpenedAt time.Time
	// First is the sequence of its shift-opened record.
	First uint64
	// Closed is the newest shift-closed; nil while the shift is open. It is never changed in place.
	Closed *message.ShiftClosed
	// Sum is what the records up to Sum.UpTo say.
	Sum Sum
}

// Begin returns the shift that a shift-opened record begins. Error: ErrRecord.
func Begin(header record.Header, body *message.ShiftOpened) (Shift, error) {
	switch {
	case header.Type != record.ShiftOpened || len(body.GetShiftId()) != len(ID{}):
		return Shift{}, fmt.Errorf("%w: record %d", ErrRecord, header.Sequence)
	case body.GetBatch() == 0 || body.GetBatch() > NumberMax:
		return Shift{}, fmt.Errorf("%w: batch %d", ErrRecord, body.GetBatch())
	}
	return Shift{
		ID: ID(body.GetShiftId()), Cashier: body.GetCashier(), Batch: body.GetBatch(), Float: body.GetFloat(),
		Currency: body.GetCurrency(), OpenedAt: header.Time, First: header.Sequence,
		Sum: Sum{UpTo: header.Sequence},
	}, nil
}

// End returns the shift with a shift-closed of its own, unless it has a newer one. Error: ErrRecord.
func (s Shift) End(closed *message.ShiftClosed) (Shift, error) {
	if len(closed.GetShiftId()) != len(ID{}) || ID(closed.GetShiftId()) != s.ID || closed.GetLastSequence() < s.First {
		return s, fmt.Errorf("%w: end of another shift", ErrRecord)
	}
	if closed.GetRevision() > s.Closed.GetRevision() {
		s.Closed = closed
	}
	return s, nil
}

// State returns where the shift is.
func (s Shift) State() State {
	switch {
	case s.Closed == nil:
		return Open
	case s.Closed.GetProvisional():
		return Provisional
	default:
		return Complete
	}
}

// holds reports whether a record's place is within the shift.
func (s Shift) holds(sequence uint64) bool {
	return sequence >= s.First && (s.Closed == nil || sequence <= s.Closed.GetLastSequence())
}
