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
		in, problem := bound[startInput]("POST", "/", `{"AMOUNT":1,"currency":"","note":null,"hold_expires":null}`)
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
	detail string
	errors []FieldDetail
}

func body[I any](body string) *Problem {
	_, problem := bound[I]("POST", "/", body)
	return problem
}

func TestBindBad(t *testing.T) {
	one := func(at, message string) []FieldDetail { return []FieldDetail{{Location: at, Message: message}} }
	start, cancel, reprint, shut, follow := body[startInput], body[cancelInput], body[reprintInput], body[closeShiftInput], body[followUpInput]
	for name, test := range map[string]bad{
		"NoBody":       {start, "", 400, "request body is required", nil},
		"NotJSON":      {start, "x", 400, detailInvalid, one("body", "invalid character 'x' looking for beginning of value")},
		"Percent":      {start, "%d", 400, detailInvalid, one("body", "invalid character '%' looking for beginning of value")},
		"TwoValues":    {start, "{} {}", 400, detailInvalid, one("body", "invalid character '{' after top-level value")},
		"Null":         {cancel, "null", 422, detailInvalid, one("body", "expected object")},
		"List":         {start, "[]", 422, detailInvalid, one("body", "expected object")},
		"Missing":      {start, "{}", 422, detailInvalid, one("body", "expected required property amount to be present")},
		"RequiredNull": {start, `{"amount":null}`, 422, detailInvalid, one("body.amount", "expected integer")},
		"Zero":         {start, `{"amount":0}`, 422, detailInvalid, one("body.amount", "expected number >= 1")},
		"Half":         {start, `{"amount":1.5}`, 422, detailInvalid, one("body.amount", "expected integer")},
		"Text":         {start, `{"amount":"1"}`, 422, detailInvalid, one("body.amount", "expected integer")},
		"Exponent": {start, `{"amount":1e3}`, 422, detailInvalid,
			one("body", "json: cannot unmarshal number 1e3 into Go struct field StartBody.amount of type int64")},
		"TooGreat": {start, `{"amount":9223372036854775808}`, 422, detailInvalid,
			one("body", "json: cannot unmarshal number 9223372036854775808 into Go struct field StartBody.amount of type int64")},
		"AboveMaximum": {body[openShiftInput], `{"float":1000000000001}`, 422, detailInvalid, one("body.float", "expected number <= 1e+12")},
		"Unsigned":     {body[lookupInput], `{"voucher":-1}`, 422, detailInvalid, one("body.voucher", "expected number >= 0")},
		"NotBoolean":   {start, `{"amount":1,"hold":1}`, 422, detailInvalid, one("body.hold", "expected boolean")},
		"NotText":      {start, `{"amount":1,"note":1}`, 422, detailInvalid, one("body.note", "expected string")},
		"LongText":     {cancel, `{"cashier":"` + strings.Repeat("王", 41) + `"}`, 422, detailInvalid, one("body.cashier", "expected length <= 40")},
		"NotATime":     {start, `{"amount":1,"hold_expires":"now"}`, 422, detailInvalid, one("body.hold_expires", "expected string to be RFC 3339 date-time")},
		"TimeNumber":   {start, `{"amount":1,"hold_expires":1}`, 422, detailInvalid, one("body.hold_expires", "expected string")},
		"Unknown":      {start, `{"amount":1,"amnt":2}`, 422, detailInvalid, one("body.amnt", "unexpected property")},
		"Enum": {follow, `{"kind":"gift"}`, 422, detailInvalid,
			one("body.kind", `expected value to be one of "void, refund, top-up, complete, cancel, undo"`)},
		"ListItem": {reprint, `{"copies":["customer","both"]}`, 422, detailInvalid,
			one("body.copies[1]", `expected value to be one of "merchant, customer"`)},
		"ListOfNull": {reprint, `{"copies":[null]}`, 422, detailInvalid, one("body.copies[0]", "expected string")},
		"NotAList":   {reprint, `{"copies":"customer"}`, 422, detailInvalid, one("body.copies", "expected array")},
		"LongList": {reprint, `{"copies":["customer","customer","customer"]}`, 422, detailInvalid,
			one("body.copies", "expected array length <= 2")},
		"MapValue": {shut, `{"counted":{"cash":"1"}}`, 422, detailInvalid, one("body.counted.cash", "expected integer")},
		"NotAMap":  {shut, `{"counted":null}`, 422, detailInvalid, one("body.counted", "expected object")},
		"EveryOne": {follow, `{"b":1,"amount":-1,"a":1}`, 422, detailInvalid, []FieldDetail{
			{Location: "body", Message: "expected required property kind to be present"},
			{Location: "body.amount", Message: "expected number >= 0"},
			{Location: "body.a", Message: "unexpected property"}, {Location: "body.b", Message: "unexpected property"},
		}},
	} {
		t.Run(name, func(t *testing.T) { requireInvalid(t, test.bind(test.body), test.status, test.detail, test.errors) })
	}
}

func requireInvalid(t *testing.T, problem *Problem, status int, detail string, errors []FieldDetail) {
	t.Helper()
	require.NotNil(t, problem)
	require.Equal(t, status, problem.Status)
	require.Equal(t, detail, problem.Detail)
	require.Equal(t, errors, problem.Errors)
	require.Equal(t, catalogue.RefuseInvalid.Text(), problem.Text)
	require.Equal(t, catalogue.NextAfter(catalogue.RefuseInvalid).Text(), problem.Next)
}

func TestBindBadParams(t *testing.T) {
	for query, want := range map[string]FieldDetail{
		"limit=0": {Location: "query.limit", Message: "expected number >= 1"}, "limit=101": {Location: "query.limit", Message: "expected number <= 100"},
		"limit=1.5": {Location: "query.limit", Message: "invalid integer"}, "limit=9223372036854775808": {Location: "query.limit", Message: "invalid integer"},
		"limit": {Location: "query.limit", Message: "invalid integer"}, "holds=yes": {Location: "query.holds", Message: "invalid boolean"},
	} {
		_, problem := bound[salesInput]("GET", "/?"+query, "")
		requireInvalid(t, problem, 422, detailInvalid, []FieldDetail{want})
	}
	_, problem := bound[eventsInput]("GET", "/", "", "Last-Event-ID", "last")
	requireInvalid(t, problem, 422, detailInvalid, []FieldDetail{{Location: "header.Last-Event-ID", Message: "invalid integer"}})
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "a+xml", ";", "a+", "json+a"} {
		want := []FieldDetail{{Location: "body", Message: "unknown content type: " + kind}}
		_, problem := bound[startInput]("POST", "/", `{"amount":1}`, "Content-Type", kind)
		if kind == ";" {
			require.Nil(t, problem)
			continue
		}
		requireInvalid(t, problem, http.StatusUnsupportedMediaType, detailInvalid, want)
	}
}

func TestBindABodyThatBreaksOff(t *testing.T) {
	var in cancelInput
	request := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader(`{}`), unread{}))
	problem := bind(request, reflect.ValueOf(&in).Elem())
	requireInvalid(t, problem, http.StatusBadRequest, "the body broke off", nil)
}

type unread struct{}

func (unread) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
