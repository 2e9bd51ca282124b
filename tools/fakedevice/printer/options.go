package printer

import (
	"errors"
	"time"
)

// Width is a printer's printable width in dots at 203 dpi.
type Width int

// The two paper widths; a paper is wider than what is printed on it.
const (
	Width58 Width = 384
	Width80 Width = 576
)

// paperDots is the paper's own width at 8 dots/mm.
func (w Width) paperDots() int {
	if w == Width80 {
		return 80 * dotsPerMillimetre
	}
	return 58 * dotsPerMillimetre
}

const dotsPerMillimetre = 8

// ErrOptions marks options a printer cannot be built with.
var ErrOptions = errors.New("printer: invalid options")

// Options say what printer is simulated and what becomes of its paper.
type Options struct {
	// Width defaults to Width58.
	Width Width
	// Dir receives one PNG a receipt, receipt-0001.png and on. Without it nothing is drawn, only read.
	Dir string
	// Font is a TrueType or OpenType file or collection with Chinese glyphs; empty looks for Debian's WenQuanYi fonts.
	Font string
	// Observe is told of every event, one at a time and in order; it must not block. It may be nil.
	Observe func(Event)
}

// EventKind says what happened to the paper.
type EventKind uint8

// The kinds of event.
const (
	JobBegan        EventKind = iota + 1 // At is when the job's first byte arrived
	ReceiptCut                           // the paper was cut
	ReceiptFinished                      // its picture is written
	ReceiptTorn                          // power was lost half-way; the picture of what there is follows
	DrawerPulsed
)

// String returns the kind's name.
func (k EventKind) String() string {
	names := [...]string{"", "job began", "receipt cut", "receipt finished", "receipt torn", "drawer pulsed"}
	if int(k) >= len(names) || k == 0 {
		return "invalid"
	}
	return names[k]
}

// Event is one thing that happened, with the monotonic clock in At.
type Event struct {
	Kind EventKind
	At   time.Time
	// Receipt counts from 1; 0 for DrawerPulsed.
	Receipt int
	// Path is the picture's, for ReceiptFinished.
	Path string
}

// Receipt is what came out of the printer up to one cut.
type Receipt struct {
	Number int
	// Path is its picture; empty without Options.Dir or until it is written.
	Path string
	// Began is when the first byte of the job arrived, Cut when it was cut.
	Began, Cut time.Time
	// Torn says that it ended by a loss of power and not by a cut.
	Torn bool
	// Lines is what can be read on it from top to bottom.
	Lines []Line
	// Unknown lists commands the model does not know and symbols it could not print, for tests to refuse.
	Unknown []string
}

// Line is one printed line, bar code, QR code or bitmap.
type Line struct {
	// Y is its top edge in dots from the top of the printed area, X its left edge from the left of it.
	X, Y int
	// Text is the line's text, or a symbol's content.
	Text string
	Kind LineKind
}

// LineKind tells what stands on a line.
type LineKind uint8

// The kinds of line.
const (
	TextLine LineKind = iota + 1
	Code128Line
	QRLine
	BitmapLine
)
