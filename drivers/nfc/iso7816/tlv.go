package iso7816

import (
	"errors"
	"fmt"
	"io"
)

// Bounds of BER-TLV data objects (ISO/IEC 7816-4, 5.2.2).
const (
	tagSizeMax  = 3
	valueMax    = 65535
	elementsMax = 256
)

// ErrTLV marks bytes that are no BER-TLV data object within the bounds.
var ErrTLV = errors.New("iso7816: invalid BER-TLV")

// Tag is a BER tag of one to three bytes as written, such as 0x6F or 0x9F38.
type Tag uint32

// Constructed reports whether the value is itself a list of data objects.
func (t Tag) Constructed() bool { return t.leading()&0x20 != 0 }

// leading returns the tag's first byte.
func (t Tag) leading() byte {
	switch {
	case t > 0xFFFF:
		return byte(t >> 16)
	case t > 0xFF:
		return byte(t >> 8)
	default:
		return byte(t)
	}
}

// TLV is one data object. Value shares memory with what was parsed.
type TLV struct {
	Tag   Tag
	Value []byte
}

// Reader walks a list of data objects, skipping 00 padding between them. It does not descend into constructed ones.
type Reader struct {
	rest  []byte
	count int
}

// NewReader returns a reader over data.
func NewReader(data []byte) *Reader { return &Reader{rest: data} }

// Next returns the next data object, io.EOF at the end, or ErrTLV.
func (r *Reader) Next() (TLV, error) {
	for len(r.rest) > 0 && r.rest[0] == 0 {
		r.rest = r.rest[1:]
	}
	if len(r.rest) == 0 {
		return TLV{}, io.EOF
	}
	if r.count++; r.count > elementsMax {
		return TLV{}, fmt.Errorf("%w: more than %d objects", ErrTLV, elementsMax)
	}
	tag, rest, err := readTag(r.rest)
	if err != nil {
		return TLV{}, err
	}
	size, rest, err := readLength(rest)
	if err != nil {
		return TLV{}, fmt.Errorf("tag %X: %w", uint32(tag), err)
	}
	if size > len(rest) {
		return TLV{}, fmt.Errorf("%w: tag %X of %d bytes with %d left", ErrTLV, uint32(tag), size, len(rest))
	}
	r.rest = rest[size:]
	return TLV{Tag: tag, Value: rest[:size:size]}, nil
}

// Find returns the value reached by following path through constructed objects, the first match at each step.
// Errors: ErrTLV, StatusDataNotFound when the path leads nowhere.
func Find(data []byte, path ...Tag) ([]byte, error) {
	for _, tag := range path {
		value, err := findOne(data, tag)
		if err != nil {
			return nil, err
		}
		data = value
	}
	return data, nil
}

// findOne returns the first object with tag in a list.
func findOne(data []byte, tag Tag) ([]byte, error) {
	reader := NewReader(data)
	for {
		object, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("find tag %X: %w", uint32(tag), StatusDataNotFound)
		}
		if err != nil {
			return nil, err
		}
		if object.Tag == tag {
			return object.Value, nil
		}
	}
}

// AppendTLV adds a data object with the shortest length field to dst. Error: ErrTLV for a tag that is none or a value
// longer than 65,535 bytes.
func AppendTLV(dst []byte, tag Tag, value []byte) ([]byte, error) {
	if len(value) > valueMax {
		return nil, fmt.Errorf("%w: value of %d bytes", ErrTLV, len(value))
	}
	start := len(dst)
	switch {
	case tag > 0xFFFF:
		dst = append(dst, byte(tag>>16), byte(tag>>8), byte(tag))
	case tag > 0xFF:
		dst = append(dst, byte(tag>>8), byte(tag))
	default:
		dst = append(dst, byte(tag))
	}
	if back, rest, err := readTag(dst[start:]); err != nil || back != tag || len(rest) != 0 {
		return nil, fmt.Errorf("%w: tag %X", ErrTLV, uint32(tag))
	}
	switch size := len(value); {
	case size < 0x80:
		dst = append(dst, byte(size))
	case size <= 0xFF:
		dst = append(dst, 0x81, byte(size))
	default:
		dst = append(dst, 0x82, byte(size>>8), byte(size))
	}
	return append(dst, value...), nil
}

// readTag reads one to three tag bytes.
func readTag(data []byte) (Tag, []byte, error) {
	if len(data) == 0 || data[0] == 0 {
		return 0, nil, fmt.Errorf("%w: no tag", ErrTLV)
	}
	tag := Tag(data[0])
	if data[0]&0x1F != 0x1F {
		return tag, data[1:], nil
	}
	for i := 1; i < len(data) && i < tagSizeMax; i++ {
		tag = tag<<8 | Tag(data[i])
		if i == 1 && data[i]&0x7F == 0 { // X.690, 8.1.2.4.2 c
			break
		}
		if data[i]&0x80 == 0 {
			return tag, data[i+1:], nil
		}
	}
	return 0, nil, fmt.Errorf("%w: tag of more than %d bytes, cut short or padded", ErrTLV, tagSizeMax)
}

// readLength reads a definite length of one to three bytes; cards may write more bytes than needed.
func readLength(data []byte) (int, []byte, error) {
	if len(data) == 0 {
		return 0, nil, fmt.Errorf("%w: no length", ErrTLV)
	}
	first := data[0]
	if first < 0x80 {
		return int(first), data[1:], nil
	}
	size := int(first & 0x7F)
	if size == 0 || size > 2 || len(data) < 1+size {
		return 0, nil, fmt.Errorf("%w: length field %02X", ErrTLV, first)
	}
	length := 0
	for _, b := range data[1 : 1+size] {
		length = length<<8 | int(b)
	}
	return length, data[1+size:], nil
}
