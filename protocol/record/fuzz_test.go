package record_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(build(f, 1, "body")))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, header, err := record.Parse(b)
		if err != nil {
			return
		}
		require.Equal(t, b[:record.HeaderSize], header.AppendBinary(nil), "what parses encodes to the same bytes")
		require.Len(t, r.Body(), int(header.BodyLength))
	})
}

func FuzzSplitBatch(f *testing.F) {
	keys := testKeys(seal.Portable())
	frame, err := record.Seal(keys.Envelope, build(f, 1, "body"), []byte("0112345678901234567"))
	require.NoError(f, err)
	f.Add(record.AppendBatch(nil, frame, frame))
	f.Add([]byte{1, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		frames, err := record.SplitBatch(b)
		if err != nil {
			return
		}
		require.Equal(t, b, record.AppendBatch(nil, frames...))
		for _, frame := range frames {
			if header, err := record.ParseHeader(frame); err == nil {
				_, _, _ = frame.Open(keys.Envelope, header)
			}
		}
	})
}
