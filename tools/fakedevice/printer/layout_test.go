package printer_test

import (
	"bytes"
	"context"
	"image"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakedevice/printer"
)

// laidOut returns the lines of what the commands print, without drawing.
func laidOut(t *testing.T, commands string) []printer.Line {
	t.Helper()
	model, err := printer.New(tape{strings.NewReader("\x1b@" + commands + "\x1dV\x00")}, printer.Options{})
	require.NoError(t, err)
	require.NoError(t, model.Run(context.Background()))
	receipts := model.Receipts()
	require.Len(t, receipts, 1)
	require.Empty(t, receipts[0].Unknown)
	return receipts[0].Lines
}

func text(x, y int, content string) printer.Line {
	return printer.Line{X: x, Y: y, Text: content, Kind: printer.TextLine}
}

func TestLayout(t *testing.T) {
	bitmap := func(x, y int) printer.Line { return printer.Line{X: x, Y: y, Kind: printer.BitmapLine} }
	for name, test := range map[string]struct {
		commands string
		want     []printer.Line
	}{
		"LinesOfThirtyDots":     {"a\nb\n", []printer.Line{text(0, 0, "a"), text(0, 30, "b")}},
		"CarriageReturnIgnored": {"a\r\nb\n", []printer.Line{text(0, 0, "a"), text(0, 30, "b")}},
		"Centred":               {"\x1ba\x01ab\n", []printer.Line{text(180, 0, "ab")}},
		"Right":                 {"\x1ba\x02ab\n", []printer.Line{text(360, 0, "ab")}},
		"DoubleSize":            {"\x1ba\x01\x1d!\x11ab\nc\n", []printer.Line{text(168, 0, "ab"), text(180, 48, "c")}},
		"WideOnly":              {"\x1ba\x02\x1d!\x10ab\n", []printer.Line{text(336, 0, "ab")}},
		"ModeByteDouble":        {"\x1ba\x02\x1b!\x30ab\n", []printer.Line{text(336, 0, "ab")}},
		"ChineseModeDouble":     {"\x1ba\x02\x1c!\x0c\xb2\xe8\n", []printer.Line{text(336, 0, "茶")}},
		"ChineseQuadruple":      {"\x1ba\x02\x1cW\x01\xb2\xe8\n", []printer.Line{text(336, 0, "茶")}},
		"FontBIsNarrow":         {"\x1ba\x02\x1bM\x01ab\n", []printer.Line{text(366, 0, "ab")}},
		"SpacingSet":            {"\x1b3\x3ca\n\x1b2b\n", []printer.Line{text(0, 0, "a"), text(0, 60, "b")}},
		"SpacingZeroKeepsInk":   {"\x1b3\x00a\nb\n", []printer.Line{text(0, 0, "a"), text(0, 24, "b")}},
		"FeedLines":             {"a\n\x1bd\x02b\n", []printer.Line{text(0, 0, "a"), text(0, 90, "b")}},
		"FeedDots":              {"a\x1bJ\x0ab\n", []printer.Line{text(0, 0, "a"), text(0, 34, "b")}},
		"CharacterGap":          {"\x1b \x06ab\x1bd\x00\n", []printer.Line{text(0, 0, "ab")}},
		"Tab":                   {"a\tb\n", []printer.Line{text(0, 0, "a b")}},
		"JumpToPosition":        {"a\x1b$\x64\x00b\n", []printer.Line{text(0, 0, "a b")}},
		"PlacedRightToLeft":     {"\x1b$\x64\x00b\x1b$\x00\x00a\n", []printer.Line{text(0, 0, "a b")}},
		"JumpBack":              {"ab\x1b\\\xf4\xff_\n", []printer.Line{text(0, 0, "ab_")}},
		"LeftMargin":            {"\x1dL\x18\x00a\n", []printer.Line{text(24, 0, "a")}},
		"PrintAreaCentres":      {"\x1dW\x60\x00\x1ba\x01ab\n", []printer.Line{text(36, 0, "ab")}},
		"PrintAreaWraps":        {"\x1dW\x30\x00abcdef\n", []printer.Line{text(0, 0, "abcd"), text(0, 30, "ef")}},
		"WrapsAtPaper":          {strings.Repeat("x", 33) + "\n", []printer.Line{text(0, 0, strings.Repeat("x", 32)), text(0, 30, "x")}},
		"ChineseNeverSplit":     {strings.Repeat("x", 31) + "\xb2\xe8\n", []printer.Line{text(0, 0, strings.Repeat("x", 31)), text(0, 30, "茶")}},
		"CodePage437":           {"\x1c.\x1bt\x00\x82\n", []printer.Line{text(0, 0, "é")}},
		"CodePage866":           {"\x1c.\x1bt\x11\x80\n", []printer.Line{text(0, 0, "А")}},
		"KatakanaRules":         {"\x1c.\x1bt\x01\x98\x95\xb1\n", []printer.Line{text(0, 0, "┌─ｱ")}},
		"ChineseBackOn":         {"\x1c.\x1bt\x00\x82\x1c&\xb2\xe8\n", []printer.Line{text(0, 0, "é茶")}},
		"ResetForgetsModes":     {"\x1ba\x02\x1d!\x11\x1b@a\n", []printer.Line{text(0, 0, "a")}},
		"RasterAfterText":       {"ab\x1dv0\x00\x01\x00\x02\x00\xff\x00c\n", []printer.Line{text(0, 0, "ab"), bitmap(0, 30), text(0, 32, "c")}},
		"RasterCentred":         {"\x1ba\x01\x1dv0\x00\x02\x00\x01\x00\xff\x00", []printer.Line{bitmap(184, 0)}},
		"RasterDoubled":         {"\x1dv0\x03\x01\x00\x02\x00\xff\x00a\n", []printer.Line{bitmap(0, 0), text(0, 4, "a")}},
		"GraphicsStoredThenPrinted": {
			"\x1d(L\x0c\x000p0\x01\x011\x08\x00\x02\x00\xff\x00a\n\x1d(L\x02\x0002b\n",
			[]printer.Line{text(0, 0, "a"), bitmap(0, 30), text(0, 32, "b")},
		},
		"ParametersSkipped": {"\x1bR\x00\x1b{\x01\x1bc5\x00\x1cS\x00\x00\x1cC\x00\x1dP\x00\x00a\n", []printer.Line{text(0, 0, "a")}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, laidOut(t, test.commands)) })
	}
}

func TestEveryCutEndsAReceipt(t *testing.T) {
	commands := "\x1dV\x00" + // nothing printed: no receipt
		"a\n\x1dV\x01" + "b\n\x1dVA\x00" + "c\x1dVB\x10" // the line in hand is printed before the cut
	model, err := printer.New(tape{strings.NewReader(commands)}, printer.Options{})
	require.NoError(t, err)
	require.NoError(t, model.Run(context.Background()))
	var got []string
	for i, receipt := range model.Receipts() {
		require.Equal(t, i+1, receipt.Number)
		require.False(t, receipt.Torn)
		got = append(got, receipt.Lines[0].Text)
	}
	require.Equal(t, []string{"a", "b", "c"}, got)
}

// inkOf draws commands and returns the dark dots in a box of the print area.
func inkOf(t *testing.T, commands string, box image.Rectangle) int {
	t.Helper()
	receipt := printed(t, []byte("\x1b@"+commands+"\n\x1dV\x00"), printer.Width58)
	return inkAt(readPicture(t, receipt.Path), printer.Line{X: box.Min.X, Y: box.Min.Y}, box.Dx(), box.Dy())
}

func TestInk(t *testing.T) {
	letter := image.Rect(0, 0, 12, 24)
	plain := inkOf(t, "A", letter)
	t.Run("LetterInItsCell", func(t *testing.T) {
		require.Positive(t, plain)
		require.Zero(t, inkOf(t, "A", image.Rect(12, 0, 384, 24)))
	})
	t.Run("BoldIsDarker", func(t *testing.T) { require.Greater(t, inkOf(t, "\x1bE\x01A", letter), plain) })
	t.Run("UnderlineAddsItsLine", func(t *testing.T) {
		require.Equal(t, 24, inkOf(t, "\x1b-\x01A", image.Rect(0, 22, 12, 24)))
	})
	t.Run("InvertedIsTheRest", func(t *testing.T) {
		require.Equal(t, 12*24-plain, inkOf(t, "\x1dB\x01A", letter))
	})
	t.Run("DoubleSizeIsFourTimes", func(t *testing.T) {
		require.InDelta(t, 4*plain, inkOf(t, "\x1d!\x11A", image.Rect(0, 0, 24, 48)), float64(plain))
	})
	t.Run("RulesJoin", func(t *testing.T) {
		require.Equal(t, 2*36, inkOf(t, "\x1c.\x1bt\x01\x95\x95\x95", image.Rect(0, 0, 36, 24)))
	})
	t.Run("RasterDotForDot", func(t *testing.T) {
		require.Equal(t, 5, inkOf(t, "\x1dv0\x00\x01\x00\x01\x00\xf1", image.Rect(0, 0, 8, 1)))
		require.Equal(t, 20, inkOf(t, "\x1dv0\x03\x01\x00\x01\x00\xf1", image.Rect(0, 0, 16, 2)))
	})
	t.Run("BesideThePaperIsLost", func(t *testing.T) {
		wide := "\x1dv0\x00\x40\x00\x01\x00" + string(bytes.Repeat([]byte{0xFF}, 64))
		require.Equal(t, 384, inkOf(t, wide, image.Rect(-40, 0, 424, 1)))
	})
	t.Run("ChineseFillsTwoColumns", func(t *testing.T) {
		require.Positive(t, inkOf(t, "\xc7\xa9", image.Rect(0, 0, 12, 24)), "left half of 签")
		require.Positive(t, inkOf(t, "\xc7\xa9", image.Rect(12, 0, 24, 24)), "right half of 签")
	})
}
