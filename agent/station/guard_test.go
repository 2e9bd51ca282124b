package station_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/station"
)

func rawStatus(b *bench, path string) int {
	recorder := httptest.NewRecorder()
	b.station.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", "http://127.0.0.1:7710"+path, nil))
	return recorder.Code
}

func host(name string) func(*http.Request) {
	return func(r *http.Request) { r.Host = name }
}

func TestGuard(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		change []func(*http.Request)
		status int
	}{
		"OwnAddress":        {"POST", []func(*http.Request){host("127.0.0.1:7710")}, http.StatusCreated},
		"Localhost":         {"POST", []func(*http.Request){host("LOCALHOST:7710")}, http.StatusCreated},
		"IPv6":              {"POST", []func(*http.Request){host("[::1]:7710")}, http.StatusCreated},
		"OwnPage":           {"POST", []func(*http.Request){header("Origin", "http://127.0.0.1:7710"), header("Sec-Fetch-Site", "same-origin")}, http.StatusCreated},
		"RebindingName":     {"POST", []func(*http.Request){host("evil.example:7710")}, http.StatusMisdirectedRequest},
		"RebindingGet":      {"GET", []func(*http.Request){host("evil.example")}, http.StatusMisdirectedRequest},
		"NoHost":            {"GET", []func(*http.Request){host("")}, http.StatusMisdirectedRequest},
		"ForeignOrigin":     {"POST", []func(*http.Request){header("Origin", "https://evil.example")}, http.StatusForbidden},
		"OriginNull":        {"POST", []func(*http.Request){header("Origin", "null")}, http.StatusForbidden},
		"OtherPort":         {"POST", []func(*http.Request){header("Origin", "http://127.0.0.1:8080")}, http.StatusForbidden},
		"CrossSite":         {"POST", []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, http.StatusForbidden},
		"CrossSiteGet":      {"GET", []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, http.StatusForbidden},
		"SameSiteOtherPort": {"POST", []func(*http.Request){header("Sec-Fetch-Site", "same-site")}, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "")
			path, body := "/v1/sales", `{"amount":1}`
			if c.method == "GET" {
				path, body = "/v1/status", ""
			}
			got := b.ask(t, c.method, path, body, append(c.change, key("k"))...)
			require.Equal(t, c.status, got.code, got.body)
			if c.status != http.StatusCreated {
				require.Zero(t, b.till.starts)
			}
		})
	}
}

func TestToken(t *testing.T) {
	b := newBench(t, "s3cret")
	require.Equal(t, http.StatusUnauthorized, b.ask(t, "GET", "/v1/status", "").code)
	require.Equal(t, http.StatusUnauthorized, b.ask(t, "GET", "/v1/status", "", header("Authorization", "Bearer wrong")).code)
	require.Equal(t, http.StatusUnauthorized, b.ask(t, "GET", "/v1/status", "", header("Authorization", "s3cret")).code)
	require.Equal(t, http.StatusOK, b.ask(t, "GET", "/v1/status", "", header("Authorization", "Bearer s3cret")).code)
	require.Equal(t, http.StatusOK, b.ask(t, "GET", "/livez", "").code, "the probe needs none")
}

func TestListensOnLoopbackOnly(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:7710": true, "[::1]:0": true, "127.9.9.9:1": true,
		"0.0.0.0:7710": false, ":7710": false, "192.168.1.5:7710": false, "localhost:7710": false,
	} {
		_, err := station.New(station.Config{Listen: address}, &fakeTill{}, station.NewFeed(noon),
			time.Now, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if want {
			require.NoError(t, err, address)
		} else {
			require.ErrorIs(t, err, station.ErrListen, address)
		}
	}
	_, err := station.New(station.Config{Listen: "7710"}, &fakeTill{}, station.NewFeed(noon), time.Now, nil)
	require.Error(t, err)
}
