package scanner_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/drivers/scanner"
)

func digits(first string, length int) string {
	return first + strings.Repeat("7", length-len(first))
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       scanner.Kind
	}{
		{"ECNY", digits("01", 19), scanner.ECNY},
		{"ECNYTooShort", digits("01", 18), scanner.Unknown},
		{"ECNYTooLong", digits("01", 20), scanner.Unknown},
		{"WeChatFirst", digits("10", 18), scanner.WeChat},
		{"WeChatLast", digits("15", 18), scanner.WeChat},
		{"WeChatBelow", digits("09", 18), scanner.Unknown},
		{"WeChatAbove", digits("16", 18), scanner.Unknown},
		{"WeChatTooShort", digits("13", 17), scanner.Unknown},
		{"AlipayShortest", digits("25", 16), scanner.Alipay},
		{"AlipayLongest", digits("30", 24), scanner.Alipay},
		{"AlipayAsLongAsWeChat", digits("28", 18), scanner.Alipay},
		{"AlipayAsLongAsECNY", digits("28", 19), scanner.Alipay},
		{"AlipayTooShort", digits("28", 15), scanner.Unknown},
		{"AlipayTooLong", digits("28", 25), scanner.Unknown},
		{"AlipayBelow", digits("24", 18), scanner.Unknown},
		{"AlipayAbove", digits("31", 18), scanner.Unknown},
		{"UnionPay", digits("62", 19), scanner.UnionPay},
		{"UnionPayTooShort", digits("62", 18), scanner.Unknown},
		{"EAN13", "6901234567892", scanner.EAN13},
		{"EAN13OfABook", "9787111128069", scanner.EAN13},
		{"EAN13WrongDigit", "6901234567893", scanner.Unknown},
		{"EAN8", "96385074", scanner.EAN8},
		{"EAN8WrongDigit", "96385075", scanner.Unknown},
		{"UPCAWithoutItsZero", "036000291452", scanner.Unknown},
		{"UPCAAsEAN13", "0036000291452", scanner.EAN13},
		{"Empty", "", scanner.Unknown},
		{"Link", "https://qr.example.com/01", scanner.Unknown},
		{"SpaceBefore", " " + digits("01", 18), scanner.Unknown},
		{"LineBreakAfter", digits("01", 18) + "\n", scanner.Unknown},
		{"FullWidthDigits", "０１２３４５６７８９", scanner.Unknown},
		{"LetterAmongDigits", digits("01", 18) + "O", scanner.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			code := scanner.Classify(c.text)
			require.Equal(t, c.want, code.Kind, "%s", code.Kind)
			require.Equal(t, c.text, code.Text)
		})
	}
}

// TestKindsAreDisjoint checks what Classify's comment claims: the rules, each taken alone, never fit the same digits.
func TestKindsAreDisjoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`(01|1[0-6]|2[4-9]|3[01]|62)[0-9]{6,23}`).Draw(t, "text")
		first, length := text[:2], len(text)
		fits := map[scanner.Kind]bool{
			scanner.ECNY:     length == 19 && first == "01",
			scanner.WeChat:   length == 18 && first[0] == '1' && first[1] <= '5',
			scanner.Alipay:   length >= 16 && length <= 24 && (first[0] == '2' && first[1] >= '5' || first == "30"),
			scanner.UnionPay: length == 19 && first == "62",
		}
		want, count := scanner.Unknown, 0
		for kind, fit := range fits {
			if fit {
				want, count = kind, count+1
			}
		}
		require.LessOrEqual(t, count, 1)
		got := scanner.Classify(text).Kind
		if count == 0 {
			require.False(t, got.Payment(), "%s is %s", text, got)
		} else {
			require.Equal(t, want, got)
		}
	})
}

func TestCheckDigit(t *testing.T) {
	// Exactly one of ten last digits is right.
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.StringMatching(`[0-9]{12}|[0-9]{7}`).Draw(t, "body")
		right := 0
		for last := '0'; last <= '9'; last++ {
			if kind := scanner.Classify(body + string(last)).Kind; kind == scanner.EAN13 || kind == scanner.EAN8 {
				right++
			}
		}
		require.Equal(t, 1, right)
	})
}

func TestPaymentKinds(t *testing.T) {
	payment := []scanner.Kind{scanner.ECNY, scanner.WeChat, scanner.Alipay, scanner.UnionPay}
	names := map[string]bool{}
	for kind := scanner.Unknown; kind <= scanner.EAN8; kind++ {
		require.NotEqual(t, "invalid", kind.String())
		names[kind.String()] = true
		if kind.Payment() {
			require.Contains(t, payment, kind)
		} else {
			require.NotContains(t, payment, kind)
		}
	}
	require.Len(t, names, 7)
	require.Equal(t, "invalid", scanner.Kind(99).String())
}

func TestMasked(t *testing.T) {
	require.Equal(t, "***************4567", scanner.Masked("0112345678901234567"))
	require.Equal(t, "********5678", scanner.Masked("123456785678"))
	require.Equal(t, "***********", scanner.Masked("12345678901"), "too short to show any")
	require.Empty(t, scanner.Masked(""))
	require.Equal(t, "********三四五六", scanner.Masked("一二三四五六七八三四五六"))
}

func TestMaskedHidesAtLeastTwoThirds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		masked := scanner.Masked(text)
		require.Equal(t, utf8.RuneCountInString(text), utf8.RuneCountInString(masked))
		shown := len([]rune(masked)) - len([]rune(masked)[:strings.Count(prefixStars(masked), "*")])
		require.LessOrEqual(t, shown*3, utf8.RuneCountInString(text))
		require.LessOrEqual(t, shown, 4)
	})
}

func prefixStars(text string) string { return text[:len(text)-len(strings.TrimLeft(text, "*"))] }

func TestCode(t *testing.T) {
	code := scanner.Classify("0112345678901234567")
	require.Equal(t, "234567", code.Tail())
	require.Equal(t, "e-CNY ***************4567", code.String())
	require.Empty(t, scanner.Classify("6901234567892").Tail(), "an article number is no payment code")
}

func FuzzClassify(f *testing.F) {
	f.Add("0112345678901234567")
	f.Add("6901234567892")
	f.Fuzz(func(t *testing.T, text string) {
		code := scanner.Classify(text)
		require.Equal(t, code, scanner.Classify(text))
		require.NotEqual(t, "invalid", code.Kind.String())
		if code.Kind != scanner.Unknown {
			require.Empty(t, strings.Trim(text, "0123456789"))
		}
		if code.Kind.Payment() {
			require.Len(t, code.Tail(), 6)
			require.NotContains(t, code.String(), text[:12])
		}
		scanner.Masked(text)
	})
}
