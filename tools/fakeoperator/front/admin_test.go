package front_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/fakeoperator/front"
)

// TestHelpListsRules: every behaviour, operation and reason that the help names is taken, every field is named, and the
// example works.
func TestHelpListsRules(t *testing.T) {
	world := newWorld(t, nil)
	admin := world.front.Admin()
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, httptest.NewRequest(method, "http://127.0.0.1:9"+path, strings.NewReader(body)))
		return w
	}
	text := ask(http.MethodGet, "/", "").Body.String()
	require.Equal(t, front.Help("http://127.0.0.1:9"), text)
	for _, pattern := range []string{"POST /rules", "GET /rules", "DELETE /rules", "POST /pay", "POST /wallets", "POST /verify",
		"GET /books", "GET /moments", "GET /stats", "GET /livez"} {
		require.Regexp(t, "(?m)^"+regexp.QuoteMeta(pattern)+"  .*\\p{Han}.* · ", text)
	}
	for _, field := range []string{"operation", "amount", "order", "count", "do", "latency_ms", "jitter_ms", "reason", "delay_ms", "then",
		"status", "stubborn", "shown_code", "wallet", "balance", "class", "factor", "answer"} {
		require.Regexp(t, `(?m)^    `+field+` +(text|number|bool) `, text)
	}
	words := regexp.MustCompile(`(?m)^    = (do|operation|reason)=(\S+)`).FindAllStringSubmatch(text, -1)
	require.Greater(t, len(words), 30)
	for _, word := range words {
		rule, err := json.Marshal(map[string]any{word[1]: word[2], "status": 503})
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, ask(http.MethodPost, "/rules", string(rule)).Code, "%s", rule)
	}
	require.Equal(t, http.StatusNoContent, ask(http.MethodDelete, "/rules", "").Code)
	example := regexp.MustCompile(`curl -d '(\{[^']*"decline"[^']*\})' http://127.0.0.1:9/rules`).FindStringSubmatch(text)
	require.NotNil(t, example, text)
	require.Equal(t, http.StatusCreated, ask(http.MethodPost, "/rules", example[1]).Code)
	require.Equal(t, bank.DoDecline, world.bank.Rules()[0].Do)
}
