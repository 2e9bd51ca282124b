package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

var _ station.Shifts = (*till)(nil)

// shiftBoard is what the till knows of its shifts.
type shiftBoard struct {
	// current is the open shift; nil when there is none.
	current *shift.Shift
	// provisional have ended while something was open, oldest first.
	provisional []shift.Shift
	// batch is the latest shift's, voucher the number given last in it.
	batch, voucher uint32
	wake           chan struct{} // something may be definite now
}

// numbers are the batch and voucher number of what comes next.
func (b *shiftBoard) numbers() (batch, voucher uint32) { return b.batch, shift.Next(b.voucher) }

// committed says that a commit may have made something definite that a provisional shift waits for.
func (b *shiftBoard) committed() {
	if len(b.provisional) > 0 {
		signal(b.wake)
	}
}

// needShift opens a shift when none is open and the till does that by itself. The lock is held.
func (t *till) needShift(ctx context.Context, cashier string) error {
	switch {
	case t.shifts.current != nil:
		return nil
	case !t.config.ShiftByItself:
		return &station.Refusal{Phrase: catalogue.RefuseNoShift}
	}
	return t.beginShift(ctx, station.Opening{Cashier: cashier, Float: money.Money{Currency: t.config.Currency}})
}

// beginShift opens a shift; the lock is held.
func (t *till) beginShift(ctx context.Context, opening station.Opening) error {
	id, err := uuid.NewV7FromReader(t.parts.Random)
	if err != nil {
		return fmt.Errorf("mint shift id: %w", err)
	}
	body := &message.ShiftOpened{
		ShiftId: id[:], Cashier: opening.Cashier, Batch: shift.Next(t.shifts.batch), Float: opening.Float.Minor,
		Currency: opening.Float.Currency.Code, Key: opening.Key,
	}
	records, err := t.parts.Journal.Append(context.WithoutCancel(ctx), journal.Entry{Type: record.ShiftOpened, Body: body})
	if err != nil {
		return refuseJournal(err)
	}
	header, err := record.ParseHeader(records[0])
	if err != nil {
		return fmt.Errorf("read committed record: %w", err)
	}
	begun, err := shift.Begin(header, body)
	if err != nil {
		return err
	}
	t.shifts.current, t.shifts.batch, t.shifts.voucher = &begun, begun.Batch, 0
	t.feed.PublishShift(station.NewShift(begun.Report()), t.parts.Clock())
	return nil
}

// OpenShift begins a shift.
func (t *till) OpenShift(ctx context.Context, opening station.Opening) (station.Shift, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	opening.Cashier = t.cashier(opening.Cashier)
	if before, err := t.openedBefore(ctx, opening); err != nil || before != nil {
		return t.shiftAgain(ctx, before, err)
	}
	float := opening.Float
	switch {
	case t.stopped:
		return station.Shift{}, &station.Refusal{Phrase: catalogue.RefuseStopping}
	case t.shifts.current != nil:
		return station.Shift{}, t.openAlready(ctx, float)
	case float.Currency != t.config.Currency:
		return station.Shift{}, &station.Refusal{Phrase: catalogue.RefuseCurrency, More: catalogue.TakesCurrency(t.config.Currency)}
	case float.Minor < 0 || float.Minor > shift.CountMax:
		return station.Shift{}, &station.Refusal{Phrase: catalogue.RefuseCash, More: catalogue.CashMost(t.sum(shift.CountMax))}
	}
	if err := t.beginShift(ctx, opening); err != nil {
		return station.Shift{}, err
	}
	return station.NewShift(t.shifts.current.Report()), nil
}

// openAlready refuses another shift. One that began by itself, with the first thing done in it, has no float yet: it can be
// put into the drawer, which is not obvious to whoever wants to open a shift with it. The lock is held.
func (t *till) openAlready(ctx context.Context, float money.Money) error {
	refusal := &station.Refusal{Phrase: catalogue.RefuseShiftOpen, Detail: t.shifts.current.ID.String()}
	if float.Minor == 0 {
		return refusal
	}
	there, err := t.drawer(ctx)
	if err != nil {
		return err
	}
	if there == 0 {
		refusal.Phrase = catalogue.RefuseShiftNoFloat
	}
	return refusal
}

// drawer is the cash that should be there in the open shift, minor units. The lock is held.
func (t *till) drawer(ctx context.Context) (int64, error) {
	if err := t.sumCurrent(ctx); err != nil {
		return 0, err
	}
	return t.shifts.current.Float + t.shifts.current.Sum.CashMoved, nil
}

func (t *till) cashier(name string) string {
	if name == "" {
		return t.config.Cashier
	}
	return name
}

// CurrentShift returns the open shift as it stands.
func (t *till) CurrentShift(ctx context.Context, print bool) (station.Shift, error) {
	if err := t.sumAhead(ctx); err != nil {
		return station.Shift{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.sumCurrent(ctx); err != nil {
		return station.Shift{}, err
	}
	report := t.shifts.current.Report()
	if print {
		if t.printer.full() {
			return station.Shift{}, &station.Refusal{Phrase: catalogue.RefusePrinter}
		}
		t.printShift(report)
	}
	return station.NewShift(report), nil
}

// MoveCash records cash put into the drawer or taken out.
func (t *till) MoveCash(ctx context.Context, cash station.Cash) (station.Shift, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.shifts.current == nil:
		return station.Shift{}, &station.Refusal{Phrase: catalogue.RefuseNoShift}
	case cash.Amount == 0 || cash.Amount > shift.CountMax || cash.Amount < -shift.CountMax:
		return station.Shift{}, &station.Refusal{Phrase: catalogue.RefuseCash, More: catalogue.CashMost(t.sum(shift.CountMax))}
	}
	current := t.shifts.current
	switch before, err := t.cashBefore(ctx, cash.Key); {
	case err != nil:
		return station.Shift{}, err
	case before != nil && (before.GetAmount() != cash.Amount || string(before.GetShiftId()) != string(current.ID[:])):
		return station.Shift{}, &station.Refusal{Phrase: catalogue.RefuseKeyReused}
	case before != nil:
		return t.cashMoved(ctx)
	}
	there, err := t.drawer(ctx)
	if err != nil {
		return station.Shift{}, err
	}
	if there+cash.Amount < 0 {
		return station.Shift{}, &station.Refusal{Phrase: catalogue.RefuseDrawer, More: catalogue.CashThere(t.sum(there))}
	}
	_, err = t.parts.Journal.Append(context.WithoutCancel(ctx), journal.Entry{Type: record.CashMoved, Body: &message.CashMoved{
		ShiftId: current.ID[:], Cashier: t.cashier(cash.Cashier), Amount: cash.Amount, Currency: current.Currency, Note: cash.Note,
		Key: cash.Key,
	}})
	if err != nil {
		return station.Shift{}, refuseJournal(err)
	}
	return t.cashMoved(ctx)
}

// cashBefore finds cash that a key has moved before; nil when there is none.
func (t *till) cashBefore(ctx context.Context, key string) (*message.CashMoved, error) {
	act, err := t.actBy(ctx, record.CashMoved, key)
	if err != nil || act == nil {
		return nil, err
	}
	body := &message.CashMoved{}
	if err := proto.Unmarshal(act.Body(), body); err != nil {
		return nil, fmt.Errorf("read cash moved: %w", err)
	}
	return body, nil
}

// cashMoved tells how the open shift stands.
func (t *till) cashMoved(ctx context.Context) (station.Shift, error) {
	if err := t.sumCurrent(ctx); err != nil {
		return station.Shift{}, err
	}
	report := station.NewShift(t.shifts.current.Report())
	t.feed.PublishShift(report, t.parts.Clock())
	return report, nil
}

// ShiftList returns the latest shifts, newest first, as they were ended.
func (t *till) ShiftList(ctx context.Context, limit int) ([]station.Shift, error) {
	latest, err := t.readShifts(ctx, min(limit, shiftsKept))
	if err != nil {
		return nil, err
	}
	list := make([]station.Shift, 0, len(latest))
	for _, s := range latest {
		if s.State() == shift.Open {
			if current, err := t.CurrentShift(ctx, false); err == nil && current.ID == s.ID.String() {
				list = append(list, current)
				continue
			}
		}
		list = append(list, station.NewShift(s.Report()))
	}
	return list, nil
}

// originalOrder finds what a follow-up is about in this till's own journal.
func (t *till) originalOrder(ctx context.Context) shift.Orders {
	return func(item shift.Item) (shift.Order, error) {
		foreign := shift.Order{Method: closing.Other}
		stored, err := t.parts.Journal.Find(ctx, journal.OrderID(item))
		if errors.Is(err, journal.ErrNotFound) {
			return foreign, nil
		}
		var sale checkout.Sale
		if err == nil {
			err = sale.UnmarshalBinary(stored.State)
		}
		place := sale.RequestedAsOf(stored.Last)
		if err != nil || place == 0 {
			return foreign, err
		}
		asked, err := t.parts.Journal.Get(ctx, place)
		if err != nil {
			return foreign, err
		}
		var body message.PaymentRequested
		if err := proto.Unmarshal(asked.Body(), &body); err != nil {
			return foreign, fmt.Errorf("read payment: %w", err)
		}
		return shift.Order{Method: closing.MethodOf(&body), Amount: body.GetAmount()}, nil
	}
}
