package record

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/protocol/seal"
)

// Bounds of a batch.
const (
	BatchMax     = 512       // frames
	BatchSizeMax = 256 << 10 // bytes
	SecretMax    = 256       // bytes of a secret before sealing
	batchHeader  = 4
	batchVersion = 1
)

// ErrBatch marks a message that is not a batch.
var ErrBatch = errors.New("record: not a batch")

// Frame is one sealed record on the wire:
//
//	offset size field
//	     0   72 header in the clear, authenticated
//	    72    n SM4-GCM(K, direction ‖ sequence, header, body ‖ record tag), n = body length + 32
//	  72+n    m only up, optional: SM4-GCM(K, 3 ‖ sequence, header, secret), m = secret length + 16, 17 to 272
//
// K = CMAC(TEK, header) is the header's own key (seal.Envelope). A resend of a record repeats the first 72+n bytes
// exactly; the secret may have been forgotten by then.
type Frame []byte

// Seal makes the frame of a record. secret may be empty: there is none. It returns ErrTooLong for a long secret and
// ErrTrailing for one beside an answer, besides the errors of ParseHeader.
func Seal(envelope *seal.Envelope, r Record, secret []byte) (Frame, error) {
	header, err := ParseHeader(r)
	if err != nil {
		return nil, err
	}
	switch {
	case len(secret) > SecretMax:
		return nil, fmt.Errorf("%w: secret of %d bytes", ErrTooLong, len(secret))
	case len(secret) > 0 && header.Direction != seal.Up:
		return nil, fmt.Errorf("%w: secret beside an answer", ErrTrailing)
	}
	size := len(r) + seal.TagSize
	if len(secret) > 0 {
		size += len(secret) + seal.TagSize
	}
	f := append(make(Frame, 0, size), r[:HeaderSize]...)
	f = envelope.Seal(f, header.Direction, header.Sequence, r[:HeaderSize], r[HeaderSize:])
	if len(secret) > 0 {
		f = envelope.Seal(f, seal.Secret, header.Sequence, r[:HeaderSize], secret)
	}
	return f, nil
}

// Open opens a frame whose header the caller has parsed. It returns the record and the secret (nil when there is
// none), or ErrShort, ErrTooLong, ErrTrailing (something behind an answer) or seal.ErrOpen. The record's tag is still to
// be verified.
func (f Frame) Open(envelope *seal.Envelope, header Header) (Record, []byte, error) {
	end := HeaderSize + int(header.BodyLength) + 2*seal.TagSize
	if len(f) < end {
		return nil, nil, ErrShort
	}
	r := append(make(Record, 0, end-seal.TagSize), f[:HeaderSize]...)
	opened, err := envelope.Open(r, header.Direction, header.Sequence, f[:HeaderSize], f[HeaderSize:end])
	if err != nil {
		return nil, nil, err
	}
	sealedSecret := f[end:]
	if len(sealedSecret) == 0 {
		return Record(opened), nil, nil
	}
	switch {
	case header.Direction != seal.Up:
		return nil, nil, fmt.Errorf("%w: secret beside an answer", ErrTrailing)
	case len(sealedSecret) <= seal.TagSize:
		return nil, nil, fmt.Errorf("%w: secret", ErrShort)
	case len(sealedSecret) > SecretMax+seal.TagSize:
		return nil, nil, fmt.Errorf("%w: secret", ErrTooLong)
	}
	secret, err := envelope.Open(nil, seal.Secret, header.Sequence, f[:HeaderSize], sealedSecret)
	if err != nil {
		return nil, nil, err
	}
	return Record(opened), secret, nil
}

// BatchSize is how long the message is that AppendBatch makes of the frames, in bytes.
func BatchSize(frames ...Frame) int {
	size := batchHeader
	for _, f := range frames {
		size += 4 + len(f)
	}
	return size
}

// AppendBatch appends one message that carries the frames: version[1] ‖ 0[1] ‖ count[2], then for each frame its
// length[4] and its bytes. The caller keeps to BatchMax and BatchSizeMax.
func AppendBatch(b []byte, frames ...Frame) []byte {
	b = append(b, batchVersion, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(frames)))
	for _, f := range frames {
		b = binary.BigEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
	}
	return b
}

// SplitBatch returns the frames of a message without copying them, or ErrBatch.
func SplitBatch(b []byte) ([]Frame, error) {
	if len(b) < batchHeader || len(b) > BatchSizeMax || b[0] != batchVersion || b[1] != 0 {
		return nil, ErrBatch
	}
	count := int(binary.BigEndian.Uint16(b[2:]))
	if count == 0 || count > BatchMax {
		return nil, fmt.Errorf("%w: %d frames", ErrBatch, count)
	}
	frames := make([]Frame, 0, count)
	b = b[batchHeader:]
	for range count {
		if len(b) < 4 {
			return nil, fmt.Errorf("%w: truncated", ErrBatch)
		}
		size := int(binary.BigEndian.Uint32(b))
		b = b[4:]
		if size < HeaderSize+2*seal.TagSize || size > len(b) {
			return nil, fmt.Errorf("%w: frame of %d bytes", ErrBatch, size)
		}
		frames = append(frames, Frame(b[:size:size]))
		b = b[size:]
	}
	if len(b) != 0 {
		return nil, fmt.Errorf("%w: trailing bytes", ErrBatch)
	}
	return frames, nil
}
