package escpos_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
)

// prologue opens every job: reset, automatic status on, Chinese on.
const prologue = "\x1b@\x1da\x0f\x1c&"

func encode(t *testing.T, blocks ...drivers.Block) escpos.Job {
	t.Helper()
	job, err := escpos.Encode(drivers.Document{Blocks: blocks}, escpos.Paper58())
	require.NoError(t, err)
	_, err = walk(job.Data)
	require.NoError(t, err)
	return job
}

func TestEncodeBytes(t *testing.T) {
	for name, test := range map[string]struct {
		blocks []drivers.Block
		want   string
	}{
		"Empty":   {nil, ""},
		"ASCII":   {[]drivers.Block{drivers.Text{Content: "Tea 2"}}, "Tea 2\n"},
		"Chinese": {[]drivers.Block{drivers.Text{Content: "茶"}}, "\xb2\xe8\n"},
		"YuanSignFullWidth": {
			[]drivers.Block{drivers.Text{Content: "¥1"}},
			"\xa3\xa41\n", // U+00A5 becomes U+FFE5
		},
		"StyleSentOnChangeOnly": {
			[]drivers.Block{
				drivers.Text{Content: "a", Align: drivers.Centre, Bold: true, Scale: 2},
				drivers.Text{Content: "b", Align: drivers.Centre, Bold: true, Scale: 2},
				drivers.Text{Content: "c"},
			},
			"\x1ba\x01\x1bE\x01\x1d!\x11\x1b3\x36a\nb\n\x1ba\x00\x1bE\x00\x1d!\x00\x1b2c\n",
		},
		"LargestScale": {[]drivers.Block{drivers.Text{Content: "8", Scale: 8}}, "\x1d!\x77\x1b3\xc68\n"},
		"Pair": {
			[]drivers.Block{drivers.Pair{Label: "数量", Value: "2"}},
			"\xca\xfd\xc1\xbf" + strings.Repeat(" ", 27) + "2\n",
		},
		"PairTooWideWrapsValueRight": {
			[]drivers.Block{drivers.Pair{Label: strings.Repeat("x", 20), Value: strings.Repeat("9", 12)}},
			strings.Repeat("x", 20) + "\n" + strings.Repeat(" ", 20) + strings.Repeat("9", 12) + "\n",
		},
		"Rule":   {[]drivers.Block{drivers.Rule{}}, strings.Repeat("-", 32) + "\n"},
		"Feed":   {[]drivers.Block{drivers.Feed{Lines: 3}}, "\x1bd\x03"},
		"Cut":    {[]drivers.Block{drivers.Cut{}}, "\x1dVB\x00"},
		"Drawer": {[]drivers.Block{drivers.OpenDrawer{}}, "\x1bp\x00\x19\xfa"},
		"Barcode": {
			[]drivers.Block{drivers.Barcode{Content: "A{1", Height: 60}},
			"\x1ba\x01\x1dh\x3c\x1dw\x03\x1dH\x02\x1df\x00\x1dkI\x06{BA{{1",
		},
		"QR": {
			[]drivers.Block{drivers.QR{Content: "hi", Module: 4}},
			"\x1ba\x01\x1bd\x01" +
				"\x1d(k\x04\x001A2\x00" + // model 2
				"\x1d(k\x03\x001C\x04" + // module of 4 dots
				"\x1d(k\x03\x001E1" + // level M
				"\x1d(k\x05\x001P0hi" + // store
				"\x1d(k\x03\x001Q0" + // print
				"\x1bd\x01",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, prologue+test.want, string(encode(t, test.blocks...).Data))
		})
	}
}

func TestEncodeDrawerPin(t *testing.T) {
	profile := escpos.Paper80()
	profile.DrawerPin = 1
	job, err := escpos.Encode(drivers.Document{Blocks: []drivers.Block{drivers.OpenDrawer{}}}, profile)
	require.NoError(t, err)
	require.True(t, bytes.HasSuffix(job.Data, []byte("\x1bp\x01\x19\xfa")))
}

func TestEncodeUserTextIsNeverACommand(t *testing.T) {
	hostile := "茶\x1dV\x00\x1bp\x00\x19\xfa\x10\x14\x01\x00\x01\x10\x04\x01\u0085\u009b叶\x7f"
	job := encode(t,
		drivers.Text{Content: hostile}, drivers.Pair{Label: hostile, Value: hostile}, drivers.QR{Content: hostile},
	)
	commands, err := walk(job.Data)
	require.NoError(t, err)
	require.Zero(t, count(commands, "\x1dV"), "a product's name cut the paper")
	require.Zero(t, count(commands, "\x1bp"), "a product's name opened the drawer")
	require.Contains(t, string(job.Data), "\xb2\xe8Vp", "what is printable stays")
}

func TestEncodeErrContent(t *testing.T) {
	for name, block := range map[string]drivers.Block{
		"ScaleNegative":  drivers.Text{Scale: -1},
		"ScaleBeyond":    drivers.Text{Scale: 9},
		"AlignUnknown":   drivers.Text{Align: 3},
		"FeedNegative":   drivers.Feed{Lines: -1},
		"FeedBeyond":     drivers.Feed{Lines: 256},
		"BarcodeEmpty":   drivers.Barcode{},
		"BarcodeControl": drivers.Barcode{Content: "1\x1dV"},
		"BarcodeChinese": drivers.Barcode{Content: "茶"},
		"BarcodeLong":    drivers.Barcode{Content: strings.Repeat("1", 121)},
		"BarcodeHeight":  drivers.Barcode{Content: "1", Height: 256},
		"QREmpty":        drivers.QR{},
		"QROnlyControls": drivers.QR{Content: "\x1b\x1d"},
		"QRLong":         drivers.QR{Content: strings.Repeat("x", 513)},
		"QRModule":       drivers.QR{Content: "x", Module: 17},
		"PictureMissing": drivers.Picture{},
		"BlockMissing":   nil,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := escpos.Encode(drivers.Document{Blocks: []drivers.Block{drivers.Rule{}, block}}, escpos.Paper58())
			var content *escpos.ContentError
			require.ErrorAs(t, err, &content)
			require.Equal(t, 1, content.Block)
			require.NotEmpty(t, content.Reason)
		})
	}
}

func TestEncodeErrTooLong(t *testing.T) {
	t.Run("Blocks", func(t *testing.T) {
		_, err := escpos.Encode(drivers.Document{Blocks: make([]drivers.Block, 2001)}, escpos.Paper58())
		require.ErrorIs(t, err, escpos.ErrTooLong)
	})
	t.Run("Bytes", func(t *testing.T) {
		text := drivers.Text{Content: strings.Repeat("茶", 300<<10)}
		_, err := escpos.Encode(drivers.Document{Blocks: []drivers.Block{text}}, escpos.Paper58())
		require.ErrorIs(t, err, escpos.ErrTooLong)
	})
}

func TestEncodeErrProfile(t *testing.T) {
	for name, profile := range map[string]escpos.Profile{
		"Empty":      {},
		"Mismatch":   {Dots: 384, Columns: 48},
		"TooNarrow":  {Dots: 96, Columns: 8},
		"UnknownPin": {Dots: 384, Columns: 32, DrawerPin: 2},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := escpos.Encode(drivers.Document{}, profile)
			require.ErrorIs(t, err, escpos.ErrProfile)
		})
	}
}
