package pn532_test

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/drivers/nfc/pn532"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	require.NoError(t, err)
	return data
}

// frames feeds data whole and returns every frame in it.
func frames(data []byte) []pn532.Frame {
	var d pn532.Decoder
	d.Write(data)
	return drain(&d)
}

func drain(d *pn532.Decoder) []pn532.Frame {
	var found []pn532.Frame
	for {
		frame, ok := d.Next()
		if !ok {
			return found
		}
		found = append(found, frame)
	}
}

func TestAppendFrame(t *testing.T) {
	t.Run("GetFirmwareVersion", func(t *testing.T) {
		frame, err := pn532.AppendFrame(nil, []byte{0xD4, 0x02})
		require.NoError(t, err)
		require.Equal(t, unhex(t, "00 00 FF 02 FE D4 02 2A 00"), frame)
	})
	t.Run("extended beyond 255 bytes", func(t *testing.T) {
		frame, err := pn532.AppendFrame([]byte{0xEE}, make([]byte, 256))
		require.NoError(t, err)
		require.Equal(t, unhex(t, "EE 00 00 FF FF FF 01 00 FF"), frame[:9])
		require.Len(t, frame, 9+256+2)
	})
	t.Run("ErrPayload", func(t *testing.T) {
		for _, size := range []int{0, pn532.PayloadMax + 1} {
			_, err := pn532.AppendFrame(nil, make([]byte, size))
			require.ErrorIs(t, err, pn532.ErrPayload)
		}
	})
}

func TestDecoderFindsEveryKind(t *testing.T) {
	for name, c := range map[string]struct {
		wire string
		want []pn532.Frame
	}{
		"acknowledge":  {"00 00 FF 00 FF 00", []pn532.Frame{{Kind: pn532.Acknowledge}}},
		"refuse":       {"00 00 FF FF 00 00", []pn532.Frame{{Kind: pn532.Refuse}}},
		"syntax error": {"00 00 FF 01 FF 7F 81 00", []pn532.Frame{{Kind: pn532.SyntaxError}}},
		"data":         {"00 00 FF 02 FE D5 15 16 00", []pn532.Frame{{Kind: pn532.Data, Payload: []byte{0xD5, 0x15}}}},
		"corrupt":      {"00 00 FF 02 FE D5 15 17 00", []pn532.Frame{{Kind: pn532.Corrupt}}},
		"acknowledge and answer in one read": {
			"00 00 FF 00 FF 00 00 00 FF 02 FE D5 15 16 00",
			[]pn532.Frame{{Kind: pn532.Acknowledge}, {Kind: pn532.Data, Payload: []byte{0xD5, 0x15}}},
		},
		"no preamble":          {"00 FF 00 FF", []pn532.Frame{{Kind: pn532.Acknowledge}}},
		"garbage in front":     {"55 00 13 FF 00 00 FF 00 FF 00", []pn532.Frame{{Kind: pn532.Acknowledge}}},
		"length checksum hit":  {"00 00 FF 02 FF D5 15 16 00 00 00 FF 00 FF 00", []pn532.Frame{{Kind: pn532.Acknowledge}}},
		"length of zero":       {"00 00 FF 00 00 00 00 FF 00 FF 00", []pn532.Frame{{Kind: pn532.Acknowledge}}},
		"extended too long":    {"00 00 FF FF FF 02 00 FE 00 00 FF 00 FF 00", []pn532.Frame{{Kind: pn532.Acknowledge}}},
		"extended sum hit":     {"00 00 FF FF FF 01 00 FE 00 00 FF 00 FF 00", []pn532.Frame{{Kind: pn532.Acknowledge}}},
		"cut short":            {"00 00 FF 02 FE D5", nil},
		"extended cut short":   {"00 00 FF FF FF 01", nil},
		"start code cut short": {"00 00 FF", nil},
		"nothing":              {"", nil},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, frames(unhex(t, c.wire))) })
	}
}

func TestDecoderSplitsAndMerges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var wire []byte
		var want []pn532.Frame
		for range rapid.IntRange(1, 5).Draw(t, "frames") {
			if rapid.Bool().Draw(t, "acknowledge") {
				wire = append(wire, pn532.AcknowledgeFrame()...)
				want = append(want, pn532.Frame{Kind: pn532.Acknowledge})
				continue
			}
			payload := rapid.SliceOfN(rapid.Byte(), 2, pn532.PayloadMax).Draw(t, "payload")
			var err error
			wire, err = pn532.AppendFrame(wire, payload)
			require.NoError(t, err)
			want = append(want, pn532.Frame{Kind: pn532.Data, Payload: payload})
		}
		var d pn532.Decoder
		var got []pn532.Frame
		for len(wire) > 0 {
			n := rapid.IntRange(1, len(wire)).Draw(t, "piece")
			n = min(n, 64)
			d.Write(wire[:n])
			wire = wire[n:]
			got = append(got, drain(&d)...)
		}
		require.Equal(t, want, got)
	})
}

func TestDecoderIsBounded(t *testing.T) {
	var d pn532.Decoder
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 4096)
	for i := range noise {
		noise[i] = byte(1 + random.IntN(254)) // neither 00 nor FF: no start code
	}
	d.Write(noise)
	require.Empty(t, drain(&d))
	require.Equal(t, len(noise), d.Skipped())
	d.Write(unhex(t, "00 00 FF 80 80"))
	d.Reset()
	d.Write(pn532.AcknowledgeFrame())
	require.Equal(t, len(noise), d.Skipped(), "padding is no garbage")
	require.Equal(t, []pn532.Frame{{Kind: pn532.Acknowledge}}, drain(&d), "a half frame does not swallow the next after a reset")
}

func TestKindString(t *testing.T) {
	for kind, want := range map[pn532.Kind]string{
		pn532.Data: "data", pn532.Acknowledge: "acknowledge", pn532.Refuse: "refuse", pn532.SyntaxError: "syntax error",
		pn532.Corrupt: "corrupt", 0: "invalid",
	} {
		require.Equal(t, want, kind.String())
	}
	require.Equal(t, []pn532.Frame{{Kind: pn532.SyntaxError}}, frames(pn532.SyntaxErrorFrame()))
	require.Equal(t, []pn532.Frame{{Kind: pn532.Refuse}}, frames(pn532.RefuseFrame()))
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte("\x00\x00\xff\x02\xfe\xd5\x15\x16\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := frames(data)
		for _, frame := range whole {
			if frame.Kind != pn532.Data {
				require.Nil(t, frame.Payload)
				continue
			}
			require.NotEmpty(t, frame.Payload)
			again, err := pn532.AppendFrame(nil, frame.Payload)
			require.NoError(t, err)
			require.Equal(t, []pn532.Frame{frame}, frames(again))
		}
		if len(data) > 256 {
			return // beyond this the bound on waiting bytes depends on the pieces
		}
		var d pn532.Decoder
		var single []pn532.Frame
		for _, b := range data {
			d.Write([]byte{b})
			single = append(single, drain(&d)...)
		}
		require.Equal(t, whole, single, "byte by byte gives the same frames")
	})
}
