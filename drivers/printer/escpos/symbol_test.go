package escpos_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
)

// symbolBytes returns the data of the job's only bar code, and its module in dots.
func symbolBytes(t *testing.T, content string) (data string, module byte) {
	t.Helper()
	commands, err := walk(encode(t, drivers.Barcode{Content: content}).Data)
	require.NoError(t, err)
	for _, c := range commands {
		switch c.name {
		case "\x1dw":
			module = c.data[0]
		case "\x1dk":
			data = string(c.data[2:])
		}
	}
	return data, module
}

func TestBarcodeFitsThePaper(t *testing.T) {
	for name, test := range map[string]struct {
		content, data string
		module        byte
	}{
		"WideModule":         {"000342", "{B000342", 3},
		"NarrowModule":       {"061234567890", "{B061234567890", 2},
		"DigitPairsWhenLong": {"12345678901234", "{C\x0c\x22\x38\x4e\x5a\x0c\x22", 2},
		"LongestDigitPairs":  {"1234567890123456789012", "{C\x0c\x22\x38\x4e\x5a\x0c\x22\x38\x4e\x5a\x0c", 2},
		// 16 04 as digit pairs would be the bytes 10 04: a status request to every printer.
		"NeverARealTimeCommand": {"99160499999999", "", 0},
		"OddDigitsTooLong":      {"123456789012345", "", 0},
		"LettersTooLong":        {"ABCDEFGHIJKLMN", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			data, module := symbolBytes(t, test.content)
			require.Equal(t, test.data, data)
			require.Equal(t, test.module, module)
			job := encode(t, drivers.Rule{}, drivers.Barcode{Content: test.content})
			if test.module == 0 {
				require.Equal(t, []int{1}, job.Degraded)
				require.Contains(t, string(job.Data), test.content, "the number itself is still printed")
			} else {
				require.Empty(t, job.Degraded)
			}
		})
	}
}

func TestQRModuleShrinksToFit(t *testing.T) {
	for _, test := range []struct {
		length, module int
		want           byte
	}{
		{14, 6, 6},   // version 1: 29 modules with its margin
		{14, 16, 13}, // 29 × 13 = 377 dots
		{100, 8, 7},  // version 6: 49 × 7 = 343
		{560, 0, 0},  // beyond the limit of content
		{512, 6, 3},  // version 17: 93 × 4 = 372 … 85 + 8
	} {
		t.Run(fmt.Sprint(test.length, "Bytes", test.module), func(t *testing.T) {
			document := drivers.Document{Blocks: []drivers.Block{drivers.QR{Content: strings.Repeat("x", test.length), Module: test.module}}}
			job, err := escpos.Encode(document, escpos.Paper58())
			if test.want == 0 {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			at := bytes.Index(job.Data, []byte("\x1d(k\x03\x001C"))
			require.Positive(t, at)
			got := job.Data[at+7]
			require.LessOrEqual(t, got, byte(max(test.module, 1)))
			if test.length < 500 {
				require.Equal(t, test.want, got)
			}
		})
	}
}

// pixels is a picture of one colour with some others.
func pixels(width, height int, at func(x, y int) color.Color) image.Image {
	picture := image.NewNRGBA(image.Rect(10, 20, 10+width, 20+height))
	for y := range height {
		for x := range width {
			picture.Set(10+x, 20+y, at(x, y))
		}
	}
	return picture
}

func stripes(t *testing.T, job escpos.Job) (out [][]byte) {
	t.Helper()
	commands, err := walk(job.Data)
	require.NoError(t, err)
	for _, c := range commands {
		if c.name == "\x1dv" {
			out = append(out, c.data)
		}
	}
	return out
}

func TestPictureBecomesStripes(t *testing.T) {
	black := func(int, int) color.Color { return color.Black }
	t.Run("BlackCentred", func(t *testing.T) {
		got := stripes(t, encode(t, drivers.Picture{Image: pixels(8, 30, black), Align: drivers.Centre}))
		require.Len(t, got, 2, "24 rows and 6")
		row := append(make([]byte, 23), 0x0F, 0xF0) // dots 188 to 195 of 384
		require.Equal(t, append([]byte{'0', 0, 25, 0, 24, 0}, bytes.Repeat(row, 24)...), got[0])
		require.Equal(t, append([]byte{'0', 0, 25, 0, 6, 0}, bytes.Repeat(row, 6)...), got[1])
	})
	t.Run("CutToThePaper", func(t *testing.T) {
		got := stripes(t, encode(t, drivers.Picture{Image: pixels(1000, 3000, black)}))
		require.Len(t, got, 100, "300 mm")
		require.Equal(t, byte(48), got[0][2])
	})
	t.Run("WhiteAndTransparentStayBlank", func(t *testing.T) {
		blank := func(x, _ int) color.Color {
			if x%2 == 0 {
				return color.White
			}
			return color.Transparent
		}
		got := stripes(t, encode(t, drivers.Picture{Image: pixels(16, 1, blank)}))
		require.Equal(t, []byte{'0', 0, 2, 0, 1, 0, 0, 0}, got[0])
	})
	t.Run("GrayKeepsItsTone", func(t *testing.T) {
		const side, level = 96, 192
		gray := image.NewGray(image.Rect(0, 0, side, side))
		for i := range gray.Pix {
			gray.Pix[i] = level
		}
		ink := 0
		for _, stripe := range stripes(t, encode(t, drivers.Picture{Image: gray})) {
			for _, b := range stripe[6:] {
				for ; b != 0; b &= b - 1 {
					ink++
				}
			}
		}
		require.InDelta(t, (255-level)*side*side/255, ink, side*side/50)
	})
	t.Run("NeverARealTimeCommand", func(t *testing.T) {
		// 10 04, 10 05 and 10 14 as dots; walk refuses them.
		rows := []string{"\x10\x04", "\x10\x05", "\x10\x14", "\x00\x10", "\x04\x00"}
		picture := pixels(16, len(rows), func(x, y int) color.Color {
			if rows[y][x/8]>>(7-x%8)&1 == 1 {
				return color.Black
			}
			return color.White
		})
		got := stripes(t, encode(t, drivers.Picture{Image: picture}))
		require.Equal(t, "\x18\x04\x18\x05\x18\x14\x00\x18\x04\x00", string(got[0][6:]))
	})
}
