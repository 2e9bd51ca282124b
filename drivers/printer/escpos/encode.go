package escpos

import (
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/drivers"
)

// ErrProfile marks a geometry the encoder cannot lay out for.
var ErrProfile = errors.New("escpos: invalid profile")

// ErrTooLong marks a document beyond 2,000 blocks or 512 KiB of commands.
var ErrTooLong = errors.New("escpos: document too long")

// ContentError says which block of a document cannot be printed, and why.
type ContentError struct {
	Block  int
	Reason string
}

// Error returns "escpos: block n: reason".
func (e *ContentError) Error() string { return fmt.Sprintf("escpos: block %d: %s", e.Block, e.Reason) }

// Job is an encoded document.
type Job struct {
	// Data begins with ESC @ and holds whole commands only. No user text becomes a command in it, and no two bytes in
	// it form a real-time command (DLE EOT, DLE ENQ, DLE DC4).
	Data []byte
	// Substituted counts the characters printed as Substitute.
	Substituted int
	// Degraded lists the blocks whose bar code or QR code does not fit the paper and whose content is printed as text.
	Degraded []int
}

// Encode turns a document into ESC/POS commands for one paper width. It returns ErrProfile, ErrTooLong, or a
// *ContentError.
func Encode(document drivers.Document, profile Profile) (Job, error) {
	if !profile.valid() {
		return Job{}, fmt.Errorf("encode document: %w", ErrProfile)
	}
	if len(document.Blocks) > blockMax {
		return Job{}, fmt.Errorf("encode document: %d blocks: %w", len(document.Blocks), ErrTooLong)
	}
	e := encoder{profile: profile, setter: newTypesetter(), scale: 1}
	e.data = append(make([]byte, 0, 2048), commandInit()...)
	for i, block := range document.Blocks {
		if reason := e.block(i, block); reason != "" {
			return Job{}, &ContentError{Block: i, Reason: reason}
		}
		if len(e.data) > jobBytesMax {
			return Job{}, fmt.Errorf("encode document: block %d: %w", i, ErrTooLong)
		}
	}
	return Job{Data: e.data, Substituted: e.setter.substituted, Degraded: e.degraded}, nil
}

// encoder holds the printer's modes while a document is written, so that only changes are sent.
type encoder struct {
	profile  Profile
	setter   *typesetter
	data     []byte
	degraded []int

	align drivers.Align
	bold  bool
	scale int
}

// block writes one block and returns why it cannot, or "".
func (e *encoder) block(i int, block drivers.Block) string {
	switch b := block.(type) {
	case drivers.Text:
		return e.text(b)
	case drivers.Pair:
		e.pair(b)
	case drivers.Rule:
		e.rule()
	case drivers.Barcode:
		return e.barcode(i, b)
	case drivers.QR:
		return e.qr(i, b)
	case drivers.Picture:
		return e.picture(b)
	case drivers.Feed:
		if b.Lines < 0 || b.Lines > feedLinesMax {
			return fmt.Sprintf("feed of %d lines outside 0 to %d", b.Lines, feedLinesMax)
		}
		e.style(drivers.Left, false, 1) // a feed counts lines of the plain height
		e.data = append(e.data, esc, 'd', byte(b.Lines))
	case drivers.Cut:
		e.data = append(e.data, gs, 'V', 66, 0)
	case drivers.OpenDrawer:
		e.data = append(e.data, esc, 'p', e.profile.DrawerPin, drawerOn, drawerOff)
	default:
		return fmt.Sprintf("unknown block %T", block)
	}
	return ""
}

func (e *encoder) text(b drivers.Text) string {
	scale := max(b.Scale, 1)
	if b.Scale < 0 || scale > scaleMax {
		return fmt.Sprintf("scale %d outside 1 to %d", b.Scale, scaleMax)
	}
	if b.Align > drivers.Right {
		return fmt.Sprintf("alignment %d unknown", b.Align)
	}
	e.style(b.Align, b.Bold, scale)
	for _, paragraph := range e.setter.paragraphs(b.Content) {
		for _, line := range wrap(paragraph, e.profile.Columns/scale) {
			e.line(line, 0)
		}
	}
	return ""
}

// pair writes label and value on one line, or the value below and to the right. Both are padded with spaces, which
// every printer honours inside a line, unlike a change of alignment.
func (e *encoder) pair(b drivers.Pair) {
	e.style(drivers.Left, b.Bold, 1)
	columns := e.profile.Columns
	label, value := e.setter.line(b.Label), trimRight(e.setter.line(b.Value))
	if gap := columns - width(label) - width(value); gap >= 1 {
		e.glyphs(label)
		e.line(value, gap)
		return
	}
	for _, line := range wrap(label, columns) {
		e.line(line, 0)
	}
	for _, line := range wrap(value, columns) {
		e.line(line, columns-width(line))
	}
}

func (e *encoder) rule() {
	e.style(drivers.Left, false, 1)
	for range e.profile.Columns {
		e.data = append(e.data, '-')
	}
	e.data = append(e.data, lf)
}

// line writes glyphs behind an indent in columns, and the line's end.
func (e *encoder) line(glyphs []glyph, indent int) {
	for range indent {
		e.data = append(e.data, ' ')
	}
	e.glyphs(glyphs)
	e.data = append(e.data, lf)
}

func (e *encoder) glyphs(glyphs []glyph) {
	for _, g := range glyphs {
		e.data = append(e.data, g.code[:g.width]...)
	}
}

// style sends the modes that differ from the printer's.
func (e *encoder) style(align drivers.Align, bold bool, scale int) {
	if align != e.align {
		e.align = align
		e.data = append(e.data, esc, 'a', byte(align))
	}
	if bold != e.bold {
		e.bold = bold
		on := byte(0)
		if bold {
			on = 1
		}
		e.data = append(e.data, esc, 'E', on)
	}
	if scale != e.scale {
		e.scale = scale
		e.data = append(e.data, gs, '!', byte((scale-1)<<4|(scale-1)))
		// Large lines would touch the next. Where the printer's unit is finer than a dot it feeds the height alone.
		if scale > 1 {
			e.data = append(e.data, esc, '3', byte(rowDots*scale+lineDots-rowDots))
		} else {
			e.data = append(e.data, esc, '2')
		}
	}
}
