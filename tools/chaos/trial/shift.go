package trial

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// float is the cash that a shift begins with, in fen; nobody pays in cash here.
const float = 200_00

// changeShift ends the shift, whatever is open in it, and begins the next. Whoever gets no answer asks again with the same
// key; a till that says no is left alone.
func (c *cashier) changeShift(ctx context.Context) {
	if ended, told := c.closeShift(ctx); !told || ended.State == "open" {
		return
	}
	key := uuid.NewString()
	c.insist(ctx, func() (stationclient.Shift, error) {
		return c.till.Station.OpenShift(ctx, key, stationclient.OpenShift{Float: float, Currency: "CNY", Cashier: "01"})
	})
}

func (c *cashier) closeShift(ctx context.Context) (stationclient.Shift, bool) {
	key := uuid.NewString()
	return c.insist(ctx, func() (stationclient.Shift, error) {
		return c.till.Station.CloseShift(ctx, key, stationclient.CloseShift{Cashier: "01", Counted: map[string]int64{"cash": float}, ApprovedBy: "02"})
	})
}

// insist asks until there is an answer; false when that is no.
func (c *cashier) insist(ctx context.Context, ask func() (stationclient.Shift, error)) (stationclient.Shift, bool) {
	for ctx.Err() == nil {
		told, err := ask()
		var refused *stationclient.RefusedError
		switch {
		case err == nil:
			return told, true
		case errors.As(err, &refused):
			return told, false
		}
		pause(ctx, retryEvery)
	}
	return stationclient.Shift{}, false
}

// endDays closes every till's shift, once its last sale is definite: everything has to be in one.
func (w *world) endDays(ctx context.Context) {
	for number := range w.Tills {
		newCashier(w, number).closeShift(ctx)
	}
}

// uncompared counts the shifts that are not complete, or that the cloud has not compared with its books yet.
func (w *world) uncompared(ctx context.Context) (int, error) {
	shifts, err := w.Shifts(ctx)
	if err != nil {
		return 0, err
	}
	count := 0
	for _, s := range shifts {
		if s.State == "provisional" || s.State == "waiting" {
			count++
		}
	}
	return count, nil
}
