package packed_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/packed"
)

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Uint64().Draw(t, "number")
		at := time.UnixMicro(rapid.Int64Range(-1<<50, 1<<50).Draw(t, "at")).UTC()
		text := rapid.StringN(0, 40, -1).Draw(t, "text")
		b := packed.AppendTime(packed.AppendTime(binary.AppendUvarint(nil, number), at), time.Time{})
		b, err := packed.AppendFields(b, text, "")
		require.NoError(t, err)
		read := packed.NewReader(b)
		require.Equal(t, number, read.Number())
		if got := read.Time(); packed.Micros(at) != 0 {
			require.Equal(t, at, got)
		}
		require.True(t, read.Time().IsZero())
		require.False(t, read.Done(), "something is left")
		require.Equal(t, text, string(read.Field()))
		require.Empty(t, read.Field())
		require.True(t, read.Done())
		short := packed.NewReader(b[:len(b)-1])
		_, _, _, _, _ = short.Number(), short.Time(), short.Time(), short.Field(), short.Field()
		require.False(t, short.Done(), "cut short")
	})
}

func TestMistakes(t *testing.T) {
	_, err := packed.AppendFields(nil, strings.Repeat("x", packed.FieldMax+1))
	require.ErrorIs(t, err, packed.ErrTooLong)
	for name, b := range map[string][]byte{
		"Empty": nil, "EndlessNumber": {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01},
		"LongerThanThereIs": {3, 'a', 'b'}, "LongerThanItMayBe": append([]byte{0x81, 0x20}, make([]byte, packed.FieldMax+1)...),
	} {
		t.Run(name, func(t *testing.T) {
			read := packed.NewReader(b)
			require.Empty(t, read.Field())
			require.False(t, read.Done())
			require.Zero(t, read.Number())
			require.True(t, read.Time().IsZero())
		})
	}
	read := packed.NewReader(nil)
	require.True(t, read.Done())
	read.Fail()
	require.False(t, read.Done())
}
