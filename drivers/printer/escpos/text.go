package escpos

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// Characters a line must not begin or end with.
const (
	noLineStart = "，。、；：！？）》」』】〕’”,.;:!?)]}%％"
	noLineEnd   = "（《「『【〔‘“([{￥"
)

// Substitute is printed for a character the printer has no glyph for: the geta mark, which every Chinese font has and
// nobody mistakes for content.
const Substitute = '〓'

// glyph is one printable character with its code and its width in columns, which equals the code's length.
type glyph struct {
	char  rune
	code  [2]byte
	width uint8
}

// typesetter turns text into glyphs. One serves one job.
type typesetter struct {
	encoder     transform.Transformer
	substituted int
	source      [utf8.UTFMax]byte // of one character, here because the encoder would make each escape
	coded       [4]byte
}

func newTypesetter() *typesetter {
	return &typesetter{encoder: simplifiedchinese.GB18030.NewEncoder().Transformer}
}

// paragraphs splits text at line breaks and sets each line; control and invisible characters vanish, so that no text
// can carry a command.
func (t *typesetter) paragraphs(text string) [][]glyph {
	lines := make([][]glyph, 1)
	lines[0] = make([]glyph, 0, utf8.RuneCountInString(text))
	previous := rune(0)
	for _, r := range text {
		last := len(lines) - 1
		switch {
		case r == '\n' && previous == '\r':
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			lines = append(lines, nil)
		default:
			if g, visible := t.set(r); visible {
				lines[last] = append(lines[last], g)
			}
		}
		previous = r
	}
	return lines
}

// line sets text on one line: breaks become spaces.
func (t *typesetter) line(text string) []glyph {
	paragraphs := t.paragraphs(text)
	out := paragraphs[0]
	for _, paragraph := range paragraphs[1:] {
		out = append(out, glyph{char: ' ', code: [2]byte{' '}, width: 1})
		out = append(out, paragraph...)
	}
	return out
}

// set finds one character's code. The printer knows the one-byte and two-byte part of GB18030 only.
func (t *typesetter) set(r rune) (glyph, bool) {
	r, visible := normalise(r)
	if !visible {
		return glyph{}, false
	}
	if r < utf8.RuneSelf {
		return glyph{char: r, code: [2]byte{byte(r)}, width: 1}, true
	}
	if g, ok := t.code(r); ok {
		return g, true
	}
	t.substituted++
	g, _ := t.code(Substitute)
	return g, true
}

func (t *typesetter) code(r rune) (glyph, bool) {
	if unicode.Is(unicode.Co, r) || r == utf8.RuneError {
		return glyph{}, false // private use: two bytes, but a blank on paper
	}
	n := utf8.EncodeRune(t.source[:], r)
	written, _, err := t.encoder.Transform(t.coded[:], t.source[:n], true)
	if err != nil || written != 2 {
		return glyph{}, false
	}
	return glyph{char: r, code: [2]byte{t.coded[0], t.coded[1]}, width: 2}, true
}

// normalise maps characters that have a printable twin and drops what has no width.
func normalise(r rune) (rune, bool) {
	switch {
	case r == '¥':
		return '￥', true // U+00A5 is four bytes in GB18030, U+FFE5 two
	case r == '\t':
		return ' ', true
	case r == '\u3000':
		return r, true
	case unicode.Is(unicode.Zs, r):
		return ' ', true
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
		return 0, false
	default:
		return r, true
	}
}

// wrap breaks glyphs into lines of at most columns: between words, beside Chinese characters but not against the
// punctuation rules, and anywhere when a word alone is too long.
func wrap(glyphs []glyph, columns int) [][]glyph {
	var lines [][]glyph
	for {
		end, next := breakLine(glyphs, columns)
		lines = append(lines, trimRight(glyphs[:end]))
		if next >= len(glyphs) {
			return lines
		}
		glyphs = glyphs[next:]
	}
}

// breakLine finds where the first line ends and where the next begins.
func breakLine(glyphs []glyph, columns int) (end, next int) {
	used, best := 0, 0
	for i, g := range glyphs {
		if i > 0 && breakable(glyphs[i-1], g) {
			best = i
		}
		used += int(g.width)
		if used <= columns || g.char == ' ' {
			continue
		}
		end = best
		if end == 0 {
			end = max(i, 1)
		}
		for next = end; next < len(glyphs) && glyphs[next].char == ' '; next++ {
		}
		return end, next
	}
	return len(glyphs), len(glyphs)
}

func breakable(before, after glyph) bool {
	if after.char == ' ' || strings.ContainsRune(noLineStart, after.char) || strings.ContainsRune(noLineEnd, before.char) {
		return false
	}
	return before.char == ' ' || before.char == '-' || before.char == '/' || before.width == 2 || after.width == 2
}

func trimRight(glyphs []glyph) []glyph {
	for len(glyphs) > 0 && glyphs[len(glyphs)-1].char == ' ' {
		glyphs = glyphs[:len(glyphs)-1]
	}
	return glyphs
}

func width(glyphs []glyph) int {
	columns := 0
	for _, g := range glyphs {
		columns += int(g.width)
	}
	return columns
}

// Lines returns text as it will stand on paper, wrapped to columns and with substitutes in place.
func Lines(text string, columns int) []string {
	var out []string
	for _, paragraph := range newTypesetter().paragraphs(text) {
		for _, line := range wrap(paragraph, max(columns, 2)) {
			var b strings.Builder
			for _, g := range line {
				b.WriteRune(g.char)
			}
			out = append(out, b.String())
		}
	}
	return out
}

// Width returns the columns that text takes on one line.
func Width(text string) int { return width(newTypesetter().line(text)) }
