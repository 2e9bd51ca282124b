package station_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/station"
)

// requireProblem wants a problem in both languages with a phrase's own next step.
func requireProblem(t *testing.T, got reply, status int, phrase catalogue.Phrase) {
	t.Helper()
	require.Equal(t, status, got.code, got.body)
	require.Equal(t, "application/problem+json", got.kind)
	require.EqualValues(t, status, got.body["status"])
	require.Equal(t, phrase.Text().English, got.body["title"])
	text, next := got.body["text"].(map[string]any), got.body["next"].(map[string]any)
	require.True(t, strings.HasPrefix(text["zh"].(string), phrase.Text().Chinese), text)
	require.True(t, strings.HasPrefix(text["en"].(string), phrase.Text().English), text)
	after := catalogue.NextAfter(phrase).Text()
	require.Equal(t, map[string]any{"zh": after.Chinese, "en": after.English}, next)
}

func TestWhereThereIsNothing(t *testing.T) {
	b := newBench(t, "")
	for _, target := range []string{"GET /", "GET /v1", "POST /v1/nothing", "GET /v1/sales/", "PUT /v2/sales", "GET /docs"} {
		method, path, _ := strings.Cut(target, " ")
		requireProblem(t, b.ask(t, method, path, ""), http.StatusNotFound, catalogue.RefuseNoAddress)
	}
}

func TestMethodsThatAnAddressDoesNotTake(t *testing.T) {
	b := newBench(t, "")
	for target, want := range map[string]string{
		"DELETE /v1/sales": "GET, HEAD, POST", "PUT /v1/sales/" + firstSale: "GET, HEAD", "GET /v1/lookups": "POST",
		"GET /v1/sales/" + firstSale + "/cancel": "POST", "POST /livez": "GET, HEAD", "PATCH /openapi.json": "GET, HEAD",
		"OPTIONS /v1/sales": "GET, HEAD, POST",
	} {
		method, path, _ := strings.Cut(target, " ")
		got := b.ask(t, method, path, "")
		requireProblem(t, got, http.StatusMethodNotAllowed, catalogue.RefuseMethod)
		require.Contains(t, got.body["text"].(map[string]any)["zh"], want, target)
		recorder := httptest.NewRecorder()
		b.station.Handler().ServeHTTP(recorder, httptest.NewRequest(method, "http://127.0.0.1:7710"+path, nil))
		require.Equal(t, want, recorder.Header().Get("Allow"), target)
	}
}

func TestWhatIsRefusedBeforeARouteIsAProblem(t *testing.T) {
	b := newBench(t, "s3cret")
	token := header("Authorization", "Bearer s3cret")
	requireProblem(t, b.ask(t, "GET", "/v1/status", ""), http.StatusUnauthorized, catalogue.RefuseToken)
	requireProblem(t, b.ask(t, "GET", "/v1/status", "", token, host("evil.example")), http.StatusMisdirectedRequest, catalogue.RefuseHost)
	requireProblem(t, b.ask(t, "GET", "/v1/status", "", token, header("Origin", "null")), http.StatusForbidden, catalogue.RefuseOrigin)
	requireProblem(t, b.ask(t, "GET", "/nothing", ""), http.StatusUnauthorized, catalogue.RefuseToken)
	large := b.ask(t, "POST", "/v1/sales", strings.Repeat(" ", 9000), token, key("k"))
	requireProblem(t, large, http.StatusRequestEntityTooLarge, catalogue.RefuseTooLarge)
	require.Contains(t, large.body["text"].(map[string]any)["zh"], "8192", "the limit is told")
}

func TestBodiesThatAreNoRequest(t *testing.T) {
	for name, c := range map[string]struct {
		body, kind string
		status     int
		says       string
	}{
		"Form":    {"amount=1", "application/x-www-form-urlencoded", http.StatusUnsupportedMediaType, "application/json"},
		"Empty":   {"", "application/json", http.StatusBadRequest, "请求体"},
		"Garbage": {`{"amount":1}}`, "application/json", http.StatusBadRequest, "第 13 字节"},
		"Two":     {`{"amount":1}{"amount":2}`, "application/json", http.StatusBadRequest, "第 13 字节"},
		"Cut":     {`{"amount":1`, "application/json", http.StatusBadRequest, "没有写完"},
		"Text":    {`{"amount":"1"}`, "application/json", http.StatusUnprocessableEntity, "金额（amount）必须是整数"},
		"Twice":   {`{"amount":1,"amount":2}`, "application/json", http.StatusUnprocessableEntity, "金额（amount）出现了两次"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "")
			got := b.ask(t, "POST", "/v1/sales", c.body, key("k"), header("Content-Type", c.kind))
			requireProblem(t, got, c.status, catalogue.RefuseInvalid)
			require.Contains(t, got.body["text"].(map[string]any)["zh"], c.says)
			require.NotContains(t, got.body["detail"], "json:")
			require.Zero(t, b.till.starts)
		})
	}
}

func TestAKeyThatIsTooLongIsNotCalledMissing(t *testing.T) {
	b := newDesk(t)
	long := key(strings.Repeat("k", 65))
	for path, body := range map[string]string{
		"/v1/sales": `{"amount":1}`, "/v1/sales/" + firstSale + "/cancel": "", followUpsPath: `{"kind":"void"}`,
	} {
		requireProblem(t, b.ask(t, "POST", path, body, long), http.StatusBadRequest, catalogue.RefuseKeyTooLong)
		requireProblem(t, b.ask(t, "POST", path, body), http.StatusBadRequest, catalogue.RefuseKeyMissing)
	}
}

// TestAKeyIsASCII: two programs read other bytes of a header as different texts.
func TestAKeyIsASCII(t *testing.T) {
	b := newDesk(t)
	before := b.till.starts
	for _, unclean := range []string{"收款", "caf\xe9", "a\tb", "a\x7f", "\x80"} {
		for path, body := range map[string]string{
			"/v1/sales": `{"amount":1}`, "/v1/sales/" + firstSale + "/cancel": "", followUpsPath: `{"kind":"void"}`,
		} {
			requireProblem(t, b.ask(t, "POST", path, body, key(unclean)), http.StatusBadRequest, catalogue.RefuseKeyUnclean)
		}
	}
	require.Equal(t, before, b.till.starts)
	require.Equal(t, http.StatusCreated, b.ask(t, "POST", "/v1/sales", `{"amount":1}`, key("a b~!")).code)
}

// TestARefusalsSentenceHasItsAmounts: whoever shows only the text shows what matters.
func TestARefusalsSentenceHasItsAmounts(t *testing.T) {
	b := newBench(t, "")
	b.till.refuse = &station.Refusal{Phrase: catalogue.RefuseAmount, More: station.Words{Chinese: "¥0.01 至 ¥9.00", English: "¥0.01 to ¥9.00"},
		Detail: "for the log"}
	got := b.ask(t, "POST", "/v1/sales", `{"amount":1000}`, key("k"))
	requireProblem(t, got, http.StatusUnprocessableEntity, catalogue.RefuseAmount)
	require.Equal(t, map[string]any{
		"zh": "金额必须大于零且不超过上限：¥0.01 至 ¥9.00", "en": "The amount must be above zero and within the limit: ¥0.01 to ¥9.00",
	}, got.body["text"])
	require.Equal(t, "¥0.01 to ¥9.00", got.body["detail"])
	b.till.refuse = &station.Refusal{Phrase: catalogue.RefuseJournal, Detail: "journal: disk gone"}
	got = b.ask(t, "POST", "/v1/sales", `{"amount":1000}`, key("k"))
	require.Equal(t, "journal: disk gone", got.body["detail"])
	require.NotContains(t, got.body["text"].(map[string]any)["zh"], "journal", "a program's words are no help to a cashier")
}
