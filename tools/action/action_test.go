package action_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/action"
)

type body struct {
	ID    int    `json:"id" doc:"-"`
	On    *bool  `json:"on,omitempty" doc:"开 · on"`
	Lines int    `json:"lines" doc:"行数 · lines"`
	Noise []byte `json:"noise"`
	Word  string `json:"word"`
	inner int
}

func actions(called *string) []action.Action {
	serve := func(_ http.ResponseWriter, r *http.Request) { *called = r.Pattern }
	return []action.Action{
		{Pattern: "POST /lift", Text: "抬起 · lift", Serve: serve, Example: action.Example{Path: "/lift"}},
		{Pattern: "POST /fault/{name}", Text: "故障 · fault", Body: body{inner: 1}, Names: []action.Name{{"jam", "卡住 · jammed"}},
			Example: action.Example{Path: "/fault/jam", Body: `{"on":true}`}, Serve: serve},
	}
}

func TestHandler(t *testing.T) {
	var called string
	handler := action.Handler(actions(&called))
	ask := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, "http://127.0.0.1:7"+path, nil))
		return w
	}
	t.Run("serves what the table says", func(t *testing.T) {
		require.Equal(t, http.StatusOK, ask(http.MethodPost, "/fault/jam").Code)
		require.Equal(t, "POST /fault/{name}", called)
		require.Equal(t, http.StatusMethodNotAllowed, ask(http.MethodGet, "/lift").Code)
		require.Equal(t, http.StatusNotFound, ask(http.MethodGet, "/other").Code)
	})
	t.Run("lists it at its root", func(t *testing.T) {
		w := ask(http.MethodGet, "/")
		require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
		require.Equal(t, action.Help("http://127.0.0.1:7", actions(&called)), w.Body.String())
	})
}

func TestHelp(t *testing.T) {
	var called string
	text := action.Help("ADDRESS", actions(&called))
	require.Equal(t, `GET /  本说明 · this list
POST /lift  抬起 · lift
    $ curl -X POST ADDRESS/lift
POST /fault/{name}  故障 · fault
    on             bool    开 · on
    lines          number  行数 · lines
    noise          base64
    word           text
    = jam                      卡住 · jammed
    $ curl -d '{"on":true}' ADDRESS/fault/jam
`, text)
	require.True(t, json.Valid([]byte(strings.Split(text, "'")[1])))
}
