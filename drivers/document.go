package drivers

import "image"

// Document is a print job as a list of blocks, free of any printer's command set.
type Document struct {
	Blocks []Block
}

// Block is one element of a Document: Text, Pair, Rule, Barcode, QR, Picture, Feed, Cut or OpenDrawer.
type Block interface{ block() }

// Align places a block on the paper's width.
type Align uint8

// The three alignments.
const (
	Left Align = iota
	Centre
	Right
)

// Text is a paragraph; it wraps at the paper's width, a Chinese character counting two columns.
type Text struct {
	Content string
	Align   Align
	Bold    bool
	// Scale multiplies width and height, 1 to 8; 0 counts as 1.
	Scale int
}

// Pair is a line with a label on the left and a value on the right; when both do not fit the value wraps to lines of
// its own, right-aligned.
type Pair struct {
	Label, Value string
	Bold         bool
}

// Rule is a dashed line over the whole width.
type Rule struct{}

// Barcode is a Code 128 symbol of printable ASCII, with the text below it.
type Barcode struct {
	Content string
	// Height in dots; 0 counts as 80 (10 mm at 203 dpi).
	Height int
}

// QR is a QR code with error correction level M.
type QR struct {
	Content string
	// Module is the side of one module in dots, 1 to 16; 0 counts as 6.
	Module int
}

// Picture is a bitmap such as a logo, dithered to black and white and cut to the paper's width.
type Picture struct {
	Image image.Image
	Align Align
}

// Feed is a number of empty lines.
type Feed struct{ Lines int }

// Cut feeds the paper past the cutter and cuts it partially.
type Cut struct{}

// OpenDrawer pulses the cash drawer's connector.
type OpenDrawer struct{}

func (Text) block()       {}
func (Pair) block()       {}
func (Rule) block()       {}
func (Barcode) block()    {}
func (QR) block()         {}
func (Picture) block()    {}
func (Feed) block()       {}
func (Cut) block()        {}
func (OpenDrawer) block() {}
