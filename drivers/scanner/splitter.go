package scanner

import (
	"bytes"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/yuantill/yuantill/drivers"
)

const etx = 0x03

// Errors of symbols that are not delivered.
var (
	ErrOverLong   = errors.New("scanner: symbol longer than the limit")
	ErrIncomplete = errors.New("scanner: symbol without its terminator")
)

// Symbol is a scan, or the error that stands in its place: ErrOverLong or ErrIncomplete.
type Symbol struct {
	Scan drivers.Scan
	Err  error
}

// Splitter cuts a scanner's bytes into symbols. It does no I/O and knows no clock: the caller says what came and when, and
// by Expire that nothing came.
type Splitter struct {
	options Options
	pending []byte
	// last is when the newest pending byte came.
	last time.Time
	// skipping is set while the rest of an over-long symbol goes by.
	skipping bool
}

// NewSplitter returns a Splitter with nothing pending, or an error for options out of range.
func NewSplitter(options Options) (*Splitter, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Splitter{options: options, pending: make([]byte, 0, options.LengthMax)}, nil
}

// Feed takes bytes that came at the given time and returns the symbols they complete, oldest first. It keeps no
// reference to data. Bytes that come late are no gap by themselves: they may have waited for a reader.
func (s *Splitter) Feed(data []byte, at time.Time) []Symbol {
	var symbols []Symbol
	for len(data) > 0 {
		end := slices.IndexFunc(data, s.terminates)
		if end < 0 {
			return s.hold(symbols, data, at)
		}
		symbols = s.hold(symbols, data[:end], at)
		symbols = s.finish(symbols, at)
		data = data[end+1:]
	}
	return symbols
}

func (s *Splitter) terminates(b byte) bool { return bytes.IndexByte(s.options.Terminators, b) >= 0 }

// Due returns when Expire will have something to do, and false while nothing is pending.
func (s *Splitter) Due() (time.Time, bool) {
	if len(s.pending) == 0 && !s.skipping {
		return time.Time{}, false
	}
	return s.last.Add(s.patience()), true
}

// Expire returns the symbol that the silence until now has ended, if any.
func (s *Splitter) Expire(now time.Time) []Symbol {
	due, waiting := s.Due()
	if !waiting || now.Before(due) {
		return nil
	}
	if s.options.Gap == GapOff && !s.skipping {
		s.pending = s.pending[:0]
		return []Symbol{{Err: ErrIncomplete}}
	}
	return s.finish(nil, now)
}

func (s *Splitter) patience() time.Duration {
	if s.options.Gap == GapOff {
		return staleAfter
	}
	return s.options.Gap
}

// hold adds a piece without terminator to what is pending.
func (s *Splitter) hold(symbols []Symbol, piece []byte, at time.Time) []Symbol {
	if len(piece) == 0 {
		return symbols
	}
	s.last = at
	if s.skipping {
		return symbols
	}
	if len(s.pending)+len(piece) > s.options.LengthMax {
		s.pending, s.skipping = s.pending[:0], true
		return append(symbols, Symbol{Err: ErrOverLong})
	}
	s.pending = append(s.pending, piece...)
	return symbols
}

// finish makes a symbol of what is pending.
func (s *Splitter) finish(symbols []Symbol, at time.Time) []Symbol {
	raw := s.pending
	s.pending, s.skipping = s.pending[:0], false
	// A line that is plugged in or breaks shows as NUL bytes.
	raw = bytes.TrimLeft(raw, "\x00")
	raw = bytes.TrimSuffix(bytes.TrimPrefix(raw, s.options.Prefix), s.options.Suffix)
	var aim string
	if s.options.AIM {
		aim, raw = cutAIM(raw)
	}
	if len(raw) == 0 {
		return symbols
	}
	return append(symbols, Symbol{Scan: drivers.Scan{Raw: slices.Clone(raw), Text: decode(raw), AIM: aim, At: at}})
}

// cutAIM takes the identifier of ISO/IEC 15424 off: a bracket, a letter, and a digit or letter.
func cutAIM(raw []byte) (aim string, rest []byte) {
	const length = 3
	if len(raw) < length || raw[0] != ']' || !letter(raw[1]) || !letter(raw[2]) && !digit(raw[2]) {
		return "", raw
	}
	return string(raw[:length]), raw[length:]
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }

// decode returns raw as UTF-8. Bytes that are neither UTF-8 nor GB18030 become U+FFFD; the scan keeps them raw.
func decode(raw []byte) string {
	if utf8.Valid(raw) {
		return string(raw)
	}
	// The decoder replaces what it does not know and has no other error to give.
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(raw)
	if err != nil {
		return string(bytes.ToValidUTF8(raw, []byte(string(utf8.RuneError))))
	}
	return string(text)
}
