// Package record is the unit of everything a terminal does: a fixed binary header, a body and a tag over the stored
// bytes, linked to the record before it. Fields come in, canonical bytes leave, and the other way round. The
// byte-exact layout is SPEC.md, "Record".
package record

import (
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/yuantill/yuantill/protocol/seal"
)

// Version and Suite are the only ones there are: suite 1 is SM4-CMAC tags, SM3 links and SM4-GCM envelopes.
const (
	Version = 1
	Suite   = 1
)

// Sizes and bounds in bytes.
const (
	HeaderSize = 72
	BodyMax    = 32 << 10
	// Overhead is what a record is longer than its body.
	Overhead = HeaderSize + seal.TagSize
)

// The errors of this package.
var (
	ErrShort       = errors.New("record: truncated")
	ErrVersion     = errors.New("record: unknown version or suite")
	ErrTooLong     = errors.New("record: body too long")
	ErrTerminal    = errors.New("record: terminal id is not 8 digits or upper-case letters")
	ErrTrailing    = errors.New("record: bytes after the end")
	ErrTag         = errors.New("record: wrong tag")
	ErrDirection   = errors.New("record: wrong direction")
	ErrChainBroken = errors.New("record: chain broken")
)

// TerminalSize is the length of a terminal id.
const TerminalSize = 8

// Terminal is a terminal id: 8 digits or upper-case letters, as printed on every receipt.
type Terminal [TerminalSize]byte

// ParseTerminal checks a terminal id.
func ParseTerminal(text string) (Terminal, error) {
	if len(text) != TerminalSize || strings.ContainsFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z')
	}) {
		return Terminal{}, fmt.Errorf("%w: %q", ErrTerminal, text)
	}
	return Terminal([]byte(text)), nil
}

// String returns the id's text.
func (t Terminal) String() string { return string(t[:]) }

var (
	_ slog.LogValuer           = Terminal{}
	_ encoding.TextMarshaler   = Terminal{}
	_ encoding.TextUnmarshaler = (*Terminal)(nil)
)

// LogValue is the id's text.
func (t Terminal) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText returns the id's text; there is no error.
func (t Terminal) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is ParseTerminal.
func (t *Terminal) UnmarshalText(text []byte) error {
	parsed, err := ParseTerminal(string(text))
	if err == nil {
		*t = parsed
	}
	return err
}

// Header is a record's fixed part.
//
//	offset size field
//	     0    1 version
//	     1    1 suite
//	     2    1 direction: 1 terminal to cloud, 2 cloud to terminal
//	     3    1 reserved, 0
//	     4    2 type
//	     6    2 key version of the terminal key
//	     8    4 key epoch
//	    12    4 body length in bytes
//	    16    8 sequence
//	    24    8 time, microseconds since 1970-01-01 UTC, signed
//	    32    8 terminal id, ASCII
//	    40   32 link of the record before (up) or zeros (down)
//
// All integers are big-endian.
type Header struct {
	Direction  seal.Direction
	Type       Type
	KeyVersion uint16
	Epoch      uint32
	BodyLength uint32
	Sequence   uint64
	Time       time.Time
	Terminal   Terminal
	Previous   seal.Hash
}

// MadeAfter reports whether the cloud made this answer after the other: epochs and an answer's sequence only rise
// (SPEC.md 5). Neither the time of the one nor of the other counts.
func (h Header) MadeAfter(other Header) bool {
	return h.Epoch > other.Epoch || h.Epoch == other.Epoch && h.Sequence > other.Sequence
}

// AppendBinary appends the header's 72 bytes to b.
func (h Header) AppendBinary(b []byte) []byte {
	b = append(b, Version, Suite, byte(h.Direction), 0)
	b = binary.BigEndian.AppendUint16(b, uint16(h.Type))
	b = binary.BigEndian.AppendUint16(b, h.KeyVersion)
	b = binary.BigEndian.AppendUint32(b, h.Epoch)
	b = binary.BigEndian.AppendUint32(b, h.BodyLength)
	b = binary.BigEndian.AppendUint64(b, h.Sequence)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Time.UnixMicro()))
	b = append(b, h.Terminal[:]...)
	return append(b, h.Previous[:]...)
}

// ParseHeader reads the first 72 bytes of b. It returns ErrShort, ErrVersion, ErrDirection, ErrTooLong or
// ErrTerminal.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderSize {
		return Header{}, ErrShort
	}
	if b[0] != Version || b[1] != Suite || b[3] != 0 {
		return Header{}, fmt.Errorf("%w: %d, %d", ErrVersion, b[0], b[1])
	}
	h := Header{
		Direction:  seal.Direction(b[2]),
		Type:       Type(binary.BigEndian.Uint16(b[4:])),
		KeyVersion: binary.BigEndian.Uint16(b[6:]),
		Epoch:      binary.BigEndian.Uint32(b[8:]),
		BodyLength: binary.BigEndian.Uint32(b[12:]),
		Sequence:   binary.BigEndian.Uint64(b[16:]),
		Time:       time.UnixMicro(int64(binary.BigEndian.Uint64(b[24:]))).UTC(),
		Terminal:   Terminal(b[32:40]),
		Previous:   seal.Hash(b[40:72]),
	}
	if h.Direction != seal.Up && h.Direction != seal.Down {
		return Header{}, fmt.Errorf("%w: %d", ErrDirection, h.Direction)
	}
	if h.BodyLength > BodyMax {
		return Header{}, fmt.Errorf("%w: %d bytes", ErrTooLong, h.BodyLength)
	}
	if _, err := ParseTerminal(h.Terminal.String()); err != nil {
		return Header{}, err
	}
	return h, nil
}
