package record

import (
	"fmt"

	"github.com/yuantill/yuantill/protocol/seal"
)

// Record is a record's stored bytes: header ‖ body ‖ tag. They are kept for life and never encoded again.
type Record []byte

// Build makes a record from its header and body and tags it. BodyLength is filled in. It returns ErrTooLong or
// ErrTerminal.
func Build(mac *seal.MAC, header Header, body []byte) (Record, error) {
	if len(body) > BodyMax {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLong, len(body))
	}
	if _, err := ParseTerminal(header.Terminal.String()); err != nil {
		return nil, err
	}
	header.BodyLength = uint32(len(body))
	b := make([]byte, 0, Overhead+len(body))
	b = header.AppendBinary(b)
	b = append(b, body...)
	tag := mac.Tag(b)
	return append(b, tag[:]...), nil
}

// Parse checks that b is exactly one well-formed record. It does not check the tag.
func Parse(b []byte) (Record, Header, error) {
	header, err := ParseHeader(b)
	if err != nil {
		return nil, Header{}, err
	}
	switch want := Overhead + int(header.BodyLength); {
	case len(b) < want:
		return nil, Header{}, ErrShort
	case len(b) > want:
		return nil, Header{}, ErrTrailing
	}
	return Record(b), header, nil
}

// HeaderBytes returns the stored header.
func (r Record) HeaderBytes() []byte { return r[:HeaderSize] }

// Body returns the stored body.
func (r Record) Body() []byte { return r[HeaderSize : len(r)-seal.TagSize] }

// Tag returns the stored tag.
func (r Record) Tag() []byte { return r[len(r)-seal.TagSize:] }

// Verify returns ErrTag unless the record's tag is right under the key.
func (r Record) Verify(mac *seal.MAC) error {
	if !mac.Verify(r.Tag(), r[:len(r)-seal.TagSize]) {
		return ErrTag
	}
	return nil
}

// Link is the record's place in the chain: SM3(previous link ‖ header ‖ body ‖ tag).
func (r Record) Link(engine seal.Engine) seal.Hash {
	return engine.Sum(r[40:HeaderSize], r)
}

// Genesis is the link before a terminal's first record: SM3("yuantill genesis" ‖ terminal id).
func Genesis(engine seal.Engine, terminal Terminal) seal.Hash {
	return engine.Sum([]byte("yuantill genesis"), terminal[:])
}
