package main

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/sys/unix"
)

const (
	halves     = " · " // stands between Chinese and English
	roomMin    = 24    // cells beside the lead; a terminal with less has what follows under it
	hangNarrow = 4     // cells before what follows there
)

// columns is how wide the terminal is that a writer goes to, in cells; 0 where it goes elsewhere. It is asked for each
// line, since a window may be drawn larger.
func columns(out io.Writer) int {
	file, isFile := out.(*os.File)
	if !isFile {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}

// lay breaks a line into rows of at most width cells; Chinese takes two cells a character. It breaks between the halves
// first, then at spaces and between Chinese characters, and begins what follows under the text, behind the lead. A word
// that is wider than the terminal stays whole.
func lay(lead, text string, width int) string {
	if uniseg.StringWidth(lead+text) <= width {
		return lead + text
	}
	bare := strings.TrimLeft(text, " ")
	indent := text[:len(text)-len(bare)]
	p := &paragraph{width: width, row: lead + indent, hang: strings.Repeat(" ", uniseg.StringWidth(lead)) + indent}
	if len(p.hang) > hangNarrow && width-len(p.hang) < roomMin {
		p.hang = strings.Repeat(" ", hangNarrow)
		p.end()
	}
	for i, half := range strings.Split(bare, halves) {
		if i > 0 {
			half = halves + half
		}
		p.half(half)
	}
	return strings.Join(append(p.rows, p.row), "\n")
}

// paragraph is a line that is being broken into rows.
type paragraph struct {
	width int
	hang  string // before every row but the first
	rows  []string
	row   string // the one that is not full yet
	words bool   // there is something on it
}

// half adds one half: on the row if it fits, else from the next one on.
func (p *paragraph) half(text string) {
	if p.add(text) {
		return
	}
	if p.words {
		p.end()
	}
	for text != "" {
		chunk := firstChunk(text)
		text = text[len(chunk):]
		if !p.add(chunk) {
			p.end()
			p.put(chunk)
		}
	}
}

// add puts a text on the row unless it does not fit.
func (p *paragraph) add(text string) bool {
	if !p.words {
		text = strings.TrimLeft(text, " ")
	}
	if uniseg.StringWidth(p.row+strings.TrimRight(text, " ")) > p.width {
		return false
	}
	p.put(text)
	return true
}

func (p *paragraph) put(text string) {
	if !p.words {
		text = strings.TrimLeft(text, " ")
	}
	p.row, p.words = p.row+text, p.words || text != ""
}

// end begins the next row. One that has only spaces so far is not worth its line.
func (p *paragraph) end() {
	if done := strings.TrimRight(p.row, " "); done != "" {
		p.rows = append(p.rows, done)
	}
	p.row, p.words = p.hang, false
}

// firstChunk is the beginning of a text up to where a row may end first: after spaces, or beside a Chinese character where
// UAX #14 allows it, so never before a comma. Paths and flags stay whole, since people copy them.
func firstChunk(text string) string {
	state, rest := -1, text
	for rest != "" {
		var segment string
		before := len(text) - len(rest)
		segment, rest, _, state = uniseg.FirstLineSegmentInString(rest, state)
		if spaces := strings.IndexByte(segment, ' '); spaces >= 0 {
			word := segment[:spaces]
			return text[:before+len(segment)-len(strings.TrimLeft(segment[len(word):], " "))]
		}
		if wideBeside(segment, rest) {
			break
		}
	}
	return text[:len(text)-len(rest)]
}

// wideBeside reports a character of two cells on either side of a break.
func wideBeside(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	return uniseg.StringWidth(string(last)) > 1 || after != "" && uniseg.StringWidth(string(first)) > 1
}
