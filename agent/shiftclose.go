package agent

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// errNoIdentity says that there is no key to sign a shift's end with.
var errNoIdentity = errors.New("agent: no identity key to sign the shift with")

// CloseShift ends the shift. The network has no say in it: what is open is named, and completed later.
func (t *till) CloseShift(ctx context.Context, count shift.Count) (station.Shift, error) {
	count.Cashier = t.cashier(count.Cashier)
	if before, err := t.closedBefore(ctx, count); err != nil || before != nil {
		return t.shiftAgain(ctx, before, err)
	}
	if err := t.sumAhead(ctx); err != nil {
		return station.Shift{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.closeable(ctx); err != nil {
		return station.Shift{}, err
	}
	var miscounted *shift.CountError
	closed, err := t.shifts.current.Close(count, t.parts.Journal.Tail().Sequence, t.parts.Clock())
	switch {
	case errors.Is(err, shift.ErrApproval):
		return station.Shift{}, &station.Refusal{Phrase: catalogue.RefuseShiftApproval, More: openItems(*t.shifts.current)}
	case errors.As(err, &miscounted):
		return station.Shift{}, &station.Refusal{Phrase: catalogue.RefuseCount, More: miscounted.What}
	case err != nil:
		return station.Shift{}, err
	}
	ended, err := t.endShift(ctx, *t.shifts.current, closed)
	if err != nil {
		return station.Shift{}, err
	}
	t.shifts.current = nil
	if ended.State() == shift.Provisional {
		t.shifts.provisional = append(t.shifts.provisional, ended)
		signal(t.shifts.wake)
	}
	report := ended.Report()
	t.printShift(report)
	return station.NewShift(report), nil
}

// closeable refuses while a sale is before the customer and has not asked for its payment: it would be asked for after
// the shift's end, or besides what the cashier counted.
func (t *till) closeable(ctx context.Context) error {
	if h, open := t.sales[t.front]; open {
		switch h.sale.State {
		case checkout.Waiting, checkout.Tapping, checkout.CardUnknown, checkout.AwaitingScan:
			return &station.Refusal{Phrase: catalogue.RefuseSaleOpen, Sale: t.front}
		}
	}
	return t.sumCurrent(ctx)
}

// openItems names what has no result yet, the first few of it.
func openItems(s shift.Shift) catalogue.Text {
	const namedMax = 4
	var named []string
	for _, open := range s.Sum.Open[:min(len(s.Sum.Open), namedMax)] {
		named = append(named, shift.ID(open.Item).String())
	}
	return catalogue.OpenItems(len(s.Sum.Open), named)
}

// endShift signs and commits a shift's end and tells of it. The lock is held.
func (t *till) endShift(ctx context.Context, s shift.Shift, closed *message.ShiftClosed) (shift.Shift, error) {
	if t.parts.Identity == nil {
		return s, errNoIdentity
	}
	if err := closing.Sign(t.parts.Identity, t.config.Terminal, closed); err != nil {
		return s, err
	}
	entry := journal.Entry{Type: record.ShiftClosed, Body: closed}
	if _, err := t.parts.Journal.Append(context.WithoutCancel(ctx), entry); err != nil {
		return s, refuseJournal(err)
	}
	s, err := s.End(closed)
	if err != nil {
		return s, err
	}
	t.feed.PublishShift(station.NewShift(s.Report()), t.parts.Clock())
	return s, nil
}

// runShifts completes what ended provisionally as soon as everything in it is definite.
func (t *till) runShifts(ctx context.Context) error {
	retry := time.NewTicker(shiftRetry)
	defer retry.Stop()
	for {
		t.completeShifts(ctx)
		select {
		case <-t.shifts.wake:
		case <-retry.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// completeShifts tries once. What fails is in the log and tried again.
func (t *till) completeShifts(ctx context.Context) {
	t.mu.Lock()
	waiting := slices.Clone(t.shifts.provisional)
	t.mu.Unlock()
	for _, s := range waiting {
		summed, err := t.sumUp(ctx, s)
		if err == nil {
			err = t.completeShift(ctx, summed)
		}
		if err != nil && ctx.Err() == nil {
			t.logger.ErrorContext(ctx, "shift not completed", "shift", s.ID, "error", err)
		}
	}
}

// completeShift ends a provisional shift for good when nothing in it is open any more; else it keeps what was summed up.
// Only the loop of runShifts takes shifts out of the list.
func (t *till) completeShift(ctx context.Context, summed shift.Shift) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(t.shifts.provisional, func(s shift.Shift) bool { return s.ID == summed.ID })
	t.shifts.provisional[i] = summed
	complete := summed.Complete()
	if complete == nil {
		return nil
	}
	if _, err := t.endShift(ctx, summed, complete); err != nil {
		return err
	}
	t.shifts.provisional = slices.Delete(t.shifts.provisional, i, i+1)
	t.logger.InfoContext(ctx, "shift is complete", "shift", summed.ID, "batch", summed.Batch)
	t.feed.PublishNotice("", catalogue.NoticeShiftComplete, t.parts.Clock())
	return nil
}
