package station_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
)

var noon = time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC)

// fakeTill is a till that holds one sale and counts what it is asked.
type fakeTill struct {
	mu      sync.Mutex
	sale    checkout.Sale
	starts  int
	presses []station.Intent
	refuse  error
}

func (f *fakeTill) view() checkout.View {
	rules := checkout.Rules{Timing: checkout.DefaultTiming()}
	return rules.View(f.sale, catalogue.None)
}

func (f *fakeTill) Start(_ context.Context, start station.Start) (checkout.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return checkout.View{}, f.refuse
	}
	f.starts++
	f.sale = checkout.Sale{
		OrderID: checkout.OrderID{1, 2, byte(f.starts)}, State: checkout.Waiting, Amount: start.Amount,
		Cashier: start.Cashier, Note: start.Note, Origin: start.Origin, StartedAt: noon,
	}
	return f.view(), nil
}

func (f *fakeTill) Press(_ context.Context, id checkout.OrderID, intent station.Intent) (checkout.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return checkout.View{}, f.refuse
	}
	if id != f.sale.OrderID {
		return checkout.View{}, &station.Refusal{Phrase: catalogue.RefuseNoSale}
	}
	f.presses = append(f.presses, intent)
	return f.view(), nil
}

func (f *fakeTill) Sale(_ context.Context, id checkout.OrderID) (checkout.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if id != f.sale.OrderID {
		return checkout.View{}, &station.Refusal{Phrase: catalogue.RefuseNoSale}
	}
	return f.view(), f.refuse
}

func (f *fakeTill) Status(context.Context) (station.Status, error) {
	return station.Status{Terminal: "10000001", Journal: station.JournalStatus{Records: 7, Unsent: 2}}, f.refuse
}

// bench is a station with its fake till.
type bench struct {
	till    *fakeTill
	feed    *station.Feed
	station *station.Station
	log     *bytes.Buffer
}

func newBench(t *testing.T, token string) *bench {
	b := &bench{till: &fakeTill{}, feed: station.NewFeed(noon), log: &bytes.Buffer{}}
	s, err := station.New(station.Config{Listen: "127.0.0.1:7710", Token: token, Version: "1"}, b.till, b.feed,
		func() time.Time { return noon }, slog.New(slog.NewTextHandler(b.log, nil)))
	require.NoError(t, err)
	b.station = s
	return b
}

// reply is an answer with its body decoded.
type reply struct {
	code int
	kind string
	body map[string]any
}

// ask sends a request as a program on the till does; change may alter it.
func (b *bench) ask(t *testing.T, method, path, body string, change ...func(*http.Request)) reply {
	t.Helper()
	request := httptest.NewRequest(method, "http://127.0.0.1:7710"+path, strings.NewReader(body))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, c := range change {
		c(request)
	}
	recorder := httptest.NewRecorder()
	b.station.Handler().ServeHTTP(recorder, request)
	answer := reply{code: recorder.Code, kind: recorder.Header().Get("Content-Type")}
	content, err := io.ReadAll(recorder.Body)
	require.NoError(t, err)
	if len(content) > 0 {
		require.NoError(t, json.Unmarshal(content, &answer.body), string(content))
	}
	return answer
}

func key(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Idempotency-Key", value) }
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func newStationOnFreePort(t *testing.T, b *bench) *station.Station {
	s, err := station.New(station.Config{Listen: "127.0.0.1:0"}, b.till, b.feed, func() time.Time { return noon },
		slog.New(slog.NewTextHandler(b.log, nil)))
	require.NoError(t, err)
	return s
}
