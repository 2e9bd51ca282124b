package catalogue_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/money"
)

func yuan(minor int64) money.Money { return money.Money{Minor: minor, Currency: money.CNY} }

// TestAmountsAreMoney: nobody at a till counts in minor units.
func TestAmountsAreMoney(t *testing.T) {
	for want, got := range map[catalogue.Text]catalogue.Text{
		{Chinese: "¥0.01 至 ¥50000.00", English: "¥0.01 to ¥50000.00"}:                                   catalogue.AmountsTaken(yuan(5_000_000)),
		{Chinese: "还可退 ¥12.50", English: "¥12.50 is left to refund"}:                                    catalogue.Refundable(yuan(1250)),
		{Chinese: "仍冻结 ¥0.00", English: "¥0.00 is still held"}:                                          catalogue.StillHeld(yuan(0)),
		{Chinese: "撤销须整笔 ¥7.60，可不填金额", English: "a void takes back all of ¥7.60; leave the amount out"}: catalogue.VoidIsWhole(yuan(760)),
		{Chinese: "cash 须在 ¥0.00 至 ¥1.00 之间", English: "cash must be ¥0.00 to ¥1.00"}:                   catalogue.CountOutside("cash", yuan(100)),
	} {
		require.Equal(t, want, got)
	}
}

func TestMistakesAreInBothLanguages(t *testing.T) {
	for name, text := range map[string]catalogue.Text{
		"NoBody": catalogue.NoBody(), "BodyBroke": catalogue.BodyBroke(), "BodyMost": catalogue.BodyMost(8192),
		"NotJSONType": catalogue.NotJSONType(), "NotJSON": catalogue.NotJSON(3), "CutShort": catalogue.CutShort(),
		"FieldMissing": catalogue.FieldMissing(), "FieldUnknown": catalogue.FieldUnknown(), "FieldTwice": catalogue.FieldTwice(),
		"FieldsMost": catalogue.FieldsMost(32), "NotWhole": catalogue.NotWhole(), "Below": catalogue.Below("1"),
		"Above": catalogue.Above("9"), "NotText": catalogue.NotText(), "NotYesNo": catalogue.NotYesNo(), "NotTime": catalogue.NotTime(),
		"NotList": catalogue.NotList(), "NotObject": catalogue.NotObject(), "NotOneOf": catalogue.NotOneOf([]string{"a", "b"}),
		"NotDigits": catalogue.NotDigits("1", 15), "NotWebAddress": catalogue.NotWebAddress("x", "https://a"), "OthersRead": catalogue.OthersRead("a"),
		"CharactersMost": catalogue.CharactersMost(100), "ItemsMost": catalogue.ItemsMost(2), "TakesNoAmount": catalogue.TakesNoAmount(),
		"HoldEndPassed": catalogue.HoldEndPassed(), "HoldTakesNoOrder": catalogue.HoldTakesNoOrder(), "MethodsAllowed": catalogue.MethodsAllowed([]string{"GET"}),
		"ListenersMost": catalogue.ListenersMost(16), "CashUncounted": catalogue.CashUncounted(),
		"NoMethod": catalogue.NoMethod("gold", []string{"cash"}),
	} {
		requireBoth(t, text, name)
	}
}

func TestJoining(t *testing.T) {
	note := catalogue.Field("note").And(catalogue.CharactersMost(100))
	require.Equal(t, catalogue.Text{Chinese: "备注（note）最多 100 个字符", English: "note must have at most 100 characters"}, note)
	require.Equal(t, catalogue.Text{Chinese: "“x”", English: "x"}, catalogue.Field("x"))
	invalid := catalogue.RefuseInvalid.Text()
	require.Equal(t, invalid, invalid.With(catalogue.Text{}))
	require.Equal(t, catalogue.Text{
		Chinese: "请求内容有误：备注（note）最多 100 个字符；缺少请求体（JSON）",
		English: "The request is not valid: note must have at most 100 characters; a JSON body is needed",
	}, invalid.With(catalogue.Listed(note, catalogue.NoBody())))
}

func TestOpenItemsNamesTheFirst(t *testing.T) {
	require.Equal(t, catalogue.Text{Chinese: "2 笔尚无结果：a b", English: "2 without a result: a b"},
		catalogue.OpenItems(2, []string{"a", "b"}))
	require.True(t, strings.HasSuffix(catalogue.OpenItems(9, []string{"a"}).Chinese, "a …"))
}

// TestTheKeysLimitIsTold: the sentence and the rule are in two places.
func TestTheKeysLimitIsTold(t *testing.T) {
	require.Equal(t, 64, checkout.KeyMax)
	for _, phrase := range []catalogue.Phrase{catalogue.RefuseKeyMissing, catalogue.RefuseKeyTooLong} {
		require.Contains(t, phrase.Text().Chinese, "64")
		require.Contains(t, phrase.Text().English, "64")
	}
}
