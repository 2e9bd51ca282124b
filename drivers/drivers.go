// Package drivers holds the words every device driver speaks: what a scanner, a card reader and a printer deliver,
// and how a device says that it failed. Drivers live in the folders below, named after a chip or a command set.
// It imports nothing of ours.
package drivers

import (
	"context"
	"io"
	"time"
)

// Port is a byte stream to one device with deadlines on both directions. Close returns within 100 ms even while a
// Read or Write is blocked; both then return os.ErrClosed (or an error that wraps it).
// An expired deadline gives os.ErrDeadlineExceeded; a device that is gone gives io.EOF or ErrGone.
type Port interface {
	io.ReadWriteCloser
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// Scan is one symbol as a scanner delivered it. Raw is what came over the wire without prefix, suffix and
// terminator; Text is Raw as UTF-8 (decoded from GB18030 where it was not UTF-8 already).
type Scan struct {
	Raw  []byte
	Text string
	// AIM is the AIM symbology identifier such as "]Q1"; empty when the scanner does not send one.
	AIM string
	// At is when the terminator (or the gap that stands for it) was seen.
	At time.Time
}

// Scanner delivers symbols one by one.
type Scanner interface {
	// Next blocks until a symbol, ctx's end, or a device error. Over-long input gives an *Error of KindGarbage and
	// the scanner stays usable; a lost device gives an *Error of KindGone.
	Next(ctx context.Context) (Scan, error)
}

// CardReader finds contactless or contact cards.
type CardReader interface {
	// Await polls until exactly one card is in the field and returns it activated, or ctx's error, or an *Error.
	Await(ctx context.Context) (Card, error)
	// Vacant looks once and reports whether nothing at all is in the field; two cards, or a card that Await would turn
	// away, are something. A card that was found before is dead from then on. Errors: ctx's, or an *Error; what is in the
	// field is not known then.
	Vacant(ctx context.Context) (bool, error)
}

// Prober is a CardReader that can be asked whether it answers.
type Prober interface {
	// Probe asks the reader itself and leaves what is in the field alone. Errors: ctx's, or an *Error.
	Probe(ctx context.Context) error
}

// Card is one activated card. It is valid until Release or until an Exchange fails with KindGone.
type Card interface {
	// ID is the card's anticollision identifier; it may be random and never identifies a payer.
	ID() []byte
	// Exchange sends one command APDU and returns the response APDU with its two status bytes. It never resends by
	// itself: an *Error with OutcomeUnknown set says the card may have executed the command.
	Exchange(ctx context.Context, command []byte) ([]byte, error)
	// Release ends the activation so that the next Await starts afresh.
	Release(ctx context.Context) error
}

// Printer prints documents.
type Printer interface {
	// Print prints one document and reports what is known of the result. An error goes with PrintNotStarted or
	// PrintUnconfirmed, never with PrintDone or PrintAltered; the driver never prints a document twice by itself.
	Print(ctx context.Context, document Document) (PrintResult, error)
	// Status asks the printer now.
	Status(ctx context.Context) (PrinterStatus, error)
}

// StatusKeeper is a Printer that keeps its status fresh by itself.
type StatusKeeper interface {
	// Known returns the last status and when the printer gave it; the time is zero while none is known. It asks nobody and
	// never waits.
	Known() (PrinterStatus, time.Time)
}

// PrintResult is what is known about a print job.
type PrintResult uint8

// The results of a print job. Only a status read that follows the job makes it PrintDone or PrintAltered.
const (
	PrintNotStarted  PrintResult = iota + 1 // nothing was sent; a later attempt is no reprint
	PrintUnconfirmed                        // some of it may be on paper; a later attempt is a reprint and must say so
	PrintDone                               // the status read after the job found the printer well
	PrintAltered                            // as PrintDone, with substitutes for what the printer cannot print
)

// String returns the result's name for logs.
func (r PrintResult) String() string {
	switch r {
	case PrintNotStarted:
		return "not started"
	case PrintUnconfirmed:
		return "unconfirmed"
	case PrintDone:
		return "done"
	case PrintAltered:
		return "altered"
	default:
		return "invalid"
	}
}

// PrinterStatus is a printer's state at one moment.
type PrinterStatus struct {
	Online     bool
	CoverOpen  bool
	PaperOut   bool
	PaperLow   bool // near end: printing goes on, somebody should be told
	DrawerOpen bool
	CutterJam  bool
	Fault      bool // an error only a person can clear
}

// Ready reports whether a document can be printed now.
func (s PrinterStatus) Ready() bool {
	return s.Online && !s.CoverOpen && !s.PaperOut && !s.CutterJam && !s.Fault
}
