package scanner_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/drivers/scanner"
)

const gap = 50 * time.Millisecond

// moment is an arbitrary time: the splitter has no clock.
func moment() time.Time { return time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC) }

func newSplitter(t require.TestingT, options scanner.Options) *scanner.Splitter {
	splitter, err := scanner.NewSplitter(options)
	require.NoError(t, err)
	return splitter
}

// texts returns what symbols say: the text, or the error in angle brackets.
func texts(symbols []scanner.Symbol) []string {
	said := []string{}
	for _, symbol := range symbols {
		switch {
		case symbol.Err == nil:
			said = append(said, symbol.Scan.Text)
		case errors.Is(symbol.Err, scanner.ErrOverLong):
			said = append(said, "<over-long>")
		case errors.Is(symbol.Err, scanner.ErrIncomplete):
			said = append(said, "<incomplete>")
		default:
			said = append(said, "<"+symbol.Err.Error()+">")
		}
	}
	return said
}

func TestSplitterFeed(t *testing.T) {
	for _, c := range []struct {
		name    string
		options scanner.Options
		input   string
		want    []string
	}{
		{"CR", scanner.Options{}, "one\rtwo\r", []string{"one", "two"}},
		{"LF", scanner.Options{}, "one\ntwo\n", []string{"one", "two"}},
		{"CRLFIsOneEnd", scanner.Options{}, "one\r\ntwo\r\n", []string{"one", "two"}},
		{"ETX", scanner.Options{}, "one\x03two\x03", []string{"one", "two"}},
		{"EmptyIsSkipped", scanner.Options{}, "\r\r\n\x03", []string{}},
		{"UnfinishedIsHeld", scanner.Options{}, "one\rtw", []string{"one"}},
		{"EqualAreKept", scanner.Options{}, "one\rone\r", []string{"one", "one"}},
		{"OwnTerminator", scanner.Options{Terminators: []byte("\t")}, "a\rb\tc\t", []string{"a\rb", "c"}},
		{"PrefixAndSuffix", scanner.Options{Prefix: []byte("\x02"), Suffix: []byte(";")}, "\x02one;\r", []string{"one"}},
		{"PrefixMissing", scanner.Options{Prefix: []byte("Q:")}, "one\r", []string{"one"}},
		{"OnlyPrefix", scanner.Options{Prefix: []byte("Q:")}, "Q:\r", []string{}},
		{"PlugInNoise", scanner.Options{}, "\x00\x00one\r", []string{"one"}},
		{"GroupSeparatorIsContent", scanner.Options{}, "10A\x1d21B\r", []string{"10A\x1d21B"}},
		{"LongestThatFits", scanner.Options{LengthMax: 4}, "1234\r", []string{"1234"}},
		{"OverLong", scanner.Options{LengthMax: 4}, "12345\rnext\r", []string{"<over-long>", "next"}},
		{"OverLongOnce", scanner.Options{LengthMax: 2}, strings.Repeat("x", 100) + "\rok\r", []string{"<over-long>", "ok"}},
		{"AIMKeptUnlessAsked", scanner.Options{}, "]Q1one\r", []string{"]Q1one"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, texts(newSplitter(t, c.options).Feed([]byte(c.input), moment())))
		})
	}
}

func TestSplitterGap(t *testing.T) {
	start := moment()
	t.Run("EndsASymbol", func(t *testing.T) {
		splitter := newSplitter(t, scanner.Options{})
		require.Empty(t, splitter.Feed([]byte("on"), start))
		require.Empty(t, splitter.Feed([]byte("e"), start.Add(gap/2)))
		due, waiting := splitter.Due()
		require.True(t, waiting)
		require.Equal(t, start.Add(gap/2+gap), due)
		require.Empty(t, splitter.Expire(due.Add(-1)))
		symbols := splitter.Expire(due)
		require.Equal(t, []string{"one"}, texts(symbols))
		require.Equal(t, due, symbols[0].Scan.At)
		_, waiting = splitter.Due()
		require.False(t, waiting)
		require.Empty(t, splitter.Expire(due.Add(time.Hour)))
	})
	t.Run("CanBeSet", func(t *testing.T) {
		splitter := newSplitter(t, scanner.Options{Gap: time.Second})
		splitter.Feed([]byte("one"), start)
		require.Empty(t, splitter.Expire(start.Add(time.Second-1)))
		require.Equal(t, []string{"one"}, texts(splitter.Expire(start.Add(time.Second))))
	})
	t.Run("EndsAnOverLongSymbol", func(t *testing.T) {
		splitter := newSplitter(t, scanner.Options{LengthMax: 2})
		require.Equal(t, []string{"<over-long>"}, texts(splitter.Feed([]byte("long"), start)))
		require.Empty(t, splitter.Feed([]byte("er"), start.Add(gap/2)))
		require.Empty(t, splitter.Expire(start.Add(2*gap)))
		require.Equal(t, []string{"ok"}, texts(splitter.Feed([]byte("ok\r"), start.Add(3*gap))))
	})
	t.Run("OffDropsWhatStaysIncomplete", func(t *testing.T) {
		splitter := newSplitter(t, scanner.Options{Gap: scanner.GapOff})
		splitter.Feed([]byte("half"), start)
		require.Empty(t, splitter.Expire(start.Add(10*gap)))
		require.Equal(t, []string{"<incomplete>"}, texts(splitter.Expire(start.Add(time.Second))))
		require.Equal(t, []string{"whole"}, texts(splitter.Feed([]byte("whole\r"), start.Add(2*time.Second))))
	})
	t.Run("OffKeepsASlowSymbolWhole", func(t *testing.T) {
		splitter := newSplitter(t, scanner.Options{Gap: scanner.GapOff})
		splitter.Feed([]byte("sl"), start)
		require.Empty(t, splitter.Expire(start.Add(5*gap)))
		require.Equal(t, []string{"slow"}, texts(splitter.Feed([]byte("ow\r"), start.Add(5*gap))))
	})
}

func TestSplitterText(t *testing.T) {
	const text = "数字人民币 ￥12.34 𠮷"
	t.Run("UTF8", func(t *testing.T) {
		scan := newSplitter(t, scanner.Options{}).Feed([]byte(text+"\r"), moment())[0].Scan
		require.Equal(t, text, scan.Text)
		require.Equal(t, []byte(text), scan.Raw)
	})
	t.Run("GB18030", func(t *testing.T) {
		raw, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text))
		require.NoError(t, err)
		scan := newSplitter(t, scanner.Options{}).Feed(append(bytes.Clone(raw), '\r'), moment())[0].Scan
		require.Equal(t, text, scan.Text)
		require.Equal(t, raw, scan.Raw)
	})
	t.Run("NeitherKeepsRaw", func(t *testing.T) {
		scan := newSplitter(t, scanner.Options{}).Feed([]byte{'a', 0xFF, 'b', '\r'}, moment())[0].Scan
		require.Equal(t, "a\uFFFDb", scan.Text)
		require.Equal(t, []byte{'a', 0xFF, 'b'}, scan.Raw)
	})
}

func TestSplitterAIM(t *testing.T) {
	for input, want := range map[string][2]string{
		"]E06901234567892": {"]E0", "6901234567892"},
		"]Q1one":           {"]Q1", "one"},
		"]dAone":           {"]dA", "one"},
		"one":              {"", "one"},
		"]1Aone":           {"", "]1Aone"},
		"]Q":               {"", "]Q"},
		"]Q*one":           {"", "]Q*one"},
	} {
		t.Run(input, func(t *testing.T) {
			splitter := newSplitter(t, scanner.Options{AIM: true, Prefix: []byte("\x02")})
			scan := splitter.Feed([]byte("\x02"+input+"\r"), moment())[0].Scan
			require.Equal(t, want, [2]string{scan.AIM, scan.Text})
			require.Equal(t, want[1], string(scan.Raw))
		})
	}
}

func TestSplitterKeepsNoReference(t *testing.T) {
	splitter := newSplitter(t, scanner.Options{})
	data := []byte("one\r")
	first := splitter.Feed(data, moment())
	copy(data, "TWO\r")
	splitter.Feed(data, moment())
	require.Equal(t, "one", string(first[0].Scan.Raw))
}

func TestNewSplitterRefusesOptions(t *testing.T) {
	for name, options := range map[string]scanner.Options{
		"Gap":            {Gap: -2},
		"NegativeLength": {LengthMax: -1},
		"Length":         {LengthMax: 1 << 20},
		"Prefix":         {Prefix: make([]byte, 17)},
		"Suffix":         {Suffix: make([]byte, 17)},
		"Terminator":     {Terminators: []byte{'A'}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := scanner.NewSplitter(options)
			require.ErrorContains(t, err, "check options")
			_, err = scanner.New(nil, options)
			require.ErrorContains(t, err, "check options")
		})
	}
}

// TestSplitterDoesNotCareHowBytesArrive feeds the same bytes whole and in random pieces.
func TestSplitterDoesNotCareHowBytesArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		options := scanner.Options{LengthMax: rapid.IntRange(1, 40).Draw(t, "length")}
		input := rapid.SliceOfN(rapid.SampledFrom([]byte("019AB\r\n\x03\x00\xd6\xd0")), 0, 200).Draw(t, "input")
		want := texts(newSplitter(t, options).Feed(input, moment()))
		splitter, got := newSplitter(t, options), []string{}
		for rest := input; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			got = append(got, texts(splitter.Feed(rest[:n], moment()))...)
			rest = rest[n:]
		}
		require.Equal(t, want, got)
	})
}

func FuzzSplitter(f *testing.F) {
	f.Add([]byte("0112345678901234567\r\n"), uint8(0), true)
	f.Add([]byte("]Q1\xd6\xd0\xce\xc4\x03"), uint8(3), false)
	f.Fuzz(func(t *testing.T, input []byte, cut uint8, gapOff bool) {
		options := scanner.Options{AIM: true, LengthMax: 64}
		if gapOff {
			options.Gap = scanner.GapOff
		}
		splitter := newSplitter(t, options)
		at := min(int(cut), len(input))
		symbols := splitter.Feed(input[:at], moment())
		symbols = append(symbols, splitter.Feed(input[at:], moment())...)
		symbols = append(symbols, splitter.Expire(moment().Add(time.Hour))...)
		_, waiting := splitter.Due()
		require.False(t, waiting, "nothing outlives the silence")
		delivered := 0
		for _, symbol := range symbols {
			if symbol.Err != nil {
				continue
			}
			raw := symbol.Scan.Raw
			delivered += len(raw)
			require.NotEmpty(t, raw)
			require.LessOrEqual(t, len(raw), 64)
			require.True(t, bytes.Contains(input, raw), "a symbol is a piece of the input")
			require.False(t, bytes.ContainsAny(raw, "\r\n\x03"))
			require.NotEmpty(t, symbol.Scan.Text)
		}
		require.LessOrEqual(t, delivered, len(input))
	})
}
