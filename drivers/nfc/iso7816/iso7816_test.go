package iso7816_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/drivers/nfc/iso7816"
)

// unhex reads hexadecimal digits with any white space.
func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	require.NoError(t, err)
	return data
}

func TestCommandCases(t *testing.T) {
	for name, c := range map[string]struct {
		apdu    string
		command iso7816.Command
		number  int
	}{
		"case 1":  {"00 A4 00 0C", iso7816.Command{Instruction: 0xA4, P2: 0x0C}, 1},
		"case 2S": {"00 B0 00 00 10", iso7816.Command{Instruction: 0xB0, Expect: 16}, 2},
		"case 2S with 256": {
			"00 B0 00 00 00", iso7816.Command{Instruction: 0xB0, Expect: 256}, 2,
		},
		"case 3S": {"80 50 01 02 02 AA BB", iso7816.Command{Class: 0x80, Instruction: 0x50, P1: 1, P2: 2, Data: []byte{0xAA, 0xBB}}, 3},
		"case 4S, SELECT PPSE": {
			"00 A4 04 00 0E 325041592E5359532E4444463031 00",
			iso7816.Command{Instruction: 0xA4, P1: 4, Data: []byte("2PAY.SYS.DDF01"), Expect: 256}, 4,
		},
		"case 2E": {"00 B0 00 00 00 01 2C", iso7816.Command{Instruction: 0xB0, Expect: 300, Extended: true}, 2},
		"case 2E with 65536": {
			"00 B0 00 00 00 00 00", iso7816.Command{Instruction: 0xB0, Expect: 65536, Extended: true}, 2,
		},
		"case 3E": {"00 D6 00 00 00 00 01 AA", iso7816.Command{Instruction: 0xD6, Data: []byte{0xAA}, Extended: true}, 3},
		"case 4E": {
			"00 D6 00 00 00 00 01 AA 00 00",
			iso7816.Command{Instruction: 0xD6, Data: []byte{0xAA}, Expect: 65536, Extended: true}, 4,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := iso7816.ParseCommand(unhex(t, c.apdu))
			require.NoError(t, err)
			require.Equal(t, c.command, got)
			require.Equal(t, c.number, got.Case())
			apdu, err := c.command.MarshalBinary()
			require.NoError(t, err)
			require.Equal(t, unhex(t, c.apdu), apdu)
		})
	}
}

func TestParseCommandRefuses(t *testing.T) {
	for name, apdu := range map[string]string{
		"nothing":                 "",
		"half a header":           "00 A4 04",
		"Lc beyond the end":       "00 A4 04 00 05 AA",
		"two bytes after data":    "00 A4 04 00 01 AA 00 00",
		"extended without length": "00 A4 04 00 00 01",
		"extended Lc 0":           "00 A4 04 00 00 00 00 01",
		"extended Lc too large":   "00 A4 04 00 00 00 05 AA",
		"extended with short Le":  "00 A4 04 00 00 00 01 AA 00",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := iso7816.ParseCommand(unhex(t, apdu))
			require.ErrorIs(t, err, iso7816.ErrCommand)
		})
	}
}

func TestMarshalCommandRefuses(t *testing.T) {
	for name, c := range map[string]iso7816.Command{
		"too much data":     {Data: make([]byte, 65536)},
		"negative expected": {Expect: -1},
		"too much expected": {Expect: 65537},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.MarshalBinary()
			require.ErrorIs(t, err, iso7816.ErrCommand)
		})
	}
}

func TestCommandComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := iso7816.Command{
			Class: rapid.Byte().Draw(t, "class"), Instruction: rapid.Byte().Draw(t, "instruction"),
			P1: rapid.Byte().Draw(t, "p1"), P2: rapid.Byte().Draw(t, "p2"),
			Data:   rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(t, "data"),
			Expect: rapid.IntRange(0, 65536).Draw(t, "expect"),
		}
		apdu, err := c.MarshalBinary()
		require.NoError(t, err)
		back, err := iso7816.ParseCommand(apdu)
		require.NoError(t, err)
		require.Equal(t, append([]byte{}, c.Data...), append([]byte{}, back.Data...))
		require.Equal(t, c.Expect, back.Expect)
		require.Equal(t, len(c.Data) > 255 || c.Expect > 256, back.Extended, "short lengths wherever they do")
	})
}

func TestResponse(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		r, err := iso7816.ParseResponse(unhex(t, "6F 00 90 00"))
		require.NoError(t, err)
		require.Equal(t, []byte{0x6F, 0}, r.Data)
		require.NoError(t, r.Err())
		apdu, err := r.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, unhex(t, "6F 00 90 00"), apdu)
	})
	t.Run("status is the error", func(t *testing.T) {
		r, err := iso7816.ParseResponse(unhex(t, "6A 82"))
		require.NoError(t, err)
		require.ErrorIs(t, r.Err(), iso7816.StatusFileNotFound)
		require.EqualError(t, r.Err(), "iso7816: 6A82 file or application not found")
	})
	t.Run("ErrResponse", func(t *testing.T) {
		for _, size := range []int{0, 1, 65536 + 3} {
			_, err := iso7816.ParseResponse(make([]byte, size))
			require.ErrorIs(t, err, iso7816.ErrResponse)
		}
		_, err := iso7816.Response{Data: make([]byte, 65537)}.MarshalBinary()
		require.ErrorIs(t, err, iso7816.ErrResponse)
	})
}

func TestStatusLengths(t *testing.T) {
	n, more := iso7816.Status(0x6100).MoreData()
	require.True(t, more)
	require.Equal(t, 256, n)
	n, wrong := iso7816.Status(0x6C12).ExactLength()
	require.True(t, wrong)
	require.Equal(t, 0x12, n)
	_, more = iso7816.StatusOK.MoreData()
	require.False(t, more)
	require.Equal(t, "6112 more data", iso7816.Status(0x6112).String())
	require.Equal(t, "9401", iso7816.Status(0x9401).String())
}

func FuzzParseCommand(f *testing.F) {
	f.Add(unhex(f, "00 A4 04 00 0E 325041592E5359532E4444463031 00"))
	f.Add(unhex(f, "00 B0 00 00 00 00 00"))
	f.Fuzz(func(t *testing.T, apdu []byte) {
		c, err := iso7816.ParseCommand(apdu)
		if err != nil {
			require.ErrorIs(t, err, iso7816.ErrCommand)
			return
		}
		back, err := c.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, apdu, back)
	})
}

func FuzzParseResponse(f *testing.F) {
	f.Add(unhex(f, "90 00"))
	f.Fuzz(func(t *testing.T, apdu []byte) {
		r, err := iso7816.ParseResponse(apdu)
		if err != nil {
			return
		}
		back, err := r.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, apdu, back)
	})
}
