package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/api"
)

// requireProblem asks and wants a problem (RFC 9457); it returns the answer's header and detail.
func requireProblem(t *testing.T, s *site, target string, status int, change func(*http.Request)) (http.Header, string) {
	t.Helper()
	method, path, _ := strings.Cut(target, " ")
	request := httptest.NewRequest(method, path, nil)
	request.Host = "127.0.0.1"
	if change != nil {
		change(request)
	}
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	require.Equal(t, status, recorder.Code, target)
	require.Equal(t, "application/problem+json", recorder.Header().Get("Content-Type"), target)
	var problem struct {
		Title, Detail string
		Status        int
	}
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &problem), recorder.Body.String())
	require.Equal(t, status, problem.Status)
	require.Equal(t, http.StatusText(status), problem.Title)
	return recorder.Header(), problem.Detail
}

func TestErrorsAreProblems(t *testing.T) {
	t.Run("NoSuchAddress", func(t *testing.T) {
		s := newSite(t, "")
		for _, target := range []string{"GET /", "GET /v1", "POST /v1/nothing", "GET /docs", "GET /v1/payments/"} {
			_, detail := requireProblem(t, s, target, http.StatusNotFound, nil)
			require.Contains(t, detail, "没有这个地址")
		}
	})
	t.Run("NoSuchMethod", func(t *testing.T) {
		s := newSite(t, "")
		for _, target := range []string{"POST /v1/stats", "DELETE /v1/payments/" + order.String(), "PUT /livez", "POST /openapi.json", "PATCH /metrics"} {
			header, detail := requireProblem(t, s, target, http.StatusMethodNotAllowed, nil)
			require.Equal(t, "GET, HEAD", header.Get("Allow"), target)
			require.Contains(t, detail, "GET, HEAD")
		}
	})
	t.Run("NoToken", func(t *testing.T) {
		header, _ := requireProblem(t, newSite(t, "secret"), "GET /v1/stats", http.StatusUnauthorized, nil)
		require.Equal(t, "Bearer", header.Get("WWW-Authenticate"))
	})
	t.Run("NotThisMachine", func(t *testing.T) {
		requireProblem(t, newSite(t, ""), "GET /v1/stats", http.StatusForbidden, func(r *http.Request) { r.Host = "attacker.example" })
	})
	t.Run("WrongOrder", func(t *testing.T) {
		requireProblem(t, newSite(t, ""), "GET /v1/payments/short", http.StatusUnprocessableEntity, nil)
		requireProblem(t, newSite(t, ""), "GET /v1/payments/"+strings.Repeat("0", 32), http.StatusNotFound, nil)
	})
	t.Run("TimedOut", func(t *testing.T) {
		s := newSiteWith(t, func(config *api.Config) {
			config.Ready = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		})
		synctest.Test(t, func(t *testing.T) {
			_, detail := requireProblem(t, s, "GET /readyz", http.StatusServiceUnavailable, nil)
			require.Contains(t, detail, "处理超时")
		})
	})
}
