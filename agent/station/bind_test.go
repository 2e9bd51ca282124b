package station

import (
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// bound binds a request to an input of type I; header are names and values.
func bound[I any](method, target, body string, header ...string) (I, *Problem) {
	var in I
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	problem := bind(request, reflect.ValueOf(&in).Elem())
	return in, problem
}

func TestBindGood(t *testing.T) {
	t.Run("BodyAndHeader", func(t *testing.T) {
		in, problem := bound[startInput]("POST", "/v1/sales",
			`{"amount":9007199254740993,"hold":true,"hold_expires":"2026-05-08T00:00:00.5+08:00"}`, "idempotency-key", "k")
		require.Nil(t, problem)
		expires := time.Date(2026, 5, 7, 16, 0, 0, 500_000_000, time.UTC)
		require.True(t, in.Body.HoldExpires.Equal(expires))
		in.Body.HoldExpires = nil
		require.Equal(t, startInput{Key: "k", Body: StartBody{Amount: 9007199254740993, Currency: "CNY", Hold: true}}, in,
			"an amount that no float64 holds")
	})
	t.Run("EmptyTextTakesTheDefault", func(t *testing.T) {
		in, problem := bound[startInput]("POST", "/", `{"amount":1,"currency":"","note":null,"hold_expires":null}`)
		require.Nil(t, problem)
		require.Equal(t, StartBody{Amount: 1, Currency: "CNY"}, in.Body)
	})
	t.Run("MapsAndLists", func(t *testing.T) {
		closing, problem := bound[closeShiftInput]("POST", "/", `{"counted":{"cash":-1,"现金":2}}`)
		require.Nil(t, problem)
		require.Equal(t, map[string]int64{"cash": -1, "现金": 2}, closing.Body.Counted)
		reprint, problem := bound[reprintInput]("POST", "/", `{"copies":["merchant","merchant"]}`)
		require.Nil(t, problem)
		require.Equal(t, []string{"merchant", "merchant"}, reprint.Body.Copies)
	})
	t.Run("NoBody", func(t *testing.T) {
		in, problem := bound[cancelInput]("POST", "/", "", "Content-Type", "text/plain")
		require.Nil(t, problem)
		require.Nil(t, in.Body)
	})
	t.Run("ParamsOfEmbeddedStructs", func(t *testing.T) {
		request := httptest.NewRequest("POST", "/", nil)
		request.SetPathValue("id", "ab")
		request.Header.Set("Idempotency-Key", "k")
		var in cancelInput
		require.Nil(t, bind(request, reflect.ValueOf(&in).Elem()))
		require.Equal(t, IntentInput{ID: "ab", Key: "k"}, in.IntentInput)
	})
	for query, want := range map[string]salesInput{
		"": {Limit: 20}, "limit=": {Limit: 20}, "limit=7&holds=1": {Limit: 7, Holds: true}, "holds": {Limit: 20, Holds: true},
		"a&holds=true": {Limit: 20, Holds: true}, "limit=1&limit=2": {Limit: 1}, "x=%zz&l%69mit=%33": {Limit: 3},
		"limit=%zz": {Limit: 20}, "holds=": {Limit: 20}, "holds&limit=4": {Limit: 4, Holds: true},
	} {
		in, problem := bound[salesInput]("GET", "/?"+query, "")
		require.Nil(t, problem, query)
		require.Equal(t, want, in, query)
	}
	for _, kind := range []string{"", "application/json", "application/json; charset=utf-8", "application/problem+json"} {
		_, problem := bound[startInput]("POST", "/", `{"amount":1}`, "Content-Type", kind)
		require.Nil(t, problem, kind)
	}
}

// bad is a request that is refused, and with what.
type bad struct {
	bind   func(body string) *Problem
	body   string
	status int
	errors []FieldDetail
}

func body[I any](body string) *Problem {
	_, problem := bound[I]("POST", "/", body)
	return problem
}

func mistake(at string, what Words) FieldDetail {
	return FieldDetail{Location: at, Message: what.English, Text: what}
}

func TestBindBad(t *testing.T) {
	one := func(at string, what Words) []FieldDetail { return []FieldDetail{mistake(at, what)} }
	start, cancel, reprint, shut, follow := body[startInput], body[cancelInput], body[reprintInput], body[closeShiftInput], body[followUpInput]
	for name, test := range map[string]bad{
		"NotJSON":      {start, "x", 400, one("body", catalogue.NotJSON(1))},
		"Percent":      {start, "%d", 400, one("body", catalogue.NotJSON(1))},
		"TwoValues":    {start, "{} {}", 400, one("body", catalogue.NotJSON(4))},
		"Garbage":      {start, `{"amount":1}}`, 400, one("body", catalogue.NotJSON(13))},
		"Blank":        {start, " ", 400, one("body", catalogue.CutShort())},
		"CutShort":     {start, `{"amount":`, 400, one("body", catalogue.CutShort())},
		"Null":         {cancel, "null", 422, one("body", catalogue.NotObject())},
		"List":         {start, "[]", 422, one("body", catalogue.NotObject())},
		"Missing":      {start, "{}", 422, one("body.amount", catalogue.FieldMissing())},
		"RequiredNull": {start, `{"amount":null}`, 422, one("body.amount", catalogue.NotWhole())},
		"Zero":         {start, `{"amount":0}`, 422, one("body.amount", catalogue.Below("1"))},
		"Half":         {start, `{"amount":1.5}`, 422, one("body.amount", catalogue.NotWhole())},
		"Text":         {start, `{"amount":"1"}`, 422, one("body.amount", catalogue.NotWhole())},
		"Exponent":     {start, `{"amount":1e3}`, 422, one("body.amount", catalogue.NotWhole())},
		"PointZero":    {start, `{"amount":1.0}`, 422, one("body.amount", catalogue.NotWhole())},
		"TooGreat":     {start, `{"amount":9223372036854775808}`, 422, one("body.amount", catalogue.Above("9223372036854775807"))},
		"TooFarBelow": {body[cashInput], `{"amount":-9223372036854775809}`, 422,
			one("body.amount", catalogue.Below("-9223372036854775808"))},
		"NoFloatHolds":         {start, `{"amount":1E400}`, 400, one("body.amount", catalogue.Above("9223372036854775807"))},
		"NoFloatHoldsBelow":    {start, `{"amount":-1E400}`, 400, one("body.amount", catalogue.Below("1"))},
		"NoFloatHoldsNoLeast":  {body[cashInput], `{"amount":-1E400}`, 400, one("body.amount", catalogue.Below("-9223372036854775808"))},
		"NoFloatHoldsMost":     {body[openShiftInput], `{"float":1E400}`, 400, one("body.float", catalogue.Above("1000000000000"))},
		"NoFloatHoldsSmall":    {body[lookupInput], `{"voucher":1E400}`, 400, one("body.voucher", catalogue.Above("999999"))},
		"NoFloatHoldsUnsigned": {body[lookupInput], `{"voucher":-1E400}`, 400, one("body.voucher", catalogue.Below("0"))},
		"NoFloatHoldsInAMap":   {shut, `{"counted":{"cash":1E400}}`, 400, one("body.counted.cash", catalogue.Above("9223372036854775807"))},
		"NoFloatHoldsAsText":   {start, `{"amount":1,"note":1E400}`, 400, one("body.note", catalogue.NotText())},
		"NoFloatHoldsUnknown":  {start, `{"amount":1,"amnt":1E400}`, 400, one("body.amnt", catalogue.FieldUnknown())},
		"NoFloatHoldsAndMore": {start, `{"amount":1E400,"hold":1.5,"amnt":2}`, 400, []FieldDetail{
			mistake("body.amount", catalogue.Above("9223372036854775807")), mistake("body.hold", catalogue.NotYesNo()),
			mistake("body.amnt", catalogue.FieldUnknown()),
		}},
		"NoFloatHoldsAlone": {start, `1E400`, 400, one("body", catalogue.NotObject())},
		"AboveMaximum":      {body[openShiftInput], `{"float":1000000000001}`, 422, one("body.float", catalogue.Above("1000000000000"))},
		"Unsigned":          {body[lookupInput], `{"voucher":-1}`, 422, one("body.voucher", catalogue.Below("0"))},
		"NotBoolean":        {start, `{"amount":1,"hold":1}`, 422, one("body.hold", catalogue.NotYesNo())},
		"NotText":           {start, `{"amount":1,"note":1}`, 422, one("body.note", catalogue.NotText())},
		"LongText":          {cancel, `{"cashier":"` + strings.Repeat("王", 41) + `"}`, 422, one("body.cashier", catalogue.CharactersMost(40))},
		"NotATime":          {start, `{"amount":1,"hold_expires":"now"}`, 422, one("body.hold_expires", catalogue.NotTime())},
		"TimeNumber":        {start, `{"amount":1,"hold_expires":1}`, 422, one("body.hold_expires", catalogue.NotTime())},
		"Unknown":           {start, `{"amount":1,"amnt":2}`, 422, one("body.amnt", catalogue.FieldUnknown())},
		"Enum": {follow, `{"kind":"gift"}`, 422,
			one("body.kind", catalogue.NotOneOf([]string{"void", "refund", "top-up", "complete", "cancel", "undo"}))},
		"ListItem": {reprint, `{"copies":["customer","both"]}`, 422,
			one("body.copies[1]", catalogue.NotOneOf([]string{"merchant", "customer"}))},
		"ListOfNull": {reprint, `{"copies":[null]}`, 422, one("body.copies[0]", catalogue.NotText())},
		"NotAList":   {reprint, `{"copies":"customer"}`, 422, one("body.copies", catalogue.NotList())},
		"LongList":   {reprint, `{"copies":["customer","customer","customer"]}`, 422, one("body.copies", catalogue.ItemsMost(2))},
		"MapValue":   {shut, `{"counted":{"cash":"1"}}`, 422, one("body.counted.cash", catalogue.NotWhole())},
		"NotAMap":    {shut, `{"counted":null}`, 422, one("body.counted", catalogue.NotObject())},
		"EveryOne": {follow, `{"b":1,"amount":-1,"a":1}`, 422, []FieldDetail{
			mistake("body.kind", catalogue.FieldMissing()), mistake("body.amount", catalogue.Below("0")),
			mistake("body.a", catalogue.FieldUnknown()), mistake("body.b", catalogue.FieldUnknown()),
		}},
	} {
		t.Run(name, func(t *testing.T) { requireInvalid(t, test.bind(test.body), test.status, test.errors) })
	}
	t.Run("NoBody", func(t *testing.T) {
		problem := start("")
		require.Equal(t, http.StatusBadRequest, problem.Status)
		require.Equal(t, catalogue.RefuseInvalid.Text().With(catalogue.NoBody()), problem.Text)
		require.Empty(t, problem.Errors)
	})
}

// requireInvalid wants each mistake in the errors, and the first of them in the sentence for people.
func requireInvalid(t *testing.T, problem *Problem, status int, errors []FieldDetail) {
	t.Helper()
	require.NotNil(t, problem)
	require.Equal(t, status, problem.Status)
	require.Equal(t, errors, problem.Errors)
	require.Equal(t, catalogue.RefuseInvalid.Text().English, problem.Title)
	require.Contains(t, problem.Text.Chinese, errors[0].Text.Chinese)
	require.Contains(t, problem.Detail, errors[0].Message)
	require.NotContains(t, problem.Detail, "json:")
	require.NotContains(t, problem.Detail, "invalid character")
	require.Equal(t, catalogue.NextAfter(catalogue.RefuseInvalid).Text(), problem.Next)
}

// TestAMistakeNamesFieldAndLimit: whoever reads only the sentence knows what to change.
func TestAMistakeNamesFieldAndLimit(t *testing.T) {
	problem := body[startInput](`{"amount":1,"note":"` + strings.Repeat("长", 101) + `"}`)
	require.Equal(t, Words{
		Chinese: "请求内容有误：备注（note）最多 100 个字符", English: "The request is not valid: note must have at most 100 characters",
	}, problem.Text)
	require.Equal(t, "note must have at most 100 characters", problem.Detail)
}

// TestManyMistakesMakeNoEndlessSentence: all stand in the errors, the first of them in the sentence.
func TestManyMistakesMakeNoEndlessSentence(t *testing.T) {
	problem := body[startInput](`{"amount":1,"a":1,"b":1,"c":1,"d":1,"e":1}`)
	require.Len(t, problem.Errors, 5)
	require.Contains(t, problem.Text.Chinese, "“d”")
	require.NotContains(t, problem.Text.Chinese, "“e”")
	require.True(t, strings.HasSuffix(problem.Text.Chinese, "；…"), problem.Text.Chinese)
}

func TestBindBadParams(t *testing.T) {
	for query, want := range map[string]FieldDetail{
		"limit=0": mistake("query.limit", catalogue.Below("1")), "limit=101": mistake("query.limit", catalogue.Above("100")),
		"limit=1.5": mistake("query.limit", catalogue.NotWhole()), "limit=9223372036854775808": mistake("query.limit", catalogue.NotWhole()),
		"limit": mistake("query.limit", catalogue.NotWhole()), "holds=yes": mistake("query.holds", catalogue.NotYesNo()),
	} {
		_, problem := bound[salesInput]("GET", "/?"+query, "")
		requireInvalid(t, problem, 422, []FieldDetail{want})
	}
	_, problem := bound[eventsInput]("GET", "/", "", "Last-Event-ID", "last")
	requireInvalid(t, problem, 422, []FieldDetail{mistake("header.Last-Event-ID", catalogue.NotWhole())})
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "a+xml", ";", "a+", "json+a"} {
		_, problem := bound[startInput]("POST", "/", `{"amount":1}`, "Content-Type", kind)
		if kind == ";" {
			require.Nil(t, problem)
			continue
		}
		requireInvalid(t, problem, http.StatusUnsupportedMediaType, []FieldDetail{mistake("header.Content-Type", catalogue.NotJSONType())})
	}
}

func TestBindABodyThatBreaksOff(t *testing.T) {
	var in cancelInput
	request := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader(`{}`), unread{}))
	problem := bind(request, reflect.ValueOf(&in).Elem())
	require.Equal(t, http.StatusBadRequest, problem.Status)
	require.Equal(t, catalogue.RefuseInvalid.Text().With(catalogue.BodyBroke()), problem.Text)
}

type unread struct{}

func (unread) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
