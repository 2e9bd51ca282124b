package station_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
)

const firstSale = "01020100000000000000000000000000"

func TestStart(t *testing.T) {
	t.Run("Created", func(t *testing.T) {
		b := newBench(t, "")
		got := b.ask(t, "POST", "/v1/sales", `{"amount":1250,"cashier":"wang\u0007","note":"桌号 8"}`, key("k1"))
		require.Equal(t, http.StatusCreated, got.code)
		require.Equal(t, firstSale, got.body["id"])
		require.Equal(t, "waiting", got.body["state"])
		require.Equal(t, "none", got.body["outcome"])
		require.Equal(t, "¥12.50", got.body["amount_text"])
		require.Equal(t, "CNY", got.body["currency"])
		require.Equal(t, "wang", got.body["cashier"], "control characters do not reach the receipt")
		require.Equal(t, "请顾客付款", got.body["title"].(map[string]any)["zh"])
		require.NotContains(t, got.body, "notice")
	})
	t.Run("SameAnswerForTheSameKey", func(t *testing.T) {
		b := newBench(t, "")
		first := b.ask(t, "POST", "/v1/sales", `{"amount":1250}`, key("k1"))
		again := b.ask(t, "POST", "/v1/sales", ` { "amount" : 1250 } `, key("k1"))
		require.Equal(t, first, again)
		require.Equal(t, 1, b.till.starts)
	})
	t.Run("ConflictForTheSameKeyWithAnotherBody", func(t *testing.T) {
		b := newBench(t, "")
		b.ask(t, "POST", "/v1/sales", `{"amount":1250}`, key("k1"))
		got := b.ask(t, "POST", "/v1/sales", `{"amount":125}`, key("k1"))
		require.Equal(t, http.StatusConflict, got.code)
		require.Equal(t, 1, b.till.starts)
	})
	t.Run("RefusalIsNotRemembered", func(t *testing.T) {
		b := newBench(t, "")
		b.till.refuse = &station.Refusal{Phrase: catalogue.RefuseSaleOpen, Sale: checkout.OrderID{9}}
		got := b.ask(t, "POST", "/v1/sales", `{"amount":1250}`, key("k1"))
		require.Equal(t, http.StatusConflict, got.code)
		require.True(t, strings.HasPrefix(got.body["sale"].(string), "09"))
		b.till.refuse = nil
		require.Equal(t, http.StatusCreated, b.ask(t, "POST", "/v1/sales", `{"amount":1250}`, key("k1")).code)
	})
	t.Run("OnceForManyKeysThenForgetsTheOldest", func(t *testing.T) {
		b := newBench(t, "")
		for i := range 600 {
			got := b.ask(t, "POST", "/v1/sales", `{"amount":1250}`, key("k"+strings.Repeat("x", i%60)+string(rune('a'+i/60))))
			require.Equal(t, http.StatusCreated, got.code)
		}
		require.Equal(t, 600, b.till.starts)
	})
}

func TestProblemsAreInBothLanguages(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		change []func(*http.Request)
		status int
	}{
		"NoKey":      {`{"amount":1250}`, nil, http.StatusBadRequest},
		"KeyTooLong": {`{"amount":1250}`, []func(*http.Request){key(strings.Repeat("k", 65))}, http.StatusBadRequest},
		"NoAmount":   {`{}`, []func(*http.Request){key("k")}, http.StatusUnprocessableEntity},
		"TwoKeys": {`{"amount":1250}`, []func(*http.Request){key("k"), func(r *http.Request) { r.Header.Add("Idempotency-Key", "k") }},
			http.StatusBadRequest},
		"EndOfNoHold":    {`{"amount":1,"hold_expires":"2026-05-08T00:00:00+08:00"}`, []func(*http.Request){key("k")}, http.StatusUnprocessableEntity},
		"EndOfAHoldNot":  {`{"amount":1,"hold":false,"hold_expires":"2026-05-08T00:00:00+08:00"}`, []func(*http.Request){key("k")}, http.StatusUnprocessableEntity},
		"ZeroAmount":     {`{"amount":0}`, []func(*http.Request){key("k")}, http.StatusUnprocessableEntity},
		"NegativeAmount": {`{"amount":-5}`, []func(*http.Request){key("k")}, http.StatusUnprocessableEntity},
		"DecimalAmount":  {`{"amount":12.5}`, []func(*http.Request){key("k")}, http.StatusUnprocessableEntity},
		"TextAmount":     {`{"amount":"1250"}`, []func(*http.Request){key("k")}, http.StatusUnprocessableEntity},
		"OtherCurrency":  {`{"amount":1,"currency":"XXX"}`, []func(*http.Request){key("k")}, http.StatusUnprocessableEntity},
		"UnknownField":   {`{"amount":1,"amnt":2}`, []func(*http.Request){key("k")}, http.StatusUnprocessableEntity},
		"LongNote":       {`{"amount":1,"note":"` + strings.Repeat("长", 101) + `"}`, []func(*http.Request){key("k")}, http.StatusUnprocessableEntity},
		"NotJSON":        {`amount=1`, []func(*http.Request){key("k")}, http.StatusBadRequest},
		"TooLarge":       {`{"amount":1,"note":"` + strings.Repeat("x", 9000) + `"}`, []func(*http.Request){key("k")}, http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "")
			got := b.ask(t, "POST", "/v1/sales", c.body, c.change...)
			require.Equal(t, c.status, got.code, got.body)
			require.Equal(t, "application/problem+json", got.kind)
			for _, field := range []string{"text", "next"} {
				require.NotEmpty(t, got.body[field].(map[string]any)["zh"])
				require.NotEmpty(t, got.body[field].(map[string]any)["en"])
			}
			require.Zero(t, b.till.starts)
		})
	}
}

func TestTillErrorsAreLoggedNotTold(t *testing.T) {
	b := newBench(t, "")
	b.till.refuse = errors.New("disk says no")
	got := b.ask(t, "POST", "/v1/sales", `{"amount":1250}`, key("k1"))
	require.Equal(t, http.StatusInternalServerError, got.code)
	require.NotContains(t, got.body, "detail")
	require.Contains(t, b.log.String(), "disk says no")
}

func TestIntents(t *testing.T) {
	for name, c := range map[string]struct {
		path, body string
		want       station.Intent
	}{
		"Cancel":           {"/cancel", `{"cashier":"li"}`, checkout.CancelPressed{Cashier: "li"}},
		"CancelTimeout":    {"/cancel", `{"reason":"timeout"}`, checkout.CancelPressed{TimedOut: true}},
		"CancelByCashier":  {"/cancel", `{"reason":"cashier"}`, checkout.CancelPressed{}},
		"CancelNoBody":     {"/cancel", ``, checkout.CancelPressed{}},
		"ShowCode":         {"/show-code", ``, checkout.CodeWanted{}},
		"ReprintCustomers": {"/reprint", ``, checkout.ReprintPressed{Copies: checkout.CustomerCopy}},
		"ReprintBoth": {"/reprint", `{"copies":["merchant","customer"]}`,
			checkout.ReprintPressed{Copies: checkout.MerchantCopy | checkout.CustomerCopy}},
		"OrderAccepted": {"/acceptance", `{"decision":"accepted","cashier":"li"}`,
			checkout.OrderDecided{Standing: message.OrderStanding_ORDER_STANDING_ACCEPTED}},
		"OrderRejected": {"/acceptance", `{"decision":"rejected"}`,
			checkout.OrderDecided{Standing: message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED}},
		"OrderSettled": {"/acceptance", `{"decision":"settled","cashier":"li"}`,
			checkout.OrderDecided{Standing: message.OrderStanding_ORDER_STANDING_SETTLED, SettledBy: "li"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "")
			b.ask(t, "POST", "/v1/sales", `{"amount":1250}`, key("k1"))
			for range 2 {
				got := b.ask(t, "POST", "/v1/sales/"+firstSale+c.path, c.body, key("k2"))
				require.Equal(t, http.StatusOK, got.code, got.body)
			}
			require.Equal(t, []station.Intent{c.want}, b.till.presses, "sent twice, done once")
			require.Equal(t, http.StatusConflict, b.ask(t, "POST", "/v1/sales/"+firstSale+c.path, c.body, key("k1")).code,
				"the start's key")
			require.Equal(t, http.StatusBadRequest, b.ask(t, "POST", "/v1/sales/"+firstSale+c.path, c.body).code)
			require.Equal(t, http.StatusNotFound, b.ask(t, "POST", "/v1/sales/abc"+c.path, c.body, key("k3")).code)
		})
	}
	t.Run("UnprocessableForACopyThatIsNone", func(t *testing.T) {
		b := newBench(t, "")
		got := b.ask(t, "POST", "/v1/sales/"+firstSale+"/reprint", `{"copies":["both"]}`, key("k"))
		require.Equal(t, http.StatusUnprocessableEntity, got.code)
	})
}

// TestShopOrder: how long the order may take is one of few numbers, and who has settled it has a name.
func TestShopOrder(t *testing.T) {
	b := newBench(t, "")
	for body, want := range map[string]time.Duration{
		`{"amount":1250}`: 0,
		`{"amount":1250,"shop_order":{"reference":"A-42"}}`:                           checkout.AcceptDefault,
		`{"amount":1250,"shop_order":{"reference":"A-42","accept_within":5}}`:         checkout.AcceptMin,
		`{"amount":1250,"shop_order":{"reference":"A-\u202e42","accept_within":600}}`: checkout.AcceptMax,
	} {
		got := b.ask(t, "POST", "/v1/sales", body, key(body[:min(len(body), 60)]))
		require.Equal(t, http.StatusCreated, got.code, got.body)
		require.Equal(t, want, b.till.order.Within, body)
		if want > 0 {
			require.Equal(t, "A-42", b.till.order.Reference)
			require.Equal(t, map[string]any{"reference": "A-42", "state": "waiting"}, got.body["shop_order"])
		}
	}
	for _, body := range []string{
		`{"amount":1250,"shop_order":{"accept_within":4}}`, `{"amount":1250,"shop_order":{"accept_within":601}}`,
		`{"amount":1250,"shop_order":{"reference":"` + strings.Repeat("9", checkout.OrderReferenceMax+1) + `"}}`,
	} {
		require.Equal(t, http.StatusUnprocessableEntity, b.ask(t, "POST", "/v1/sales", body, key("wrong")).code, body)
	}
	got := b.ask(t, "POST", "/v1/sales/"+firstSale+"/acceptance", `{"decision":"settled"}`, key("nobody"))
	require.Equal(t, http.StatusUnprocessableEntity, got.code)
	require.Contains(t, got.body["detail"], "cashier is missing")
}

// TestShopOrderIsToldAsItStands: the page of a kiosk goes by these words.
func TestShopOrderIsToldAsItStands(t *testing.T) {
	b := newBench(t, "")
	b.ask(t, "POST", "/v1/sales", `{"amount":1250,"shop_order":{}}`, key("k"))
	b.till.sale.State, b.till.sale.Order.Until = checkout.Approved, noon.Add(time.Minute)
	require.Equal(t, map[string]any{"state": "waiting", "until": "2026-05-01T04:01:00Z"},
		b.ask(t, "GET", "/v1/sales/"+firstSale, "").body["shop_order"])
	for standing, name := range map[message.OrderStanding]string{
		message.OrderStanding_ORDER_STANDING_ACCEPTED: "accepted", message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED: "not-accepted",
		message.OrderStanding_ORDER_STANDING_GONE_BACK: "gone-back", message.OrderStanding_ORDER_STANDING_PERSON: "person",
		message.OrderStanding_ORDER_STANDING_SETTLED: "settled",
	} {
		b.till.sale.Order.Standing = standing
		require.Equal(t, map[string]any{"state": name}, b.ask(t, "GET", "/v1/sales/"+firstSale, "").body["shop_order"])
	}
}

// TestSentTwiceIsToldAsItStands: whoever repeats an intent has missed the answer, and wants to know how the sale is now.
func TestSentTwiceIsToldAsItStands(t *testing.T) {
	b := newBench(t, "")
	const start = `{"amount":1250}`
	first := b.ask(t, "POST", "/v1/sales", start, key("k1"))
	require.Equal(t, "waiting", first.body["state"])
	show := b.ask(t, "POST", "/v1/sales/"+firstSale+"/show-code", "", key("k2"))
	require.Equal(t, "waiting", show.body["state"])

	b.till.sale.State = checkout.Approved
	for path, sent := range map[string]struct {
		body, key string
		code      int
	}{"": {start, "k1", http.StatusCreated}, "/" + firstSale + "/show-code": {"", "k2", http.StatusOK}} {
		again := b.ask(t, "POST", "/v1/sales"+path, sent.body, key(sent.key))
		require.Equal(t, sent.code, again.code, "the code is that of the first answer")
		require.Equal(t, first.body["id"], again.body["id"])
		require.Equal(t, "approved", again.body["state"])
	}
	require.Equal(t, 1, b.till.starts)
	require.Len(t, b.till.presses, 1)
	require.Equal(t, http.StatusConflict, b.ask(t, "POST", "/v1/sales", `{"amount":1251}`, key("k1")).code)
}

// TestTextForPaper: what steers how text is shown, and is not seen itself, must not turn what stands on a receipt around.
func TestTextForPaper(t *testing.T) {
	for name, c := range map[string]struct{ sent, kept string }{
		"bidirectional override":    {`100 \u202e00.1¥\u202c`, "100 00.1¥"},
		"bidirectional isolates":    {`\u2066a\u2067b\u2068c\u2069`, "abc"},
		"marks of a direction":      {`\u200ea\u200fb\u061cc`, "abc"},
		"what has no width":         {`a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg`, "abcdefg"},
		"tags beyond the BMP":       {`a\udb40\udc41b`, "ab"},
		"separators of lines":       {`a\u2028b\u2029c`, "abc"},
		"controls":                  {`a\u0000\u001b[31m\u0085b`, "a[31mb"},
		"nothing else":              {`\u202e \u200b`, ""},
		"Chinese with punctuation":  {`王小姐，收：１２．５０元（退货）「加急」、《票》——谢谢！？；～`, "王小姐，收：１２．５０元（退货）「加急」、《票》——谢谢！？；～"},
		"ideographic space and all": {`张　三 · Zoë №5 ¥€😀𠮷`, "张　三 · Zoë №5 ¥€😀𠮷"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "")
			got := b.ask(t, "POST", "/v1/sales", `{"amount":1250,"note":"`+c.sent+`","cashier":"`+c.sent+`"}`, key("k"))
			require.Equal(t, http.StatusCreated, got.code, got.body)
			require.Equal(t, c.kept, b.till.sale.Note)
			require.Equal(t, c.kept, b.till.sale.Cashier)
		})
	}
}

func TestReading(t *testing.T) {
	b := newBench(t, "")
	b.ask(t, "POST", "/v1/sales", `{"amount":1250}`, key("k1"))
	require.Equal(t, firstSale, b.ask(t, "GET", "/v1/sales/"+firstSale, "").body["id"])
	require.Equal(t, http.StatusNotFound, b.ask(t, "GET", "/v1/sales/"+strings.Repeat("0", 32), "").code)
	require.Equal(t, http.StatusNotFound, b.ask(t, "GET", "/v1/sales/"+strings.Repeat("z", 32), "").code)
	require.Equal(t, "10000001", b.ask(t, "GET", "/v1/status", "").body["terminal"])
	require.EqualValues(t, 2, b.ask(t, "GET", "/v1/journal", "").body["unsent"])
	require.Equal(t, http.StatusOK, b.ask(t, "GET", "/livez", "").code)
}

func TestDescription(t *testing.T) {
	b := newBench(t, "")
	got := b.ask(t, "GET", "/openapi.json", "")
	require.Equal(t, http.StatusOK, got.code)
	require.Equal(t, "3.1.0", got.body["openapi"])
	paths := got.body["paths"].(map[string]any)
	for _, path := range []string{"/v1/sales", "/v1/sales/{id}", "/v1/sales/{id}/cancel", "/v1/events", "/v1/status"} {
		require.Contains(t, paths, path)
	}
	require.Equal(t, http.StatusNotFound, rawStatus(b, "/docs"), "no page that loads anything from elsewhere")
}
