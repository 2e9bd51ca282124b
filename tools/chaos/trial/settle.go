package trial

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Bounds of the end.
const (
	// settleWithin is by when everything must be definite once no fault is left. A payment is taken back 16 s after it was
	// asked for; a till whose payment has been open for more than two minutes asks every 30 s; and a cloud that did not
	// reach the operator some times waits up to 80 s before it tries again.
	settleWithin = 3 * time.Minute
	settleEvery  = 250 * time.Millisecond
)

// settle waits until every sale is definite, every record acknowledged and every copy accounted for, and notes what is
// not in time.
func (w *world) settle(ctx context.Context) error {
	begun, ended := time.Now(), false
	for {
		open := w.unsettled(ctx)
		if len(open) == 0 && !ended {
			w.endDays(ctx)
			ended = true
			continue
		}
		if len(open) == 0 {
			w.say("%.1f 秒后一切确定 · everything definite after %.1f s", time.Since(begun).Seconds(), time.Since(begun).Seconds())
			return nil
		}
		if time.Since(begun) > settleWithin {
			for _, text := range open {
				w.broken.add("not definite %s after the last fault: %s", settleWithin, text)
			}
			return nil
		}
		if !pause(ctx, settleEvery) {
			return ctx.Err()
		}
	}
}

// unsettled lists what is not definite.
func (w *world) unsettled(ctx context.Context) []string {
	var open []string
	note := func(format string, values ...any) { open = append(open, fmt.Sprintf(format, values...)) }
	for number, till := range w.Tills {
		if sales := newCashier(w, number).settle(ctx); sales > 0 {
			note("%d sales of till %d have no last word", sales, number+1)
		}
		status, err := till.Station.Status(ctx)
		if err != nil {
			note("till %d: %v", number+1, err)
			continue
		}
		if status.Pending > 0 || status.Sale != "" || status.Journal.Unsent > 0 {
			note("till %d: %d sales pending, open %q, %d records unsent; uplink %+v", number+1, status.Pending, status.Sale,
				status.Journal.Unsent, status.Uplink)
		}
		if status.Refusing != nil {
			note("till %d takes no sales: %s", number+1, status.Refusing.English)
		}
	}
	stats, err := w.Stats(ctx)
	if err != nil {
		note("cloud: %v", err)
	} else if stats.Payments["unknown"] > 0 || stats.Gaps > 0 {
		note("cloud: %d payments unknown, %d records missing", stats.Payments["unknown"], stats.Gaps)
	}
	if waiting, err := w.uncompared(ctx); err != nil || waiting > 0 {
		note("cloud: %d shifts are not compared, %v", waiting, err)
	}
	books, err := w.Operator.Books(ctx)
	if err != nil {
		note("operator: %v", err)
		return open
	}
	for _, order := range books.Orders {
		if strings.HasPrefix(order.Status, "awaiting") {
			note("operator: order %s is %s", order.Order, order.Status)
		}
	}
	return open
}
