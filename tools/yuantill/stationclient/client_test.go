package stationclient_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

func client(t *testing.T, address, token string) *stationclient.Client {
	t.Helper()
	c, err := stationclient.New(address, token)
	require.NoError(t, err)
	return c
}

// answering is a client of a program that is no station.
func answering(t *testing.T, handler http.HandlerFunc) *stationclient.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return client(t, server.URL, "")
}

func TestNew(t *testing.T) {
	for _, address := range []string{"http://127.0.0.1:7710", "http://127.0.0.1:7710/", "127.0.0.1:7710"} {
		require.Equal(t, "http://127.0.0.1:7710", client(t, address, "").Address())
	}
	for _, address := range []string{"https://127.0.0.1", "http://", "http://a/b", "http://a?x", "ftp://a", "http://a b", "garbage", "http://127.0.0.1",
		"127.0.0.1:", ":7710", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:x", "http://a@127.0.0.1:1"} {
		_, err := stationclient.New(address, "")
		require.ErrorIs(t, err, stationclient.ErrAddress, address)
	}
}

func TestSaleOverTheRealStation(t *testing.T) {
	till := sitetest.NewTill(t, "")
	c := client(t, till.URL, "")
	start := stationclient.Start{Amount: 1250, Currency: "CNY", Cashier: "小王"}
	sale, err := c.Start(t.Context(), "k1", start)
	require.NoError(t, err)
	require.Equal(t, "waiting", sale.State)
	require.Equal(t, "¥12.50", sale.Text)
	t.Run("the same key is the same sale", func(t *testing.T) {
		again, err := c.Start(t.Context(), "k1", start)
		require.NoError(t, err)
		require.Equal(t, sale.ID, again.ID)
		require.Equal(t, 1, till.Starts())
	})
	t.Run("the same key for another sale is refused", func(t *testing.T) {
		_, err := c.Start(t.Context(), "k1", stationclient.Start{Amount: 1, Currency: "CNY"})
		var refused *stationclient.RefusedError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, http.StatusConflict, refused.StatusCode)
		require.NotEmpty(t, refused.Text.Chinese)
		require.NotEmpty(t, refused.Text.English)
	})
	t.Run("show code, get, cancel", func(t *testing.T) {
		shown, err := c.ShowCode(t.Context(), "k1-show", sale.ID)
		require.NoError(t, err)
		require.Equal(t, "https://pay.example/1250", shown.ShownCode)
		got, err := c.Sale(t.Context(), sale.ID)
		require.NoError(t, err)
		require.Equal(t, "awaiting-scan", got.State)
		cancelled, err := c.Cancel(t.Context(), "k1-cancel", sale.ID, "小王")
		require.NoError(t, err)
		require.Equal(t, "reversing", cancelled.State)
	})
	t.Run("a reprint of a sale that has a slip", func(t *testing.T) {
		again, err := c.Reprint(t.Context(), "k1-reprint", sale.ID)
		require.NoError(t, err)
		require.Equal(t, sale.ID, again.ID)
		_, err = c.Reprint(t.Context(), "k2-reprint", strings.Repeat("0", 32))
		var refused *stationclient.RefusedError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, http.StatusNotFound, refused.StatusCode)
	})
	t.Run("a sale that is not there", func(t *testing.T) {
		_, err := c.Sale(t.Context(), "../../livez")
		var refused *stationclient.RefusedError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, http.StatusNotFound, refused.StatusCode)
	})
}

func TestRefusals(t *testing.T) {
	t.Run("busy names the sale in the way", func(t *testing.T) {
		_, err := client(t, sitetest.NewTill(t, "").URL, "").
			Start(t.Context(), "k", stationclient.Start{Amount: 1, Currency: "CNY", Note: sitetest.NoteBusy})
		var refused *stationclient.RefusedError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, checkout.OrderID{9}.String(), refused.Sale)
		require.NotEmpty(t, refused.Next.English)
		require.Contains(t, err.Error(), "409")
	})
	t.Run("token", func(t *testing.T) {
		till := sitetest.NewTill(t, "secret")
		_, err := client(t, till.URL, "").Status(t.Context())
		var refused *stationclient.RefusedError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, http.StatusUnauthorized, refused.StatusCode)
		status, err := client(t, till.URL, "secret").Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, "10000001", status.Terminal)
	})
	t.Run("an internal error does not say that nothing happened", func(t *testing.T) {
		_, err := client(t, sitetest.NewTill(t, "").URL, "").
			Start(t.Context(), "k", stationclient.Start{Amount: 1, Currency: "CNY", Note: sitetest.NoteBroken})
		var unreachable *stationclient.UnreachableError
		require.ErrorAs(t, err, &unreachable)
		require.True(t, unreachable.Sent)
	})
}

func TestUnreachable(t *testing.T) {
	t.Run("not sent when nobody listens", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		_, err := client(t, server.URL, "").Start(t.Context(), "k", stationclient.Start{Amount: 1})
		var unreachable *stationclient.UnreachableError
		require.ErrorAs(t, err, &unreachable)
		require.False(t, unreachable.Sent)
	})
	t.Run("sent when the line drops afterwards", func(t *testing.T) {
		c := answering(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		_, err := c.Start(t.Context(), "k", stationclient.Start{Amount: 1})
		var unreachable *stationclient.UnreachableError
		require.ErrorAs(t, err, &unreachable)
		require.True(t, unreachable.Sent)
	})
	t.Run("sent when the answer breaks off", func(t *testing.T) {
		c := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"id":`))
		})
		_, err := c.Status(t.Context())
		var unreachable *stationclient.UnreachableError
		require.ErrorAs(t, err, &unreachable)
		require.True(t, unreachable.Sent)
	})
	t.Run("the caller's context ends it", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := answering(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		_, err := c.Status(ctx)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestAnswersOfOthers(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a web page":           func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"an error page":        func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) },
		"an error object":      func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{}", http.StatusForbidden) },
		"nothing":              func(http.ResponseWriter, *http.Request) {},
		"wrong types":          func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"version":7}`)) },
		"more than is allowed": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) },
	} {
		t.Run("ErrAnswer for "+name, func(t *testing.T) {
			_, err := answering(t, handler).Status(t.Context())
			require.ErrorIs(t, err, stationclient.ErrAnswer)
		})
	}
	t.Run("a proxy from the environment is not used", func(t *testing.T) {
		t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
		_, err := client(t, sitetest.NewTill(t, "").URL, "").Status(t.Context())
		require.NoError(t, err)
	})
	t.Run("the token is in no error", func(t *testing.T) {
		_, err := client(t, "http://127.0.0.1:1", "secret-token").Status(t.Context())
		require.Error(t, err)
		require.False(t, strings.Contains(err.Error(), "secret-token"))
	})
}
