package escpos_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
)

func TestLinesWrap(t *testing.T) {
	for name, test := range map[string]struct {
		text    string
		columns int
		want    []string
	}{
		"Fits":                      {"green tea", 10, []string{"green tea"}},
		"BetweenWords":              {"green tea leaves", 10, []string{"green tea", "leaves"}},
		"WordTooLong":               {"abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		"ChineseAnywhere":           {"龙井茶叶", 6, []string{"龙井茶", "叶"}},
		"OddColumnStaysFree":        {"龙井茶叶", 7, []string{"龙井茶", "叶"}},
		"NoPunctuationAtLineStart":  {"龙井茶，叶", 6, []string{"龙井", "茶，叶"}},
		"NoOpeningBracketAtLineEnd": {"龙井（茶）", 6, []string{"龙井", "（茶）"}},
		"MixedScripts":              {"龙井tea", 6, []string{"龙井", "tea"}},
		"SpacesAtBreakVanish":       {"abcd    efgh", 4, []string{"abcd", "efgh"}},
		"LineBreaksKept":            {"a\r\nb\n\nc\rd", 8, []string{"a", "b", "", "c", "d"}},
		"TabIsASpace":               {"a\tb", 8, []string{"a b"}},
		"Empty":                     {"", 8, []string{""}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, escpos.Lines(test.text, test.columns)) })
	}
}

func TestTextSubstitutes(t *testing.T) {
	for name, test := range map[string]struct {
		text, want  string
		substituted int
	}{
		"FourByteCharacter": {"𠮷野", "〓野", 1},
		"Emoji":             {"茶🍵", "茶〓", 1},
		"PrivateUse":        {"\ue000", "〓", 1},
		"BrokenUTF8":        {"a\xff", "a〓", 1},
		"Euro":              {"€5", "€5", 0},
		"Accent":            {"é", "é", 0},
		"YuanSign":          {"¥5", "￥5", 0},
		"NoBreakSpace":      {"a\u00a0b", "a b", 0},
		"IdeographicSpace":  {"a\u3000b", "a\u3000b", 0},
		"InvisibleVanish":   {"a\u200b\ufeff\ufe0f\x07b", "ab", 0},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, []string{test.want}, escpos.Lines(test.text, 32))
			require.Equal(t, test.substituted, encode(t, drivers.Text{Content: test.text}).Substituted)
		})
	}
}

func TestWidthCountsColumns(t *testing.T) {
	require.Equal(t, 8, escpos.Width("茶 tea￥"))
	require.Equal(t, 3, escpos.Width("a\nb"), "a pair's value stays on one line")
}

// TestLinesHoldTheWidth: no line is wider than asked, and nothing but blanks is lost.
func TestLinesHoldTheWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("龙井（茶），。ab-1 /￥é🍵"))).Draw(t, "text")
		columns := rapid.IntRange(2, 48).Draw(t, "columns")
		lines := escpos.Lines(text, columns)
		for _, line := range lines {
			require.LessOrEqual(t, escpos.Width(line), columns)
			require.Equal(t, strings.TrimRight(line, " "), line)
		}
		bare := func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), "🍵", "〓") }
		require.Equal(t, bare(text), bare(strings.Join(lines, "")))
	})
}
