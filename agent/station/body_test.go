package station_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// chunked sends the body without saying its length beforehand.
func chunked(r *http.Request) {
	r.Body = io.NopCloser(r.Body)
	r.ContentLength = -1
}

func TestBodyWithoutALength(t *testing.T) {
	t.Run("TooLarge", func(t *testing.T) {
		b := newBench(t, "")
		body := `{"amount":1,"note":"` + strings.Repeat("x", 9000) + `"}`
		got := b.ask(t, "POST", "/v1/sales", body, key("k"), chunked)
		require.Equal(t, http.StatusRequestEntityTooLarge, got.code, got.body)
		require.Equal(t, "application/problem+json", got.kind)
		require.Zero(t, b.till.starts)
		require.Empty(t, b.log.String(), "no error of ours")
	})
	t.Run("Created", func(t *testing.T) {
		b := newBench(t, "")
		require.Equal(t, http.StatusCreated, b.ask(t, "POST", "/v1/sales", `{"amount":1}`, key("k"), chunked).code)
	})
	t.Run("BrokenOff", func(t *testing.T) {
		b := newBench(t, "")
		got := b.ask(t, "POST", "/v1/sales", `{"amount":1}`, key("k"), func(r *http.Request) {
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"amount":1}`), broken{}))
			r.ContentLength = -1
		})
		require.Equal(t, http.StatusBadRequest, got.code, got.body)
		require.Zero(t, b.till.starts, "half a request is none")
	})
}

// broken is a connection that goes away.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestDoubledKeys(t *testing.T) {
	for name, body := range map[string]string{
		"Same":          `{"amount":100,"amount":200}`,
		"SameValue":     `{"amount":100,"amount":100}`,
		"OtherCase":     `{"amount":100,"Amount":200}`,
		"Escaped":       `{"amount":100,"am\u006funt":200}`,
		"KelvinSign":    `{"amount":100,"k":1,"` + "\u212a" + `":2}`,
		"BehindAnArray": `{"amount":100,"note":["a",{"x":1}],"amount":200}`,
		"Nested":        `{"amount":100,"note":{"a":1,"b":{},"a":2}}`,
		"InAnArray":     `[{"amount":100,"amount":200}]`,
		"ManyKeys":      `{"amount":100,` + manyKeys(200) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "")
			got := b.ask(t, "POST", "/v1/sales", body, key("k"))
			require.Equal(t, http.StatusUnprocessableEntity, got.code, got.body)
			require.NotEmpty(t, got.body["text"].(map[string]any)["zh"])
			require.Zero(t, b.till.starts)
		})
	}
	t.Run("NamesTheKey", func(t *testing.T) {
		b := newBench(t, "")
		got := b.ask(t, "POST", "/v1/sales", `{"amount":100,"amount":200}`, key("k"))
		require.Equal(t, "amount stands twice", got.body["detail"])
	})
	t.Run("OnOtherIntents", func(t *testing.T) {
		b := newBench(t, "")
		b.ask(t, "POST", "/v1/sales", `{"amount":1250}`, key("k1"))
		got := b.ask(t, "POST", "/v1/sales/"+firstSale+"/cancel", `{"cashier":"a","cashier":"b"}`, key("k2"))
		require.Equal(t, http.StatusUnprocessableEntity, got.code)
		require.Empty(t, b.till.presses)
	})
	for name, body := range map[string]string{
		"ValueLikeAKey": `{"amount":1,"cashier":"note","note":"cashier"}`,
		"NoteLikeAKey":  `{"amount":1,"note":"amount"}`,
	} {
		t.Run("CreatedWith"+name, func(t *testing.T) {
			b := newBench(t, "")
			got := b.ask(t, "POST", "/v1/sales", body, key("k"))
			require.Equal(t, http.StatusCreated, got.code, got.body)
		})
	}
	t.Run("BadRequestWhenNotJSON", func(t *testing.T) {
		for _, body := range []string{`{"amount":1`, `{"amount":1}}`, `{"amount":1} {"amount":2}`, `{`, `]`, `{"a" 1}`} {
			b := newBench(t, "")
			got := b.ask(t, "POST", "/v1/sales", body, key("k"))
			require.Equal(t, http.StatusBadRequest, got.code, "%s: %v", body, got.body)
			require.Zero(t, b.till.starts)
		}
	})
}

// manyKeys are n different keys.
func manyKeys(n int) string {
	fields := make([]string, n)
	for i := range fields {
		fields[i] = `"` + strings.Repeat("y", i%20+1) + string(rune('a'+i/20)) + `":1`
	}
	return strings.Join(fields, ",")
}

func FuzzDoubledKeys(f *testing.F) {
	f.Add(`{"amount":1}`)
	f.Add(`{"amount":1,"amount":2}`)
	f.Add(`{"amount":1,"note":{"a":[{}]}}`)
	f.Fuzz(func(t *testing.T, body string) {
		b := newBench(t, "")
		got := b.ask(t, "POST", "/v1/sales", body, key("k"))
		require.Less(t, got.code, http.StatusInternalServerError, "%q", body)
		require.Equal(t, got.code == http.StatusCreated, b.till.starts == 1)
	})
}
