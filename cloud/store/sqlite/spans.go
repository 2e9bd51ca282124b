package sqlite

import (
	"encoding/binary"
	"errors"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/seal"
)

// spanSize is first (8) and last (8), big-endian, then the link before and the link of the last.
const spanSize = 16 + 2*seal.HashSize

var errSpans = errors.New("sqlite: malformed spans")

// appendSpans appends the spans to b, which is not nil: the column is never null.
func appendSpans(b []byte, spans []store.Span) []byte {
	for i := range spans {
		b = binary.BigEndian.AppendUint64(b, spans[i].First)
		b = binary.BigEndian.AppendUint64(b, spans[i].Last)
		b = append(b, spans[i].Before[:]...)
		b = append(b, spans[i].Link[:]...)
	}
	return b
}

func parseSpans(b []byte) ([]store.Span, error) {
	if len(b)%spanSize != 0 {
		return nil, errSpans
	}
	var spans []store.Span
	for ; len(b) > 0; b = b[spanSize:] {
		spans = append(spans, store.Span{
			First:  binary.BigEndian.Uint64(b),
			Last:   binary.BigEndian.Uint64(b[8:]),
			Before: seal.Hash(b[16 : 16+seal.HashSize]),
			Link:   seal.Hash(b[16+seal.HashSize : spanSize]),
		})
	}
	return spans, nil
}
