package printer

import (
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// missing stands for a code without a character.
const missing = '□'

// Code pages of ESC t.
const (
	page437      = 0
	pageKatakana = 1
	page1252     = 16
	page866      = 17
	page852      = 18
	page858      = 19
)

// character prints one character, of one byte or two.
func (in *interpreter) character(b byte) {
	wide, high := columnDots, rowDots
	if in.modes.fontB {
		wide, high = fontBWide, fontBHigh
	}
	switch {
	case b < 0x80:
		in.put(rune(b), wide, high)
	case in.modes.chinese && b > 0x80:
		pair := [2]byte{b, in.next()}
		if in.err != nil {
			return
		}
		in.put(in.chinese(pair), 2*columnDots, rowDots)
	default:
		in.put(in.single(b), wide, high)
	}
}

func (in *interpreter) put(char rune, wide, high int) {
	in.sheet.place(char, wide, high, in.modes, &in.receipt)
}

// chinese decodes the two-byte part of GB18030.
func (in *interpreter) chinese(pair [2]byte) rune {
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(pair[:])
	runes := []rune(string(text))
	if err != nil || len(runes) != 1 || runes[0] == '\uFFFD' {
		in.unknown("character " + hexadecimal(pair[:]))
		return missing
	}
	return runes[0]
}

// single decodes a byte above 7F by the code page.
func (in *interpreter) single(b byte) rune {
	switch in.modes.codePage {
	case pageKatakana:
		if r := katakanaRule(b); r != 0 {
			return r
		}
		if b >= 0xA1 && b <= 0xDF {
			return 0xFF61 + rune(b-0xA1)
		}
	case page437:
		return charmap.CodePage437.DecodeByte(b)
	case page1252:
		return charmap.Windows1252.DecodeByte(b)
	case page866:
		return charmap.CodePage866.DecodeByte(b)
	case page852:
		return charmap.CodePage852.DecodeByte(b)
	case page858:
		return charmap.CodePage858.DecodeByte(b)
	}
	in.unknown("character " + hexadecimal([]byte{b}))
	return missing
}

// katakanaRule gives the blocks and rules at 80 to 9F of the katakana page, or 0.
func katakanaRule(b byte) rune {
	const first, rules = 0x80, "▁▂▃▄▅▆▇█▏▎▍▌▋▊▉┼┴┬┤├▔─│▕┌┐└┘╭╮╰╯"
	for i, r := range []rune(rules) {
		if int(b) == first+i {
			return r
		}
	}
	return 0
}

func hexadecimal(data []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 3*len(data))
	for _, b := range data {
		out = append(out, digits[b>>4], digits[b&15], ' ')
	}
	return string(out[:max(len(out)-1, 0)])
}
