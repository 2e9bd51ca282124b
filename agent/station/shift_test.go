package station_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

// shiftTill is a till with shifts that notes what it is asked.
type shiftTill struct {
	*fakeTill
	opened  []station.Opening
	moved   []station.Cash
	counted []shift.Count
	printed int
	no      error
}

func (f *shiftTill) OpenShift(_ context.Context, opening station.Opening) (station.Shift, error) {
	f.opened = append(f.opened, opening)
	return reported(f.no)
}

func (f *shiftTill) CurrentShift(_ context.Context, print bool) (station.Shift, error) {
	if print {
		f.printed++
	}
	return reported(f.no)
}

func (f *shiftTill) MoveCash(_ context.Context, cash station.Cash) (station.Shift, error) {
	f.moved = append(f.moved, cash)
	return reported(f.no)
}

func (f *shiftTill) CloseShift(_ context.Context, count shift.Count) (station.Shift, error) {
	f.counted = append(f.counted, count)
	return reported(f.no)
}

func (f *shiftTill) ShiftList(_ context.Context, limit int) ([]station.Shift, error) {
	return make([]station.Shift, limit), f.no
}

// reported is a shift that ended with cash short.
func reported(no error) (station.Shift, error) {
	s, err := shift.Begin(record.Header{Type: record.ShiftOpened, Sequence: 5, Time: noon},
		&message.ShiftOpened{ShiftId: []byte{1, 15: 9}, Batch: 17, Float: 20000, Currency: "CNY", Cashier: "01"})
	if err != nil {
		return station.Shift{}, err
	}
	closed, err := s.Close(shift.Count{Cashier: "02", Methods: map[string]int64{closing.Cash: 19990}}, 9, noon.Add(time.Hour))
	if err != nil {
		return station.Shift{}, err
	}
	s, err = s.End(closed)
	if err != nil {
		return station.Shift{}, err
	}
	return station.NewShift(s.Report()), no
}

func newShiftBench(t *testing.T) (*bench, *shiftTill) {
	till := &shiftTill{fakeTill: &fakeTill{}}
	b := &bench{till: till.fakeTill, feed: station.NewFeed(noon)}
	s, err := station.New(station.Config{Listen: "127.0.0.1:7710", Version: "1"}, till, b.feed,
		func() time.Time { return noon }, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	b.station = s
	return b, till
}

func TestShiftIntents(t *testing.T) {
	b, till := newShiftBench(t)
	t.Run("OpenOnceAKey", func(t *testing.T) {
		for range 2 {
			got := b.ask(t, "POST", "/v1/shifts", `{"float":20000,"cashier":"王芳"}`, key("o"))
			require.Equal(t, http.StatusCreated, got.code)
			require.Equal(t, "complete", got.body["state"])
			line := got.body["lines"].([]any)[0].(map[string]any)
			require.Equal(t, "cash", line["method"])
			require.EqualValues(t, 20000, line["expected"])
			require.EqualValues(t, -10, line["difference"])
			require.Equal(t, "02", got.body["closed_by"])
		}
		require.Equal(t, []station.Opening{{Key: "o", Cashier: "王芳", Float: money.Money{Minor: 20000, Currency: money.CNY}}}, till.opened)
	})
	t.Run("CashOnceAKeyAndNotUnderAnothers", func(t *testing.T) {
		for range 2 {
			require.Equal(t, http.StatusOK, b.ask(t, "POST", "/v1/shifts/current/cash", `{"amount":-500,"note":"存行\u0007"}`, key("c")).code)
		}
		require.Equal(t, []station.Cash{{Key: "c", Amount: -500, Note: "存行"}}, till.moved)
		require.Equal(t, http.StatusConflict, b.ask(t, "POST", "/v1/shifts/current/cash", `{"amount":-501}`, key("c")).code)
		require.Equal(t, http.StatusConflict, b.ask(t, "POST", "/v1/shifts", `{"float":1}`, key("c")).code)
		require.Equal(t, http.StatusBadRequest, b.ask(t, "POST", "/v1/shifts/current/cash", `{"amount":1}`).code)
	})
	t.Run("ReportPrintsWhenAsked", func(t *testing.T) {
		require.Equal(t, http.StatusOK, b.ask(t, "POST", "/v1/shifts/current/report", "", key("r1")).code)
		require.Zero(t, till.printed)
		require.Equal(t, http.StatusOK, b.ask(t, "POST", "/v1/shifts/current/report", `{"print":true}`, key("r2")).code)
		require.Equal(t, http.StatusOK, b.ask(t, "GET", "/v1/shifts/current", "").code)
		require.Equal(t, 1, till.printed)
	})
	t.Run("Close", func(t *testing.T) {
		got := b.ask(t, "POST", "/v1/shifts/current/close", `{"counted":{"cash":19990,"code":0},"approved_by":"店长"}`, key("z"))
		require.Equal(t, http.StatusOK, got.code)
		require.Equal(t, []shift.Count{{Key: "z", Methods: map[string]int64{"cash": 19990, "code": 0}, ApprovedBy: "店长"}}, till.counted)
		require.Equal(t, http.StatusUnprocessableEntity, b.ask(t, "POST", "/v1/shifts/current/close", `{}`, key("z2")).code)
	})
	t.Run("Bounds", func(t *testing.T) {
		require.Equal(t, http.StatusUnprocessableEntity, b.ask(t, "POST", "/v1/shifts", `{"float":-1}`, key("b1")).code)
		require.Equal(t, http.StatusUnprocessableEntity, b.ask(t, "POST", "/v1/shifts", `{"float":1,"currency":"XXX"}`, key("b2")).code)
		require.Equal(t, http.StatusUnprocessableEntity, b.ask(t, "GET", "/v1/shifts?limit=101", "").code)
	})
}

func TestShiftRefusals(t *testing.T) {
	for phrase, code := range map[catalogue.Phrase]int{
		catalogue.RefuseNoShift: http.StatusConflict, catalogue.RefuseShiftOpen: http.StatusConflict,
		catalogue.RefuseShiftApproval: http.StatusConflict, catalogue.RefuseCount: http.StatusUnprocessableEntity,
		catalogue.RefuseCash: http.StatusUnprocessableEntity, catalogue.RefuseShiftNoFloat: http.StatusConflict,
		catalogue.RefuseDrawer: http.StatusConflict,
	} {
		b, till := newShiftBench(t)
		till.no = &station.Refusal{Phrase: phrase}
		for path, body := range map[string]string{
			"/v1/shifts": `{"float":0}`, "/v1/shifts/current/cash": `{"amount":1}`, "/v1/shifts/current/report": "",
			"/v1/shifts/current/close": `{"counted":{"cash":0}}`,
		} {
			got := b.ask(t, "POST", path, body, key("k"+path[len("/v1/shift"):]))
			require.Equal(t, code, got.code, path)
			require.Equal(t, phrase.Text().English, got.body["title"])
		}
		require.Equal(t, code, b.ask(t, "GET", "/v1/shifts/current", "").code)
	}
}

// TestShiftsAreACapability: a till without shifts has no such routes, and one with them describes them.
func TestShiftsAreACapability(t *testing.T) {
	b := newBench(t, "")
	require.NotContains(t, b.ask(t, "GET", "/openapi.json", "").body["paths"], "/v1/shifts")
	with, _ := newShiftBench(t)
	paths := with.ask(t, "GET", "/openapi.json", "").body["paths"]
	for _, path := range []string{"/v1/shifts", "/v1/shifts/current", "/v1/shifts/current/cash", "/v1/shifts/current/report",
		"/v1/shifts/current/close"} {
		require.Contains(t, paths, path)
	}
}
