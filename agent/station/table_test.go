package station

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
)

type echoOutput struct{ Body any }

// echo serves a function that answers with one value or error, and returns the answer and the log.
func echo(t *testing.T, status int, value any, err error) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log bytes.Buffer
	s := &Station{logger: slog.New(slog.NewTextHandler(&log, nil))}
	serve := s.serve(route{status: status, endpoint: handle(func(context.Context, *salesInput) (*echoOutput, error) {
		return &echoOutput{Body: value}, err
	})})
	recorder := httptest.NewRecorder()
	serve(recorder, httptest.NewRequest("GET", "/", nil))
	return recorder, log.String()
}

func TestServe(t *testing.T) {
	t.Run("Answer", func(t *testing.T) {
		got, log := echo(t, 0, map[string]string{"text": "<¥>&"}, nil)
		require.Equal(t, http.StatusOK, got.Code)
		require.Equal(t, http.Header{"Content-Type": {"application/json"}}, got.Header())
		require.Equal(t, "{\"text\":\"<¥>&\"}\n", got.Body.String())
		require.Empty(t, log)
	})
	t.Run("Created", func(t *testing.T) {
		got, _ := echo(t, http.StatusCreated, []Sale{}, nil)
		require.Equal(t, http.StatusCreated, got.Code)
		require.Equal(t, "[]\n", got.Body.String())
	})
	t.Run("Problem", func(t *testing.T) {
		got, log := echo(t, http.StatusCreated, nil, newProblem(catalogue.RefuseSaleOpen, Words{Chinese: "甲", English: "a < b"}))
		require.Equal(t, http.StatusConflict, got.Code)
		require.Equal(t, "application/problem+json", got.Header().Get("Content-Type"))
		require.Contains(t, got.Body.String(), `"detail":"a < b"`)
		require.Empty(t, log)
	})
	t.Run("ErrorsAreLoggedNotTold", func(t *testing.T) {
		for _, test := range []struct {
			value any
			err   error
		}{{nil, errors.New("the disk's own words")}, {math.NaN(), nil}} {
			got, log := echo(t, 0, test.value, test.err)
			require.Equal(t, http.StatusInternalServerError, got.Code, "before any other status went out")
			var problem Problem
			require.NoError(t, json.Unmarshal(got.Body.Bytes(), &problem))
			require.Equal(t, catalogue.RefuseInternal.Text(), problem.Text)
			require.Empty(t, problem.Detail)
			require.Contains(t, log, "intent failed")
		}
	})
}

// TestRoutesAreServed: what is in the table is on the mux, under its method only.
func TestRoutesAreServed(t *testing.T) {
	s := &Station{desk: everyTill{}, logger: slog.New(slog.DiscardHandler)}
	mux := http.NewServeMux()
	s.mount(mux)
	for _, r := range allRoutes() {
		_, pattern := mux.Handler(httptest.NewRequest(r.method, r.path, nil))
		require.Equal(t, r.method+" "+r.path, pattern)
		require.NotEmpty(t, r.summary)
		if r.out != reflect.TypeFor[streamOutput]() {
			_, has := r.out.FieldByName("Body")
			require.True(t, has, r.id)
		}
		require.Equal(t, r.carries != nil, r.out == reflect.TypeFor[streamOutput](), r.id)
	}
	for target, want := range map[string]int{
		"DELETE /v1/sales": http.StatusMethodNotAllowed, "GET /docs": http.StatusNotFound, "GET /schemas/Sale.json": http.StatusNotFound,
		"GET /openapi.json": http.StatusOK, "GET /openapi.yaml": http.StatusOK, "HEAD /livez": http.StatusOK, "GET /livez": http.StatusOK,
	} {
		method, path, _ := bytes.Cut([]byte(target), []byte(" "))
		recorder := httptest.NewRecorder()
		mux.ServeHTTP(recorder, httptest.NewRequest(string(method), string(path), nil))
		require.Equal(t, want, recorder.Code, target)
	}
}
