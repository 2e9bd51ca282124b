// Package packed is the part of varying length of a snapshot: numbers, times and texts come in, their bytes leave, and the
// other way round.
package packed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// FieldMax bounds a field with a length, in bytes.
const FieldMax = 4 << 10

// ErrTooLong marks a field beyond FieldMax.
var ErrTooLong = errors.New("packed: field too long")

// AppendTime appends a time as a signed varint of microseconds since 1970-01-01 UTC, 0 for none.
func AppendTime(b []byte, t time.Time) []byte { return binary.AppendVarint(b, Micros(t)) }

// AppendFields appends texts, each behind its length as an unsigned varint. Error: ErrTooLong.
func AppendFields(b []byte, fields ...string) ([]byte, error) {
	for _, field := range fields {
		if len(field) > FieldMax {
			return nil, fmt.Errorf("%w: %d bytes", ErrTooLong, len(field))
		}
		b = append(binary.AppendUvarint(b, uint64(len(field))), field...)
	}
	return b, nil
}

// Micros is a time in microseconds since 1970-01-01 UTC, 0 for none.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Reader reads in the order of writing. After the first mistake it returns zeros.
type Reader struct {
	rest   []byte
	failed bool
}

// NewReader returns a reader of all bytes.
func NewReader(b []byte) *Reader { return &Reader{rest: b} }

// Done reports whether everything was read, without a mistake.
func (r *Reader) Done() bool { return !r.failed && len(r.rest) == 0 }

// Fail notes a mistake in what was read.
func (r *Reader) Fail() { r.failed, r.rest = true, nil }

// Number reads an unsigned varint.
func (r *Reader) Number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.Fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// Time reads what AppendTime wrote.
func (r *Reader) Time() time.Time {
	n, size := binary.Varint(r.rest)
	if size <= 0 {
		r.Fail()
		return time.Time{}
	}
	r.rest = r.rest[size:]
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// Field reads one of what AppendFields wrote; it is part of the bytes that are read.
func (r *Reader) Field() []byte {
	size := r.Number()
	if r.failed || size > FieldMax || size > uint64(len(r.rest)) {
		r.Fail()
		return nil
	}
	field := r.rest[:size]
	r.rest = r.rest[size:]
	return field
}
