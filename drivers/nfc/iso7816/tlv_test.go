package iso7816_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/drivers/nfc/iso7816"
)

func TestReader(t *testing.T) {
	t.Run("walks a list and skips padding", func(t *testing.T) {
		r := iso7816.NewReader(unhex(t, "00 84 02 AA BB 00 00 9F38 01 CC DFDF01 00"))
		for _, want := range []iso7816.TLV{
			{Tag: 0x84, Value: []byte{0xAA, 0xBB}}, {Tag: 0x9F38, Value: []byte{0xCC}}, {Tag: 0xDFDF01, Value: []byte{}},
		} {
			got, err := r.Next()
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		_, err := r.Next()
		require.ErrorIs(t, err, io.EOF)
	})
	t.Run("accepts a longer length field than needed", func(t *testing.T) {
		got, err := iso7816.NewReader(unhex(t, "84 82 00 01 AA")).Next()
		require.NoError(t, err)
		require.Equal(t, []byte{0xAA}, got.Value)
	})
	for name, data := range map[string]string{
		"tag cut short":       "9F",
		"tag of four bytes":   "DF DF DF 01 00",
		"tag number padded":   "9F 80 01 00",
		"no length":           "84",
		"indefinite length":   "A5 80 00 00",
		"length of 3 bytes":   "84 83 00 00 01 AA",
		"length cut short":    "84 82 00",
		"value cut short":     "84 03 AA BB",
		"value beyond by one": "84 81 80 " + "00",
	} {
		t.Run("ErrTLV on "+name, func(t *testing.T) {
			_, err := iso7816.NewReader(unhex(t, data)).Next()
			require.ErrorIs(t, err, iso7816.ErrTLV)
		})
	}
	t.Run("ErrTLV on too many objects", func(t *testing.T) {
		r := iso7816.NewReader(bytes.Repeat([]byte{0x84, 0}, 257))
		var err error
		for range 257 {
			_, err = r.Next()
		}
		require.ErrorIs(t, err, iso7816.ErrTLV)
	})
}

func TestFind(t *testing.T) {
	fci := unhex(t, "6F 0A 84 02 F0 59 A5 04 50 02 41 42")
	label, err := iso7816.Find(fci, 0x6F, 0xA5, 0x50)
	require.NoError(t, err)
	require.Equal(t, "AB", string(label))
	_, err = iso7816.Find(fci, 0x6F, 0x87)
	require.ErrorIs(t, err, iso7816.StatusDataNotFound)
	_, err = iso7816.Find(fci[:5], 0x6F)
	require.ErrorIs(t, err, iso7816.ErrTLV)
}

func TestAppendTLV(t *testing.T) {
	t.Run("comes back whatever the length", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			tag := rapid.SampledFrom([]iso7816.Tag{0x50, 0x6F, 0x84, 0x9F38, 0xBF0C, 0xDFDF01}).Draw(t, "tag")
			value := make([]byte, rapid.SampledFrom([]int{0, 1, 127, 128, 255, 256, 65535}).Draw(t, "size"))
			data, err := iso7816.AppendTLV([]byte{0xEE}, tag, value)
			require.NoError(t, err)
			got, err := iso7816.NewReader(data[1:]).Next()
			require.NoError(t, err)
			require.Equal(t, tag, got.Tag)
			require.Len(t, got.Value, len(value))
		})
	})
	t.Run("ErrTLV", func(t *testing.T) {
		_, err := iso7816.AppendTLV(nil, 0x84, make([]byte, 65536))
		require.ErrorIs(t, err, iso7816.ErrTLV)
		for _, tag := range []iso7816.Tag{0, 0x1F, 0x8484, 0x9F8001, 0x1000000} {
			_, err := iso7816.AppendTLV(nil, tag, nil)
			require.ErrorIs(t, err, iso7816.ErrTLV, "%X", uint32(tag))
		}
	})
	require.True(t, iso7816.Tag(0xBF0C).Constructed())
	require.True(t, iso7816.Tag(0xFFEE01).Constructed())
	require.False(t, iso7816.Tag(0x84).Constructed())
}

func FuzzReader(f *testing.F) {
	f.Add(unhex(f, "6F 0A 84 02 F0 59 A5 04 50 02 41 42"))
	f.Add(unhex(f, "9F38 81 01 CC"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, left := iso7816.NewReader(data), len(data)
		for {
			object, err := r.Next()
			if errors.Is(err, io.EOF) || errors.Is(err, iso7816.ErrTLV) {
				return
			}
			require.NoError(t, err)
			left -= len(object.Value) + 2
			require.GreaterOrEqual(t, left, 0, "objects never overlap")
			again, err := iso7816.AppendTLV(nil, object.Tag, object.Value)
			require.NoError(t, err)
			back, err := iso7816.NewReader(again).Next()
			require.NoError(t, err)
			require.Equal(t, object, back)
		}
	})
}

// TestPaymentDirectory reads the answer of a contactless bank card to SELECT PPSE (EMV Book B, 3.3.1).
func TestPaymentDirectory(t *testing.T) {
	fci := unhex(t, `6F 23
		84 0E 32 50 41 59 2E 53 59 53 2E 44 44 46 30 31
		A5 11 BF 0C 0E 61 0C 4F 07 A0 00 00 03 33 01 01 87 01 01`)
	name, err := iso7816.Find(fci, 0x6F, 0x84)
	require.NoError(t, err)
	require.Equal(t, "2PAY.SYS.DDF01", string(name))
	aid, err := iso7816.Find(fci, 0x6F, 0xA5, 0xBF0C, 0x61, 0x4F)
	require.NoError(t, err)
	require.Equal(t, unhex(t, "A0 00 00 03 33 01 01"), aid, "UnionPay debit")
	priority, err := iso7816.Find(fci, 0x6F, 0xA5, 0xBF0C, 0x61, 0x87)
	require.NoError(t, err)
	require.Equal(t, []byte{1}, priority)
	whole, err := iso7816.Find(fci)
	require.NoError(t, err)
	require.Equal(t, fci, whole, "an empty path is the list itself")
}
