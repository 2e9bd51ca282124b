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
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

var noon = time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC)

// fakeTill is a till that holds one sale and counts what it is asked.
type fakeTill struct {
	mu      sync.Mutex
	sale    checkout.Sale
	starts  int
	presses []station.Intent
	refuse  error
	wishes  []station.FollowUpWish
	wanted  []station.Wanted
	prints  int
	order   checkout.ShopOrder
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
		Hold: start.Hold, HoldExpires: start.HoldExpires,
		Order: checkout.ShopOrder{Reference: start.OrderReference, Within: start.AcceptWithin},
	}
	f.order = f.sale.Order
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

// found is the order of the fake's sale, and of another till.
func (f *fakeTill) found() *message.OrderFound {
	return &message.OrderFound{
		Found: true, Terminal: "10000002", Method: message.Method_METHOD_CODE, Batch: 1, Voucher: 9, RequestedAt: noon.UnixMicro(),
		Payment: &message.PaymentResult{
			OrderId: f.sale.OrderID[:], Outcome: message.Outcome_OUTCOME_APPROVED, Amount: 1250, Currency: "CNY",
			Reference: "260501000042", WalletMasked: "001234******1234", Standing: &message.Standing{Paid: 1250, Refunded: 250},
		},
	}
}

func (f *fakeTill) followUp(wish station.FollowUpWish) followup.View {
	rules := followup.Rules{Timing: checkout.DefaultTiming()}
	made, _ := rules.Step(followup.FollowUp{}, followup.Started{
		ID: followup.ID{7, byte(len(f.wishes))}, Kind: wish.Kind, Original: f.found(), Undoes: wish.Undoes, Last: wish.Last,
		Amount: money.Money{Minor: wish.Amount, Currency: money.CNY}, Cashier: wish.Cashier, Note: wish.Note, Origin: wish.Origin,
	}, noon)
	return rules.View(made, catalogue.None)
}

func (f *fakeTill) FollowUp(_ context.Context, order checkout.OrderID, wish station.FollowUpWish) (followup.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return followup.View{}, f.refuse
	}
	if order != f.sale.OrderID {
		return followup.View{}, &station.Refusal{Phrase: catalogue.RefuseNoSale}
	}
	f.wishes = append(f.wishes, wish)
	return f.followUp(wish), nil
}

func (f *fakeTill) FollowUps(context.Context, checkout.OrderID) ([]followup.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var views []followup.View
	for _, wish := range f.wishes {
		views = append(views, f.followUp(wish))
	}
	return views, f.refuse
}

func (f *fakeTill) Follow(_ context.Context, id followup.ID) (followup.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.wishes) == 0 || id[0] != 7 {
		return followup.View{}, &station.Refusal{Phrase: catalogue.RefuseNoFollowUp}
	}
	return f.followUp(f.wishes[0]), nil
}

func (f *fakeTill) ReprintFollowUp(ctx context.Context, id followup.ID, _ checkout.Copies) (followup.View, error) {
	f.prints++
	return f.Follow(ctx, id)
}

func (f *fakeTill) Lookup(_ context.Context, wanted station.Wanted) (station.FoundOrder, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wanted = append(f.wanted, wanted)
	if f.refuse != nil {
		return station.FoundOrder{}, f.refuse
	}
	return station.FoundOrder{Order: f.found(), Left: followup.Left{Refund: 1000}}, nil
}

func (f *fakeTill) Sales(_ context.Context, n int, holds bool) ([]checkout.View, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if holds {
		return nil, nil
	}
	return []checkout.View{f.view()}[:min(n, 1)], f.refuse
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

// list asks for a list.
func (b *bench) list(t *testing.T, path string) []map[string]any {
	t.Helper()
	recorder := httptest.NewRecorder()
	b.station.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", "http://127.0.0.1:7710"+path, nil))
	require.Equal(t, http.StatusOK, recorder.Code, recorder.Body.String())
	var all []map[string]any
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &all))
	return all
}

func key(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Idempotency-Key", value) }
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func newStationOnFreePort(t *testing.T, b *bench) *station.Station {
	t.Helper()
	return newStationOfDesk(t, b, b.till)
}

func newStationOfDesk(t *testing.T, b *bench, desk station.Desk) *station.Station {
	t.Helper()
	s, err := station.New(station.Config{Listen: "127.0.0.1:0"}, desk, b.feed, func() time.Time { return noon },
		slog.New(slog.NewTextHandler(b.log, nil)))
	require.NoError(t, err)
	return s
}
