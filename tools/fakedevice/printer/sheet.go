package printer

import (
	"slices"
	"strings"
)

const (
	columnDots = 12
	rowDots    = 24
	fontBWide  = 9
	fontBHigh  = 17
	tabColumns = 8
	// sheetRowsMax bounds one receipt at 5 m of paper.
	sheetRowsMax = 5000 * dotsPerMillimetre
)

// sheet is the paper of one receipt while it comes out: finished rows above, the line in hand below them.
type sheet struct {
	width    int
	typeset  *typeface // nil when nothing is drawn
	dots     []byte    // one a dot, 1 for black
	rows     int
	line     []cell
	position int // where the next character goes, dots from the left of the print area
	started  bool
}

// cell is one character placed on the line in hand.
type cell struct {
	char               rune
	x, wide, high      int // dots
	advance            int
	bold, line, invert bool
}

func newSheet(width int, typeset *typeface) *sheet { return &sheet{width: width, typeset: typeset} }

func (s *sheet) drawn() bool { return s.typeset != nil }

// blank reports whether nothing is on the paper yet.
func (s *sheet) blank() bool { return !s.started && len(s.line) == 0 }

// place puts a character on the line, wrapping at the print area's end.
func (s *sheet) place(char rune, wide, high int, m modes, receipt *Receipt) {
	gap := m.gap
	if wide > columnDots {
		gap = m.chineseGap
	}
	wide *= m.wide
	high *= m.high
	if s.position+wide > m.area && s.position > 0 {
		s.flush(m, m.spacing, receipt)
	}
	s.line = append(s.line, cell{
		char: char, x: s.position, wide: wide, high: high, advance: wide + gap*m.wide,
		bold: m.bold, line: m.underline, invert: m.invert,
	})
	s.position += wide + gap*m.wide
}

func (s *sheet) tab(m modes) {
	step := tabColumns * columnDots * m.wide
	s.position = (s.position/step + 1) * step
}

func (s *sheet) moveTo(dots int) { s.position = dots }

func (s *sheet) moveBy(dots int, m modes) { s.position = min(max(s.position+dots, 0), m.area) }

// flush prints the line in hand and feeds by its height or the spacing, whichever is more.
func (s *sheet) flush(m modes, spacing int, receipt *Receipt) {
	height, right := 0, 0
	for _, c := range s.line {
		height, right = max(height, c.high), max(right, c.x+c.wide)
	}
	if len(s.line) > 0 {
		offset := m.left + alignment(m, right)
		s.read(offset, receipt)
		if s.drawn() {
			for _, c := range s.line {
				s.draw(c, offset, height)
			}
		}
	}
	s.line, s.position = nil, 0
	s.feed(max(height, spacing))
}

// alignment is the indent of something that wide.
func alignment(m modes, wide int) int {
	switch m.align {
	case 1:
		return max(m.area-wide, 0) / 2
	case 2:
		return max(m.area-wide, 0)
	default:
		return 0
	}
}

// read notes the line's text for whoever cannot look at the picture.
func (s *sheet) read(offset int, receipt *Receipt) {
	// A host may place what stands on the left last.
	cells := slices.SortedStableFunc(slices.Values(s.line), func(a, b cell) int { return a.x - b.x })
	var text strings.Builder
	end := cells[0].x
	for _, c := range cells {
		// A jump to the right reads as a blank.
		if c.x > end+columnDots/2 {
			text.WriteByte(' ')
		}
		text.WriteRune(c.char)
		end = c.x + c.advance
	}
	receipt.Lines = append(receipt.Lines, Line{X: offset + cells[0].x, Y: s.rows, Text: text.String(), Kind: TextLine})
}

func (s *sheet) draw(c cell, offset, height int) {
	x, y := offset+c.x, s.rows+height-c.high
	mask := s.typeset.mask(c.char, c.wide, c.high)
	for dy := range c.high {
		for dx := range c.wide {
			ink := mask[dy*c.wide+dx]
			if c.bold && !ink && dx > 0 {
				ink = mask[dy*c.wide+dx-1]
			}
			ink = ink || (c.line && dy >= c.high-2)
			if ink != c.invert {
				s.dot(x+dx, y+dy)
			}
		}
	}
}

// feed moves the paper on.
func (s *sheet) feed(rows int) {
	if rows > 0 {
		s.started = true
	}
	s.rows = min(s.rows+rows, sheetRowsMax)
}

// dot blackens one dot; what lies beside the print head is lost.
func (s *sheet) dot(x, y int) {
	if x < 0 || x >= s.width || y < 0 || y >= sheetRowsMax {
		return
	}
	if need := (y + 1) * s.width; need > len(s.dots) {
		s.dots = append(s.dots, make([]byte, need-len(s.dots))...)
	}
	s.dots[y*s.width+x] = 1
}
