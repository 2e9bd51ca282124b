package agent

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// An answer about a shift may be lost with the process that gave it. What a key did is in the journal with the key: asked
// again it is told again, and nothing is opened, closed or printed a second time.

// openedBefore returns the shift-opened record that a key has left, nil for none; it refuses with RefuseKeyReused a key of
// another intent.
func (t *till) openedBefore(ctx context.Context, opening station.Opening) (record.Record, error) {
	act, err := t.actBy(ctx, record.ShiftOpened, opening.Key)
	if err != nil || act == nil {
		return nil, err
	}
	var body message.ShiftOpened
	if err := proto.Unmarshal(act.Body(), &body); err != nil {
		return nil, fmt.Errorf("read shift: %w", err)
	}
	if body.GetCashier() != opening.Cashier || body.GetFloat() != opening.Float.Minor ||
		body.GetCurrency() != opening.Float.Currency.Code {
		return nil, &station.Refusal{Phrase: catalogue.RefuseKeyReused}
	}
	return act, nil
}

// closedBefore is the same for the shift that a key has closed.
func (t *till) closedBefore(ctx context.Context, count shift.Count) (record.Record, error) {
	act, err := t.actBy(ctx, record.ShiftClosed, count.Key)
	if err != nil || act == nil {
		return nil, err
	}
	var body message.ShiftClosed
	if err := proto.Unmarshal(act.Body(), &body); err != nil {
		return nil, fmt.Errorf("read end of shift: %w", err)
	}
	if !count.Counts(&body) {
		return nil, &station.Refusal{Phrase: catalogue.RefuseKeyReused}
	}
	opened, err := t.parts.Journal.Get(ctx, body.GetFirstSequence())
	if err != nil {
		return nil, fmt.Errorf("find beginning of shift: %w", err)
	}
	return opened, nil
}

// shiftAgain tells of the shift of a shift-opened record once more, as it is now.
func (t *till) shiftAgain(ctx context.Context, opened record.Record, err error) (station.Shift, error) {
	if err != nil {
		return station.Shift{}, err
	}
	begun, err := readShift(opened)
	if err == nil {
		begun, err = t.endOf(ctx, begun)
	}
	if err == nil && begun.State() == shift.Open {
		begun, err = t.sumUp(ctx, begun)
	}
	if err != nil {
		return station.Shift{}, err
	}
	return station.NewShift(begun.Report()), nil
}

// endOf looks for the shift's ends from the newest on: nothing bounds how long after the others one may be completed.
func (t *till) endOf(ctx context.Context, s shift.Shift) (shift.Shift, error) {
	for before, full := uint64(0), true; full; {
		ends, err := t.parts.Journal.Landmarks(ctx, record.ShiftClosed, before, endsLooked)
		if err != nil {
			return s, fmt.Errorf("find ends of shifts: %w", err)
		}
		for _, r := range ends {
			header, err := record.ParseHeader(r)
			if err != nil {
				return s, fmt.Errorf("read end of shift: %w", err)
			}
			if before = header.Sequence; before < s.First {
				return s, nil
			}
			var body message.ShiftClosed
			if err := proto.Unmarshal(r.Body(), &body); err != nil {
				return s, fmt.Errorf("read end of shift: %w", err)
			}
			if string(body.GetShiftId()) != string(s.ID[:]) {
				continue
			}
			if s, err = s.End(&body); err != nil {
				return s, err
			}
		}
		full = len(ends) == endsLooked
	}
	return s, nil
}
